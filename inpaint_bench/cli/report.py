"""`report`: a run as a web page."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, jobs_option, option, quiet_option, run_data_options
from inpaint_bench.cli.render import notes_on_stderr


@click.command(short_help="Write a run as a web page.")
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--out", type=FOLDER, help="The folder to write. Default: report/ in the run folder.")
@run_data_options
@jobs_option
@quiet_option
def report(
    run: Path, out: Path | None, data: Path | None, targets: Path | None, masks: Path | None, jobs: int, quiet: bool
) -> None:
    """Write RUN, a run folder, as one web page: index.html in a folder of its own. Default: runs/sample.

    The page opens straight from disk and needs no network; the folder can be sent or put on a server as it is. It
    holds the table, plots, every pair with its pictures, and how all of it was made.
    """
    from inpaint_bench.api.run import load_run

    with notes_on_stderr(quiet):
        page = load_run(run).report(out, data=data, targets=targets, masks=masks, jobs=jobs, quiet=quiet)
    click.echo(page)
