"""`doctor`: what is installed, which weights and data are here, what is missing and what mends it."""

import click


@click.command(short_help="Say what is missing, and what mends it.")
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Look at packages, folders, data, methods and metrics, and say what is missing and the command that mends it.

    Exit code 0 when `inpaint-bench run` works as it is, with no option; 1 when it does not.
    """
    from inpaint_bench.api.doctor import examine, works

    found, section = [], ""
    for item in examine():
        if item.section != section:
            click.echo(f"{chr(10) if section else ''}{item.section}")
            section = item.section
        fix = f"\n{' ' * 11}→ {item.fix}" if item.fix else ""
        click.echo(f"  {item.state:7}  {item.what}{fix}")
        found.append(item)
    if works(found):
        click.echo("\n`inpaint-bench run` works here.")
        return
    lacks = "; ".join(item.what for item in found if item.needed and item.state == "missing")
    click.echo(f"\n`inpaint-bench run` does not work here: {lacks}.")
    ctx.exit(1)
