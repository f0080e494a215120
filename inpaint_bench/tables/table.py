"""Tables: numbers with marks and notes in rows and columns, printed as text, Markdown, CSV, LaTeX or HTML."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import pandas as pd

from inpaint_bench.analysis.reported_selection import Shape
from inpaint_bench.analysis.results import ALL
from inpaint_bench.errors import refuse_unknown
from inpaint_bench.tables.formats import as_csv, as_markdown, as_text
from inpaint_bench.tables.markup import as_html, as_html_part, as_latex

Pairs = Mapping[tuple[str, str], int | None]  # how many pairs each dataset and bucket has, in the order of columns
QUANTITY = ["order", "metric", "signature", "unit", "reduction", "heading"]  # what a number is of


@dataclass(frozen=True)
class Style:
    """The layout of a table: a column for each bucket, or, where the shape is another, for each metric."""

    shape: Shape = "buckets"
    buckets: tuple[str, ...] = ()  # () shows all
    tenths: bool = False  # print errors in [0, 1] in units of 10^-1, as the paper does
    paper_table: str = ""  # the reported table that has this layout


STYLES = {
    "plain": Style(),
    "table1": Style("buckets", ("0.2-0.4", "0.4-0.6", "all"), tenths=True, paper_table="SPN 2023:1"),
    "table2": Style("buckets", ("0.0-0.2", "0.2-0.4", "0.4-0.6", "all"), tenths=True, paper_table="SPN 2023:2"),
    "table6": Style("costs", paper_table="SPN 2023:6"),
    "ablation": Style("all", ("all",), tenths=True),
}


@dataclass(frozen=True)
class TableOptions:
    """What a table shows; () leaves a choice to the style, or shows all."""

    style: str = "plain"
    buckets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()  # in this order
    metrics: tuple[str, ...] = ()  # in this order
    intervals: bool = False  # the 95% interval in every cell
    all_samples: bool = False  # of a stochastic method also the mean, the first sample and the best of fewer samples
    strict: bool = False  # refuse numbers that would bear a mark

    @property
    def layout(self) -> Style:
        """The style. Raises InputError, with the nearest name, for an unknown one."""
        refuse_unknown("style of table is", [self.style], STYLES)
        return STYLES[self.style]

    def shown(self, buckets: Iterable[str]) -> set[str]:
        """Those of the buckets that the table shows. Raises InputError for a requested one that is not there."""
        there = set(buckets)
        refuse_unknown("bucket here is", self.buckets, there)
        return there & set(self.buckets or self.layout.buckets or there)


class Number(NamedTuple):
    """A number of a table; its fields are columns of `Table.numbers`."""

    order: int  # the place of the metric among others
    metric: str
    heading: str
    signature: str = ""
    reduction: str = ""
    unit: str = ""  # '' where it is the metric's own
    dataset: str = ""  # of a cost its setting and machine
    bucket: str = ""
    method: str = ""
    source: str = ""  # the paper's table that reports it; '' where it was measured
    samples: str = ""  # what the name of the row says of samples: 'best of 5'
    value: float = math.nan  # in the printed unit; NaN where it is undefined
    digits: str = "-"  # the value as printed
    mark: str = ""  # † or ‡: a Fréchet distance of few pictures
    low: str = ""  # the ends of the 95% interval, as printed
    high: str = ""
    n: str = ""  # 'n=3' where it is over other pairs than the column says
    rank: str = ""  # 'best', 'not separable' from the best, or ''


@dataclass(frozen=True, eq=False)
class Table:
    """A table: `numbers` has a line for each number, with the fields of `Number` and the place that `lay_out` gave it.

    `print(table)` prints text, a notebook shows HTML; `frame` is for further work.
    """

    title: str
    numbers: pd.DataFrame
    notes: tuple[str, ...] = ()
    width: int | None = None  # in text, columns that need more characters than this continue below

    @property
    def frame(self) -> pd.DataFrame:
        """The values in rows and columns, in the printed unit but not rounded; NaN where there is none."""
        what, down, across = ["metric", "unit", "reduction"], ["method", "samples", "source"], ["dataset", "bucket"]
        what += ["signature"] if (self.numbers.groupby(what)["signature"].nunique() > 1).any() else []
        by_bucket = bool(self.heads("row")["label"].any())
        down, across = ([*what, *down], across) if by_bucket else (down, [*across, *what])
        down, across = ([name for name in names if self.numbers[name].any()] for names in (down, across))
        values = self.numbers.pivot(index=["row", *down], columns=["column", *across], values="value")
        return values.sort_index().sort_index(axis=1).droplevel("row").droplevel("column", axis=1)

    def heads(self, axis: Literal["row", "column"]) -> pd.DataFrame:
        """A line for each row (method, name, label, block, grey, …) or column (dataset, group, title, pairs, …)."""
        return self._heads[axis].copy()

    @cached_property
    def _heads(self) -> dict[str, pd.DataFrame]:
        axes = ("row", "column")
        return {axis: self.numbers.drop_duplicates(axis).sort_values(axis, ignore_index=True) for axis in axes}

    def cells(self, text: Callable[[Any], str], missing: str) -> pd.DataFrame:
        """The cells as text: `text` prints a line of `numbers`, `missing` stands where there is none."""
        texts = {(one.row, one.column): text(one) for one in self._lines}
        assert len(texts) == len(self._lines)  # no cell has two numbers
        rows, columns = (pd.Index(sorted(set(self.numbers[axis])), name=axis) for axis in ("row", "column"))
        body = [[texts.get((row, column), missing) for column in columns] for row in rows]
        return pd.DataFrame(body, index=rows, columns=columns)

    @cached_property
    def _lines(self) -> list[Any]:
        return list(self.numbers.itertuples())

    def legend(self, best: str = "bold", near: str = "underlined") -> list[str]:
        """The note that explains how a format marks ranks; none where nothing is ranked."""
        test = "" if self.width else " (paired tests, Holm over every two methods, level 0.05)"
        ranks = f"{best}: significantly better than every other; {near}: not significantly different from the best"
        return [f"{ranks}{test}."] if self.numbers["rank"].any() else []

    to_text, to_markdown, to_csv, to_latex, to_html = as_text, as_markdown, as_csv, as_latex, as_html
    __str__, _repr_html_ = as_text, as_html_part


def lay_out(title: str, numbers: Iterable[Number], pairs: Pairs, shape: Shape, notes: Iterable[str]) -> Table:
    """The numbers of the datasets and buckets in `pairs` as a table, methods in their order, reported rows last."""
    frame = pd.DataFrame([one for one in numbers if (one.dataset, one.bucket) in pairs])
    sources = sorted(frame["source"].unique(), key=bool)  # '' first
    papers = [source for source in sources if source] if len(sources) > 1 else []
    tags = {one: f" (reported{f' {number}' if len(papers) > 1 else ''})" for number, one in enumerate(papers, 1)}
    frame = frame.sort_values("source", key=lambda column: column.map(sources.index), kind="stable")
    places = list(zip(frame["dataset"], frame["bucket"], strict=True))
    frame["place"] = [list(pairs).index(place) for place in places]
    frame["pairs"] = ["" if pairs[place] is None else f"n={pairs[place]}" for place in places]
    frame["line"] = frame.groupby(["source", "samples", "method"], sort=False).ngroup()
    row, block, column = [*QUANTITY, "line"], [*QUANTITY, "source"], ["place"]
    if by_metric := shape != "buckets":
        row, block, column = ["line"], ["source", "samples"], ["place", *QUANTITY]
    for name, keys in (("row", row), ("block", block), ("column", column)):
        frame[name] = frame.groupby(keys).ngroup()
    buckets = frame["bucket"].replace(ALL, "All")
    one_bucket = by_metric and buckets[buckets != ""].nunique() == 1
    frame["name"] = frame["method"] + frame["samples"].map(lambda text: f" ({text})" if text else "")
    frame["name"] += frame["source"].map(lambda source: tags.get(source, ""))
    frame["grey"] = (frame["source"] != "") & ("" in sources)
    frame["label"], frame["title"] = ("", frame["heading"]) if by_metric else (frame["heading"], buckets)
    frame["group"] = frame["dataset"] + (" " + buckets if by_metric and not one_bucket else "")
    frame["group"] = frame["group"].str.strip() if frame["group"].nunique() > 1 else ""
    tagged = [f"{tag.strip()}: as {source} prints it, ranked with nothing." for source, tag in tags.items()]
    return Table(title + (f" · {buckets.max()}" if one_bucket else ""), frame, (*notes, *tagged))
