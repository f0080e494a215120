"""`run` walks the whole flow; `predict` stops at the composites."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import (
    dataset_options,
    folder_options,
    format_option,
    method_options,
    metric_option,
    out_option,
    part_options,
    quiet_option,
    runtime_options,
    strict_option,
)
from inpaint_bench.cli.progress import note, progress
from inpaint_bench.errors import BenchError, IncompleteError, InputError

if TYPE_CHECKING:  # heavy: imported where it is used
    from inpaint_bench.cli.names import Chosen
    from inpaint_bench.data.datasets import Dataset
    from inpaint_bench.methods.base import Method
    from inpaint_bench.runner.folder import RunFolder
    from inpaint_bench.runner.predict import RuntimeOptions


@dataclass(frozen=True)
class Asked:
    """The options of `run` and `predict`."""

    dataset: str
    data: Path | None
    pairs: Path | None
    images: Path | None
    masks: Path | None
    limit: int | None
    shard: tuple[int, int] | None
    methods: str
    baselines: Path | None
    weights: dict[str, str]
    device: str
    batch: int
    jobs: int
    timeout: float | None
    out: Path | None
    quiet: bool


@click.command()
@dataset_options
@folder_options
@part_options
@method_options
@metric_option
@runtime_options
@out_option
@format_option
@strict_option
@quiet_option
def run(metrics: str, format_: str, strict: bool, **options: object) -> None:
    """Inpaint every pair with each method, score what was saved, and print the table.

    The same command again resumes: what is on disk and matches is not done twice.
    """
    from inpaint_bench import files
    from inpaint_bench.cli.names import chosen_metrics

    requested = Asked(**options)  # type: ignore[arg-type]  # click made them from the declarations above
    dataset, methods, runtime = _prepare(requested)
    chosen = chosen_metrics(metrics, dataset.page, requested.dataset)
    out = _out(requested, dataset)
    with files.only_one(out):
        started, failures = _predict(out, dataset, methods, runtime, requested.quiet)
        _score(started, dataset, methods, chosen.and_measured(started), runtime, requested.quiet)
        if dataset.part.kind == "shard":
            _raise_all(failures)
            click.echo(f"{out}: {dataset.part} is done. `inpaint-bench merge` makes the shards whole.")
        else:
            _print_table(started, methods, chosen, format_, strict)
    _raise_all(failures)


def _score(
    run: "RunFolder",
    dataset: "Dataset",
    methods: "list[Method]",
    names: list[str],
    runtime: "RuntimeOptions",
    quiet: bool,
) -> None:
    from inpaint_bench.runner.score import score_method, score_targets
    from inpaint_bench.weights import SYNTHETIC

    scored = [method.name for method in methods if method.weights.sha256 != SYNTHETIC]
    if scored:
        with progress("targets", len(run.pairs), quiet) as on_progress:
            score_targets(run, dataset, names, runtime, on_progress)
    for method in scored:
        with progress(f"{method}: scores", len(run.samples_of(method)), quiet) as on_progress:
            score_method(run, dataset, method, names, runtime, on_progress)


def _print_table(run: "RunFolder", methods: "list[Method]", chosen: "Chosen", format_: str, strict: bool) -> None:
    """Write the run's results and tables; print what was asked for."""
    from inpaint_bench.analysis import results
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.cli.table import print_table, write_results_and_tables
    from inpaint_bench.weights import SYNTHETIC

    found = write_results_and_tables(run, chosen)
    requested = {method.name for method in methods} | set(results.REFERENCES)
    shown = [result for result in found if result.method in requested and result.metric in chosen.names]
    if shown or chosen.absent:
        print_table([(RunData(run), shown)], chosen.absent, format_, strict=strict)
    if filled := [method.name for method in methods if method.weights.sha256 == SYNTHETIC]:
        click.echo(
            f"No numbers for {', '.join(filled)}: synthetic weights are made from names, and say nothing of quality."
        )


@click.command()
@dataset_options
@folder_options
@part_options
@method_options
@runtime_options
@out_option
@quiet_option
def predict(**options: object) -> None:
    """Inpaint every pair with each method and save the composites; nothing is scored."""
    from inpaint_bench import files

    requested = Asked(**options)  # type: ignore[arg-type]  # click made them from the declarations above
    dataset, methods, runtime = _prepare(requested)
    out = _out(requested, dataset)
    with files.only_one(out):
        _, failures = _predict(out, dataset, methods, runtime, requested.quiet)
    _raise_all(failures)
    click.echo(f"{out}: {len(dataset.pairs)} pairs by {', '.join(method.name for method in methods)}.")


def _prepare(requested: Asked) -> "tuple[Dataset, list[Method], RuntimeOptions]":
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.data import datasets
    from inpaint_bench.methods.baselines import find_baselines
    from inpaint_bench.methods.select import runnable_methods, select_methods, split_methods
    from inpaint_bench.runner.predict import RuntimeOptions

    if (requested.images is None) != (requested.masks is None):
        raise InputError("--images and --masks go together: one folder of pictures, one of masks of the same names.")
    if requested.images and requested.masks:
        every = datasets.open_folders(requested.images, requested.masks)
        with progress("looking at the pictures", len(every.pairs), requested.quiet) as on_progress:
            every = datasets.see(every, requested.jobs, lambda: on_progress(1))
    else:
        every = datasets.open_dataset(requested.dataset, requested.data, requested.pairs)
    dataset = datasets.take(every, requested.limit, requested.shard)
    device = open_device(requested.device)
    entries = split_methods(requested.methods) or None
    methods = select_methods(entries, dataset, every, requested.baselines, requested.weights)
    if not requested.methods:
        for sentence in runnable_methods(find_baselines(requested.baselines), dataset.page)[1]:
            note(sentence, requested.quiet)
    for method in methods:
        if method.notes:
            note(f"{method.name}: {method.notes}.", requested.quiet)
    with progress("first look at the pairs", len(dataset.pairs), requested.quiet) as on_progress:
        dataset = datasets.see(dataset, requested.jobs, lambda: on_progress(1))
    return dataset, methods, RuntimeOptions(device, requested.batch, requested.jobs, requested.timeout)


def _out(requested: Asked, dataset: "Dataset") -> Path:
    from inpaint_bench.runner.folder import default_folder

    return requested.out or default_folder(dataset)


def _predict(
    out: Path, dataset: "Dataset", methods: "list[Method]", runtime: "RuntimeOptions", quiet: bool
) -> "tuple[RunFolder, list[BenchError]]":
    """Each method in turn. One that fails leaves what it finished; the others go on."""
    from inpaint_bench.runner import folder
    from inpaint_bench.runner.predict import pending, predict_pairs

    started = folder.start(out, dataset)
    failures: list[BenchError] = []
    for method in methods:
        try:
            with progress(method.name, len(pending(started, method)), quiet) as on_progress:
                started = predict_pairs(started, dataset, method, runtime, lambda: on_progress(1))
        except (IncompleteError, InputError) as error:
            failures.append(error)
    return folder.open_run(out), failures


def _raise_all(failures: list[BenchError]) -> None:
    """All failures as one; bad input says more than incompleteness."""
    if failures:
        kind = InputError if any(isinstance(failure, InputError) for failure in failures) else IncompleteError
        kept = "Finished pairs are kept; run the same command again to go on."
        raise kind(" ".join([*dict.fromkeys(str(failure) for failure in failures), kept]))
