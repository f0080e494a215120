"""Scores of anybody's outputs: a run with one folder of predictions, in a run folder that is deleted afterwards."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from inpaint_bench import files
from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.external_features import measure_external_features
from inpaint_bench.analysis.results import ALL, REAL_VS_REAL, json_value
from inpaint_bench.api.arguments import JOBS, AnyPath, Metrics, as_metrics
from inpaint_bench.api.arrays import as_folders
from inpaint_bench.api.measuring import counted_samples
from inpaint_bench.api.progress import note, progress_bar, warn
from inpaint_bench.api.run import Run
from inpaint_bench.data import datasets
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.names import stem
from inpaint_bench.errors import BenchError, InputError, MethodError
from inpaint_bench.methods.folder import folder_method
from inpaint_bench.methods.layouts import complete, match
from inpaint_bench.metrics import METRICS, RECORDED
from inpaint_bench.metrics.registry import SAMPLES_METRICS, few, refuse_marked
from inpaint_bench.runner import folder
from inpaint_bench.runner.metrics import ChosenMetrics, choose_metrics
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score import score_method, score_targets
from inpaint_bench.runner.scores import NO_SAMPLE

if TYPE_CHECKING:
    import pandas as pd

METHOD = "predictions"
Row = dict[str, Any]


def score(
    targets: Any,
    masks: Any,
    predictions: Any,
    metrics: Metrics = None,
    *,
    raw: bool = False,
    allow_known_error: bool = False,
    strict: bool = False,
    device: str = "auto",
    batch: int = 8,
    jobs: int = JOBS,
    quiet: bool = False,
    mask_threshold: int | None = None,
    better: Mapping[str, str] | None = None,
    code: AnyPath | None = None,
    timeout: float | None = None,
) -> "pd.DataFrame":
    """Score predictions against targets: one row a pair (and sample), one column a metric, and `known_error`.

    Args:
        targets: a folder of images; or an array or tensor: (n, height, width, 3) of uint8, or (n, 3, height, width) of
            floats in [0, 1].
        masks: a folder of masks of the same names or of LaMa's, as a_mask000.png, or one file for all, 255 in the hole;
            or (n, height, width) or (n, 1, height, width) of 0 and 1 (uint8 masks: 0 and 255).
        mask_threshold: values of mask files and uint8 masks above it are hole, 0 to 254; no others are refused then.
        predictions: a folder of PNG files in one of the known layouts; or an array or tensor like `targets`.
        metrics: names, or 'all', or metrics of one's own as `run` takes them. Default: ssim, psnr, mae.
        raw: score predictions as they are. By default the known region is taken from the target.
        allow_known_error: also predictions whose known region is far from the target's.
        strict: raise NotComparableError for a Fréchet distance of few pictures.
        better, code, timeout: of metrics of one's own, as `run` takes them.

    Set and detection metrics are of all pairs together: the last row has no pair and holds their values, intervals,
    counts and signatures. `known_error` is how far a prediction moved the known region: the mean absolute difference.

    Raises InputError for inputs that do not fit together, IncompleteError for pairs without a prediction.

    >>> import inpaint_bench as ib, numpy as np
    >>> target = np.full((1, 16, 16, 3), 100, np.uint8)
    >>> mask = np.zeros((1, 16, 16), np.uint8); mask[0, 4:8, 4:8] = 255
    >>> ib.score(target, mask, target + np.uint8(16), metrics="psnr", quiet=True)["psnr"].round(2).tolist()
    [36.09]
    """
    import pandas as pd

    with as_folders(targets, masks, predictions, mask_threshold) as (of_targets, of_masks, of_predictions):
        scored = score_folder(
            of_targets, of_masks, of_predictions, metrics, raw=raw, allow_known_error=allow_known_error, strict=strict,
            device=device, batch=batch, jobs=jobs, quiet=quiet, mask_threshold=mask_threshold,
            better=better, code=code, timeout=timeout,
        )  # fmt: skip
    if scored.failure:
        raise scored.failure
    return pd.DataFrame(scored.rows)


def score_features(composites: AnyPath, targets: AnyPath, strict: bool = False) -> "pd.DataFrame":
    """Every set metric of two .npy files of features that somebody else computed, a row a picture, row by row paired.

    Raises InputError for files that are no such arrays, NotComparableError if `strict` and there are few rows.
    """
    import pandas as pd

    return pd.DataFrame(measure_external_features(Path(composites), Path(targets), strict))


@dataclasses.dataclass(frozen=True)
class ScoredFolder:
    """Rows as JSON holds them, and what ended the scoring early; what was finished before is in the rows."""

    rows: list[Row]
    failure: BenchError | None = None


def score_folder(
    targets: Path,
    masks: Path,
    predictions: Path,
    metrics: Metrics = None,
    *,
    raw: bool = False,
    allow_known_error: bool = False,
    strict: bool = False,
    device: str = "auto",
    batch: int = 8,
    jobs: int = JOBS,
    quiet: bool = False,
    mask_threshold: int | None = None,
    better: Mapping[str, str] | None = None,
    code: AnyPath | None = None,
    timeout: float | None = None,
) -> ScoredFolder:
    """As `score` says, of three folders; what was finished before a failure is kept."""
    requested = as_metrics(metrics, better, code)
    runtime = RuntimeOptions(device, batch, jobs, timeout, allow_known_error)
    dataset = datasets.open_folders(targets, masks, mask_threshold)
    if dataset.rule:
        note(f"{dataset.rule}.")
    chosen = choose_metrics(requested, dataset.page, "two folders")
    matched = match(predictions, dataset.pairs)
    outputs = complete(matched, predictions, dataset.pairs)
    note(f"{predictions}: {matched}.")
    samples = max(len(of_pair) for of_pair in outputs.values())
    sampled = any(sample is not None for of_pair in outputs.values() for sample in of_pair)
    chosen = _without_samples(chosen, predictions, "all" in requested) if not sampled else chosen
    for sentence in chosen.notes():
        warn(sentence)
    if strict:
        count = len(dataset.pairs)
        refuse_marked([f"{name} of {count} pictures" for name in chosen.names if few(name, count)])
    page = msgspec.structs.replace(dataset.page, samples=samples if sampled else dataset.page.samples)
    dataset = dataclasses.replace(dataset, page=page)
    with files.scratch("score") as scratch:
        run, failure = _run(scratch / "run", dataset, predictions, chosen, raw, runtime, quiet)
        return ScoredFolder(list(_rows(run, chosen.names, sampled)), failure)


def _without_samples(chosen: ChosenMetrics, predictions: Path, every: bool) -> ChosenMetrics:
    """The metrics without those that compare samples: left out of 'all', refused where they were requested by name."""
    of_samples = [name for name in chosen.names if name in SAMPLES_METRICS]
    if of_samples and not every:
        raise InputError(
            f"{predictions}: {of_samples[0]} compares samples, and every pair has one output. Leave it out."
        )
    why = dict.fromkeys(of_samples, "every pair has one output, and it compares samples.")
    return ChosenMetrics(tuple(name for name in chosen.names if name not in SAMPLES_METRICS), chosen.absent | why)


def _run(
    path: Path,
    dataset: Dataset,
    predictions: Path,
    chosen: ChosenMetrics,
    raw: bool,
    runtime: RuntimeOptions,
    quiet: bool,
) -> tuple[Run, BenchError | None]:
    from inpaint_bench.runner.predict import predict_pairs  # heavy

    dataset = datasets.see(dataset, runtime.jobs)
    started, failure = folder.start(path, dataset, raw).with_metrics(chosen.own()), None
    try:
        with progress_bar("predictions", len(dataset.pairs), quiet) as advance:
            method = folder_method(METHOD, predictions, dataset.pairs, dataset.page.samples)
            started = predict_pairs(started, dataset, method, runtime, lambda: advance(1))
    except BenchError as error:
        started, failure = folder.open_run(path), error
    bar = partial(progress_bar, quiet=quiet)
    if not failure:
        score_targets(started, dataset, chosen.names, runtime, bar)
    names = chosen.names if not failure else [name for name in chosen.names if name in METRICS]
    failures = score_method(started, dataset, METHOD, names, runtime, bar, counted_samples)
    return Run(started), failure or (MethodError(" ".join(map(str, failures))) if failures else None)


def _rows(run: Run, metrics: Sequence[str], sampled: bool) -> Iterator[Row]:
    scores = run.scores_of(METHOD)
    if scores is None:
        return
    stems = {pair.pair: stem(pair.image) for pair in run.pairs}
    if len(set(stems.values())) < len(stems):  # an image with several masks
        stems = {pair.pair: stem(pair.mask) for pair in run.pairs}
    frame = scores.table.frame()
    values = {
        (pair, sample, metric): value
        for pair, sample, metric, value in zip(
            *(frame[name].tolist() for name in ("pair", "sample", "metric", "value")), strict=True
        )
    }
    single = [name for name in metrics if name in METRICS] + list(RECORDED)
    for pair, sample in dict.fromkeys((pair, sample) for pair, sample, metric in values if metric in RECORDED):
        named: Row = {"pair": stems[pair]} | ({} if sample == NO_SAMPLE else {"sample": sample})
        yield named | {
            name: json_value(values[pair, sample, name]) for name in single if (pair, sample, name) in values
        }
    of_samples = [name for name in metrics if name in SAMPLES_METRICS]
    for pair in stems if of_samples and sampled else ():
        found = {name: json_value(values[pair, NO_SAMPLE, name]) for name in of_samples}
        yield {"pair": stems[pair]} | found
    if any(name not in METRICS and name not in SAMPLES_METRICS for name in metrics):
        yield from _together(run, metrics)


def _together(run: Run, metrics: Sequence[str]) -> Iterator[Row]:
    """The row of all pairs together, where every pair was scored."""
    together = [name for name in metrics if name not in METRICS and name not in SAMPLES_METRICS]
    results = [one for one in derive_results(run, metrics) if one.bucket == ALL and one.metric in together]
    real = {one.metric: one.value for one in results if one.method == REAL_VS_REAL}
    count = len(run.pairs)
    row: Row = {"pair": None, "n": count}
    for one in results:
        if one.method != METHOD or not one.main:
            continue
        name = one.metric
        row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high, f"{name}_n": one.n}
        if name in real:
            row[f"{name}_floor"] = real[name]
        if one.value is not None and few(name, count):
            row[f"{name}_mark"] = few(name, count)
        row[f"{name}_signature"] = one.signature.removesuffix(f":{one.reduction}")
    if len(row) > 2:
        yield row
