"""`pairs`: build, verify, import and show the list of a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, dataset_options, option, quiet_option, several
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from inpaint_bench.data.datasets import Dataset

jobs_option = option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Threads that read.")
common = several(dataset_options, jobs_option, quiet_option)


@click.group(short_help="Build, verify, import or show a list of pairs.")
def pairs() -> None:
    """Which image meets which mask: build, verify, import or show the list of a dataset."""


@pairs.command(short_help="Read every pair and record its hashes.")
@common
@option("--out", type=FOLDER, help="Write the list here too.")
@option("--export", type=FOLDER, help="Write what methods are given here: images/ with the hole emptied, and masks/.")
def build(
    dataset: str, data: Path | None, pairs: Path | None, jobs: int, quiet: bool, out: Path | None, export: Path | None
) -> None:
    """Read every pair for the first time and record the hashes of its pixels."""
    from inpaint_bench.api.pairs import build_pairs

    _summary(build_pairs(dataset, data, pairs, out, export, jobs, quiet))


@pairs.command(short_help="Compare pixels with recorded hashes.")
@common
def verify(dataset: str, data: Path | None, pairs: Path | None, jobs: int, quiet: bool) -> None:
    """Compare the pixels on disk with the hashes that were recorded."""
    from inpaint_bench.api.pairs import verify_pairs

    found = verify_pairs(dataset, data, pairs, jobs, quiet)
    click.echo(f"{dataset}: all {len(found.pairs)} pairs are what they were, {_marks(found)}.")


@pairs.command("import", short_help="Make a list from an index array (.npy).")
@dataset_options
@option("--index", type=FOLDER, required=True, help="The .npy array: for each image the number of its mask.")
@option("--out", type=FOLDER, required=True, help="The list to write; `--pairs FILE` uses it.")
def import_(dataset: str, data: Path | None, pairs: Path | None, index: Path, out: Path) -> None:
    """Make a list of pairs from an index array, as the code of EC, RN, SPL and SPN reads it."""
    from inpaint_bench.api.pairs import import_pairs

    count, fingerprint = import_pairs(dataset, index, out, data, pairs)
    click.echo(f"{out}: {count} pairs, fingerprint {fingerprint}. Use them with --pairs {out}.")


@pairs.command(short_help="Show counts, or some pairs.")
@common
@click.argument("names", nargs=-1)
def show(names: tuple[str, ...], dataset: str, data: Path | None, pairs: Path | None, jobs: int, quiet: bool) -> None:
    """The counts of a dataset's list, or the pairs named by their five digits."""
    from inpaint_bench.api.pairs import open_pairs

    opened = open_pairs(dataset, data, pairs)
    known = {pair.pair: pair for pair in opened.pairs}
    for name in names:
        if name not in known:
            raise InputError(f"{dataset}: no pair is called '{name}'; they run from 00000 to {opened.pairs[-1].pair}.")
        pair = known[name]
        click.echo(f"{pair.pair}  {pair.image}  {pair.mask}  ratio {pair.ratio or '?'}  bucket {pair.bucket or '-'}")
    if not names:
        _summary(opened)


def _marks(dataset: "Dataset") -> str:
    return f"fingerprint {dataset.fingerprint}" + (f", pixels {dataset.pixels[:12]}" if dataset.pixels else "")


def _summary(dataset: "Dataset") -> None:
    from inpaint_bench.api.pairs import counts

    click.echo(f"{dataset.page.name}: {len(dataset.pairs)} pairs, {_marks(dataset)}")
    found = counts(dataset)
    if not found:
        click.echo("the pixels were not read on this machine yet: `inpaint-bench pairs build`")
    for bucket, count in found.items():
        click.echo(f"  {'All' if bucket == 'all' else bucket}: {count}")
