"""`--metrics`, `--better` and `--samples`, of commands that measure."""

import click

from inpaint_bench.cli.options import option, several


def as_directions(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Each NAME=lower or NAME=higher by its name. Raises BadParameter for others, and for two of one name."""
    found: dict[str, str] = {}
    for value in values:
        name, _, better = value.partition("=")
        if not name or better not in ("lower", "higher"):
            raise click.BadParameter(f"'{value}' must be NAME=lower or NAME=higher, as in mine=lower.")
        if found.setdefault(name, better) != better:
            raise click.BadParameter(f"{name} is given twice, as lower and as higher.")
    return found


own_metric_options = several(
    option(
        "--metrics",
        default="",
        help="Names, separated by commas, or all that can be measured here, and your own: mine=python:MODULE:FUNCTION, "
        "mine=exec:'COMMAND with {composites} {targets} {masks} {out}'. Default: the protocol's.",
    ),
    option(
        "--better",
        metavar="NAME=lower|higher",
        multiple=True,
        callback=as_directions,
        help="Which values of a metric of your own are better. May be repeated.",
    ),
)
samples_option = option(
    "--samples",
    type=click.Choice(["chosen", "all"]),
    default="chosen",
    show_default=True,
    help="Of a stochastic method, those whose features and objects are computed; results are made of the chosen one.",
)
