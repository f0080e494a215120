"""A submission: one method on one protocol as a file of JSON Lines.

The first line says what was run and by whom, the second holds the list of pairs, the third the scores as the run has
them, with the start of each composite's hash; every further line is a result.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.run import RunData, method_scores
from inpaint_bench.data import pair_lists
from inpaint_bench.data.pairs import Pairs
from inpaint_bench.data.protocols import Name, check_page
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.leaderboard.card import EntryCard
from inpaint_bench.report.leaderboard.packed import Packed, pack, unpack
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.run_info import MethodInfo, RunInfo

FOLDER = "leaderboard"  # whose folders are protocols
MOST_BYTES = 1 << 25  # of a file
MOST_HEADER = 1 << 16
MOST_RESULTS = 5_000
Kind = TypeVar("Kind")


class Time(Schema, frozen=True):
    """Seconds per image, from image to prediction: of all samples for a stochastic method."""

    seconds: float
    setting: str  # size, batch, precision and machine: times are compared within one
    day: str
    unstable: tuple[str, ...] = ()  # what may have distorted it


class Header(Schema, frozen=True):
    """The first line."""

    leaderboard: Literal[1]
    method: Name
    card: EntryCard
    run: RunInfo  # run.json with this method alone
    time: Time | None
    version: str  # of inpaint-bench


class PairsLine(Schema, frozen=True):
    """The second line: pairs.csv of the run."""

    pairs: Packed


class ScoresLine(Schema, frozen=True):
    """The third line: scores.csv of the method."""

    scores: Packed


@dataclass(frozen=True, eq=False)
class Submission:
    """A file that was read. `run` computes from its scores as from those of a run folder."""

    path: Path
    header: Header
    run: RunData
    results: tuple[Result, ...]

    @property
    def method(self) -> str:
        """The name of the method."""
        return self.header.method

    @property
    def info(self) -> MethodInfo:
        """What made the composites."""
        return self.header.run.methods[self.method]

    @property
    def protocol(self) -> str:
        """The name of the protocol."""
        return self.header.run.protocol.name


def encode(header: Header, pairs: Pairs, scores: bytes, results: Sequence[Result]) -> bytes:
    """The bytes of a file. Raises InputError where they would be too many."""
    lines = [header, PairsLine(pack(pair_lists.to_csv(pairs))), ScoresLine(pack(scores)), *results]
    data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    if len(data) > MOST_BYTES:
        raise InputError(
            f"{header.method}: its file would have {len(data):,} bytes, and at most {MOST_BYTES:,} are read."
        )
    return data


def read_submission(path: Path) -> Submission:
    """The submission in a file, whose parts belong together; `check` compares its numbers with its scores.

    Raises InputError for what is none, and HashError where a part is not what its hash says.
    """
    try:
        data = files.read_bytes(path, MOST_BYTES)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file. `inpaint-bench leaderboard submit` writes one.") from error
    lines = data.split(b"\n")
    if len(lines) < 4 or lines.pop():
        raise InputError(f"{path}: the file was cut: a submission has three lines and one for each result.")
    if len(lines[0]) > MOST_HEADER or len(lines) > MOST_RESULTS + 3:
        raise InputError(f"{path}: its first line has more than {MOST_HEADER:,} bytes, or it has too many results.")
    header = _line(path, 1, lines[0], Header)
    check_page(header.run.protocol, str(path))
    _refuse_other_method(path, header)
    pairs_data = unpack(_line(path, 2, lines[1], PairsLine).pairs, f"{path}: the pairs of line 2")
    scores = unpack(_line(path, 3, lines[2], ScoresLine).scores, f"{path}: the scores of line 3")
    pairs = pair_lists.parse_csv(pairs_data, path)
    if len(pairs) != header.run.pairs or not len(pairs) or not all(pair.seen for pair in pairs):
        raise HashError(
            f"{path}: lists {len(pairs)} pairs that were read, and its first line counts {header.run.pairs}."
        )
    run = RunData(RunFolder(path, header.run, pairs))
    run.set_scores(header.method, method_scores(io.BytesIO(scores), path, pairs))
    return Submission(path, header, run, tuple(_results(path, header, lines[3:])))


def _line(path: Path, number: int, line: bytes, kind: type[Kind]) -> Kind:
    try:
        found: Kind = decode.json(line, kind)
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: line {number} is none of a submission of this version ({error}).") from error
    return found


def _refuse_other_method(path: Path, header: Header) -> None:
    """Raise InputError unless the file is of one method that its name and its run.json name, on a whole protocol."""
    wrong = ""
    if [*header.run.methods] != [header.method]:
        wrong = f"its run is of {', '.join(header.run.methods) or 'no method'}, and it submits '{header.method}'"
    elif misnamed := wrong_name(path, header.method, header.run.protocol.name):
        wrong = misnamed
    elif header.run.part:
        wrong = f"it is of only the {header.run.part} pairs"
    elif header.run.metrics:
        wrong = f"it has a metric of one's own, {next(iter(header.run.metrics))}, which nobody else can compute"
    elif header.run.protocol.choose not in KNOWN:
        wrong = f"its page chooses samples by '{header.run.protocol.choose[:60]}', which is no metric"
    if wrong:
        raise InputError(f"{path}: {wrong}.")


def wrong_name(path: Path, method: str, protocol: str) -> str:
    """Why a submission of a method cannot have this path, or ''."""
    if not re.fullmatch(rf"{re.escape(method)}(@{files.NAME})?\.jsonl", path.name):
        return f"it submits '{method}': call it {method}.jsonl, or {method}@WHO.jsonl of someone who measures it again"
    if path.parent.parent.name == FOLDER and path.parent.name != protocol:
        return f"it is of {protocol}: put it into {FOLDER}/{protocol}"
    return ""


def _results(path: Path, header: Header, lines: Sequence[bytes]) -> Iterator[Result]:
    seen: set[tuple[Any, ...]] = set()
    for number, line in enumerate(lines, start=4):
        one = _line(path, number, line, Result)
        where = f"{path}: line {number}"
        if one.metric not in KNOWN:
            raise InputError(
                f"{where}: no metric is called '{one.metric[:60]}'. {did_you_mean(one.metric[:60], KNOWN)}"
            )
        Reduction.parse(one.reduction)
        if one.method != header.method:
            raise InputError(f"{where}: a result of '{one.method[:100]}' in the file of '{header.method}'.")
        if (key := (one.metric, one.bucket, one.reduction)) in seen:
            raise InputError(f"{where}: a second result of {', '.join(key[:2])}. Keep one.")
        seen.add(key)
        yield one
