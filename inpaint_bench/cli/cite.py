"""`cite`: BibTeX for what a paper uses."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, baselines_option, methods_option, option


@click.command(short_help="Print BibTeX for everything that a run used.")
@click.argument("run", type=FOLDER, required=False)
@option("--dataset", default="", help="In place of RUN: a protocol's name.")
@methods_option("In place of RUN: names of methods, separated by commas.")
@option("--metrics", default="", help="In place of RUN: names of metrics, separated by commas.")
@baselines_option
@option("--out", type=FOLDER, help="A file, as references.bib. Default: print.")
def cite(run: Path | None, dataset: str, methods: str, metrics: str, baselines: Path | None, out: Path | None) -> None:
    """Print BibTeX for the tool, the protocol, the data, and every method and metric of RUN, each once.

    Default: runs/sample. A method or metric of your own has no entry; a comment names it. `table --format latex --cite`
    prints a table with the same keys.
    """
    from inpaint_bench.api import citing

    if run is None and not (dataset or methods or metrics):
        run = Path("runs/sample")
    text = citing.cite(run, dataset=dataset, methods=methods, metrics=metrics, baselines=baselines)
    if out is None:
        click.echo(text, nl=False)
        return
    citing.write_bibtex(out, text)
    click.echo(str(out))
