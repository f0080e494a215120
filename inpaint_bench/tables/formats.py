"""A table as text, Markdown and CSV, and its files."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from inpaint_bench import disk, files
from inpaint_bench.escape import markdown, one_line

if TYPE_CHECKING:
    from inpaint_bench.tables.table import Table

SUFFIX = {"text": "txt", "markdown": "md", "csv": "csv", "latex": "tex", "html": "html"}
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
Around = Mapping[str, tuple[str, str]]  # what stands before and after a number, by rank
MARKS: Around = {"best": ("", "*"), "not separable": ("", "~"), "": ("", " ")}
CODES: Around = {"best": ("\x1b[1m", PLAIN), "not separable": ("\x1b[4m", PLAIN), "": ("", "")}  # bold, underlined
MARKDOWN: Around = {"best": ("**", "**"), "not separable": ("<u>", "</u>"), "": ("", "")}


def paths_of_tables(run: Path) -> list[Path]:
    """The files of a run's table, one for each format."""
    return [run / "tables" / f"plain.{suffix}" for suffix in SUFFIX.values()]


def write_tables(run: Path, table: "Table") -> None:
    """Write the table of a run in every format under its tables/."""
    with disk.passing(run / "tables"):
        for name, path in zip(SUFFIX, paths_of_tables(run), strict=True):
            files.write_if_changed(path, getattr(table, f"to_{name}")().encode())


def as_text(table: "Table", color: bool = False) -> str:
    """Padded columns with a rule between blocks; ranks as `*` and `~`, or with color as codes of a terminal."""
    legend = table.legend() if color else table.legend("*", "~")
    frame, left = _printed(table, one_line, MARKS if legend and not color else CODES)
    rows = table.heads("row").assign(first=lambda one: ~one["block"].duplicated())
    if left > 1:
        frame["metric"] = frame["metric"].where(rows["first"], "")
    columns = [_padded([title, *frame.iloc[:, number]], number < left) for number, title in enumerate(frame.columns)]
    body: list[str] = []
    for part in _parts(columns, left, table.width):
        head, *lines = ["  ".join(line).rstrip() for line in zip(*part, strict=True)]
        rule = "-" * (sum(len(column[0]) + 2 for column in part) - 2)
        body += ["", head]
        for line, first, grey in zip(lines, rows["first"], rows["grey"], strict=True):
            body += [rule] if first else []
            body.append(DIM + line + PLAIN if color and grey else line)
    return "\n".join([table.title, *body, "", *legend, *table.notes, ""])


def _padded(texts: list[str], left: bool) -> list[str]:
    """Texts with blanks to one width; the codes of a terminal have none."""
    widths = [len(re.sub("\x1b\\[\\dm", "", text)) for text in texts]
    blanks = [" " * (max(widths) - width) for width in widths]
    return [text + blank if left else blank + text for text, blank in zip(texts, blanks, strict=True)]


def _parts(columns: list[list[str]], left: int, width: int | None) -> list[list[list[str]]]:
    """The columns in parts that fit a width, each with the first ones, which name the rows."""
    parts = [columns[:left]]
    for column in columns[left:]:
        if width and len(parts[-1]) > left and sum(len(one[0]) + 2 for one in [*parts[-1], column]) - 2 > width:
            parts.append(columns[:left])
        parts[-1].append(column)
    return parts


def as_markdown(table: "Table") -> str:
    """GitHub's Markdown: best in bold, what does not differ from it underlined, reported rows in italics."""
    frame, left = _printed(table, markdown, MARKDOWN)
    frame = frame.mask(table.heads("row")["grey"], "*" + frame + "*").rename(columns=markdown)
    align = ["left"] * left + ["right"] * (frame.shape[1] - left)
    body = frame.to_markdown(index=False, disable_numparse=True, colalign=align)
    notes = "\n".join(f"- {markdown(note)}" for note in [*table.legend(), *table.notes])
    return f"{markdown(table.title)}\n\n{body}\n\n{notes}\n"


def as_csv(table: "Table") -> str:
    """A line a row with its signature, and its source where a paper reports one; no title, ranks and notes."""
    rows, columns, names = table.heads("row"), table.heads("column"), ["metric", "signature", "method"]
    for heads in (rows, columns):
        heads["unit"] = heads["unit"].map(lambda unit: f" ({unit})" if unit else "")
    rows["metric"] += rows["unit"]
    if not rows["label"].any():
        names = ["method"]
        columns["title"] = columns["signature"].where(columns["signature"] != "", columns["metric"]) + columns["unit"]
    names += [name for name in ("samples", "source") if rows[name].any()]
    rows["source"] = rows["source"].replace("", "measured")
    cells = table.cells(cell_text, "-").set_axis(_titles(columns), axis=1)
    return pd.concat([rows[names], cells], axis=1).to_csv(index=False, lineterminator="\n")


def cell_text(number: Any, interval: bool = True) -> str:
    """A line of `Table.numbers` but for its rank: '20.00‡ [19.01, 21.00] (n=3)'."""
    parts = [number.digits + number.mark, interval_of(number) * interval, f"({number.n})" * bool(number.n)]
    return " ".join(filter(None, parts))


def interval_of(number: Any) -> str:
    """The 95% interval as printed; '' where there is none."""
    return f"[{number.low}, {number.high}]" if number.low else ""


def _printed(table: "Table", escape: Callable[[str], str], around: Around) -> tuple[pd.DataFrame, int]:
    """The table as strings: a column for metrics, where rows are of one, and one for methods; then the numbers."""
    stub = table.heads("row")[["label", "name"]].map(escape).set_axis(["metric", "method"], axis=1)
    stub = stub if stub["metric"].any() else stub[["method"]]
    cells = table.cells(lambda one: cell_text(one).join(around[one.rank]), "-".join(around[""]))
    return pd.concat([stub, cells.set_axis(_titles(table.heads("column")), axis=1)], axis=1), stub.shape[1]


def _titles(columns: pd.DataFrame) -> list[str]:
    """The heading of each column in one line."""
    pairs = columns["pairs"].map(lambda n: f"({n})" if n else "")
    return [one_line(text) for text in columns["group"] + " " + columns["title"] + " " + pairs]
