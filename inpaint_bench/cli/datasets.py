"""`datasets`: list them, show one, add or fetch its data, and verify a copy."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.licence import accepted
from inpaint_bench.cli.options import FOLDER, accept_licence_option, option, quiet_option
from inpaint_bench.cli.render import columns, note, notes_on_stderr
from inpaint_bench.errors import IncompleteError

if TYPE_CHECKING:
    from inpaint_bench.api.datasets import AddedData


@click.group(invoke_without_command=True, short_help="List, show, add, fetch and verify datasets.")
@click.pass_context
def datasets(ctx: click.Context) -> None:
    """Datasets: list them, show one, add its data from disk, fetch them, and verify a copy."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_datasets)


@datasets.command("list", short_help="One line a dataset.")
def list_datasets() -> None:
    """One line a dataset: its number of pairs, what of its data is here, the command that mends it, and its title."""
    from inpaint_bench.api import listing

    rows = listing.dataset_rows()
    columns([(row.dataset, f"{row.pairs} pairs", row.here or "here", row.mend, row.title) for row in rows])


@datasets.command("show", short_help="A dataset's protocol, and how to get its data.")
@click.argument("name")
def show_dataset(name: str) -> None:
    """A dataset's protocol, where its data lie, and how to get them."""
    from inpaint_bench.api import listing

    facts, get = listing.show_dataset(name)
    columns(facts)
    click.echo(f"\nHow to get the data\n{get.strip(chr(10))}")


@datasets.command("verify", short_help="Compare a copy with the digests that are known.")
@click.argument("name")
@option("--data", type=FOLDER, help="The folder with images/ and masks/.")
@option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Threads that read.")
@quiet_option
def verify_dataset(name: str, data: Path | None, jobs: int, quiet: bool) -> None:
    """Read every pair, and compare its pixels with recorded hashes and with the digests that are known.

    Exits with 5 for another copy of the data: re-encoded, resized, or decoded by a library in another way.
    """
    from inpaint_bench.api.pairs import verify_dataset

    found, known = verify_dataset(name, data, jobs=jobs, quiet=quiet)
    verdict = "the known digest" if known else "no digest is known yet; results are comparable with those of this one"
    marks = f"fingerprint {found.fingerprint}, pixels {found.pixels}"
    click.echo(f"{found.page.name}: {len(found.pairs)} pairs, {marks}: {verdict}.")


@datasets.command(short_help="Add data from disk: archives or folders.")
@click.argument("name")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=FOLDER)
@quiet_option
def add(name: str, sources: tuple[Path, ...], quiet: bool) -> None:
    """Put the data of the dataset NAME, or of a set of masks, where runs find them.

    FILEs are the archives as they are published, whose hashes are checked and of which only the pictures of the
    protocol are unpacked, or folders of unpacked files, which are linked. Adding again does nothing. The data lie in
    $INPAINT_BENCH_DATA, or in the cache folder.
    """
    from inpaint_bench.api.datasets import add_dataset

    with notes_on_stderr(quiet):
        added = add_dataset(name, sources, quiet)
    _print_added(added)
    if short := [one for one in added if one.here < one.count]:
        raise IncompleteError(f"{'; '.join(map(str, short))}. Add the others too: what is here stays.")


@datasets.command(short_help="Fetch a dataset's data, and add them.")
@click.argument("name")
@accept_licence_option
@option("--from", "source", metavar="FILE|URL", help="A copy or a mirror of your own, in place of the published.")
@option("--keep", is_flag=True, help="Keep the archives, in the folder _archives beside the data.")
@quiet_option
def fetch(name: str, accept_licence: bool, source: str | None, keep: bool, quiet: bool) -> None:
    """Fetch what of the dataset NAME, or of a set of masks, is not here, and add it as `add` does.

    What only a person can get is said, with whom to ask and what `add` then wants; the exit code is 3.
    """
    from inpaint_bench.api.datasets import fetch_dataset, to_fetch

    wanted = to_fetch(name, source)
    if wanted.files or (source and wanted.licences):
        accepted(wanted.licences, accept_licence)
    with notes_on_stderr(quiet):
        added = fetch_dataset(name, True, source, keep, quiet)
    _print_added(added)
    note(f"{name}: all of its data are here.")


def _print_added(added: "list[AddedData]") -> None:
    for one in added:
        click.echo(f"{one}.")
