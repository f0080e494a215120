"""Scores on disk: one number for each pair, sample and metric of a method."""

import csv
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder

SCHEMA = "# inpaint-bench scores 1"
MOST_SCORES = 1 << 30  # bytes: ten million scores
KNOWN_ERROR = "known_error"  # a score of every composite, and a text field of its file
COLUMNS = ["pair", "sample", "metric", "signature", "composite", "value"]
HEAD = f"{SCHEMA}\n{','.join(COLUMNS)}\n".encode()
NO_SAMPLE = -1  # in a table, of a method with one output a pair
MOST_SAMPLES = 1_000_000
MOST_COMPOSITE = 16  # digits


@dataclass(frozen=True, slots=True)
class Score:
    """One number: NaN where the metric is not defined for the pair, infinite where two images are the same."""

    pair: str
    sample: int | None
    metric: str
    signature: str
    composite: str  # the first 16 digits of the SHA-256 of the file that was scored
    value: float

    @property
    def key(self) -> tuple[str, int, int]:
        """The order of rows."""
        return self.pair, -1 if self.sample is None else self.sample, ORDER[self.metric]


def scores_path(run: RunFolder, method: str) -> Path:
    """The scores file of a method."""
    return run.folder_of(method) / "scores.csv"


def write_scores(run: RunFolder, method: str, scores: Iterable[Score]) -> None:
    """Write the scores of a method whole, and note their hash."""
    write_sorted(run, method, sorted(scores, key=lambda score: score.key))


def write_sorted(run: RunFolder, method: str, scores: Iterable[Score]) -> None:
    """Write scores that come in the order of rows; none of them is held."""
    path = scores_path(run, method)
    written = files.written_whole(path, if_changed=True)
    with written as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        out.write(SCHEMA + "\n")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(cells, scores))
    sums.write_sums(run.path, path)


def cells(one: Score) -> tuple[str | int, ...]:
    """A row of the file."""
    sample = "" if one.sample is None else one.sample
    return one.pair, sample, one.metric, one.signature, one.composite, number(one.value)


def number(value: float) -> str:
    """A value as files hold it: every digit, 'inf', or nothing where it is not defined."""
    return "" if value != value else repr(value)


def read_scores(path: Path) -> list[Score]:
    """The scores in a file. Raises InputError as `each_score` does."""
    return list(each_score(path))


def each_score(path: Path) -> Iterator[Score]:
    """The scores in a file, one after the other; none of them is held.

    Raises InputError for another schema, a file that was cut, or a line that is no score.
    """
    files.size_of(path, MOST_SCORES)
    with path.open("rb") as file:
        yield from scores_in(file, path)


def composites_scored(run: RunFolder, method: str, pairs: Collection[str]) -> dict[tuple[str, int | None], str]:
    """By pair and sample the composites of some pairs that have scores, each by the start of its hash."""
    path = scores_path(run, method)
    if not pairs or not sums.trusted(run.path, path):
        return {}
    of_pictures = (one for one in each_score(path) if one.metric == KNOWN_ERROR and one.pair in pairs)
    return {(one.pair, one.sample): one.composite for one in of_pictures}


def forget_scores(run: RunFolder, method: str, pairs: Collection[str]) -> None:
    """Remove the scores of some pairs, before other composites come in the place of those that were scored."""
    path = scores_path(run, method)
    if sums.trusted(run.path, path):
        write_sorted(run, method, (one for one in each_score(path) if one.pair not in pairs))


def scores_in(file: BinaryIO, path: Path) -> Iterator[Score]:
    """As `each_score`, of an open file. Texts that are those of the row before are not held twice."""
    lines, number_of_line = _lines(file, path), 3
    if [next(lines, ""), next(lines, "")] != [SCHEMA, ",".join(COLUMNS)]:
        raise InputError(f"{path}: not scores of this version ('{SCHEMA[2:]}'). Delete the file and score again.")
    before_pair = before_composite = ""
    try:
        for pair, sample, metric, signature, composite, value in csv.reader(lines):
            ORDER[metric]
            if len(composite) > MOST_COMPOSITE or "\0" in pair + composite:
                raise ValueError(composite)
            before_pair = before_pair if pair == before_pair else pair
            before_composite = before_composite if composite == before_composite else composite
            named = (before_pair, number_of(sample), sys.intern(metric), sys.intern(signature), before_composite)
            yield Score(*named, value_of(value))
            number_of_line += 1
    except InputError:
        raise
    except (ValueError, KeyError, csv.Error) as error:
        raise InputError(f"{path}: line {number_of_line} is no score. Delete the file and score again.") from error


def value_of(text: str) -> float:
    """A value as `number` writes it. Raises ValueError for what is none."""
    return float(text or "nan")


def number_of(sample: str) -> int | None:
    """The number of a sample; none for a method with one output a pair. Raises ValueError for what is none."""
    number = int(sample) if sample else None
    if number is not None and not 0 <= number < MOST_SAMPLES:
        raise ValueError(sample)
    return number


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    """The lines of a text file, without their ends."""
    for line in file:
        if not line.endswith(b"\n"):  # its last number may have lost digits
            raise InputError(f"{path}: the file was cut: its last line does not end. Delete it and score again.")
        try:
            yield line[:-1].decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 text. Delete the file and score again.") from error
