"""Scores on disk: one number for each pair, sample and metric of a method."""

import csv
import io
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "# inpaint-bench scores 1"
MOST_SCORES = 1 << 30  # bytes: ten million scores
KNOWN_ERROR = "known_error"  # a score of every composite, and a text field of its file
COLUMNS = ["pair", "sample", "metric", "signature", "composite", "value"]
TEXTS = COLUMNS[:-1]
HEAD = f"{SCHEMA}\n{','.join(COLUMNS)}\n".encode()
NO_ENDS = bytes(byte for byte in range(256) if byte not in b",\n")  # all that ends neither a cell nor a line
NO_SAMPLE = -1  # in a frame, of a method with one output a pair
MOST_SAMPLES = 1_000_000
ROWS = 5_000  # that are read at once


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
        writer.writerows(map(_cells, scores))
    sums.write_sums(run.path, path)


def _cells(one: Score) -> tuple[str | int, ...]:
    """A row of the file."""
    sample = "" if one.sample is None else one.sample
    return one.pair, sample, one.metric, one.signature, one.composite, number(one.value)


def number(value: float) -> str:
    """A value as files hold it: every digit, 'inf', or nothing where it is not defined."""
    return "" if value != value else repr(value)


def read_scores(path: Path) -> list[Score]:
    """The scores in a file. Raises InputError as `scores_frame` does."""
    return list(each_score(path))


def each_score(path: Path) -> Iterator[Score]:
    """The scores in a file, one after the other; none of them is held. Raises InputError as `scores_frame` does."""
    files.size_of(path, MOST_SCORES)
    with path.open("rb") as file:
        yield from _scores(file, path)


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


def scores_frame(data: bytes, path: Path) -> "pd.DataFrame":
    """The bytes of a scores file as a DataFrame, a row a score; sample is -1 for a method with one output a pair.

    Columns of text are categories. `path` names the file in errors. Raises InputError for another schema, a file that
    was cut, or a line that is no score.
    """
    try:
        return _read_at_once(data)
    except (ValueError, KeyError):  # not as this program writes it: read row by row, which names the line in error
        return _read_by_rows(data, path)


def _read_at_once(data: bytes) -> "pd.DataFrame":
    """The scores in a file that is as `write_sorted` writes it. Raises ValueError or KeyError for another."""
    import pandas as pd

    if not data.startswith(HEAD) or any(letter in data for letter in (b'"', b"\r", b"\0")):
        raise ValueError("another schema, or quoted texts")
    ends = b"\n" + (data.count(b"\n") - 1) * (b"," * (len(COLUMNS) - 1) + b"\n")
    if not data.endswith(b"\n") or data.translate(None, NO_ENDS) != ends:
        raise ValueError("a line has more or fewer columns, or does not end")
    texts: Any = dict.fromkeys(TEXTS, str)  # of categories pandas would make numbers
    options: Any = {"na_filter": False, "quoting": csv.QUOTE_NONE, "skip_blank_lines": False, "engine": "c"}
    options |= {"converters": {"value": _value_of}}  # its own parsers of floats round otherwise, or take 'True' for 1
    options |= {"header": None, "names": COLUMNS, "skiprows": 2, "dtype": texts, "chunksize": ROWS}
    with pd.read_csv(io.BytesIO(data), **options) as chunks:
        parts = [chunk.astype(dict.fromkeys(TEXTS, "category")) for chunk in chunks]
    columns: Any = {name: pd.api.types.union_categoricals([part[name] for part in parts]) for name in TEXTS}
    for metric in columns["metric"].categories:
        ORDER[metric]
    samples = [_number_of(text) for text in columns["sample"].categories]
    numbers = np.array([NO_SAMPLE if sample is None else sample for sample in samples], dtype=np.int64)
    columns |= {"sample": numbers[columns["sample"].codes]}
    columns |= {"value": np.concatenate([part["value"].to_numpy(np.float64) for part in parts])}
    return pd.DataFrame(columns)


def _read_by_rows(data: bytes, path: Path) -> "pd.DataFrame":
    """The scores in any file that `each_score` can read."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for one in _scores(io.BytesIO(data), path):
        for name, column in columns.items():
            column.append(getattr(one, name))
    columns["sample"] = [NO_SAMPLE if sample is None else sample for sample in columns["sample"]]
    types: Any = dict.fromkeys(COLUMNS, "category") | {"sample": np.int64, "value": np.float64}
    return pd.DataFrame({name: pd.Series(column, dtype=types[name]) for name, column in columns.items()})


def _scores(file: BinaryIO, path: Path) -> Iterator[Score]:
    """Read scores. Texts that are those of the row before are not held twice."""
    lines, number_of_line = _lines(file, path), 3
    if [next(lines, ""), next(lines, "")] != [SCHEMA, ",".join(COLUMNS)]:
        raise InputError(f"{path}: not scores of this version ('{SCHEMA[2:]}'). Delete the file and score again.")
    before_pair = before_composite = ""
    try:
        for pair, sample, metric, signature, composite, value in csv.reader(lines):
            ORDER[metric]
            before_pair = before_pair if pair == before_pair else pair
            before_composite = before_composite if composite == before_composite else composite
            named = (before_pair, _number_of(sample), sys.intern(metric), sys.intern(signature), before_composite)
            yield Score(*named, _value_of(value))
            number_of_line += 1
    except InputError:
        raise
    except (ValueError, KeyError, csv.Error) as error:
        raise InputError(f"{path}: line {number_of_line} is no score. Delete the file and score again.") from error


def _value_of(text: str) -> float:
    return float(text or "nan")


def _number_of(sample: str) -> int | None:
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
