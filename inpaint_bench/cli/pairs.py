"""`pairs`: build, verify, import and show the list of a dataset."""

from pathlib import Path

import click

from inpaint_bench.cli.options import FOLDER, dataset_options, option, quiet_option, several
from inpaint_bench.cli.progress import progress
from inpaint_bench.errors import HashError, some

jobs_option = option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Threads that read.")
common = several(dataset_options, jobs_option, quiet_option)


@click.group()
def pairs() -> None:
    """Which image meets which mask: build, verify, import or show the list of a dataset."""


@pairs.command()
@common
@option("--out", type=FOLDER, help="Write the list here too.")
@option(
    "--export",
    type=FOLDER,
    help="Write what methods are given here: images/ with the hole emptied, and masks/.",
)
def build(
    dataset: str,
    data: Path | None,
    pairs: Path | None,
    jobs: int,
    quiet: bool,
    out: Path | None,
    export: Path | None,
) -> None:
    """Look at every pair for the first time and write down what its pixels are."""
    from inpaint_bench.data import datasets, pair_lists, prepare
    from inpaint_bench.files import write_if_changed

    opened = datasets.open_dataset(dataset, data, pairs)
    with progress("pairs", len(opened.pairs), quiet) as on_progress:
        seen = datasets.see(opened, jobs, lambda: on_progress(1))
    if out:
        write_if_changed(out, pair_lists.to_csv(seen.pairs))
    if export:
        with progress("export", len(seen.pairs), quiet) as on_progress:
            prepare.export(seen.page, seen.data, list(seen.pairs), export, jobs, lambda: on_progress(1))
    _summary(seen)


@pairs.command()
@common
def verify(dataset: str, data: Path | None, pairs: Path | None, jobs: int, quiet: bool) -> None:
    """Compare the pixels on disk with those that were written down."""
    from inpaint_bench.data import datasets, prepare
    from inpaint_bench.errors import InputError

    opened = datasets.open_dataset(dataset, data, pairs)
    if not all(pair.seen for pair in opened.pairs):
        raise InputError(f"{dataset}: nothing was written down yet. `inpaint-bench pairs build` does that first.")
    with progress("pairs", len(opened.pairs), quiet) as on_progress:
        wrong = list(prepare.verify(opened.page, opened.data, list(opened.pairs), jobs, lambda: on_progress(1)))
    if wrong:
        raise HashError(f"{wrong[0][1]} In all {len(wrong)} pairs differ: {some((name for name, _ in wrong), 20)}.")
    click.echo(f"{dataset}: all {len(opened.pairs)} pairs are what they were, fingerprint {opened.fingerprint}.")


@pairs.command("import")
@dataset_options
@option("--index", type=FOLDER, required=True, help="The .npy array: for each image the number of its mask.")
@option("--out", type=FOLDER, required=True, help="The list to write; `--pairs FILE` uses it.")
def import_(dataset: str, data: Path | None, pairs: Path | None, index: Path, out: Path) -> None:
    """Make a list of pairs from an index array, as the code of EC, RN, SPL and SPN reads it."""
    from inpaint_bench.data import datasets, pair_lists
    from inpaint_bench.files import write_whole

    opened = datasets.open_dataset(dataset, data, pairs)
    imported = pair_lists.import_index(
        index, [pair.image for pair in opened.pairs], datasets.mask_names(opened.page, opened.data)
    )
    write_whole(out, pair_lists.to_csv(imported))
    mark = pair_lists.fingerprint(opened.page, imported)
    click.echo(f"{out}: {len(imported)} pairs, fingerprint {mark}. Use them with --pairs {out}.")


@pairs.command()
@common
@click.argument("names", nargs=-1)
def show(names: tuple[str, ...], dataset: str, data: Path | None, pairs: Path | None, jobs: int, quiet: bool) -> None:
    """The counts of a dataset's list, or the pairs named by their five digits."""
    from inpaint_bench.data import datasets
    from inpaint_bench.errors import InputError

    opened = datasets.open_dataset(dataset, data, pairs)
    known = {pair.pair: pair for pair in opened.pairs}
    for name in names:
        if name not in known:
            raise InputError(f"{dataset}: no pair is called '{name}'; they run from 00000 to {opened.pairs[-1].pair}.")
        pair = known[name]
        click.echo(f"{pair.pair}  {pair.image}  {pair.mask}  ratio {pair.ratio or '?'}  bucket {pair.bucket or '-'}")
    if not names:
        _summary(opened)


def _summary(dataset: object) -> None:
    from inpaint_bench.analysis.results import ALL, bucket_sizes
    from inpaint_bench.data.datasets import Dataset

    assert isinstance(dataset, Dataset)
    click.echo(f"{dataset.page.name}: {len(dataset.pairs)} pairs, fingerprint {dataset.fingerprint}")
    if not all(pair.seen for pair in dataset.pairs):
        click.echo("the pixels were not seen on this machine yet: `inpaint-bench pairs build`")
        return
    for bucket, count in bucket_sizes(dataset.pairs, dataset.page).items():
        click.echo(f"  {'All' if bucket == ALL else bucket}: {count}")
