"""Scores in metrics of one's own: a function is called for each pair, a program once for all pairs of a method."""

import csv
import dataclasses
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.disk import passing
from inpaint_bench.errors import BenchError, MethodError, some
from inpaint_bench.methods.commands import empty, run_command, words_of
from inpaint_bench.methods.foreign import blamed, described
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.own_metric import OwnMetric, as_number
from inpaint_bench.metrics.registry import KNOWN, signature
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.progress import Bar, no_bar
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.scores import Score, read_scores, scores_path, write_scores
from inpaint_bench.threads import in_order

SAVE_EVERY = 30  # seconds between two states of a long scoring on disk
FOLDERS = ("composites", "targets", "masks")
MOST_ANSWER = 1 << 28  # bytes of the file that a program writes


@dataclass(frozen=True)
class Scoring:
    """What one metric is to be computed of: composites of a method of a run."""

    run: RunFolder
    dataset: Dataset
    method: str
    metric: OwnMetric
    runtime: RuntimeOptions

    @cached_property
    def pairs(self) -> dict[str, Pair]:
        """The pairs of the run by name."""
        return {pair.pair: pair for pair in self.run.pairs}

    @property
    def has_target(self) -> bool:
        """Whether the images of the pairs are a ground truth."""
        return self.dataset.page.reference == "target"

    def failed(self, what: str) -> MethodError:
        """A failure as a sentence that names the metric and the method."""
        return MethodError(f"{self.metric.name}: {self.method}: {what}")

    def read(self, one: Score) -> tuple[Score, Pixels, Prepared]:
        """A composite, by one of its scores, and its pair."""
        composite, _ = images.read_png(self.run.composite(self.method, one.pair, one.sample))
        return one, composite, prepare(self.dataset.page, self.dataset.data, self.pairs[one.pair])


Values = Iterator[tuple[Score, float]]  # a recorded score of each composite, and the number


def score_own(
    run: RunFolder,
    dataset: Dataset,
    method: str,
    metrics: Sequence[str],
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
) -> list[MethodError]:
    """Add the scores in those of the metrics that are one's own, and return the failures, a sentence for each metric.

    Scores of the same composite and code are kept; of a function that fails, those of the pairs before.
    """
    failures = []
    for metric in map(KNOWN.get, metrics):
        if isinstance(metric, OwnMetric) and scores_path(run, method).is_file():
            try:
                _score(Scoring(run, dataset, method, metric, runtime), bar)
            except MethodError as error:
                failures.append(error)
    return failures


def _score(scoring: Scoring, bar: Bar) -> None:
    run, metric = scoring.run, scoring.metric
    named = signature(metric, run.info.protocol.eight_bit, run.info.raw)
    before = read_scores(scores_path(run, scoring.method))
    scores = [one for one in before if one.metric != metric.name or one.signature == named]
    there = {(one.pair, one.sample) for one in scores if one.metric == metric.name}
    recorded = (one for one in scores if one.metric == next(iter(RECORDED)))
    todo = [one for one in recorded if (one.pair, one.sample) not in there]
    compute = _by_function if metric.of_pair else _by_program
    saved = time.monotonic()
    try:
        with bar(f"{scoring.method}: {metric.name}", len(todo)) as advance:
            for one, value in compute(scoring, todo) if todo else ():
                scores.append(dataclasses.replace(one, metric=metric.name, signature=named, value=value))
                advance(1)
                if time.monotonic() - saved > SAVE_EVERY:
                    write_scores(run, scoring.method, scores)
                    saved = time.monotonic()
    finally:
        write_scores(run, scoring.method, scores)


def _by_function(scoring: Scoring, todo: Sequence[Score]) -> Values:
    """The number of each composite. Raises MethodError, which names the pair, where the function gives none."""
    of_pair, name = scoring.metric.of_pair, scoring.metric.name
    assert of_pair is not None
    for one, composite, prepared in in_order(scoring.read, todo, scoring.runtime.jobs):
        where = f"pair {_name(one)} of {scoring.method}"
        try:
            with blamed(name, where):
                target = prepared.target.copy() if scoring.has_target else None
                value = as_number(of_pair(composite, target, prepared.hole.copy()))
        except MethodError:
            raise
        except BenchError as error:  # of this package, which the function called
            raise MethodError(f"{name}: {where} failed: {described(error)}") from error
        yield one, value


def _name(one: Score) -> str:
    """The name of a composite's file without .png: '00017', or '00017.s3' for sample 3."""
    return one.pair if one.sample is None else f"{one.pair}.s{one.sample}"


# --- programs -------------------------------------------------------------------------------------


def _by_program(scoring: Scoring, todo: Sequence[Score]) -> Values:
    """The number of each composite. Raises MethodError for a program that fails or does not give every number once."""
    metric, scratch = scoring.metric, scoring.run.folder_of(scoring.method) / "metric"
    empty(scratch)  # of an interrupted run
    with passing(scratch):
        try:
            for _ in in_order(lambda one: _export(scoring, one, scratch), todo, scoring.runtime.jobs):
                pass
            places = {name: str((scratch / name).resolve()) for name in (*FOLDERS, "out")}
            command, log = words_of(metric.command, places), scratch / "log.txt"
            if failure := run_command(f"{metric.name}: {scoring.method}", command, log, scoring.runtime.timeout):
                raise failure
            found = _answer(scoring, scratch / "out")
        finally:
            empty(scratch)
    _refuse_others(scoring, found, [_name(one) for one in todo])
    for one in todo:
        with blamed(metric.name, f"pair {_name(one)} of {scoring.method}"):
            value = as_number(found[_name(one)])
        yield one, value


def _export(scoring: Scoring, one: Score, scratch: Path) -> None:
    """Write what a program is given of a composite: copies, so that nothing that it does changes the run."""
    _, composite, prepared = scoring.read(one)
    for folder, name, pixels in (
        ("composites", _name(one), composite),
        ("targets", one.pair, prepared.target),
        ("masks", one.pair, images.mask_values(prepared.hole)),
    ):
        if folder != "targets" or scoring.has_target:
            files.write_whole(scratch / folder / f"{name}.png", images.png_bytes(pixels))


def _answer(scoring: Scoring, out: Path) -> dict[str, Any]:
    """What a program wrote, by the name of the composite. Raises MethodError where it cannot be read."""
    if out.is_symlink() or not out.is_file():
        what = "a link, a folder or no file" if out.is_symlink() or out.exists() else "no file"
        raise scoring.failed(f"the program left {what} at {{out}}; it must write its numbers there.")
    try:
        text = files.read_bytes(out, MOST_ANSWER).decode("utf-8-sig")
        rows = json.loads(text, object_pairs_hook=list) if text.lstrip().startswith("{") else list(_of_csv(text))
    except (ValueError, RecursionError, csv.Error, OSError) as error:
        reason = str(error)[:100]
        raise scoring.failed(
            "what the program wrote at {out} is neither a JSON object of numbers by pair nor CSV lines PAIR,NUMBER: "
            f"{reason}."
        ) from error
    if twice := [pair for pair, count in Counter(pair for pair, _ in rows).items() if count > 1]:
        raise scoring.failed(f"the program gave two numbers for pair {some(twice)}.")
    return dict(rows)


def _of_csv(text: str) -> Iterator[tuple[str, float | None]]:
    """The numbers of CSV lines PAIR,NUMBER; a first line that holds no number is a heading, an empty cell undefined."""
    for number, row in enumerate(row for row in csv.reader(text.splitlines()) if row):
        if len(row) != 2:
            raise ValueError(f"a line has {len(row)} cells")
        pair, cell = (part.strip() for part in row)
        try:
            yield pair, float(cell) if cell else None
        except ValueError:
            if number > 0:
                raise


def _refuse_others(scoring: Scoring, found: Mapping[str, object], wanted: Sequence[str]) -> None:
    if missing := [pair for pair in wanted if pair not in found]:
        raise scoring.failed(f"the program gave no number for {len(missing)} of {len(wanted)} pairs: {some(missing)}.")
    if others := sorted(found.keys() - {*wanted}):
        raise scoring.failed(f"the program gave numbers for what it was not given: {some(others)}.")
