"""Votes of people as per-pair data: what they come to over some pairs, how sure that is, and which methods differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import PairMask, Summary, Value
from inpaint_bench.analysis.statistics import ALPHA, Difference, Interval, Rank, Significance, holm
from inpaint_bench.errors import HashError, NotComparableError, some
from inpaint_bench.metrics.base import StudyMetric
from inpaint_bench.runner import sums
from inpaint_bench.study.model import Fit, Votes, fit
from inpaint_bench.study.stored import StoredVotes, as_numbers, read_votes, votes_path

if TYPE_CHECKING:
    from inpaint_bench.analysis.run import RunData


@dataclass(frozen=True, eq=False)
class Study:
    """The votes of a run's study; `votes.pair` counts the pairs of the run."""

    path: Path
    sha256: str
    stem: str
    stored: StoredVotes
    votes: Votes
    _fits: dict[bytes, "Fit | None"] = field(default_factory=dict)

    def of(self, rows: PairMask) -> "Fit | None":
        """The fit to the votes on some pairs; none where they do not connect all methods."""
        key = rows.tobytes()
        if key not in self._fits:
            self._fits[key] = fit(self.votes.only(rows[self.votes.pair]), f"{self.stored.study}:{self.sha256}")
        return self._fits[key]

    def number(self, method: str) -> int:
        """The number of a method among those of the study."""
        return self.votes.methods.index(method)


@dataclass(frozen=True, eq=False)
class PairVotes:
    """Votes on composites of a method and of others; the result is the preference of the method."""

    metric: StudyMetric
    signature: str
    where: Path
    source: str
    reduction: Reduction
    method: str
    study: Study

    def summary(self, rows: PairMask) -> Summary:
        """The preference over those pairs; `n` of them have votes, the others count as undefined."""
        found, every = self.study.of(rows), int(rows.sum())
        if found is None:
            return Summary(None, 0, undefined=every)
        n = len(np.unique(found.votes.pair))
        return Summary(float(found.values[self.study.number(self.method)]), n, undefined=every - n)

    def interval(self, rows: PairMask, seed_text: str) -> Interval:
        """The interval over raters and pairs."""
        found = self.study.of(rows)
        return found.intervals[self.study.number(self.method)] if found else None


def load_study(run: "RunData") -> Study | None:
    """The study of a run; None where there is none, and where a composite is no longer the one that was shown.

    Raises InputError for a file that holds no votes and HashError for one that was edited.
    """
    path = votes_path(run.path)
    sums.refuse_changed(run.path, path, "Restore it, or read the answers again: `inpaint-bench study read`.")
    if not path.is_file():
        return None
    stored, sha256 = read_votes(path)
    return None if stale_methods(run, stored) else of_run(run, stored, sha256)


def of_run(run: "RunData", stored: StoredVotes, sha256: str = "") -> Study:
    """The votes of a study with the pairs by their numbers in a run that has them."""
    places = {pair.pair: number for number, pair in enumerate(run.pairs)}
    votes = as_numbers(stored)
    place = np.array([places[pair] for pair in stored.pairs], dtype=np.int64)
    numbered = Votes(votes.methods, votes.winner, votes.loser, votes.rater, place[votes.pair])
    return Study(votes_path(run.path), sha256, stored.stem, stored, numbered)


def stale_methods(run: "RunData", stored: StoredVotes) -> list[str]:
    """The methods of a study whose composites are no longer those that were shown, or are not in the run."""
    found = []
    for method in stored.methods:
        pictures = run.pictures_of(method) if method in run.info.methods else {}
        samples = dict(zip((pair.pair for pair in run.pairs), run.chosen_samples(method), strict=True))
        now = [pictures.get((pair, samples.get(pair))) for pair in stored.pairs]
        if tuple(now) != stored.composites.get(method):
            found.append(method)
    return found


def refuse_stale(run: "RunData") -> None:
    """Raise HashError where a run holds votes on other composites than those that are in it."""
    path = votes_path(run.path)
    if run.study is None and path.is_file():
        methods = some(stale_methods(run, read_votes(path)[0]))
        raise HashError(
            f"{path}: people saw other composites of {methods} than those here now. Restore them; or delete the file, "
            "and make a new study."
        )


def significance_of_votes(methods: Mapping[str, PairVotes], rows: PairMask) -> Significance:
    """Which of several methods of a study differ significantly from the best; Holm over the tests of every two."""
    names = list(methods)
    study = methods[names[0]].study
    found = study.of(rows)
    if found is None or any(one.source != study.sha256 for one in methods.values()):
        return Significance(0, None, {}, dict.fromkeys(names, 1.0), dict.fromkeys(names, "not separable"))
    of = {name: study.number(one.method) for name, one in methods.items()}
    means = {name: float(found.values[number]) for name, number in of.items()}
    best = max(names, key=means.__getitem__)
    first, second = np.triu_indices(len(names), 1)
    adjusted = holm([float(found.p[of[names[i]], of[names[j]]]) for i, j in zip(first, second, strict=True)])
    p = dict.fromkeys(names, 1.0)
    for i, j, value in zip(first, second, adjusted, strict=True):
        if best in (names[i], names[j]):
            p[names[j] if names[i] == best else names[i]] = value
    ranks: dict[str, Rank] = {name: "worse" if p[name] <= ALPHA else "not separable" for name in names}
    return Significance(len(np.unique(found.votes.pair)), best, means, p, ranks | {best: "best"})


def compared_votes(a: PairVotes, b: PairVotes, rows: PairMask) -> tuple[Value, Value, Difference]:
    """The preferences of two methods of one study, and their difference. Raises NotComparableError for two studies."""
    if a.source != b.source:
        raise NotComparableError(
            f"preferences of {a.method} and {b.method} are of two studies. Compare methods that one study compared."
        )
    found = a.study.of(rows)
    if found is None:
        return None, None, Difference(0, None, None, 1.0)
    i, j = a.study.number(a.method), b.study.number(b.method)
    apart, ends = found.difference(i, j)
    n = len(np.unique(found.votes.pair))
    return float(found.values[i]), float(found.values[j]), Difference(n, apart, ends, float(found.p[i, j]))
