"""Image metrics of every composite against its target: one score a pair, sample and metric."""

import time
from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import METRICS, RECORDED, Metric
from inpaint_bench.metrics.base import available
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.cache import cached_values
from inpaint_bench.metrics.registry import ORDER, absent, network_signature, own_names, signature
from inpaint_bench.runner import sums
from inpaint_bench.runner.diversity import scores_of_samples
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.predict import RuntimeOptions
from inpaint_bench.runner.scores import Score, read_scores, scores_path, write_scores
from inpaint_bench.threads import in_order

SAVE_EVERY = 30  # seconds between two states of a long scoring on disk
CHUNK = 8  # pairs that are decoded and scored together

OF_PICTURES = ChainMap(METRICS, RECORDED)  # a view: metrics of one's own are added while a run starts


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
    on_progress: Callable[[int], None] = lambda count: None,
) -> list[Score]:
    """Score every composite of a method; scores that are up to date and as they were written are kept.

    A stochastic method's samples are scored in the metric that chooses among them, asked for or not.
    Raises HashError when a target is not what it was, InputError when a composite cannot be read.
    """
    path = scores_path(run, method)
    before = read_scores(path) if sums.trusted(run.path, path) else []
    composites, scores = _compare(run, method, metrics, before)
    saved = time.monotonic()
    chunks = _chunks([composite for composite in composites if composite.lacks])
    for found in in_order(lambda chunk: _score_chunk(run, dataset, chunk, runtime.metric_device), chunks, runtime.jobs):
        scores += found
        on_progress(len({(score.pair, score.sample) for score in found}))
        if time.monotonic() - saved > SAVE_EVERY:
            write_scores(run, method, scores)
            saved = time.monotonic()
    scores += scores_of_samples(run, dataset, method, metrics, before, runtime, on_progress)
    if composites:
        write_scores(run, method, scores)
    return sorted(scores, key=lambda score: score.key)


def _compare(
    run: RunFolder, method: str, requested: Sequence[str], before: list[Score]
) -> tuple[list[Scored], list[Score]]:
    """The composites on disk, each with the metrics it lacks, and the old scores that are up to date."""
    old = {(score.pair, score.sample, score.metric): score for score in before}
    page, finished = run.info.protocol, run.samples_of(method)
    composites, kept = [], []
    expected = {name: _signature(run, metric) for name, metric in OF_PICTURES.items()}
    gone = _without_weights({score.metric: score.signature for score in before})
    for pair in run.pairs:
        for sample in finished.get(pair.pair, []):
            path = run.composite(method, pair.pair, sample)
            sha256 = files.file_sha256(path)
            names = {*requested, *({page.choose} if sample is not None else ()), *RECORDED}
            there = {name for name in OF_PICTURES if name in names or (pair.pair, sample, name) in old}
            own = own_names(there)  # measured apart; what an earlier command measured stays, under its signature
            kept += [old[key] for name in own if (key := (pair.pair, sample, name)) in old and _is_of(old[key], sha256)]
            wanted = there.difference(own)
            lacks = []
            for name in sorted(wanted, key=ORDER.__getitem__):
                score = old.get((pair.pair, sample, name))
                if score and _is_of(score, sha256) and score.signature in (expected[name], *gone.get(name, ())):
                    kept.append(score)
                else:
                    lacks.append(OF_PICTURES[name])
            composites.append(Scored(pair, sample, path, sha256, tuple(lacks)))
    return composites, kept


def _is_of(score: Score, sha256: str) -> bool:
    """Whether a score is of a file of this hash."""
    return score.composite == sha256[:16]


def _signature(run: RunFolder, metric: Metric) -> str:
    return signature(metric, run.info.protocol.eight_bit, run.info.raw, network_signature(metric))


def _without_weights(before: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """By metric the signature that its scores on disk have, of those whose weights are found by path and are not here.

    They cannot be computed again, and are kept.
    """
    by_path = {name for name in before if name in OF_PICTURES and OF_PICTURES[name].network is not available}
    return {name: (before[name],) for name in by_path if absent(OF_PICTURES[name])}


def _chunks(composites: list[Scored]) -> Iterator[list[Scored]]:
    """A few pairs at a time, all samples of a pair together, so that its target is decoded once."""
    chunk: list[Scored] = []
    for number, (_, samples) in enumerate(groupby(composites, key=lambda composite: composite.pair.pair), start=1):
        chunk += samples
        if number % CHUNK == 0:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _score_chunk(run: RunFolder, dataset: Dataset, chunk: list[Scored], device: torch.device) -> list[Score]:
    """The missing scores of a chunk; pictures of one size that lack the same metrics are scored as a batch."""
    prepared = {one.pair.pair: one.pair for one in chunk}
    targets = {pair: prepare(dataset.page, dataset.data, found) for pair, found in prepared.items()}
    decoded = [(one, *images.read_png(one.path)) for one in chunk]
    for one, pixels, texts in decoded:
        _refuse_foreign(one, pixels, texts, targets[one.pair.pair], run.info.raw)
    scores = []
    for (_, lacks), group in groupby(decoded, key=lambda one: (one[1].shape, one[0].lacks)):
        alike = list(group)
        prompts = tuple(one.pair.prompt for one, _, _ in alike)
        prepared_ = [targets[one.pair.pair] for one, _, _ in alike]
        batch = _batch([pixels for _, pixels, _ in alike], prepared_, device, prompts)
        slow = cached_values([one for one in lacks if one.slow], batch)
        for metric_ in lacks:
            named = _signature(run, metric_)
            if metric_.name in RECORDED:
                values = [_recorded(one, texts, metric_.name) for one, _, texts in alike]
            else:
                values = (slow[metric_.name] if metric_.slow else metric_.of(batch)).tolist()
            scores += [
                Score(one.pair.pair, one.sample, metric_.name, named, one.sha256[:16], value)
                for (one, _, _), value in zip(alike, values, strict=True)
            ]
    return scores


def _refuse_foreign(one: Scored, pixels: Pixels, texts: dict[str, str], prepared: Prepared, raw: bool) -> None:
    """Raise for a picture that the run did not save there: another pair's or sample's, or one that was edited.

    Of a composite the known region is the target's, to the bit. InputError where the program saved no such picture at
    all, HashError where it did.
    """
    _recorded(one, texts, next(iter(RECORDED)))
    again = "It is not what was saved here: delete it and run again, which makes it anew."
    if texts.get("sample", "") != ("" if one.sample is None else str(one.sample)):
        raise HashError(f"{one.path}: holds sample {texts.get('sample') or 'none'}. {again}")
    if pixels.shape != prepared.target.shape:
        sizes = [f"{shape[1]}x{shape[0]}" for shape in (pixels.shape, prepared.target.shape)]
        raise HashError(f"{one.path}: is {sizes[0]}, its target {sizes[1]}. {again}")
    if not raw and (pixels != prepared.target)[~prepared.hole].any():
        raise HashError(f"{one.path}: its known region is not that of the target of pair {one.pair.pair}. {again}")


def _batch(pixels: list[Pixels], targets: list[Prepared], device: torch.device, prompts: tuple[str, ...]) -> Batch:
    return Batch(
        np.stack(pixels),
        np.stack([one.target for one in targets]),
        np.stack([one.hole for one in targets]),
        device,
        prompts,
    )


def _recorded(scored: Scored, texts: dict[str, str], name: str) -> float:
    try:
        value = float(texts[name])
        if not 0 <= value <= 1:
            raise ValueError(value)
        return value
    except (KeyError, ValueError) as error:
        raise InputError(f"{scored.path}: carries no {name}; it was not saved by this program. Delete it.") from error
