"""`gate`: a run against expected results, for CI."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, methods_option, option
from inpaint_bench.errors import InputError


@click.command(short_help="Compare a run with expected results, for CI.")
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--expected", type=FOLDER, help="The folder of expected results. Default: those that ship for the dataset.")
@option("--policy", type=FOLDER, help="Tolerances in TOML. Default: policy.toml beside the expected results, if there.")
@methods_option("Names, separated by commas, as `run` takes them. Default: all that are expected.")
@option("--metrics", default="", help="Names, separated by commas. Default: all that are expected.")
@option("--junit", type=FOLDER, help="Write a JUnit XML file, a test case for every expected result.")
@option("--summary", type=FOLDER, help="Write a Markdown file, for a pull request.")
@option("--annotations", is_flag=True, help="Print annotations for GitHub's runner.")
@option("--accept", is_flag=True, help="Make the results of RUN the expected ones; needs --expected and --reason.")
@option("--reason", default="", help="With --accept: why the numbers moved; it is kept with the date.")
def gate(
    run: Path,
    expected: Path | None,
    policy: Path | None,
    methods: str,
    metrics: str,
    junit: Path | None,
    summary: Path | None,
    annotations: bool,
    accept: bool,
    reason: str,
) -> None:
    """Compare the results of RUN, a run folder, with expected ones. Default: runs/sample.

    Exit code 0 if every result passes or got better, 1 if one drifted, 3 if one is missing, 4 if one is not
    comparable: its fingerprint, pixels, weights, signature or n is another.
    """
    from inpaint_bench.api import gating

    if accept != bool(reason.strip()) or (accept and expected is None):
        raise InputError("--accept needs --expected DIR and --reason TEXT, and --reason goes with --accept.")
    if accept and (policy or junit or summary or annotations):
        raise InputError("--accept compares nothing: leave out --policy, --junit, --summary and --annotations.")
    if accept and expected:
        click.echo(gating.accept(run, expected, reason.strip(), methods, metrics), nl=False)
        return
    found = gating.gate(run, expected, policy, methods, metrics)
    gating.write_reports(found, junit, summary)
    click.echo(found.to_text(), nl=False)
    if annotations:
        click.echo("".join(f"{line}\n" for line in found.annotations()), nl=False)
    if ends := found.error():
        raise ends
