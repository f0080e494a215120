"""Scores: what was saved against its target, one row per pair, sample and metric."""

import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from inpaint_bench import files, images
from inpaint_bench.errors import InputError
from inpaint_bench.images import Pixels
from inpaint_bench.methods.folders import read_output
from inpaint_bench.metrics import METRICS, RECORDED, Batch, Metric, metric, signature
from inpaint_bench.pairs.find import Dataset
from inpaint_bench.pairs.lists import Pair
from inpaint_bench.pairs.pixels import Prepared, prepare
from inpaint_bench.run.folder import RunFolder
from inpaint_bench.run.predict import Pace
from inpaint_bench.threads import in_order

SCHEMA = "# inpaint-bench scores 1"
COLUMNS = ["pair", "sample", "metric", "signature", "composite", "value"]
SAVE_EVERY = 30  # seconds between two states of a long scoring on disk
CHUNK = 8  # pairs that are decoded and scored together

KNOWN = METRICS | RECORDED
ORDER = {name: number for number, name in enumerate(KNOWN)}


@dataclass(frozen=True)
class Score:
    """One number: NaN where the metric is not defined for the pair, infinite where two images are the same."""

    pair: str
    sample: int | None
    metric: str
    signature: str
    composite: str  # the start of the hash of the file that was scored
    value: float

    @property
    def key(self) -> tuple[str, int, int]:
        """The order of rows."""
        return self.pair, -1 if self.sample is None else self.sample, ORDER[self.metric]


@dataclass(frozen=True)
class Scored:
    """What is scored: a picture on disk, its bytes' hash, and the metrics that it still lacks."""

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
    pace: Pace,
    told: Callable[[int], None] = lambda count: None,
) -> list[Score]:
    """Score every composite of a method; what is scored already, and has not changed since, stays as it is.

    A stochastic method's samples are scored in the metric that chooses among them, asked for or not.
    Raises HashError when a target is not what it was, InputError when a composite cannot be read.
    """
    path = scores_path(run, method)
    before = read_scores(path) if path.is_file() else []
    composites, scores = _compare(run, method, metrics, before)
    saved = time.monotonic()
    chunks = _chunks([composite for composite in composites if composite.lacks])
    for found in in_order(lambda chunk: _score_chunk(run, dataset, chunk, pace.device), chunks, pace.jobs):
        scores += found
        told(len({(score.pair, score.sample) for score in found}))
        if time.monotonic() - saved > SAVE_EVERY:
            files.write_whole(path, to_csv(scores))
            saved = time.monotonic()
    if composites:
        files.write_if_changed(path, to_csv(scores))
    return sorted(scores, key=lambda score: score.key)


def scores_path(run: RunFolder, method: str) -> Path:
    """Where the scores of a method lie."""
    return run.path / method / "scores.csv"


def _compare(
    run: RunFolder, method: str, asked: Sequence[str], before: list[Score]
) -> tuple[list[Scored], list[Score]]:
    """The composites on disk with what each lacks, and the scores of before that still hold."""
    old = {(score.pair, score.sample, score.metric): score for score in before}
    page, finished = run.info.protocol, run.samples_of(method)
    composites, kept = [], []
    for pair in run.pairs:
        for sample in finished.get(pair.pair, []):
            path = run.composite(method, pair.pair, sample)
            sha256 = files.file_sha256(path)
            names = {*asked, *({page.choose} if sample is not None else ()), *RECORDED}
            wanted = {name for name in KNOWN if name in names or (pair.pair, sample, name) in old}
            lacks = []
            for name in sorted(wanted, key=ORDER.__getitem__):
                score, expected = (
                    old.get((pair.pair, sample, name)),
                    signature(KNOWN[name], page.eight_bit, raw=False),
                )
                if score and (score.composite, score.signature) == (sha256[:16], expected):
                    kept.append(score)
                else:
                    lacks.append(KNOWN[name])
            composites.append(Scored(pair, sample, path, sha256, tuple(lacks)))
    return composites, kept


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
    """The missing scores of a chunk: pictures of one size that lack the same metrics go through together."""
    prepared = {one.pair.pair: one.pair for one in chunk}
    targets = {pair: prepare(dataset.page, dataset.data, found) for pair, found in prepared.items()}
    decoded = [(one, *images.read_png(one.path)) for one in chunk]
    scores = []
    for (_, lacks), group in groupby(decoded, key=lambda one: (one[1].shape, one[0].lacks)):
        alike = list(group)
        batch = _batch([pixels for _, pixels, _ in alike], [targets[one.pair.pair] for one, _, _ in alike], device)
        for metric_ in lacks:
            named = signature(metric_, run.info.protocol.eight_bit, raw=False)
            if metric_.name in RECORDED:
                values = [_recorded(one, texts, metric_.name) for one, _, texts in alike]
            else:
                values = metric_.of(batch).tolist()
            scores += [
                Score(one.pair.pair, one.sample, metric_.name, named, one.sha256[:16], value)
                for (one, _, _), value in zip(alike, values, strict=True)
            ]
    return scores


def _batch(pixels: list[Pixels], targets: list[Prepared], device: torch.device) -> Batch:
    return Batch(
        np.stack(pixels),
        np.stack([one.target for one in targets]),
        np.stack([one.hole for one in targets]),
        device,
    )


def _recorded(scored: Scored, texts: dict[str, str], name: str) -> float:
    try:
        return float(texts[name])
    except (KeyError, ValueError) as error:
        raise InputError(f"{scored.path}: carries no {name}; it was not saved by this program. Delete it.") from error


def merge_scores(parts: Sequence[RunFolder], out: RunFolder) -> None:
    """The scores of the parts of a run as those of the whole: a score of one pair knows nothing of the others."""
    for method in out.info.methods:
        paths = [scores_path(part, method) for part in parts]
        scores = [score for path in paths if path.is_file() for score in read_scores(path)]
        if scores:
            files.write_if_changed(scores_path(out, method), to_csv(scores))


# --- other people's folders -----------------------------------------------------------------------


def score_outputs(
    dataset: Dataset,
    outputs: dict[str, dict[int | None, Path]],
    metrics: Sequence[str],
    raw: bool,
    pace: Pace,
) -> Iterator[tuple[Pair, int | None, dict[str, float]]]:
    """Score a results folder without a run: for each pair and sample, in order, the value of every metric.

    A prediction is composited with its target's known region first, unless `raw`. Raises InputError, by pair,
    for an output that cannot be read or has another size.
    """
    chosen = [metric(name) for name in metrics]
    jobs = [
        (pair, sample, path) for pair in dataset.pairs for sample, path in sorted(outputs[pair.pair].items(), key=str)
    ]

    def score(job: tuple[Pair, int | None, Path]) -> tuple[Pair, int | None, dict[str, float]]:
        pair, sample, path = job
        prepared = prepare(dataset.page, dataset.data, pair)
        prediction = read_output(path, prepared)
        pixels = prediction if raw else np.where(prepared.hole[..., None], prediction, prepared.target)
        batch = _batch([pixels], [prepared], pace.device)
        return pair, sample, {one.name: float(one.of(batch)[0]) for one in chosen}

    yield from in_order(score, jobs, pace.jobs)


# --- the file -------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A value as files hold it: every digit, 'inf', or nothing where it is not defined."""
    return "" if value != value else repr(value)


def to_csv(scores: list[Score]) -> bytes:
    """The scores as a CSV file, in their order."""
    out = io.StringIO()
    out.write(SCHEMA + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(scores, key=lambda score: score.key):
        sample = "" if one.sample is None else one.sample
        writer.writerow([one.pair, sample, one.metric, one.signature, one.composite, number(one.value)])
    return out.getvalue().encode()


def read_scores(path: Path) -> list[Score]:
    """The scores in a file. Raises InputError when it is no file of scores."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if lines[:2] != [SCHEMA, ",".join(COLUMNS)]:
        raise InputError(f"{path}: not scores of this version ('{SCHEMA[2:]}'). Delete the file and score again.")
    scores = []
    for line, row in enumerate(csv.reader(lines[2:]), start=3):
        try:
            pair, sample, name, named, composite, value = row
            found = Score(pair, int(sample) if sample else None, name, named, composite, float(value or "nan"))
            ORDER[name]
        except (ValueError, KeyError) as error:
            raise InputError(f"{path}: line {line} is no score. Delete the file and score again.") from error
        scores.append(found)
    return scores
