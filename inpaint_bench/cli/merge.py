"""`merge`: shards become a run."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, format_option, metric_option, option


@click.command()
@click.argument("parts", type=FOLDER, nargs=-1, required=True)
@option("--out", type=FOLDER, required=True, help="The run folder to make.")
@metric_option
@format_option
def merge(parts: tuple[Path, ...], out: Path, metrics: str, format_: str) -> None:
    """Make the run folders of all shards, PARTS, into one run, and print its table."""
    from inpaint_bench import files
    from inpaint_bench.analysis import results
    from inpaint_bench.analysis.run import RunData
    from inpaint_bench.cli.names import chosen_metrics
    from inpaint_bench.cli.table import print_table, write_results_and_tables
    from inpaint_bench.errors import IncompleteError, some
    from inpaint_bench.runner import merge as merging
    from inpaint_bench.runner.folder import open_run
    from inpaint_bench.runner.score import merge_scores

    with files.only_one(out):
        run = merging.merge(parts, out)
        chosen = chosen_metrics(metrics, run.info.protocol, str(out))
        merge_scores([open_run(part) for part in parts], run)
        if found := write_results_and_tables(run, chosen):
            print_table([(RunData(run), found)], chosen.absent, format_)
        for method in run.info.methods:
            if left := results.missing_pairs(run, method):
                raise IncompleteError(f"{out}: {method} lacks {len(left)} of {len(run.pairs)} pairs: {some(left)}.")
