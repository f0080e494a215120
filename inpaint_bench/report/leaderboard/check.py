"""Checks submissions: every number that scores can give is derived again, by the function that derives results.

Distances of sets and counts of objects are stated and cannot be derived from scores: the board marks them and ranks
them with nothing. That scores are those of the composites is for others to find, by measuring again: tier re-measured.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.derive import results_of
from inpaint_bench.analysis.per_pair import PairValues
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, Result
from inpaint_bench.data import pair_lists
from inpaint_bench.data.digests import known_digests
from inpaint_bench.data.pairs import Pairs
from inpaint_bench.data.protocols import bucket_names, facts, page_names, read_page
from inpaint_bench.errors import HashError, InputError, NotComparableError
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.base import Metric, SamplesMetric, StudyMetric, available
from inpaint_bench.metrics.registry import CHOOSABLE, KNOWN
from inpaint_bench.report.leaderboard.remeasured import refuse_no_confirmation
from inpaint_bench.report.leaderboard.submission import Submission, read_submission
from inpaint_bench.weights import SYNTHETIC

Tier: TypeAlias = Literal["re-measured", "submitted", "reported"]
TOLERANCE = 1e-9  # relative, of the ends of intervals: sums of resamples may be added in another order elsewhere


@dataclass(frozen=True, eq=False)
class Entry:
    """A submission that was checked: its numbers that scores give, and those that others measured again."""

    submission: Submission
    values: Mapping[tuple[str, str], PairValues]  # by metric and signature
    again: tuple[Submission, ...] = ()  # by other measurers

    @property
    def tier(self) -> Tier:
        """How far it is confirmed."""
        return "re-measured" if self.again else "submitted"

    def derived(self, result: Result) -> bool:
        """Whether a result was derived again from scores; another is as the file states it."""
        return (result.metric, result.signature) in self.values


def submitted_files(folder: Path) -> list[Path]:
    """The files of a leaderboard, <protocol>/<method>.jsonl. Raises InputError where there is none."""
    found = sorted(folder.glob("*/*.jsonl")) if folder.is_dir() else []
    if not found:
        raise InputError(f"{folder}: there is no submission here, as in <protocol>/<method>.jsonl.")
    return found


def check_files(paths: Iterable[Path]) -> list[Entry]:
    """The entries of some files, which are checked alone and beside each other, by protocol and method.

    Raises as `check_file` does; InputError for two files of one method, and NotComparableError for files of one
    protocol with other pairs, and for a re-measurement of another method or with other numbers.
    """
    checked = [check_file(path) for path in dict.fromkeys(paths)]
    _refuse_other_pairs([one.submission for one in checked])
    first: dict[tuple[str, str], Entry] = {}
    for one in (one for one in checked if not _again(one)):
        if (other := first.setdefault(_key(one), one)) is not one:
            paths_of = f"{one.submission.path} and {other.submission.path}"
            raise InputError(f"{paths_of}: two submissions of {one.submission.method}. Give one another name.")
    confirmed: dict[tuple[str, str], list[Submission]] = {}
    for one in filter(_again, checked):
        confirmed.setdefault(_key(one), []).append(one.submission)
    for key, several in confirmed.items():
        refuse_no_confirmation(first[key].submission if key in first else None, several)
    entries = [Entry(one.submission, one.values, tuple(confirmed.get(key, ()))) for key, one in first.items()]
    return sorted(entries, key=_key)


def _again(entry: Entry) -> bool:
    """Whether a file measures again what another one submits: <method>@<who>.jsonl."""
    return "@" in entry.submission.path.name


def _key(entry: Entry) -> tuple[str, str]:
    return entry.submission.protocol, entry.submission.method


def check_file(path: Path) -> Entry:
    """A submission whose numbers are those that its scores give, on the pairs of its protocol.

    Raises InputError for what is no submission or has synthetic weights, NotComparableError for other pairs or pixels,
    another page or signature, and for scores that lack pairs, and HashError for numbers that were edited.
    """
    one = read_submission(path)
    if one.info.weights == SYNTHETIC:
        raise InputError(f"{path}: {one.method} ran with synthetic weights, whose results say nothing.")
    _refuse_inconsistent(one)
    _refuse_other_page(one)
    for result in one.results:
        _refuse_other_facts(one, result)
    values = {(data.metric.name, data.signature): data for data in _scored(one)}
    _refuse_other_numbers(one, list(values.values()))
    return Entry(one, values)


# --- the pairs ------------------------------------------------------------------------------------


def _refuse_inconsistent(one: Submission) -> None:
    """Raise HashError where the pairs are not those that the first line names, or contradict themselves."""
    info, pairs = one.header.run, one.run.pairs
    pair_lists.refuse_other_facts(info.protocol, pairs, one.path)
    marks = {pair_lists.fingerprint(info.protocol, pairs, with_pixels) for with_pixels in (False, True)}
    if info.fingerprint not in marks:
        raise HashError(
            f"{one.path}: its page and pairs have the fingerprint {min(marks)}, and it says {info.fingerprint[:60]}."
        )
    if (digest := pair_lists.pixel_digest(pairs)) != info.pixels:
        raise HashError(f"{one.path}: its pairs have the pixel digest {digest[:12]}, and it says {info.pixels[:12]}.")


def _refuse_other_page(one: Submission) -> None:
    """Raise NotComparableError where a protocol that ships has another page, other pairs or other pixels."""
    info, shipped = one.header.run, files.shipped("protocols")
    if info.protocol.name not in page_names():
        return
    page = read_page(shipped / f"{info.protocol.name}.toml")
    if facts(page) != facts(info.protocol):
        raise NotComparableError(f"{one.path}: is of another page than the {page.name} that ships. Run it on that.")
    if (path := shipped / f"{page.name}.pairs.csv").is_file():
        _refuse_unlisted(one, pair_lists.read_csv(path))
    known = known_digests(info.fingerprint)
    if known and info.pixels not in known:
        raise NotComparableError(
            f"{one.path}: its pixels have the digest {info.pixels[:12]}; known of {page.name}: "
            f"{', '.join(digest[:12] for digest in known)}. Its images or masks are another copy."
        )


def _refuse_unlisted(one: Submission, listed: Pairs) -> None:
    """Raise NotComparableError for a pair that is not as the list that ships has it."""
    facts_of = ("image", "mask", "image_sha256", "mask_sha256", "bucket", "prompt")
    if len(listed) != len(one.run.pairs):
        raise NotComparableError(f"{one.path}: has {len(one.run.pairs)} pairs, and {one.protocol} has {len(listed)}.")
    for ours, known in zip(one.run.pairs, listed, strict=True):
        for fact in ("pair", *facts_of):
            if getattr(known, fact) and getattr(ours, fact) != getattr(known, fact):
                raise NotComparableError(
                    f"{one.path}: pair {known.pair} of {one.protocol} has another {fact} than the list that ships, so "
                    f"the fingerprint {one.header.run.fingerprint} is not of its pairs."
                )


def _refuse_other_pairs(submissions: Sequence[Submission]) -> None:
    """Raise NotComparableError for two submissions of one protocol on other pairs or pixels."""
    first: dict[str, Submission] = {}
    for one in submissions:
        before = first.setdefault(one.protocol, one)
        for what in ("fingerprint", "pixels"):
            ours, theirs = (getattr(each.header.run, what) for each in (one, before))
            if ours != theirs:
                raise NotComparableError(
                    f"{one.path}: its {what} of {one.protocol} is {str(ours)[:12]}, and that of {before.path} "
                    f"{str(theirs)[:12]}. They are not of the same pairs."
                )
        if one.run.pairs != before.run.pairs:
            raise NotComparableError(
                f"{one.path}: its list of pairs is not that of {before.path}: of holes or buckets."
            )


# --- the numbers ----------------------------------------------------------------------------------


def _refuse_other_facts(one: Submission, result: Result) -> None:
    """Raise an error for a result that is not of this run, or was not computed as its metric is."""
    info, name = one.header.run, f"{result.metric}, {result.bucket}"
    if result.metric in RECORDED or isinstance(KNOWN[result.metric], StudyMetric):
        raise InputError(f"{one.path}: {result.metric} is no metric of a leaderboard. Leave it out.")
    facts_of = [(fact, getattr(result, fact), getattr(info, fact)) for fact in ("fingerprint", "pixels", "part")]
    facts_of += [("dataset", result.dataset, one.protocol), ("source", result.source, "measured")]
    facts_of += [("weights", result.weights, one.info.loaded_with)]
    facts_of += [("code", result.code.partition("+")[2], one.info.code)]
    for fact, ours, theirs in facts_of:
        if ours != theirs:
            raise HashError(f"{one.path}: {name} is of {fact} '{str(ours)[:80]}', and the first line says '{theirs}'.")
    if result.bucket not in one.run.buckets:
        known = " or ".join([*bucket_names(info.protocol), ALL])
        raise InputError(f"{one.path}: {result.metric} of bucket '{result.bucket[:40]}'. Allowed: {known}.")
    rows = int(one.run.buckets[result.bucket].sum())
    if min(result.n, result.infinite, result.undefined) < 0 or result.n + result.infinite + result.undefined != rows:
        raise NotComparableError(f"{one.path}: {name} is of {result.n} pairs, and the bucket holds {rows}.")
    _refuse_other_signature(one, result)


def _refuse_other_signature(one: Submission, result: Result) -> None:
    """Raise NotComparableError where a result was not computed as this version computes its metric.

    A network that was found by path is named in the middle; two results of other networks stand in two columns.
    """
    metric, info = CHOOSABLE[result.metric], one.header.run
    scored = f":u8{info.protocol.eight_bit[0]}:{'raw' if info.raw else 'comp'}:v{metric.version}"
    tail = scored + Reduction.parse(result.reduction).suffix
    of_network = not isinstance(metric, SamplesMetric) and getattr(metric, "network", None) is not available
    network = result.signature[len(metric.stem) : -len(tail)]
    fits = result.signature.startswith(metric.stem) and result.signature.endswith(tail)
    if not fits or (network and not (of_network and network.startswith(":"))):
        raise NotComparableError(
            f"{one.path}: {result.metric} has the signature '{result.signature[:120]}', and here it is "
            f"'{metric.stem}{tail}'. Score the run again with this version."
        )


def _scored(one: Submission) -> list[PairValues]:
    """The values of every pair of each image metric. Raises NotComparableError where pairs have none."""
    scores = one.run.scores_of(one.method)
    assert scores is not None
    if scores.table.frame().duplicated(["pair", "sample", "metric"]).any():
        raise HashError(f"{one.path}: has two scores of one pair and metric. Submit the run again.")
    of_pairs = [data for data in one.run.per_pair(one.method) if isinstance(data, PairValues)]
    of_pairs = [data for data in of_pairs if data.metric.name not in RECORDED]
    for name in scores.table.metrics:
        rows = scores.table.of(name)
        assert rows is not None
        if len(np.unique(rows.signature.number)) != 1:
            raise NotComparableError(f"{one.path}: the scores of {name} have more than one signature.")
        if name not in RECORDED and name not in {data.metric.name for data in of_pairs}:
            there = {*rows.pair.tolist()}
            missing = [pair.pair for number, pair in enumerate(one.run.pairs) if number not in there]
            what = f"no score of {missing[0]}" if missing else "not every sample of every pair"
            raise NotComparableError(
                f"{one.path}: {name} has {what}: it is of {len(there)} of {len(one.run.pairs)} pairs."
            )
    return of_pairs


def _refuse_other_numbers(one: Submission, data: Sequence[PairValues]) -> None:
    """Raise HashError where results are not what the scores give: one differs, is missing, or has no scores."""
    stated = {(r.metric, r.bucket, r.reduction): r for r in one.results if _of_scores(r)}
    derived = {
        (r.metric, r.bucket, r.reduction): r for r in results_of(one.run, one.method, one.info.loaded_with, data)
    }
    for key in dict.fromkeys([*stated, *derived]):
        name = ", ".join(key[:2])
        if key not in derived:
            raise HashError(f"{one.path}: states {name} without the scores that it was derived from.")
        if key not in stated:
            raise HashError(f"{one.path}: has scores of {name} and does not state the result.")
        for fact, ours, now in _differences(stated[key], derived[key]):
            kind = NotComparableError if fact == "signature" else HashError
            raise kind(f"{one.path}: {name} has the {fact} {ours}, but its scores give {now}. It was edited.")


def _of_scores(result: Result) -> bool:
    return isinstance(KNOWN[result.metric], (Metric, SamplesMetric))


def _differences(stated: Result, derived: Result) -> Iterator[tuple[str, object, object]]:
    for fact in ("signature", "n", "infinite", "undefined", "value", "scores", "low", "high"):
        ours, now = getattr(stated, fact), getattr(derived, fact)
        near = fact in ("low", "high") and None not in (ours, now)
        if ours != now and not (near and math.isclose(ours, now, rel_tol=TOLERANCE, abs_tol=1e-12)):
            yield fact, ours, now
