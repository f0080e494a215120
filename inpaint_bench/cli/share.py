"""`push` and `pull`: runs to and from the Hugging Face hub; `model-index`: results for a model card."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, methods_option, option
from inpaint_bench.cli.render import note

TO_FORMAT = "hf://datasets/USER/NAME"


@click.command(short_help="Push a run to the Hugging Face hub.")
@click.argument("run", type=FOLDER)
@option("--to", required=True, metavar=TO_FORMAT, help="A dataset repository; it is made where there is none.")
@option("--pictures", is_flag=True, help="Push the composites, too. Mind the licences of the images.")
@option("--public", is_flag=True, help="Make a new repository public, or push to one that is. Default: private.")
def push(run: Path, to: str, pictures: bool, public: bool) -> None:
    """Push RUN, a run folder, to a dataset repository of the hub: scores, features, results and run.json.

    The account is that of `hf auth login`, or of HF_TOKEN. What run.json says of machine and commands is pushed, too.
    """
    from inpaint_bench.api import sharing

    commit = sharing.push(run, to, pictures=pictures, public=public)
    note(f"{run / 'run.json'} names the machine and the commands of the run; it was pushed as it is.")
    click.echo(f"{to}@{commit}")


@click.command(short_help="Pull a checked run from the Hugging Face hub.")
@click.argument("address", metavar=f"{TO_FORMAT}[@REVISION]")
@option("--out", type=FOLDER, help="The run folder to make. Default: runs/NAME.")
def pull(address: str, out: Path | None) -> None:
    """Fetch the run at ADDRESS into a new run folder, once names, hashes, fingerprint and results are checked."""
    from inpaint_bench.api import sharing

    run = sharing.pull(address, out)
    click.echo(f"{run.path}: {len(run.pairs)} pairs of {run.dataset} by {', '.join(run.methods)}.")


@click.command(name="model-index", short_help="Results as metadata of a model card.")
@click.argument("run", type=FOLDER, default="runs/sample")
@methods_option("The one method of the card.")
@option("--metrics", default="", help="Names, separated by commas. Default: all that have results.")
@option("--card", type=FOLDER, help="A model card, README.md, whose metadata get the results. Default: print them.")
def model_index(run: Path, methods: str, metrics: str, card: Path | None) -> None:
    """Print what a method reached in RUN as `model-index`, the metadata that the hub shows results of a model from.

    With --card they are written into a model card, in place of those of the same dataset and metric; text is kept.
    """
    from inpaint_bench.api import cards

    text = cards.model_index(run, methods, metrics, card)
    click.echo(text if card is None else str(card), nl=card is not None)
