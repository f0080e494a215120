"""`weights`: add the authors' files, list what is here, verify it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, option
from inpaint_bench.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from inpaint_bench.methods.baselines import Baseline
    from inpaint_bench.methods.card import MethodCard
    from inpaint_bench.metrics.features.by_path import FileByPath


@click.group()
def weights() -> None:
    """Weights files: add one that the authors publish, list those that are here, verify them.

    `fetch` and `add-extractor` are for the networks behind metrics that no package carries: inception (FID) and
    inception_pic2018 (FID as the paper most likely computed it).
    """


@weights.command()
@click.argument("method")
@click.argument("dataset")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=FOLDER)
@option("--baselines", type=FOLDER, help="A folder of your own baselines.")
def add(method: str, dataset: str, sources: tuple[Path, ...], baselines: Path | None) -> None:
    """Read the authors' FILEs for METHOD trained on DATASET, check every name and shape, and convert them."""
    from inpaint_bench.methods.baselines import loader, reader
    from inpaint_bench.weights.containers import read_container
    from inpaint_bench.weights.store import add_weights

    baseline, card = _learned(method, baselines)
    state = read_container(sources, card.container, reader(baseline, card))
    licence = next((one.licence for one in card.weights if one.dataset == dataset), "not stated")
    load = loader(baseline, card)
    path = add_weights(method, dataset, state, sources, licence, lambda found: load(found, _cpu()))
    click.echo(f"{path}: {len(state)} tensors of {method} for {dataset}; licence: {licence}.")


@weights.command("list")
def list_weights() -> None:
    """One line a file."""
    from inpaint_bench.weights.store import origins, root

    for origin in (found := origins()):
        sources = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in origin.sources.items())
        click.echo(f"{origin.method}  {origin.dataset}  {origin.added}  licence: {origin.licence}  from {sources}")
    if not found:
        click.echo(f"{root()}: no weights were added yet.")


@weights.command()
@option("--baselines", type=FOLDER, help="A folder of your own baselines.")
def verify(baselines: Path | None) -> None:
    """Compare every file with what was added, and load it."""
    from inpaint_bench.methods.baselines import loader
    from inpaint_bench.weights import store

    for origin in store.origins():
        baseline, card = _learned(origin.method, baselines)
        load = loader(baseline, card)
        store.verify(origin, lambda found, load=load: load(found, _cpu()))  # type: ignore[misc]  # bound now
        click.echo(f"{origin.method} {origin.dataset}: as it was added, {origin.sha256[:12]}.")


@weights.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download the weights of the extractor NAME (about 100 MB), once; its hash is checked. Nothing else downloads."""
    from inpaint_bench.cli.progress import note

    file = _extractor_file(name)
    note(f"Fetching {file.url()}")
    click.echo(f"{file.fetch()}: the weights of {name}, {file.sha256}.")


@weights.command("add-extractor")
@click.argument("name")
@click.argument("source", metavar="FILE", type=FOLDER)
def add_extractor(name: str, source: Path) -> None:
    """Check that FILE holds the weights of the extractor NAME, and copy it to where they are looked for."""
    file = _extractor_file(name)
    click.echo(f"{file.add(source)}: the weights of {name}, {file.sha256}.")


def _extractor_file(name: str) -> "FileByPath":
    from inpaint_bench.metrics.features.inception import FILES

    if name not in FILES:
        raise InputError(f"no extractor with a file of its own is called '{name}'. {did_you_mean(name, FILES)}")
    return FILES[name]


def _learned(method: str, baselines: Path | None) -> "tuple[Baseline, MethodCard]":
    from inpaint_bench.methods.baselines import find_baselines

    known = {name: found for name, found in find_baselines(baselines).items() if found[1].learned}
    if method not in known:
        raise InputError(f"no method with weights is called '{method}'. {did_you_mean(method, known)}")
    return known[method]


def _cpu() -> object:
    import torch

    return torch.device("cpu")
