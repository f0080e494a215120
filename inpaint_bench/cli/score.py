"""`score`: scores of a run's composites, or of any folder of outputs."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, metric_option, option, quiet_option, runtime_options, strict_option
from inpaint_bench.cli.progress import note, progress
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from inpaint_bench.runner.predict import RuntimeOptions


@click.command()
@click.argument("run", type=FOLDER, required=False)
@option("--data", type=FOLDER, help="With RUN: where the dataset's images/ and masks/ lie.")
@option("--images", type=FOLDER, help="With a RUN of two folders: the pictures.")
@option(
    "--targets",
    type=FOLDER,
    help="A folder of whole pictures, to score a folder of predictions without a run.",
)
@option("--masks", type=FOLDER, help="Their masks, by the same names; 255 is the hole.")
@option("--predictions", type=FOLDER, help="The predictions: PNG files, named by one of the known layouts.")
@option("--raw", is_flag=True, help="Score predictions as they are, not composited with the known region.")
@option("--format", "format_", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@option(
    "--features",
    type=FOLDER,
    nargs=2,
    metavar="COMPOSITES TARGETS",
    help="Two .npy files of your own features, a row a picture, the same rows paired.",
)
@metric_option
@runtime_options
@strict_option
@quiet_option
def score(
    run: Path | None,
    data: Path | None,
    images: Path | None,
    targets: Path | None,
    masks: Path | None,
    predictions: Path | None,
    raw: bool,
    format_: str,
    features: tuple[Path, Path] | None,
    metrics: str,
    device: str,
    batch: int,
    jobs: int,
    timeout: float | None,
    strict: bool,
    quiet: bool,
) -> None:
    """Score the composites of a RUN folder, or with --targets, --masks and --predictions any folder of outputs.

    With --features, features that you made yourself are compared.
    """
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.runner.predict import RuntimeOptions

    runtime = RuntimeOptions(open_device(device), batch, jobs, timeout)
    if run and not (targets or predictions or raw or features):
        _score_run(run, data, (images, masks), metrics, runtime, strict, quiet)
    elif targets and masks and predictions and not (run or features):
        _score_folder(targets, masks, predictions, metrics, raw, format_, runtime, strict, quiet)
    elif features and not (run or targets or predictions or metrics):
        _score_features(*features, format_, strict)
    else:
        raise InputError("give a RUN folder, or all of --targets, --masks and --predictions, or --features alone.")


def _score_run(
    path: Path,
    data: Path | None,
    folders: tuple[Path | None, Path | None],
    metrics: str,
    runtime: "RuntimeOptions",
    strict: bool,
    quiet: bool,
) -> None:
    from inpaint_bench import files
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.cli.table import write_results_and_tables
    from inpaint_bench.data import datasets
    from inpaint_bench.runner.folder import open_run
    from inpaint_bench.runner.score import measure, measure_targets
    from inpaint_bench.tables.make import refuse_few

    run = open_run(path)
    dataset = datasets.of_run(run.info.protocol, run.pairs, data, folders)
    chosen = chosen_metrics(metrics, run.info.protocol, str(path))
    chosen.say_absent()
    names = chosen.and_measured(run)
    with files.only_one(path):
        with progress("targets", len(run.pairs), quiet) as on_progress:
            measure_targets(run, dataset, names, runtime, on_progress)
        for method in run.info.methods:
            with progress(f"{method}: scores", len(run.samples_of(method)), quiet) as on_progress:
                measure(run, dataset, method, names, runtime, on_progress)
        if not run.info.part.kind == "shard":  # the numbers of a shard are those of no protocol
            found = write_results_and_tables(run, chosen)
            if strict:
                refuse_few(result for result in found if result.metric in chosen.names)
    click.echo(f"{path}: scored {', '.join(run.info.methods) or 'nothing: there is no method in it'}.")


def _score_folder(
    targets: Path,
    masks: Path,
    predictions: Path,
    metrics: str,
    raw: bool,
    format_: str,
    runtime: "RuntimeOptions",
    strict: bool,
    quiet: bool,
) -> None:
    from inpaint_bench.analysis.outputs import Folder, measure_outputs
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.data import datasets
    from inpaint_bench.methods.layouts import complete, match
    from inpaint_bench.metrics.registry import SAMPLES_METRICS

    dataset = datasets.open_folders(targets, masks)
    chosen = chosen_metrics(metrics, dataset.page, "two folders")
    matched = match(predictions, dataset.pairs)
    folder = Folder(predictions, dataset, complete(matched, predictions, dataset.pairs), raw, runtime)
    note(f"{predictions}: {matched}.", quiet)
    names = chosen.names
    if "all" in metrics.split(",") and not folder.sampled:
        names = [name for name in names if name not in SAMPLES_METRICS]
        chosen.absent.update(dict.fromkeys(SAMPLES_METRICS, "every pair has one output, and it compares samples."))
    chosen.say_absent()
    rows: list[dict[str, object]] = []
    try:
        with progress("scores", len(dataset.pairs), quiet) as on_progress:
            for row in measure_outputs(folder, names, strict, lambda: on_progress(1)):
                rows.append(row)
    finally:  # what was finished is not lost
        if rows:
            _print_rows(rows, format_)


def _score_features(composites: Path, targets: Path, format_: str, strict: bool) -> None:
    from inpaint_bench.analysis.external_features import measure_external_features

    _print_rows(measure_external_features(composites, targets, strict), format_)


def _print_rows(rows: list[dict[str, object]], format_: str) -> None:
    if format_ == "json":
        click.echo(json.dumps(rows, indent=1))
        return
    lines = io.StringIO()
    writer = csv.DictWriter(lines, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    click.echo(lines.getvalue(), nl=False)
