"""Scores on disk: one number for each pair, sample and metric of a method."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner import sums
from inpaint_bench.runner.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "# inpaint-bench scores 1"
MOST_SCORES = 1 << 30  # bytes: ten million scores
COLUMNS = ["pair", "sample", "metric", "signature", "composite", "value"]


@dataclass(frozen=True)
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


def write_scores(run: RunFolder, method: str, scores: list[Score]) -> None:
    """Write the scores of a method whole, and note their hash."""
    path = scores_path(run, method)
    files.write_if_changed(path, to_csv(scores))
    sums.write_sums(run.path, path)


def number(value: float) -> str:
    """A value as files hold it: every digit, 'inf', or nothing where it is not defined."""
    return "" if value != value else repr(value)


def to_csv(scores: list[Score]) -> bytes:
    """Scores as a CSV file, sorted by pair, sample and metric."""
    out = io.StringIO()
    out.write(SCHEMA + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(scores, key=lambda score: score.key):
        sample = "" if one.sample is None else one.sample
        writer.writerow([one.pair, sample, one.metric, one.signature, one.composite, number(one.value)])
    return out.getvalue().encode()


def read_scores(path: Path) -> list[Score]:
    """The scores in a file. Raises InputError as `scores_frame` does."""
    frame = scores_frame(files.read_bytes(path, MOST_SCORES), path)
    columns = [frame[name].tolist() for name in COLUMNS]
    columns[1] = [None if sample < 0 else sample for sample in columns[1]]
    return [Score(*row) for row in zip(*columns, strict=True)]


def scores_frame(data: bytes, path: Path) -> "pd.DataFrame":
    """The bytes of a scores file as a DataFrame, a row a score; sample is -1 for a method with one output a pair.

    `path` names the file in errors. Raises InputError for another schema, a file that was cut, or a line that is no
    score.
    """
    import pandas as pd

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text. Delete the file and score again.") from error
    if not text.endswith("\n"):  # its last number may have lost digits
        raise InputError(f"{path}: the file was cut: its last line does not end. Delete it and score again.")
    lines = text.splitlines()
    if lines[:2] != [SCHEMA, ",".join(COLUMNS)]:
        raise InputError(f"{path}: not scores of this version ('{SCHEMA[2:]}'). Delete the file and score again.")
    _refuse_broken_lines(lines[2:], path)
    types: Any = {"pair": str, "sample": "Int64", "metric": str, "signature": str, "composite": str, "value": str}
    frame: pd.DataFrame = pd.read_csv(
        io.StringIO("\n".join(lines[1:])),
        dtype=types,
        keep_default_na=False,
        na_values={"sample": [""]},
    )
    frame["sample"] = frame["sample"].fillna(-1).astype(int)
    frame["value"] = [float(value or "nan") for value in frame["value"]]  # every digit, in every version of pandas
    return frame


def _refuse_broken_lines(lines: list[str], path: Path) -> None:
    rows, number_of_line = csv.reader(lines), 3
    try:
        for row in rows:
            _, sample, metric, _, _, value = row
            float(value or "nan"), int(sample or 0), ORDER[metric]
            number_of_line += 1
    except (ValueError, KeyError, csv.Error) as error:
        raise InputError(f"{path}: line {number_of_line} is no score. Delete the file and score again.") from error
