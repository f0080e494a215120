"""`weights`: add the authors' files, list what is here, verify it."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, baselines_option
from inpaint_bench.cli.render import note


@click.group(short_help="Add, list, verify and fetch weights.")
def weights() -> None:
    """Weights files: add one that the authors publish, list those that are here, verify them.

    `fetch` and `add-extractor` are for the networks of metrics that no package carries: inception (FID) and
    inception_pic2018 (FID as the SPN paper most likely computed it).
    """


@weights.command(short_help="Check and convert an authors' file.")
@click.argument("method")
@click.argument("dataset")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=FOLDER)
@baselines_option
def add(method: str, dataset: str, sources: tuple[Path, ...], baselines: Path | None) -> None:
    """Read the authors' FILEs for METHOD trained on DATASET, check every name and shape, and convert them.

    DATASET is a name, or the path of a protocol page of your own. A zip archive stands for the files in it.
    """
    from inpaint_bench.api.weights import add_weights

    added = add_weights(method, dataset, sources, baselines)
    for sentence in added.notes:
        note(sentence)
    click.echo(f"{added.path}: {added.tensors} tensors of {method} for {added.path.stem}; licence: {added.licence}.")


@weights.command("list", short_help="One line a file.")
def list_weights() -> None:
    """One line a file."""
    from inpaint_bench.api import weights as api

    found = api.list_weights()
    for one in found.to_dict("records"):
        sources = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in one["sources"].items())
        click.echo(f"{one['method']}  {one['dataset']}  {one['added']}  licence: {one['licence']}  from {sources}")
    if found.empty:
        click.echo(f"{api.weights_dir()}: no weights were added yet.")


@weights.command(short_help="Compare every file with what was added.")
@baselines_option
def verify(baselines: Path | None) -> None:
    """Compare every file with what was added, and load it."""
    from inpaint_bench.api.weights import verify_weights

    for method, dataset, sha256 in verify_weights(baselines):
        click.echo(f"{method} {dataset}: as it was added, {sha256[:12]}.")


@weights.command(short_help="Download a feature extractor's weights.")
@click.argument("name")
def fetch(name: str) -> None:
    """Download the weights of the extractor NAME (about 100 MB), once; its hash is checked. Nothing else downloads."""
    from inpaint_bench.api.weights import extractor_file

    file = extractor_file(name)
    note(f"Fetching {file.url()}")
    click.echo(f"{file.fetch()}: the weights of {name}, {file.sha256}.")


@weights.command("add-extractor", short_help="Add a feature extractor's weights from disk.")
@click.argument("name")
@click.argument("source", metavar="FILE", type=FOLDER)
def add_extractor(name: str, source: Path) -> None:
    """Check that FILE holds the weights of the extractor NAME, and copy it to the cache folder."""
    from inpaint_bench.api.weights import extractor_file

    file = extractor_file(name)
    click.echo(f"{file.add(source)}: the weights of {name}, {file.sha256}.")
