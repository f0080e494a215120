"""`weights`: add the authors' files, list what is here, verify it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.console import in_one_line
from inpaint_bench.cli.licence import accepted
from inpaint_bench.cli.options import FOLDER, accept_licence_option, baselines_option, option
from inpaint_bench.cli.render import note, notes_on_stderr
from inpaint_bench.errors import IncompleteError, InputError

if TYPE_CHECKING:
    from inpaint_bench.api.fetching import WantedWeights
    from inpaint_bench.api.fetching_models import WantedModel


@click.group(short_help="Add, list, verify and fetch weights.")
def weights() -> None:
    """Weights files: fetch those that the authors publish, or add them from disk; list and verify those that are here.

    The networks of metrics that no package carries come the same way (`fetch`, `add-extractor`): inception (FID),
    inception_pic2018 (FID as the SPN paper most likely computed it), clip (CLIP score,
    CLIP-IQA), arniqa, and timm/MODEL for any model of timm.
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
    """One line a file, with its state: here, missing, or how many of its bytes there are. Nothing is hashed."""
    from inpaint_bench.api import weights as api

    added, models = api.origins(), [*api.fetched_models()]
    for one in added:
        sources = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in one.sources.items())
        loose = f"  unpinned: {', '.join(one.unpinned)}" if one.unpinned else ""
        facts = (one.method, one.dataset, one.added, api.state(one), f"licence: {one.licence}", f"from {sources}")
        click.echo("  ".join(facts) + loose)
    for model in models:
        try:
            note = model.note
        except InputError as error:  # one model that cannot be listed hides no other
            click.echo(in_one_line(str(error)))
            continue
        for name, file in note.files.items():
            what = f"{model.folder / name} {file.sha256[:12]}"
            facts = (note.method, note.repo, note.added, model.state(name), f"licence: {note.licence}", what)
            click.echo("  ".join(facts))
    if not added and not models:
        click.echo(f"{api.weights_dir()}: no weights were added yet.")


@weights.command(short_help="Compare every file with what was added.")
@baselines_option
def verify(baselines: Path | None) -> None:
    """Compare every file with what was added, and load it; of a model of several files, compare each."""
    from inpaint_bench.api.weights import verify_weights

    for method, dataset, sha256 in verify_weights(baselines):
        click.echo(f"{method} {dataset}: as it was added, {sha256[:12]}.")


@weights.command(short_help="Fetch what the authors publish.")
@click.argument("name", required=False)
@click.argument("dataset", required=False)
@option("--all", "every", is_flag=True, help="All that a table of --dataset needs: methods, and extractors of metrics.")
@option("--dataset", "of_all", metavar="DATASET", help="With --all: a protocol's name, or the path of your own page.")
@option(
    "--from",
    "mirrors",
    metavar="FILE|URL",
    multiple=True,
    help="Your own copy, in place of the published sources: a file, a URL, a folder, or a URL ending in /. Repeatable.",
)
@option("--lock", type=FOLDER, help="The lock file of hashes. Default: weights.lock.toml in the folder of weights.")
@accept_licence_option
@baselines_option
def fetch(
    name: str | None,
    dataset: str | None,
    every: bool,
    of_all: str | None,
    mirrors: tuple[str, ...],
    lock: Path | None,
    accept_licence: bool,
    baselines: Path | None,
) -> None:
    """Fetch the weights of the method NAME for DATASET from where its authors publish them, check and convert them.

    The licence is printed first. A file whose hash nobody has stated is noted in weights.lock.toml, and must be the
    same the next time. NAME may also be a network of metrics: inception (FID), inception_pic2018, clip, arniqa or
    timm/MODEL. Of the diffusion methods DATASET is left out; of `diffusers` it is a model of the hub, ORG/NAME or
    ORG/NAME@REVISION.
    """
    from inpaint_bench.api import fetching
    from inpaint_bench.api.fetching_models import wanted_model

    if every == bool(name):
        raise click.UsageError("give a method, or --all with --dataset.")
    if every and (not of_all or mirrors):
        raise click.UsageError("--all needs --dataset, and goes without --from.")
    if name and fetching.is_extractor(name):
        return _fetch_extractor(name)
    if name and (model := wanted_model(name, dataset, baselines)):
        return _fetch_model(model, mirrors, accept_licence)
    if name:
        wanted = [fetching.wanted_weights(name, dataset or of_all, baselines)]
    else:
        wanted = fetching.weights_for_dataset(str(of_all), baselines=baselines)
    failures = _fetch_all(wanted, mirrors, lock, accept_licence, baselines)
    for extractor in fetching.extractors_for_dataset(str(of_all)) if every else ():
        try:
            _fetch_extractor(extractor)
        except IncompleteError as error:
            failures.append(f"{extractor}: {error}")
    if failures:
        raise IncompleteError(" ".join(failures))
    return None


def _fetch_all(
    wanted: "list[WantedWeights]",
    mirrors: tuple[str, ...],
    lock: Path | None,
    accept_licence: bool,
    baselines: Path | None,
) -> list[str]:
    """Fetch what is not here, once its licences are accepted; a sentence for each method that cannot be fetched."""
    from inpaint_bench.api.fetching import fetch_weights

    missing = [one for one in wanted if not one.here]
    if missing:
        accepted([str(one) for one in missing], accept_licence)
    failures = []
    for one in wanted:
        try:
            with notes_on_stderr():
                found = fetch_weights(one, mirrors, lock, baselines)
        except IncompleteError as error:
            failures.append(f"{one.method} for {one.dataset}: {error}")
            continue
        how = "fetched" if found.fetched else "here already"
        pinned = f"; unpinned: {', '.join(found.unpinned)}, see {found.lock}" if found.unpinned else ""
        click.echo(f"{found.path}: {one.method} for {one.dataset}, {how}{pinned}.")
    return failures


def _fetch_model(wanted: "WantedModel", mirrors: tuple[str, ...], accept_licence: bool) -> None:
    from inpaint_bench.api.fetching_models import fetch_model

    if mirrors:
        own = f"mine={wanted.method}:FOLDER"
        raise click.UsageError(f"--from: {wanted.method} is a folder of files; run it from your copy: {own}.")
    if not wanted.here:
        accepted([str(wanted)], accept_licence)
    with notes_on_stderr():
        found = fetch_model(wanted)
    how = "fetched" if found.fetched else "here already"
    click.echo(f"{found.path}: {wanted.model} for {wanted.method}, commit {found.commit[:12]}, {how}.")


def _fetch_extractor(name: str) -> None:
    from inpaint_bench.api.weights import extractor_file

    file = extractor_file(name)
    if file.kept().exists():
        click.echo(f"{file.kept()}: the weights of {name}, here already.")
        return
    with notes_on_stderr():
        click.echo(f"{file.fetch(note)}: the weights of {name}, {file.sha256}.")


@weights.command("add-extractor", short_help="Add a feature extractor's weights from disk.")
@click.argument("name")
@click.argument("source", metavar="FILE", type=FOLDER)
def add_extractor(name: str, source: Path) -> None:
    """Check that FILE holds the weights of the extractor NAME, and copy it to the cache folder."""
    from inpaint_bench.api.weights import extractor_file

    file = extractor_file(name)
    click.echo(f"{file.add(source)}: the weights of {name}, {file.sha256}.")
