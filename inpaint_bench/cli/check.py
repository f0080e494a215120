"""`check`: a method's networks against golden files."""

from itertools import chain
from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, option


@click.command()
@click.argument("method", required=False)
@option("--all", "every", is_flag=True, help="Every method that is installed here.")
@option("--golden", type=FOLDER, help="A golden file from outside, of the same schema.")
@option("--baselines", type=FOLDER, help="A folder of your own baselines.")
@option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
@click.pass_context
def check(
    ctx: click.Context, method: str | None, every: bool, golden: Path | None, baselines: Path | None, device: str
) -> None:
    """Fill the networks of METHOD as its golden files say, replay every case, and compare every stage.

    The whole adapter is compared with what it predicted when its own golden file was written.
    Prints the largest absolute difference of each stage and its tolerance; exit code 1 when one is above it.
    """
    from inpaint_bench.checks.activations.stages import check_adapter, check_file
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.errors import InputError, did_you_mean
    from inpaint_bench.methods.baselines import find_baselines, installed

    known = {name: found for name, found in find_baselines(baselines).items() if installed(found[1])}
    if every == (method is not None) or (every and golden):
        raise InputError("name a METHOD, or give --all; --golden FILE goes with a METHOD.")
    if method is not None and method not in known:
        raise InputError(f"no method that is installed here is called '{method}'. {did_you_mean(method, known)}")
    where = open_device(device)
    wrong = total = 0
    for name in known if every else [str(method)]:
        baseline, card = known[name]
        stages = [check_file(baseline, path, where) for path in [golden] if path]
        if not golden:
            stages = [
                *(check_file(baseline, baseline.folder / file, where) for file in card.golden),
                check_adapter(baseline, card, where),
            ]
        for stage in chain.from_iterable(stages):
            mark = "ok" if stage.agrees else "DIFFERS"
            line = f"{stage.difference:9.2e} of {stage.tolerance:9.2e}  {stage.name}"
            click.echo(f"{name:10}  {stage.golden:24}  {stage.case:20}  {mark:7}  {line}")
            wrong, total = wrong + (not stage.agrees), total + 1
    click.echo(f"{total - wrong} of {total} stages agree.")
    if wrong:
        ctx.exit(1)
