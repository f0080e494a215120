"""What a run writes down as it goes: losses and validation as CSV, and for TensorBoard where that is asked for."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.errors import InputError

TERMS = (
    *("g_total", "l1", "prior_full", "prior_half", "prior_quarter", "g_adv", "d_total", "d_real", "d_fake"),
    *("feature_matching", "vgg", "diversity", "kl", "similarity"),
)
LOSSES = ("step", "size", "lr", *TERMS, "images_per_second", "waiting")


class Log:
    """A CSV file that grows by a line a row; rows from a step on are dropped when a run goes on from there."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        self.path, self.columns = path, columns
        rows = [row for row in read_rows(path) if int(row["step"]) <= step] if path.is_file() else []
        files.write_whole(path, _lines([dict(zip(columns, columns, strict=True)), *rows], columns))

    def add(self, row: Mapping[str, Any]) -> None:
        """One more row; what it lacks stays empty."""
        with open(self.path, "ab") as file:
            file.write(_lines([row], self.columns))


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a log; a last line that a killed run left unfinished does not count."""
    text = path.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1])))


def _lines(rows: list[Any], columns: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writerows(rows)
    return out.getvalue().encode()


def open_board(out: Path, wanted: bool) -> Any:
    """TensorBoard's writer, or none. Raises InputError when it is wanted and not installed."""
    if not wanted:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InputError(
            "tensorboard = true needs the package tensorboard, which is not installed here. "
            "Install it with: pip install 'inpaint-bench[train]'"
        ) from error
    return SummaryWriter(str(out / "tensorboard"))
