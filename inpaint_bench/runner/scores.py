"""A score: one number of one pair, sample and metric, and the file that holds those of a method."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner.folder import RunFolder

SCHEMA = "# inpaint-bench scores 1"
COLUMNS = ["pair", "sample", "metric", "signature", "composite", "value"]


@dataclass(frozen=True)
class Score:
    """One number: NaN where the metric is not defined for the pair, infinite where two images are the same."""

    pair: str
    sample: int | None
    metric: str
    signature: str
    composite: str  # the start of the hash of the file that was scored
    value: float

    @property
    def key(self) -> tuple[str, int, int]:
        """The order of rows."""
        return self.pair, -1 if self.sample is None else self.sample, ORDER[self.metric]


def scores_path(run: RunFolder, method: str) -> Path:
    """Where the scores of a method lie."""
    return run.path / method / "scores.csv"


def number(value: float) -> str:
    """A value as files hold it: every digit, 'inf', or nothing where it is not defined."""
    return "" if value != value else repr(value)


def to_csv(scores: list[Score]) -> bytes:
    """The scores as a CSV file, in their order."""
    out = io.StringIO()
    out.write(SCHEMA + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(scores, key=lambda score: score.key):
        sample = "" if one.sample is None else one.sample
        writer.writerow([one.pair, sample, one.metric, one.signature, one.composite, number(one.value)])
    return out.getvalue().encode()


def read_scores(path: Path) -> list[Score]:
    """The scores in a file. Raises InputError when it is no file of scores, or was cut."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text. Delete the file and score again.") from error
    if not text.endswith("\n"):  # its last number may have lost digits
        raise InputError(f"{path}: the file was cut: its last line does not end. Delete it and score again.")
    lines = text.splitlines()
    if lines[:2] != [SCHEMA, ",".join(COLUMNS)]:
        raise InputError(f"{path}: not scores of this version ('{SCHEMA[2:]}'). Delete the file and score again.")
    scores = []
    for line, row in enumerate(csv.reader(lines[2:]), start=3):
        try:
            pair, sample, name, named, composite, value = row
            found = Score(pair, int(sample) if sample else None, name, named, composite, float(value or "nan"))
            ORDER[name]
        except (ValueError, KeyError) as error:
            raise InputError(f"{path}: line {line} is no score. Delete the file and score again.") from error
        scores.append(found)
    return scores
