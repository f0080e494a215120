"""`methods` and `metrics`: what there is, what is known of each, and which metrics of a run say the same."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, baselines_option, methods_option, option, quiet_option
from inpaint_bench.cli.render import columns, notes_on_stderr


@click.group(invoke_without_command=True, short_help="List methods, or show one method card.")
@click.pass_context
def methods(ctx: click.Context) -> None:
    """List the methods, or show one: its paper, its code, its weights, and where ours differs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_methods)


@methods.command("list", short_help="One line a method.")
@baselines_option
@option("--dataset", default="sample", show_default=True, help="The dataset that weights are looked up for.")
def list_methods(baselines: Path | None, dataset: str) -> None:
    """One line a method, and whether it can run here."""
    from inpaint_bench.api import listing

    rows = listing.method_rows(dataset, baselines)
    columns([(row.method, "runs here" if row.runs_here else f"needs {row.lacks}", row.title) for row in rows])


@methods.command("show", short_help="A method card.")
@click.argument("name")
@baselines_option
def show_method(name: str, baselines: Path | None) -> None:
    """A method's card."""
    from inpaint_bench.api import listing

    columns(listing.show_method(name, baselines))


@click.group(invoke_without_command=True, short_help="List metrics, show one, or compare those of a run.")
@click.pass_context
def metrics(ctx: click.Context) -> None:
    """List the metrics, show one: its formula and its signature, or compare those of a run with each other."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_metrics)


@metrics.command("list", short_help="One line a metric.")
def list_metrics() -> None:
    """One line a metric: direction, unit, whose numbers it is, and what it is or what it lacks here."""
    from inpaint_bench.api import listing

    columns(
        [
            (
                row.metric,
                f"{row.better} is better",
                row.unit or "-",
                row.used_by or "-",
                f"cannot run here: {row.lacks.split('. ')[0]}" if row.lacks else row.summary,
            )
            for row in listing.metric_rows()
        ]
    )


@metrics.command("show", short_help="A metric's definition and signature.")
@click.argument("name")
def show_metric(name: str) -> None:
    """A metric's definition, whose published numbers it is, and its signature."""
    from inpaint_bench.api import listing

    facts, definition = listing.show_metric(name)
    for what, fact in facts[:2]:
        click.echo(fact if what == "metric" else f"{what}: {fact}")
    click.echo(f"\n{definition}\n")
    for what, fact in facts[2:]:
        click.echo(f"{what}: {fact}")


@metrics.command("compare", short_help="Which metrics of a run say the same.")
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--metrics", "names", default="", help="Names, separated by commas. Default: all that have results.")
@methods_option("Names, separated by commas. Default: all of the run.")
@option("--study", type=FOLDER, help="The folder that `study make` wrote, with --answers. Default: <run>.study.")
@option("--answers", type=FOLDER, multiple=True, help="Read answers to the study first; may be given several times.")
@option("--intervals", is_flag=True, help="As text, a line for every two metrics with its 95% interval.")
@option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "csv", "json"]),
    default="text",
    show_default=True,
    help="What is printed.",
)
@quiet_option
def compare_metrics(
    run: Path,
    names: str,
    methods: str,
    study: Path | None,
    answers: tuple[Path, ...],
    intervals: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Which metrics of RUN, a run folder, say the same, and which say something else. Default: runs/sample.

    Rank correlations of every two metrics over the methods and over the pairs of the run, turned so that +1 means that
    both agree on what is better, with 95% intervals, and groups of metrics that say the same. Where the answers to a
    study were read (`study read`, or --answers), also how often each metric agrees with people.
    """
    from inpaint_bench.api import comparing

    with notes_on_stderr(quiet):
        found = comparing.compare_metrics(run, methods, names, study=study, answers=answers)
    click.echo(found.to_text(intervals) if format_ == "text" else getattr(found, f"to_{format_}")(), nl=False)
