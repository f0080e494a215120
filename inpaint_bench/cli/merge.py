"""`merge`: shards become a run."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, format_option, option


@click.command()
@click.argument("parts", type=FOLDER, nargs=-1, required=True)
@option("--out", type=FOLDER, required=True, help="The run folder to make.")
@format_option
def merge(parts: tuple[Path, ...], out: Path, format_: str) -> None:
    """Make the run folders of all shards, PARTS, into one run, and print its table."""
    from inpaint_bench import files, records, tables
    from inpaint_bench.errors import IncompleteError, some
    from inpaint_bench.run import merge as merging
    from inpaint_bench.run.folder import open_run
    from inpaint_bench.score import merge_scores

    with files.only_one(out):
        run = merging.merge(parts, out)
        merge_scores([open_run(part) for part in parts], run)
        found = records.derive(run)
        records.write_records(run, found)
        if found:
            tables.write_tables(out, found)
            click.echo(tables.FORMATS[format_](tables.make_table(found)), nl=False)
        for method in run.info.methods:
            if left := records.missing(run, method):
                raise IncompleteError(f"{out}: {method} lacks {len(left)} of {len(run.pairs)} pairs: {some(left)}.")
