"""A finished run in loggers: its results as numbers and as a table, and a few composites."""

import dataclasses
import math
from collections.abc import Mapping

from inpaint_bench.api.arguments import AnyPath, Names, as_names
from inpaint_bench.api.outcome import Outcome
from inpaint_bench.api.progress import note
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.errors import BenchError, IncompleteError, InputError
from inpaint_bench.methods.foreign import blamed
from inpaint_bench.report.loggers import Logger, open_logger, parsed, where

PICTURES = 3  # pairs of which the composites are logged


def refuse_loggers(log: Names, shard: object = None) -> None:
    """Raise InputError, before a run begins, for a logger that is unknown, not installed, or has no such mode.

    And for a shard, which has no results.
    """
    for entry in as_names(log):
        parsed(entry)
        if shard:
            raise InputError(
                f"--log {entry}: a shard has no results. Merge the shards, then `score RUN --log {entry}`."
            )


def log_outcome(outcome: Outcome, log: Names) -> Outcome:
    """Log the run of an outcome; where a logger failed that is one more failure of it, and nothing else changes."""
    try:
        if names := as_names(log):
            log_run(outcome.run, names)
    except IncompleteError as error:
        return dataclasses.replace(outcome, unmeasured=(*outcome.unmeasured, error))
    return outcome


def log_run(run: Run | AnyPath, log: Names) -> None:
    """Log a run with one logger or several: wandb, trackio, mlflow, tensorboard; NAME:MODE sends it elsewhere.

    Without a mode a logger writes to the folder RUN.log beside the run, and sends nothing. Raises InputError for a
    logger that is unknown or not installed, and IncompleteError where one failed; the run is as it was.
    """
    opened = as_run(run)
    refuse_loggers(log, opened.info.part.kind == "shard")
    failures = []
    for entry in as_names(log):
        folder = opened.path.with_name(f"{opened.path.name}.log")
        stated = where(entry, folder)
        try:
            with blamed(entry, f"logging {opened.path}", IncompleteError):
                _log(open_logger(entry, folder, opened.path.name, _facts(opened)), opened)
            note(f"{opened.path}: logged with {entry.partition(':')[0]}, {stated}.")
        except BenchError as error:
            failures.append(error)
    if failures:
        raise IncompleteError(" ".join(map(str, failures)))


def _log(logger: Logger, run: Run) -> None:
    try:
        logger.scalars(_summary(run), 0)
        logger.table("results", run.results)
        for pair in [one.pair for one in run.pairs][:PICTURES]:
            for method in run.methods:
                if pair in run.folder.samples_of(method):
                    logger.picture(f"composites/{pair}/{method}", run.image(method, pair))
    finally:
        logger.close()


def _facts(run: Run) -> dict[str, str | int]:
    """What makes the numbers comparable. No command and no path, which may hold what is nobody's business."""
    weights = {f"weights of {name}": info.loaded_with for name, info in run.info.methods.items() if info.loaded_with}
    return {
        "dataset": run.dataset, "part": str(run.info.part) or "whole", "pairs": len(run.pairs),
        "fingerprint": run.fingerprint, "pixels": run.pixels, **weights,
    }  # fmt: skip


def _summary(run: Run) -> Mapping[str, float]:
    """The results by metric, bucket and method, and by reduction where there are several; only finite numbers."""
    found = {}
    for result in run.result_list:
        main = result.reduction in ("none", run.main_reduction(result.method).name)
        name = f"{result.metric}/{result.bucket}/{result.method}{'' if main else f'/{result.reduction}'}"
        value = math.nan if result.value is None else float(result.value)
        if math.isfinite(value):
            found[name] = value
    return found
