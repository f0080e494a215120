"""`check`: a method's networks against reference activations."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, baselines_option, option
from inpaint_bench.errors import InputError


@click.command(short_help="Compare networks with reference activations.")
@click.argument("method", required=False)
@option("--all", "every", is_flag=True, help="Every method that is installed here.")
@option("--golden", type=FOLDER, help="A file of reference activations from outside, of the same schema.")
@baselines_option
@option("--device", default="cpu", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.pass_context
def check(
    ctx: click.Context, method: str | None, every: bool, golden: Path | None, baselines: Path | None, device: str
) -> None:
    """Give the networks of METHOD synthetic weights and compare every stage with the reference activations.

    The whole adapter is compared too. Prints the largest absolute difference of each stage and its tolerance; exit
    code 1 when one is above it.
    """
    from inpaint_bench.api import models

    if every == (method is not None) or (every and golden):
        raise InputError("name a METHOD, or give --all; --golden FILE goes with a METHOD.")
    wrong = total = 0
    for name, stage in models.check(method, golden, baselines, device):
        mark = "ok" if stage.agrees else "DIFFERS"
        line = f"{stage.difference:9.2e} of {stage.tolerance:9.2e}  {stage.name}"
        click.echo(f"{name:10}  {stage.golden:24}  {stage.case:20}  {mark:7}  {line}")
        wrong, total = wrong + (not stage.agrees), total + 1
    click.echo(f"{total - wrong} of {total} stages agree.")
    if wrong:
        ctx.exit(1)
