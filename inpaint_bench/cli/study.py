"""`study`: which composites people prefer."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, methods_option, option, quiet_option, run_data_options
from inpaint_bench.cli.render import notes_on_stderr


@click.group(short_help="Ask people: make, read or plan a user study.")
def study() -> None:
    """Ask people which composites they prefer: write the page that asks, read the answers, plan how many are needed."""


@study.command(short_help="Write the page that asks people.")
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--question", required=True, help="What raters answer, as in 'Which looks more natural?'.")
@option("--pairs", type=click.IntRange(1), help="How many pairs, drawn in proportion to the buckets. Default: 40.")
@methods_option("Names, separated by commas. Default: every method with a composite of every pair.")
@option(
    "--show",
    type=click.Choice(["masked", "target", "both", "none"]),
    default="masked",
    show_default=True,
    help="What stands beside two composites: the input with its hole in grey, the target, both or none.",
)
@option("--raters", type=click.IntRange(1), help="Raters expected, a block each. Default: every comparison twice.")
@option("--votes-per-rater", type=click.IntRange(1), help="Default: one on each pair.")
@option("--seed", help="What draws pairs, blocks and sides. Keep it to yourself. Default: random.")
@option("--out", type=FOLDER, help="The folder to write. Default: beside the run, <run>.study.")
@option("--post", default="", metavar="URL", help="Your address to send answers to. Default: a file to download.")
@option("--consent", default="", metavar="FILE|TEXT", help="What raters agree to. Default: a text on what is recorded.")
@run_data_options
@quiet_option
def make(
    run: Path,
    question: str,
    pairs: int | None,
    methods: str,
    show: str,
    raters: int | None,
    votes_per_rater: int | None,
    seed: str | None,
    out: Path | None,
    post: str,
    consent: str,
    data: Path | None,
    targets: Path | None,
    masks: Path | None,
    quiet: bool,
) -> None:
    """Write a study of RUN, a run folder: a page on which raters choose between two composites of a pair.

    public/ opens in a browser from disk or from any static host, without a server and without a network; key.json says
    which picture is whose: keep it. Default: runs/sample.
    """
    from inpaint_bench.api.study import make_study

    with notes_on_stderr(quiet):
        made = make_study(
            run, question, pairs=pairs, methods=methods, show=show, raters=raters, votes_per_rater=votes_per_rater,
            seed=seed, out=out, post=post, consent=consent, data=data, targets=targets, masks=masks,
        )  # fmt: skip
    click.echo(made.to_text(), nl=False)


@study.command(short_help="Read the answers into the run.")
@click.argument("study", type=FOLDER)
@click.argument("answers", type=FOLDER, nargs=-1, required=True)
@option("--run", type=FOLDER, help="The run folder, if it was moved since the study was made.")
@quiet_option
def read(study: Path, answers: tuple[Path, ...], run: Path | None, quiet: bool) -> None:
    """Read ANSWERS, files or folders of them, to STUDY, the folder that `study make` wrote.

    Raters who failed the attention checks are left out. The run then has the metric `preference`, in results, tables
    and report. Name all answers: they replace those that were read before.
    """
    from inpaint_bench.api.study import read_study

    with notes_on_stderr(quiet):
        found = read_study(study, answers, run)
    click.echo(found.to_text(), nl=False)


@study.command(short_help="How many raters a difference needs.")
@option("--difference", type=float, default=0.55, show_default=True, help="The share of votes of the better method.")
@option("--pairs", type=click.IntRange(1), default=40, show_default=True, help="Pairs of the study.")
@option("--methods", type=click.IntRange(2), default=2, show_default=True, help="Methods of the study.")
@option("--power", type=float, default=0.8, show_default=True, help="The chance to find the difference.")
@option("--alpha", type=float, default=0.05, show_default=True, help="The level of all tests together.")
@option(
    "--design-effect",
    type=float,
    default=1.5,
    show_default=True,
    help="How many times as many votes are needed because those of one rater, and on one pair, are alike.",
)
@option("--votes-per-rater", type=click.IntRange(1), help="Default: one on each pair.")
def power(
    difference: float,
    pairs: int,
    methods: int,
    power: float,
    alpha: float,
    design_effect: float,
    votes_per_rater: int | None,
) -> None:
    """How many votes and raters find a difference between two methods, before a study is made."""
    from inpaint_bench.api.power import study_power

    needed = study_power(
        difference, pairs=pairs, methods=methods, power=power, alpha=alpha, design_effect=design_effect,
        votes_per_rater=votes_per_rater,
    )  # fmt: skip
    click.echo(needed.to_text(), nl=False)
