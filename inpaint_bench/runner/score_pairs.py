"""Image metrics of every composite against its target: one score a pair, sample and metric."""

import heapq
import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import METRICS, RECORDED, Metric
from inpaint_bench.metrics.base import available
from inpaint_bench.metrics.cache import cached_values
from inpaint_bench.metrics.registry import ORDER, SAMPLES_METRICS, absent, network_signature, own_names, signature
from inpaint_bench.runner import sums
from inpaint_bench.runner.diversity import scores_of_samples
from inpaint_bench.runner.folder import RunFolder, composite_name
from inpaint_bench.runner.hashes import sha256_of
from inpaint_bench.runner.pictures import Saved
from inpaint_bench.runner.progress import Bar, no_bar
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.scores import (
    KNOWN_ERROR,
    Score,
    each_score,
    read_scores,
    scores_path,
    write_scores,
    write_sorted,
)
from inpaint_bench.threads import in_order

if TYPE_CHECKING:  # heavy
    import torch

SAVE_EVERY = 30  # seconds between two states of a long scoring on disk
HELD = 16_000  # new scores that are in memory before they are written
CHUNK = 8  # pairs that are decoded and scored together

OF_PICTURES = ChainMap(METRICS, RECORDED)  # a view: metrics of one's own are added while a run starts
Key: TypeAlias = tuple[str, int, int]  # of a score, by which files are in order


@dataclass(frozen=True)
class Scored:
    """A composite on disk, its hash, and the metrics that are still to be computed."""

    pair: Pair
    sample: int | None
    path: Path
    sha256: str
    lacks: tuple[Metric, ...]


def score_run(
    run: RunFolder,
    dataset: Dataset,
    method: str,
    metrics: Sequence[str],
    runtime: RuntimeOptions,
    bar: Bar = no_bar,
) -> None:
    """Score every composite of a method; scores that are up to date and as they were written are kept.

    A stochastic method's samples are scored in the metric that chooses among them, asked for or not.
    Raises HashError when a target is not what it was, InputError when a composite cannot be read.
    """
    if not run.samples_of(method):
        return
    file = ScoresFile.opened(run, method)
    saved = time.monotonic()
    with bar(f"{method}: scores", sum(map(len, run.samples_of(method).values()))) as advance:
        chunks = _chunks(_lacking(file, metrics, lambda: advance(1)))
        for found in in_order(partial(_score_chunk, run, dataset, runtime), chunks, runtime.jobs):
            file.new += found
            advance(len({(score.pair, score.sample) for score in found}))
            if len(file.new) > HELD or time.monotonic() - saved > SAVE_EVERY:
                file.write()
                saved = time.monotonic()
    file.new += scores_of_samples(run, dataset, method, metrics, file.of_samples, runtime, bar)
    file.write()


@dataclass
class ScoresFile:
    """The scores of a method on disk, with what is to be added and left out when it is next written.

    Scores are read one by one, pair by pair: what is held does not grow with the number of pairs.
    """

    run: RunFolder
    method: str
    trusted: bool
    signatures: dict[str, str] = field(default_factory=dict)  # of the scores on disk, by metric
    of_samples: list[Score] = field(default_factory=list)  # the scores on disk that compare samples
    new: list[Score] = field(default_factory=list)
    stale: set[Key] = field(default_factory=set)  # of the scores on disk, those that are left out

    @classmethod
    def opened(cls, run: RunFolder, method: str) -> "ScoresFile":
        """The scores of a method, read once; none where the file is not what was written."""
        path = scores_path(run, method)
        file = cls(run, method, sums.trusted(run.path, path))
        last, in_order_ = None, True
        for one in file.scores():
            file.signatures[one.metric] = one.signature
            file.of_samples += [one] if one.metric in SAMPLES_METRICS else []
            in_order_, last = in_order_ and (last is None or last <= one.key), one.key
        if not in_order_:  # of a version that has metrics in another order
            write_scores(run, method, read_scores(path))
        return file

    def scores(self) -> Iterator[Score]:
        """The scores on disk."""
        return each_score(scores_path(self.run, self.method)) if self.trusted else iter(())

    def write(self) -> None:
        """Write the file anew, if something is to be added or left out."""
        if self.new or self.stale:
            self.new.sort(key=lambda score: score.key)
            kept = (one for one in self.scores() if one.key not in self.stale)
            write_sorted(self.run, self.method, heapq.merge(kept, self.new, key=lambda score: score.key))
            self.new, self.stale, self.trusted = [], set(), True


def _lacking(file: ScoresFile, requested: Sequence[str], on_complete: Callable[[], None]) -> Iterator[Scored]:
    """The composites that lack a metric, pair by pair; scores that are not kept are noted as stale.

    `on_complete` is called for every other composite.
    """
    run, method = file.run, file.method
    folder = run.composites(method)
    finished, own = run.samples_of(method), {*own_names(OF_PICTURES)}  # those of one's own are measured apart
    expected = {name: {_signature(run, metric)} for name, metric in OF_PICTURES.items()}
    for name, signature_ in _without_weights(file.signatures).items():
        expected[name].add(signature_)
    named = {*requested, *RECORDED}
    wanted = {single: ({*named} if single else {*named, run.info.protocol.choose}) for single in (True, False)}
    for pair, before in _by_pair(file):
        if pair is None:
            file.stale |= {one.key for one in before}
            continue
        kept: set[Key] = set()
        for sample in finished.get(pair.pair, ()):
            path = folder / composite_name(pair.pair, sample)
            sha256 = sha256_of(path)
            old = {one.metric: one for one in before if one.sample == sample and one.metric in expected}
            _refuse_edited(path, sha256, old.get(KNOWN_ERROR))
            right = {
                name
                for name, one in old.items()
                if _is_of(one, sha256) and (name in own or one.signature in expected[name])
            }
            kept |= {old[name].key for name in right}
            lacks = (wanted[sample is None] | old.keys()) & expected.keys() - own - right
            if lacks:
                metrics = sorted(lacks, key=ORDER.__getitem__)
                yield Scored(pair, sample, path, sha256, tuple(OF_PICTURES[name] for name in metrics))
            else:
                on_complete()
        file.stale |= {one.key for one in before if one.key not in kept}


def _refuse_edited(path: Path, sha256: str, score: Score | None) -> None:
    """Raise HashError for a composite that is not the one of its scores: what a run makes anew has none any more."""
    if score and not _is_of(score, sha256):
        raise HashError(
            f"{path}: not what was scored: sha256 {sha256[:16]}, not {score.composite}: it was edited. Restore it; or "
            "delete it and run again, which makes it anew."
        )


def _by_pair(file: ScoresFile) -> Iterator[tuple[Pair | None, list[Score]]]:
    """Every pair of the run, by name, with its scores on disk; None with those of what is no pair of the run."""
    groups = ((name, list(some)) for name, some in groupby(file.scores(), key=lambda one: one.pair))
    name, some = next(groups, ("", []))
    for pair in file.run.pairs.by_name():
        while some and name < pair.pair:
            yield None, some
            name, some = next(groups, ("", []))
        if some and name == pair.pair:
            yield pair, some
            name, some = next(groups, ("", []))
        else:
            yield pair, []
    while some:
        yield None, some
        name, some = next(groups, ("", []))


def _is_of(score: Score, sha256: str) -> bool:
    """Whether a score is of a file of this hash."""
    return score.composite == sha256[:16]


def _signature(run: RunFolder, metric: Metric) -> str:
    return signature(metric, run.info.protocol.eight_bit, run.info.raw, network_signature(metric))


def _without_weights(before: dict[str, str]) -> dict[str, str]:
    """By metric the signature that its scores on disk have, of those whose weights are found by path and are not here.

    They cannot be computed again, and are kept.
    """
    by_path = {name for name in before if name in OF_PICTURES and OF_PICTURES[name].network is not available}
    return {name: before[name] for name in by_path if absent(OF_PICTURES[name])}


def _chunks(composites: Iterable[Scored]) -> Iterator[list[Scored]]:
    """A few pairs at a time, all samples of a pair together, so that its target is decoded once."""
    chunk: list[Scored] = []
    for number, (_, samples) in enumerate(groupby(composites, key=lambda composite: composite.pair.pair), start=1):
        chunk += samples
        if number % CHUNK == 0:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _score_chunk(run: RunFolder, dataset: Dataset, runtime: RuntimeOptions, chunk: list[Scored]) -> list[Score]:
    """The missing scores of a chunk; pictures of one size that lack the same metrics are scored as a batch."""
    prepared = {one.pair.pair: one.pair for one in chunk}
    targets = {pair: prepare(dataset.page, dataset.data, found) for pair, found in prepared.items()}
    decoded = []
    for one in chunk:
        pixels, texts = images.read_png(one.path)
        known_error = _recorded(one, texts)
        _refuse_foreign(one, pixels, texts, targets[one.pair.pair], run.info.raw)
        decoded.append((Saved(targets[one.pair.pair], one.sample, one.sha256, pixels, known_error), one.lacks))
    scores = []
    for (_, lacks), group in groupby(decoded, key=lambda one: (one[0].pixels.shape, one[1])):
        scores += scores_of(run, [one for one, _ in group], lacks, runtime.metric_device)
    return scores


def scores_of(run: RunFolder, saved: Sequence[Saved], metrics: Sequence[Metric], device: "torch.device") -> list[Score]:
    """The scores of composites of one size, which are a batch."""
    from inpaint_bench.metrics.batch import Batch  # heavy

    batch = Batch(
        np.stack([one.pixels for one in saved]),
        np.stack([one.prepared.target for one in saved]),
        np.stack([one.prepared.hole for one in saved]),
        device,
        tuple(one.prepared.pair.prompt for one in saved),
    )
    scores, slow = [], cached_values([one for one in metrics if one.slow], batch)
    for metric in metrics:
        named = _signature(run, metric)
        if metric.name in RECORDED:
            values = [one.known_error for one in saved]
        else:
            values = (slow[metric.name] if metric.slow else metric.of(batch)).tolist()
        scores += [
            Score(one.prepared.pair.pair, one.sample, metric.name, named, one.sha256[:16], value)
            for one, value in zip(saved, values, strict=True)
        ]
    return scores


def _refuse_foreign(one: Scored, pixels: Pixels, texts: Mapping[str, str], prepared: Prepared, raw: bool) -> None:
    """Raise for a picture that the run did not save there: another pair's or sample's, or one that was edited.

    Of a composite the known region is the target's, to the bit. InputError where the program saved no such picture at
    all, HashError where it did.
    """
    again = "It is not what was saved here: delete it and run again, which makes it anew."
    if texts.get("sample", "") != ("" if one.sample is None else str(one.sample)):
        raise HashError(f"{one.path}: holds sample {texts.get('sample') or 'none'}. {again}")
    if pixels.shape != prepared.target.shape:
        sizes = [f"{shape[1]}x{shape[0]}" for shape in (pixels.shape, prepared.target.shape)]
        raise HashError(f"{one.path}: is {sizes[0]}, its target {sizes[1]}. {again}")
    if not raw and images.absolute_difference(pixels, prepared.target, ~prepared.hole):
        raise HashError(f"{one.path}: its known region is not that of the target of pair {one.pair.pair}. {again}")


def _recorded(scored: Scored, texts: Mapping[str, str]) -> float:
    """The known-region error of a prediction, which was noted when its composite was saved."""
    try:
        value = float(texts[KNOWN_ERROR])
        if not 0 <= value <= 1:
            raise ValueError(value)
        return value
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{scored.path}: carries no {KNOWN_ERROR}; it was not saved by this program. Delete it."
        ) from error
