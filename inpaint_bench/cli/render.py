"""What commands print: rows in columns, DataFrames in a format, notes on stderr."""

import json
import logging
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from inpaint_bench.cli.console import in_one_line
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells, padded to columns."""
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(rows[0]))] if rows else []
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(in_one_line(line))


def frame_text(frame: "pd.DataFrame", format_: str) -> str:
    """A DataFrame as CSV or JSON, every digit; infinite values are 'inf' and undefined ones empty or null."""
    if format_ == "csv":
        return frame.to_csv(index=False, lineterminator="\n")
    rows = [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return json.dumps(rows, indent=1) + "\n"


def _plain(value: Any) -> Any:
    """A cell as JSON holds it."""
    if isinstance(value, float):
        return "inf" if math.isinf(value) else None if math.isnan(value) else value
    return value if isinstance(value, (str, int, bool, type(None))) else None if str(value) == "<NA>" else str(value)


def write_parquet(frame: "pd.DataFrame", path: object) -> None:
    """Write a DataFrame as Parquet. Raises InputError where no package here can."""
    try:
        frame.to_parquet(str(path), index=False)
    except ImportError as error:
        raise InputError("Parquet needs the package 'pyarrow'. Install it with: pip install pyarrow") from error


def note(sentence: str, quiet: bool = False) -> None:
    """A line on stderr."""
    if not quiet:
        click.echo(in_one_line(sentence), err=True)


@contextmanager
def notes_on_stderr(quiet: bool = False) -> Iterator[None]:
    """What the API notes meanwhile is printed on stderr, a line a note."""
    log = logging.getLogger("inpaint_bench")
    handler = _Echo(quiet)
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


class _Echo(logging.Handler):
    def __init__(self, quiet: bool) -> None:
        super().__init__(logging.WARNING if quiet else logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


def colour() -> bool:
    """Whether stdout takes colour: a terminal, and NO_COLOR is not set."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
