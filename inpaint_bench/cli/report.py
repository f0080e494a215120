"""`report`: a run as a web page."""

import contextlib
import os
from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, option, quiet_option
from inpaint_bench.cli.progress import note, progress


@click.command()
@click.argument("run", type=FOLDER, default="runs/sample")
@option("--out", type=FOLDER, help="The folder to write. Default: report/ in the run folder.")
@option("--data", type=FOLDER, help="Where the dataset's images/ and masks/ lie.")
@option("--images", type=FOLDER, help="Of a run of two folders: the pictures.")
@option("--masks", type=FOLDER, help="Their masks, by the same names; 255 is the hole.")
@option("--jobs", type=click.IntRange(1), default=min(8, os.cpu_count() or 1), help="Threads that read and write.")
@quiet_option
def report(
    run: Path, out: Path | None, data: Path | None, images: Path | None, masks: Path | None, jobs: int, quiet: bool
) -> None:
    """Write RUN, a run folder, as one web page: index.html in a folder of its own. Default: runs/sample.

    The page opens straight from disk and asks no network for anything; the folder can be sent or put on a server as
    it is. It holds the table, plots, every pair with its pictures, and how all of it was made.
    """
    from inpaint_bench import files
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.data import datasets
    from inpaint_bench.report.curves import curves
    from inpaint_bench.report.read import read_contents
    from inpaint_bench.report.write import refuse_strange, write_report
    from inpaint_bench.runner.folder import open_run

    folder = out or run / "report"
    refuse_strange(folder)
    open_run(run)  # a folder that is no run is refused before anything is written into it
    with contextlib.nullcontext() if out else files.only_one(run):
        contents = read_contents(RunData.open(run))
        dataset = datasets.of_run(contents.run.info.protocol, contents.run.pairs, data, (images, masks))
        absent = chosen_metrics("", contents.run.info.protocol, str(run)).absent
        for name in contents.left_out:
            note(f"{run}: {name} has no results: pairs are missing or not scored, or its weights are filled.", quiet)
        steps = len(contents.run.pairs) + len(curves(contents))
        with progress("pictures and plots", steps, quiet) as on_progress:
            click.echo(write_report(contents, dataset, folder, absent, jobs, on_progress))
