"""`doctor`: what is installed, which weights and data are here, what is missing and what mends it."""

import click


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Look at packages, folders, data, methods and metrics, and say what is missing and the command that mends it.

    Exit code 0 when `inpaint-bench run` works as it is, with no option; 1 when it does not.
    """
    from inpaint_bench.checks.doctor import examine, works

    found, part = [], ""
    for finding in examine():
        if finding.part != part:
            click.echo(f"{chr(10) if part else ''}{finding.part}")
            part = finding.part
        mend = f"\n{' ' * 11}→ {finding.mend}" if finding.mend else ""
        click.echo(f"  {finding.state:7}  {finding.what}{mend}")
        found.append(finding)
    if works(found):
        click.echo("\n`inpaint-bench run` works here.")
        return
    lacks = "; ".join(finding.what for finding in found if finding.needed and finding.state == "missing")
    click.echo(f"\n`inpaint-bench run` does not work here: {lacks}.")
    ctx.exit(1)
