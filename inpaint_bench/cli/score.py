"""`score`: scores of a run's composites, or of any folder of outputs."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inpaint_bench.cli.metric_options import own_metric_options, samples_option
from inpaint_bench.cli.options import (
    FOLDER,
    code_option,
    data_option,
    known_error_option,
    log_option,
    mask_threshold_option,
    option,
    quiet_option,
    runtime_options,
    strict_option,
    timeout_option,
)
from inpaint_bench.cli.render import frame_text, notes_on_stderr
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from inpaint_bench.api.outcome import Outcome

WAYS = "give a RUN folder, or all of --targets, --masks and --predictions, or --features alone."


@click.command(short_help="Score a run, or any folder of predictions.")
@click.argument("run", type=FOLDER, required=False)
@data_option
@option("--targets", type=FOLDER, help="A folder of whole images: with --predictions, or of a RUN of two folders.")
@option(
    "--masks", type=FOLDER, help="Their masks, by the same names or NAME_mask000, or one file for all; 255 is the hole."
)
@mask_threshold_option
@option("--predictions", type=FOLDER, help="The predictions: PNG files, named by one of the known layouts.")
@option("--raw", is_flag=True, help="Score predictions as they are, not composited with the known region.")
@known_error_option
@option(
    "--format",
    "format_",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="What is printed.",
)
@option(
    "--features",
    type=FOLDER,
    nargs=2,
    metavar="COMPOSITES TARGETS",
    help="Two .npy files of features that you computed, a row a picture, the same rows paired.",
)
@own_metric_options
@samples_option
@code_option
@timeout_option
@runtime_options
@strict_option
@log_option
@quiet_option
def score(
    run: Path | None,
    targets: Path | None,
    masks: Path | None,
    predictions: Path | None,
    features: tuple[Path, Path] | None,
    metrics: str,
    format_: str,
    raw: bool,
    allow_known_error: bool,
    mask_threshold: int | None,
    **options: Any,
) -> None:
    """Score the composites of a RUN folder, or with --targets, --masks and --predictions any folder of outputs.

    With --features, features that you computed yourself are compared.
    """
    from inpaint_bench.api import existing, scoring

    of_run = {name: options.pop(name) for name in ("data", "samples", "log")}
    _refuse_without_run(bool(run), bool(run or features), mask_threshold, of_run["samples"], of_run["log"])
    with notes_on_stderr(options["quiet"]):
        if run and not (predictions or raw or allow_known_error or features):
            _echo_run(existing.score_run(run, metrics, targets=targets, masks=masks, **of_run, **options))
        elif targets and masks and predictions and not (run or features):
            scored = scoring.score_folder(
                targets, masks, predictions, metrics, raw=raw, allow_known_error=allow_known_error,
                mask_threshold=mask_threshold, **options,
            )  # fmt: skip
            if scored.rows:
                _echo_rows(scored.rows, format_)
            if scored.failure:
                raise scored.failure
        elif features and not (run or targets or predictions or metrics):
            _echo_frame(scoring.score_features(*features, options["strict"]), format_)
        else:
            raise InputError(WAYS)


def _refuse_without_run(run: bool, no_masks: bool, mask_threshold: int | None, samples: str, log: str) -> None:
    """Raise InputError for an option that goes with a RUN, or does not."""
    if mask_threshold is not None and no_masks:
        raise InputError("--mask-threshold goes with --targets, --masks and --predictions; a RUN knows its masks.")
    for option_, given in (("--samples all", samples == "all"), ("--log", log)):
        if given and not run:
            raise InputError(
                f"{option_} goes with a RUN: of predictions, results are printed and nothing else is kept."
            )


def _echo_run(outcome: "Outcome") -> None:
    methods = ", ".join(outcome.methods) or "nothing: there is no method in it"
    click.echo(f"{outcome.run.path}: scored {methods}.")
    for failure in outcome.failures:
        raise failure
    outcome.raise_failures()


def _echo_rows(rows: list[dict[str, object]], format_: str) -> None:
    if format_ == "json":
        click.echo(json.dumps(rows, indent=1))
        return
    lines = io.StringIO()
    writer = csv.DictWriter(lines, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    click.echo(lines.getvalue(), nl=False)


def _echo_frame(frame: "pd.DataFrame", format_: str) -> None:
    click.echo(frame_text(frame, format_), nl=False)
