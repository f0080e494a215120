"""`table`: records as a table."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, format_option, option


@click.command()
@click.argument("runs", type=FOLDER, nargs=-1)
@option(
    "--style",
    type=click.Choice(["plain", "table1", "table2"]),
    default="plain",
    show_default=True,
    help="Which buckets: the protocol's, or those of the paper's Table 1 or 2.",
)
@option("--metrics", default="", help="Names, separated by commas. Default: all that were scored.")
@option("--methods", default="", help="Names, separated by commas. Default: all of the run.")
@format_option
def table(runs: tuple[Path, ...], style: str, metrics: str, methods: str, format_: str) -> None:
    """Print the records of RUNS, run folders, as one table. Default: runs/sample."""
    from inpaint_bench import tables
    from inpaint_bench.errors import InputError, did_you_mean
    from inpaint_bench.records import read_records

    found = [record for run in runs or (Path("runs/sample"),) for record in read_records(run / "records.jsonl")]
    for option_name, text, known in (
        ("metric", metrics, {record.metric for record in found}),
        ("method", methods, {record.method for record in found}),
    ):
        wanted = [name.strip() for name in text.split(",") if name.strip()]
        for name in wanted:
            if name not in known:
                raise InputError(f"no {option_name} here is called '{name}'. {did_you_mean(name, known)}")
        found = [record for record in found if not wanted or getattr(record, option_name) in wanted]
    click.echo(tables.FORMATS[format_](tables.make_table(found, style)), nl=False)
