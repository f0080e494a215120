"""How far the metrics of a run agree, as a DataFrame, matrices, text, Markdown, CSV and JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from inpaint_bench.analysis.people import TITLE, PeopleAgreement, frame_of
from inpaint_bench.analysis.results import json_value
from inpaint_bench.analysis.statistics.correlation import Matrix, alike, chance_of_one_order
from inpaint_bench.data.parts import Part
from inpaint_bench.errors import refuse_unknown
from inpaint_bench.escape import markdown
from inpaint_bench.metrics.base import Better

if TYPE_CHECKING:
    import pandas as pd

LEAST_METHODS = 4  # of fewer a rank correlation says nothing: three have six orders
SURE_METHODS = (
    6  # of fewer, metrics that have nothing in common order all methods alike too often to be called the same
)
BOUND = 0.9  # of the low end of an interval, from which on two metrics say the same
Over = Literal["methods", "pairs", "partial"]
TITLES: dict[str, str] = {
    "methods": "over methods, of their results over all pairs",
    "pairs": "over pairs, within each method; the mean over methods",
    "partial": "over pairs with the mask ratio held constant, within each method; the mean over methods",
}


@dataclass(frozen=True)
class ComparedMetric:
    """A metric as it is compared: two signatures of one metric are two of these."""

    label: str  # its name, or its signature where the run has several
    better: Better
    signature: str  # without what a reduction of samples adds

    @property
    def heading(self) -> str:
        """The label with an arrow."""
        return f"{self.label} {'↑' if self.better == 'higher' else '↓'}"


@dataclass(frozen=True, eq=False)
class Correlations:
    """Rank correlations of every two metrics; NaN where undefined. `low` and `high` are ends of 95% intervals."""

    rho: Matrix
    low: Matrix
    high: Matrix
    methods: Matrix  # how many are behind each
    pairs: int

    @property
    def shown(self) -> list[int]:
        """The metrics that have a correlation with another one."""
        others = np.isfinite(self.rho) & ~np.eye(len(self.rho), dtype=bool)
        return np.flatnonzero(others.any(axis=1)).tolist()

    @property
    def every_two(self) -> list[tuple[int, int]]:
        """Every two metrics that have a correlation, each once."""
        return [(i, j) for i in self.shown for j in self.shown if i < j and np.isfinite(self.rho[i, j])]


@dataclass(frozen=True, eq=False)
class MetricAgreement:
    """Which metrics of a run say the same: +1 where two agree completely on what is better, -1 where never.

    `over` has the correlations over methods, over pairs, and over pairs with the mask ratio held constant, those of
    them that the run has numbers enough for. `of_votes` says how far metrics agree with people, where these voted.
    """

    dataset: str
    part: Part
    fingerprint: str
    pixels: str
    title: str
    metrics: tuple[ComparedMetric, ...]
    over: dict[Over, Correlations]
    notes: tuple[str, ...]
    of_votes: PeopleAgreement | None = None

    @property
    def people(self) -> "pd.DataFrame":
        """How often each metric agrees with people: metric, agreement, low, high, votes, raters, pairs.

        The last row is one rater with the majority of the others. Without votes there is no row.
        """
        return frame_of(self.of_votes)

    @property
    def frame(self) -> "pd.DataFrame":
        """One row for every two metrics that have a correlation: over, a, b, rho, low, high, methods, pairs."""
        import pandas as pd

        rows = [
            (over, self.metrics[i].label, self.metrics[j].label, *_numbers(one, i, j), one.pairs)
            for over, one in self.over.items()
            for i, j in one.every_two
        ]
        return pd.DataFrame(rows, columns=["over", "a", "b", "rho", "low", "high", "methods", "pairs"])

    def matrix(self, over: Over = "pairs") -> "pd.DataFrame":
        """The correlations as a square, of the metrics that have any. Raises InputError where none are."""
        import pandas as pd

        refuse_unknown("correlation of this run is over", [over], self.over)
        one = self.over[over]
        names = [self.metrics[i].label for i in one.shown]
        return pd.DataFrame(one.rho[np.ix_(one.shown, one.shown)], names, names)

    def groups(self, over: Over = "pairs") -> list[list[str]]:
        """Metrics that say the same: of every two in a group the interval lies at 0.9 or above.

        Over methods there are none for fewer than six: metrics without anything in common order five methods alike,
        or in reverse, once in 60 times.
        """
        refuse_unknown("correlation of this run is over", [over], self.over)
        one = self.over[over]
        low = np.where(one.methods >= (SURE_METHODS if over == "methods" else 1), one.low, np.nan)
        return [[self.metrics[i].label for i in group] for group in alike(low, BOUND)]

    def opposites(self, over: Over = "pairs") -> list[tuple[str, str]]:
        """Two metrics that say the reverse of each other: the interval lies at -0.9 or below."""
        found = self.frame.query("over == @over and high <= -@BOUND", local_dict={"over": over, "BOUND": BOUND})
        enough = found["methods"] >= (SURE_METHODS if over == "methods" else 1)
        return list(found.loc[enough, ["a", "b"]].itertuples(index=False, name=None))

    def verdicts(self, over: Over) -> list[str]:
        """The groups and opposites of one kind of correlation in words."""
        same = [f"say the same (interval from {BOUND} on): {', '.join(group)}" for group in self.groups(over)]
        reverse = [f"say the reverse of each other: {a}, {b}" for a, b in self.opposites(over)]
        return [*same, *reverse] or [f"no two metrics are sure to say the same (interval from {BOUND} on)"]

    def to_text(self, intervals: bool = False) -> str:
        """A triangle of numbers for each kind of correlation, or with `intervals` a line for every two metrics."""
        lines = [self.title]
        for over, one in self.over.items():
            lines += ["", TITLES[over], *(self._lines(one) if intervals else self._triangle(one)), ""]
            lines += self.verdicts(over)
        if self.of_votes:
            lines += ["", TITLE, *_padded(self.of_votes.lines())]
        return "\n".join([*lines, "", *self.notes, ""])

    def to_markdown(self) -> str:
        """A table for each kind of correlation, the groups, the agreement with people, and the notes."""
        parts = [markdown(self.title)]
        for over in self.over:
            cells = self.matrix(over).map(printed).rename(index=markdown, columns=markdown)
            align = ["left", *["right"] * len(cells)]
            verdicts = "\n".join(f"- {markdown(one)}" for one in self.verdicts(over))
            parts += [f"**{markdown(TITLES[over])}**"]
            parts += [str(cells.to_markdown(disable_numparse=True, colalign=align)), verdicts]
        if self.of_votes:
            parts += [f"**{markdown(TITLE)}**", self.of_votes.to_markdown()]
        return "\n\n".join([*parts, "\n".join(f"- {markdown(note)}" for note in self.notes)]) + "\n"

    @property
    def rows(self) -> "pd.DataFrame":
        """The rows of `frame`; where people voted also those of `people`, with a metric as a and 'people' as b."""
        import pandas as pd

        if self.of_votes is None:
            return self.frame
        of_votes = self.people.rename(columns={"metric": "a"}).assign(over="people", b="people")
        rows = [*self.frame.to_dict("records"), *of_votes.to_dict("records")]
        columns = ["over", "a", "b", "rho", "agreement", "low", "high", "methods", "votes", "raters", "pairs"]
        counts = dict.fromkeys(("methods", "votes", "raters", "pairs"), "Int64")
        return pd.DataFrame(rows, columns=columns).astype(counts)

    def to_csv(self) -> str:
        """All `rows`, with every digit."""
        return self.rows.to_csv(index=False, lineterminator="\n")

    def to_json(self) -> str:
        """All `rows`, with every digit; null where there is no interval or number."""
        rows = self.rows.astype(object).where(self.rows.notna(), None).to_dict("records")
        plain = [{k: json_value(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
        return json.dumps(plain, indent=1) + "\n"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.frame.to_html(index=False)

    def _triangle(self, one: Correlations) -> list[str]:
        wide = max(len(self.metrics[i].heading) for i in one.shown)
        head = f"{'':>{wide + 4}}" + "".join(f"{number:>6}" for number in range(1, len(one.shown)))
        rows = [
            (
                f"{place + 1:>3} {self.metrics[i].heading:<{wide}}"
                + "".join(f"{printed(one.rho[i, j]):>6}" for j in one.shown[:place])
            ).rstrip()
            for place, i in enumerate(one.shown)
        ]
        return [head, *rows]

    def _lines(self, one: Correlations) -> list[str]:
        lines = [["a", "b", "rho", "95% interval", "methods"]]
        for i, j in one.every_two:
            rho, low, high, methods = _numbers(one, i, j)
            names = (self.metrics[i].label, self.metrics[j].label)
            lines.append([*names, printed(rho), _interval(low, high), str(methods)])
        return _padded(lines)


def _numbers(one: Correlations, i: int, j: int) -> tuple[float, float, float, int]:
    return float(one.rho[i, j]), float(one.low[i, j]), float(one.high[i, j]), int(one.methods[i, j])


def printed(value: float) -> str:
    """A correlation with two digits, never rounded up to a complete one: 0.998 is +0.99."""
    if math.isnan(value):
        return "-"
    return f"{value if abs(value) == 1 else math.copysign(min(abs(value), 0.99), value):+.2f}"


def _interval(low: float, high: float) -> str:
    return "-" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"


def _padded(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]


def notes_of_few(methods: int) -> list[str]:
    """What so few methods can say, in words."""
    if methods < LEAST_METHODS:
        return [f"over methods: {methods} of them are too few for a rank correlation, which needs {LEAST_METHODS}"]
    chance = round(1 / chance_of_one_order(methods))
    return [
        f"over methods: two metrics with nothing in common order {methods} methods alike, or in reverse, once in "
        f"{chance:,} times",
        "over methods: the interval is of these methods and other pairs, not of other methods",
    ]
