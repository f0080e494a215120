"""`gate`: a run against expected results, for CI."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, option
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from inpaint_bench.checks.gate.findings import Findings
    from inpaint_bench.checks.gate.sides import Side


@click.command()
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--expected", type=FOLDER, help="The folder of expected results. Default: those that ship for the dataset.")
@option("--policy", type=FOLDER, help="Tolerances in TOML. Default: policy.toml beside the expected results, if there.")
@option(
    "--methods", default="", help="Names, separated by commas, as `run` takes them. Default: all that are expected."
)
@option("--metrics", default="", help="Names, separated by commas. Default: all that are expected.")
@option("--junit", type=FOLDER, help="Write a JUnit XML file, a test case for every expected result.")
@option("--summary", type=FOLDER, help="Write a Markdown file, for a pull request.")
@option("--annotations", is_flag=True, help="Print annotations for GitHub's runner.")
@option("--accept", is_flag=True, help="Make the results of RUN the expected ones; needs --expected and --reason.")
@option("--reason", default="", help="With --accept: why the numbers moved, in words; it is kept with the date.")
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
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.checks.gate.sides import side_of
    from inpaint_bench.methods.select import split_methods

    if accept != bool(reason.strip()) or (accept and expected is None):
        raise InputError("--accept needs --expected DIR and --reason TEXT, and --reason goes with --accept.")
    if accept and (policy or junit or summary or annotations):
        raise InputError("--accept judges nothing: leave out --policy, --junit, --summary and --annotations.")
    side = side_of(RunData.open(run))
    names = [entry.partition("=")[0] for entry in split_methods(methods)], _names(metrics)
    if accept and expected:
        _accept(side, expected, reason.strip(), *names)
        return
    found = _find(side, expected, policy, *names)
    _report(found, junit, summary, annotations)


def _names(text: str) -> list[str]:
    """The names, none of them where all are meant."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return [] if "all" in names else names


def _accept(side: "Side", expected: Path, reason: str, methods: list[str], metrics: list[str]) -> None:
    from inpaint_bench.checks.gate.accept import accept

    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    found = accept(side, expected, reason, today, methods, metrics)
    if found is None:
        click.echo(f"{expected}: holds exactly these results already; nothing is written.")
        return
    click.echo(f"{expected}: {found.results} results accepted, {found.new} new, {len(found.changes)} changed: {reason}")
    for change in found.changes:
        because = f" ({change.because} changed)" if change.because else ""
        click.echo(f"{change.method}, {change.metric}, {change.bucket}: {change.before} → {change.after}{because}")


def _find(
    side: "Side", expected: Path | None, policy: Path | None, methods: list[str], metrics: list[str]
) -> "Findings":
    from inpaint_bench.checks.gate import policy as policies
    from inpaint_bench.checks.gate.accept import open_expected, shipped_expected
    from inpaint_bench.checks.gate.findings import find

    theirs = open_expected(expected or shipped_expected(side.run.info.protocol.name))
    beside = theirs.run.path / policies.FILE
    file = policy or (beside if beside.is_file() else None)
    rules = policies.read_policy(file) if file else policies.DEFAULT
    policies.refuse_idle(rules, theirs.results.values(), str(file))
    return find(side, theirs, rules, methods, metrics)


def _report(found: "Findings", junit: Path | None, summary: Path | None, annotations: bool) -> None:
    from inpaint_bench import files
    from inpaint_bench.checks.gate import formats, messages

    if junit:
        files.write_whole(junit, formats.as_junit(found).encode())
    if summary:
        files.write_whole(summary, formats.as_markdown(found).encode())
    click.echo(formats.as_text(found), nl=False)
    if annotations:
        click.echo("".join(f"{line}\n" for line in formats.as_annotations(found)), nl=False)
    if ends := messages.error(found):
        raise ends
