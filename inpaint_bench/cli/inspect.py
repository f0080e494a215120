"""`inspect`: look inside a method whose baseline has a wing for that."""

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inpaint_bench.cli.options import FOLDER, as_named_files, folder_options, option, quiet_option

if TYPE_CHECKING:  # heavy: imported where it is used
    from inpaint_bench.data.datasets import Dataset
    from inpaint_bench.data.pair_lists import Pair
    from inpaint_bench.runner.folder import RunFolder

SHOWN = 4  # pairs, where none are named


@click.command()
@click.argument("method")
@option("--dataset", default="", help="A protocol's name, or the path of your own page. Default: sample.")
@option("--data", type=FOLDER, help="Where its images/ and masks/ lie. Default: $INPAINT_BENCH_DATA/<dataset>.")
@folder_options
@option("--run", type=FOLDER, help="In place of --dataset: a run folder, whose results are placed by t-SNE too.")
@option("--methods", default="", help="With --run: the methods to place, separated by commas. Default: all of them.")
@option("--features", default="lite0", show_default=True, help="With --run: the features to place them by.")
@option("--pairs", default="", help="Which pairs to look at, as in 00003,00017.")
@option("--limit", type=click.IntRange(1), help=f"Only the first so many pairs. Default: {SHOWN}.")
@option(
    "--weights",
    metavar="NAME=FILE",
    multiple=True,
    callback=as_named_files,
    help="The weights of METHOD, or of another method whose maps are set beside. FILE may be filled, for tests.",
)
@option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:1.")
@option("--out", type=FOLDER, required=True, help="The folder of the pictures and of their page, inspect.md.")
@quiet_option
def inspect(
    method: str,
    dataset: str,
    data: Path | None,
    images: Path | None,
    masks: Path | None,
    run: Path | None,
    methods: str,
    features: str,
    pairs: str,
    limit: int | None,
    weights: dict[str, str],
    device: str,
    out: Path,
    quiet: bool,
) -> None:
    """Look inside METHOD: pictures (PNG and PDF) of what its maps hold for some pairs, and a page about them."""
    from inpaint_bench.cli.names import open_device
    from inpaint_bench.cli.progress import note
    from inpaint_bench.errors import InputError
    from inpaint_bench.runner.folder import open_run

    command, where = _wing(method), open_device(device)
    if run is None and methods:
        raise InputError("--methods says which results of a run to place; name the run with --run.")
    opened = open_run(run) if run else None
    known = _dataset(opened, dataset, data, (images, masks))
    requested = [name.strip() for name in methods.split(",") if name.strip()]
    results = (opened, requested, features) if opened else None
    chosen = _chosen(known, pairs, limit)
    click.echo(
        command.inspect_method(method, known, chosen, weights, results, where, out, lambda line: note(line, quiet))
    )


def _wing(method: str) -> Any:
    """The wing of a method's baseline that looks inside. Raises InputError for a method that has none."""
    from inpaint_bench.errors import InputError, did_you_mean
    from inpaint_bench.methods.baselines import find_baselines

    wings = {name: f"{baseline.package}.inspect" for name, (baseline, _) in find_baselines().items()}
    open_ones = {name: wing for name, wing in wings.items() if find_spec(wing) is not None}
    if method not in open_ones:
        raise InputError(f"no method that can be looked into is called '{method}'. {did_you_mean(method, open_ones)}")
    return import_module(f"{open_ones[method]}.command")


def _dataset(
    run: "RunFolder | None", name: str, data: Path | None, folders: tuple[Path | None, Path | None]
) -> "Dataset":
    from inpaint_bench.data import datasets
    from inpaint_bench.errors import InputError

    images, masks = folders
    if (images is None) != (masks is None):
        raise InputError("--images and --masks go together: one folder of pictures, one of masks of the same names.")
    if run is not None:
        if name:
            raise InputError(f"--run {run.path} has a dataset of its own, {run.info.protocol.name}; drop --dataset.")
        return replace(datasets.of_run(run.info.protocol, run.pairs, data, folders), fingerprint=run.info.fingerprint)
    if images and masks:
        if name:
            raise InputError("--dataset and --images cannot be combined: give one of them.")
        return datasets.see(datasets.open_folders(images, masks), jobs=1)
    return datasets.open_dataset(name or "sample", data)


def _chosen(dataset: "Dataset", names: str, limit: int | None) -> "list[Pair]":
    """The pairs that are named, or the first so many."""
    from inpaint_bench.errors import InputError, did_you_mean

    if not names:
        return list(dataset.pairs[: limit or SHOWN])
    if limit is not None:
        raise InputError("--pairs and --limit cannot be combined: give one of them.")
    known = {pair.pair: pair for pair in dataset.pairs}
    requested = [name.strip() for name in names.split(",") if name.strip()]
    if strangers := [name for name in requested if name not in known]:
        raise InputError(
            f"--pairs: {dataset.page.name} has no pair '{strangers[0]}'. {did_you_mean(strangers[0], known)}"
        )
    return [known[name] for name in dict.fromkeys(requested)]
