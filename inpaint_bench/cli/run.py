"""`run`, `predict` and `merge`."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inpaint_bench.cli.licence import accepted
from inpaint_bench.cli.metric_options import own_metric_options, samples_option
from inpaint_bench.cli.options import (
    FOLDER,
    code_options,
    dataset_options,
    executor_options,
    fetch_options,
    folder_options,
    known_error_option,
    log_option,
    method_options,
    metric_option,
    mixed_option,
    offload_option,
    option,
    out_option,
    part_options,
    quiet_option,
    resize_option,
    runtime_options,
    several,
    strict_option,
    timeout_option,
)
from inpaint_bench.cli.render import colour, notes_on_stderr

if TYPE_CHECKING:
    from inpaint_bench.api.outcome import Outcome

FORMATS = click.Choice(["text", "markdown", "csv", "latex", "html"])
pipeline_options = several(
    dataset_options, folder_options, part_options, method_options, resize_option, offload_option, fetch_options,
    code_options, runtime_options, timeout_option, out_option, known_error_option, quiet_option,
)  # fmt: skip
print_options = several(
    option("--format", "format_", type=FORMATS, default="text", show_default=True, help="What is printed."),
    option(
        "--by",
        type=click.Choice(["method", "bucket"]),
        default="method",
        show_default=True,
        help="method: a row a method over all pairs. bucket: every metric in every bucket, with signatures.",
    ),
)


@click.command(short_help="Inpaint, score and print the table of a dataset.")
@pipeline_options
@executor_options
@own_metric_options
@samples_option
@mixed_option
@option("--verify", is_flag=True, help="Hash composites whose files did not move too, and derive the results again.")
@print_options
@strict_option
@log_option
def run(
    metrics: str,
    format_: str,
    by: str,
    strict: bool,
    processes: int,
    gpus: int | None,
    executor: str,
    slurm: str | None,
    ray: str | None,
    log: str,
    **options: Any,
) -> None:
    """Inpaint every pair with each method, score what was saved, and print the table.

    A terminal shows the table as methods finish, and again when all is measured. The same command again resumes: what
    is on disk and matches is not done twice.
    """
    from inpaint_bench.api.executing import open_executor
    from inpaint_bench.api.logging import refuse_loggers
    from inpaint_bench.api.pipeline import Pipeline

    given = open_executor(_executor(executor, slurm, ray), processes, gpus or 0)
    refuse_loggers(log, options["shard"])  # before a licence is accepted
    options = _typed(options)
    with notes_on_stderr(options["quiet"]):
        watched = sys.stdout.isatty() and not options["quiet"] and format_ == "text"
        shown = partial(_print, format_=format_, by=by, strict=False) if watched else None
        outcome = Pipeline(metrics=metrics, executor=given, **options).run(shown, log)
    part = outcome.run.info.part
    if part.kind == "shard":
        outcome.raise_failures()
        click.echo(f"{outcome.run.path}: {part} is done. `inpaint-bench merge` joins the shards.")
    else:
        _print(outcome, format_, by, strict)
    outcome.raise_failures()


@click.command(short_help="Inpaint only: save the composites.")
@pipeline_options
def predict(**options: Any) -> None:
    """Inpaint every pair with each method and save the composites; nothing is scored."""
    from inpaint_bench.api.pipeline import Pipeline

    options = _typed(options)
    with notes_on_stderr(options["quiet"]):
        outcome = Pipeline(**options).predict()
    outcome.raise_failures()
    click.echo(f"{outcome.run.path}: {len(outcome.run.pairs)} pairs by {', '.join(outcome.methods)}.")


@click.command(short_help="Join the shards of a run.")
@click.argument("parts", type=FOLDER, nargs=-1, required=True)
@option("--out", type=FOLDER, required=True, help="The run folder to make.")
@metric_option
@mixed_option
@print_options
def merge(parts: tuple[Path, ...], out: Path, metrics: str, allow_mixed: bool, format_: str, by: str) -> None:
    """Join the run folders of all shards, PARTS, into one run, and print its table."""
    from inpaint_bench.api import merging

    with notes_on_stderr():
        outcome = merging.merge(parts, out, metrics, allow_mixed=allow_mixed)
    _print(outcome, format_, by, strict=False)
    for failure in outcome.failures:
        raise failure


def _executor(name: str, slurm: str | None, ray: str | None) -> str:
    """NAME:OPTIONS of one of three options."""
    given = {"slurm": slurm, "ray": ray}
    stated = [f"{key}:{text}" for key, text in given.items() if text is not None]
    if len(stated) > 1 or (stated and name not in ("", stated[0].partition(":")[0])):
        raise click.UsageError("a run has one executor: give one of --executor, --slurm and --ray.")
    return stated[0] if stated else name


def _typed(options: dict[str, Any]) -> dict[str, Any]:
    """The options as the API takes them; what is to be fetched has its licence accepted here."""
    options["methods"] = options["methods"] or None
    if options["fetch"]:
        from inpaint_bench.api.fetching import models_for_run, weights_for_run

        methods, dataset, weights, baselines = (options[n] for n in ("methods", "dataset", "weights", "baselines"))
        wanted = weights_for_run(methods, dataset, weights, baselines)
        if listed := [*map(str, wanted), *map(str, models_for_run(methods, weights, baselines))]:
            accepted(listed, options["accept_licence"])
        options["accept_licence"] = True
    return options


def _print(outcome: "Outcome", format_: str, by: str, strict: bool) -> None:
    """The table of what was requested; nothing where no method has finished every pair."""
    run, names = outcome.run, [*outcome.metrics.names, *outcome.metrics.absent]
    finished = {one.method for one in run.result_list if one.metric in names}
    scored = [name for name in outcome.methods if name in finished and name not in outcome.synthetic]
    if scored:
        if by == "bucket" or strict:
            table = run.table(methods=scored, metrics=outcome.metrics.names, strict=strict)
        if by == "method":
            table = run.summary(scored, names)
        text = table.to_text(colour()) if format_ == "text" else getattr(table, f"to_{format_}")()
        click.echo(text, nl=False)
    if outcome.synthetic:
        names_of = ", ".join(outcome.synthetic)
        click.echo(f"No numbers for {names_of}: synthetic weights are made from names, and say nothing of quality.")
