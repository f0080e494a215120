"""The logs of a run: losses and validation as CSV, with other loggers if requested, and as lines of progress."""

import csv
import io
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.errors import BenchError, InputError
from inpaint_bench.methods.foreign import blamed
from inpaint_bench.report.loggers import Logger, open_logger

TERMS = (
    *("g_total", "l1", "prior_full", "prior_half", "prior_quarter", "g_adv", "d_total", "d_real", "d_fake"),
    *("feature_matching", "vgg", "diversity", "kl", "similarity"),
)
LOSSES = ("step", "size", "lr", *TERMS, "images_per_second", "waiting")


class CsvLog:
    """A CSV file that grows by one row at a time; a resumed run drops the rows after the step it resumes from."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        self.path, self.columns = path, columns
        rows = [row for row in read_log(path, columns) if int(row["step"]) <= step] if path.is_file() else []
        files.write_whole(path, _lines([dict(zip(columns, columns, strict=True)), *rows], columns))

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row; missing columns stay empty."""
        with open(self.path, "ab") as file:
            file.write(_lines([row], self.columns))


def read_log(path: Path, columns: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """The rows of a log, without a last line that a killed run did not finish. Raises InputError for no such log."""
    try:
        text = files.read_bytes(path).decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a log of this command ({error}). Move it away; the run goes on.") from error
    for number, row in enumerate(rows, start=2):
        if [*row] != [*(columns or rows[0])] or None in row.values() or not re.fullmatch("[0-9]{1,18}", row["step"]):
            raise InputError(f"{path}: line {number} is not one of this log. Move it away; the run goes on.")
    return rows


def _lines(rows: list[Any], columns: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writerows(rows)
    return out.getvalue().encode()


@dataclass
class Throughput:
    """Measures images per second, and the share of the time spent waiting for data, since the last report."""

    images: int = 0
    waited: float = 0.0
    since: float = field(default_factory=time.monotonic)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time spent waiting for data."""
        begun = time.monotonic()
        yield
        self.waited += time.monotonic() - begun

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time that does not count: validation and checkpoints."""
        begun = time.monotonic()
        yield
        self.since += time.monotonic() - begun

    def report(self) -> dict[str, float]:
        """The rates since the last report."""
        elapsed = time.monotonic() - self.since
        found = {"images_per_second": round(self.images / elapsed, 3), "waiting": round(self.waited / elapsed, 4)}
        self.images, self.waited, self.since = 0, 0.0, time.monotonic()
        return found


class RunLog:
    """Everything that the first process writes while a run goes on."""

    def __init__(
        self,
        out: Path,
        step: int,
        steps: int,
        metrics: tuple[str, ...],
        log: tuple[str, ...],
        on_progress: Callable[[str], None],
    ) -> None:
        self.steps, self.on_progress = steps, on_progress
        self.losses = CsvLog(out / "losses.csv", LOSSES, step)
        self.scores = CsvLog(out / "validation.csv", ("step", *metrics, "infinite"), step)
        self.loggers = {entry: open_logger(entry, out, out.name, {}) for entry in log}

    def add_losses(
        self, step: int, size: int, lr: float, values: Mapping[str, float], speed: Mapping[str, float]
    ) -> None:
        """The losses of a step."""
        exact = {name: repr(value) for name, value in values.items()}
        self.losses.add({"step": step, "size": size, "lr": f"{lr:.4g}", **exact, **speed})
        self._add_scalars("", step, {**values, **speed, "lr": lr})
        losses = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        self.on_progress(f"{step}/{self.steps}  {losses}  {speed['images_per_second']:.2f} images/s")

    def add_validation(self, step: int, means: Mapping[str, float], note: str) -> None:
        """The metrics of a validation."""
        self.scores.add({"step": step, **means})
        self._add_scalars("validation/", step, means)
        metrics = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        self.on_progress(f"{step}/{self.steps}  validation: {metrics}{note}")

    def _add_scalars(self, prefix: str, step: int, values: Mapping[str, float]) -> None:
        """Log what is finite: a loss always is, a PSNR may be infinite, which the CSV file holds."""
        named = {f"{prefix}{name}": value for name, value in values.items() if math.isfinite(value)}
        self._each(lambda logger: logger.scalars(named, step))

    def _each(self, call: Callable[[Logger], None]) -> None:
        """Call every logger; one that fails is reported and left out: no training ends for it."""
        for entry, logger in list(self.loggers.items()):
            try:
                with blamed(entry, "logging"):
                    call(logger)
            except BenchError as error:
                del self.loggers[entry]
                self.on_progress(f"{error} The training goes on without it.")

    def close(self) -> None:
        """Write out what loggers still buffer."""
        self._each(lambda logger: logger.close())
