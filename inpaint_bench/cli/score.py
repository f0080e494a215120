"""`score`: scores of a run's composites, or of any folder of outputs."""

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, metric_option, option, pace_options, quiet_option
from inpaint_bench.cli.progress import note, progress
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from inpaint_bench.run.predict import Pace


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
@metric_option
@pace_options
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
    metrics: str,
    device: str,
    batch: int,
    jobs: int,
    timeout: float | None,
    quiet: bool,
) -> None:
    """Score the composites of a RUN folder, or with --targets, --masks and --predictions any folder of outputs."""
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.run.predict import Pace

    pace = Pace(open_device(device), batch, jobs, timeout)
    if run and not (targets or predictions or raw):
        _score_run(run, data, (images, masks), metrics, pace, quiet)
    elif targets and masks and predictions and not run:
        _score_folder(targets, masks, predictions, metrics, raw, format_, pace, quiet)
    else:
        raise InputError("give a RUN folder, or all of --targets, --masks and --predictions.")


def _score_run(
    path: Path,
    data: Path | None,
    folders: tuple[Path | None, Path | None],
    metrics: str,
    pace: "Pace",
    quiet: bool,
) -> None:
    from inpaint_bench import files, records, tables
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.pairs import find
    from inpaint_bench.run.folder import open_run
    from inpaint_bench.score import score_run

    run = open_run(path)
    dataset = find.of_run(run.info.protocol, run.pairs, data, folders)
    names = chosen_metrics(metrics, run.info.protocol, str(path))
    with files.only_one(path):
        for method in run.info.methods:
            with progress(f"{method}: scores", len(run.samples_of(method)), quiet) as told:
                score_run(run, dataset, method, names, pace, told)
        if not run.info.part.startswith("shard"):  # the numbers of a shard are those of no protocol
            found = records.derive(run)
            records.write_records(run, found)
            if found:
                tables.write_tables(path, found)
    click.echo(f"{path}: scored {', '.join(run.info.methods) or 'nothing: there is no method in it'}.")


def _score_folder(
    targets: Path,
    masks: Path,
    predictions: Path,
    metrics: str,
    raw: bool,
    format_: str,
    pace: "Pace",
    quiet: bool,
) -> None:
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.methods.layouts import complete, match
    from inpaint_bench.pairs import find
    from inpaint_bench.score import score_outputs

    dataset = find.open_folders(targets, masks)
    names = chosen_metrics(metrics, dataset.page, "two folders")
    matched = match(predictions, dataset.pairs)
    outputs = complete(matched, predictions, dataset.pairs)
    note(f"{predictions}: {matched}.", quiet)
    rows: list[dict[str, object]] = []
    with progress("scores", len(dataset.pairs), quiet) as told:
        for pair, sample, values in score_outputs(dataset, outputs, names, raw, pace):
            row: dict[str, object] = {"pair": Path(pair.image).stem} | ({} if sample is None else {"sample": sample})
            rows.append(row | {name: _plain(value) for name, value in values.items()})
            told(1)
    if format_ == "json":
        click.echo(json.dumps(rows, indent=1))
        return
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    click.echo(lines.getvalue(), nl=False)


def _plain(value: float) -> float | str | None:
    """A value as JSON holds it: 'inf' for an infinite PSNR, null where a metric is not defined."""
    return "inf" if math.isinf(value) else None if math.isnan(value) else value
