"""What a baseline may add to its method: training, and inspection of its network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_bench.api.arguments import AnyPath, Names, as_names, as_path
from inpaint_bench.api.progress import note
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.devices import open_device

if TYPE_CHECKING:
    from inpaint_bench.data.datasets import Dataset
    from inpaint_bench.data.pairs import Pair

SHOWN = 4  # pairs that `inspect` shows where none are named


def train(
    method: str,
    images: AnyPath,
    out: AnyPath,
    *,
    masks: str = "generated",
    config: AnyPath | None = None,
    changes: Sequence[str] = (),
    ablation: str = "",
    device: str = "auto",
    jobs: int = 4,
    on_note: Callable[[str], None] = note,
) -> "Path | str":
    """Train a method by its recipe on a folder of photographs; the path of the best weights, OUT/best.safetensors.

    `masks` is a folder of masks, 255 in the hole, or 'generated'; `config` a TOML file and `changes` 'key=value' texts
    that change the recipe. With `ablation`, as in 'table3' or 'table3:ROW,ROW', every row is trained and the Markdown
    table is returned. Called again it goes on from its checkpoint. Raises InputError for a method without training.
    """
    command = _extension(method, "training", "be trained here")
    given = (
        Path(images), masks, Path(out), as_path(config), changes, open_device(device), jobs,
        on_note,
    )  # fmt: skip
    if ablation:
        table: str = command.train_ablation(method, ablation, *given)
        return table
    path: Path = command.train_method(method, *given)
    return path


def inspect(
    method: str,
    out: AnyPath,
    *,
    dataset: str = "",
    data: AnyPath | None = None,
    targets: AnyPath | None = None,
    masks: AnyPath | None = None,
    run: AnyPath | None = None,
    methods: Names = None,
    features: str = "lite0",
    pairs: Names = None,
    limit: int | None = None,
    weights: Mapping[str, str] | None = None,
    device: str = "auto",
    mask_threshold: int | None = None,
    on_note: Callable[[str], None] = note,
) -> Path:
    """Pictures of what the feature maps of a method's network hold for some pairs; the path of the page about them.

    With `run`, the results of its `methods` are also placed among the real images by t-SNE of `features`. Raises
    InputError for a method whose network cannot be inspected, and for options that do not go together.
    """
    from inpaint_bench.runner.folder import open_run

    command, where = _extension(method, "inspect", "be inspected"), open_device(device)
    if run is None and methods:
        raise InputError("methods names the results of a run to place; name the run with --run.")
    opened = open_run(Path(run)) if run else None
    known = _inspected_dataset(opened, dataset, data, targets, masks, mask_threshold)
    results = (opened, as_names(methods), features) if opened else None
    chosen = _inspected_pairs(known, as_names(pairs), limit)
    page: Path = command.inspect_method(method, known, chosen, weights or {}, results, where, Path(out), on_note)
    return page


def _extension(method: str, package: str, can: str) -> Any:
    """The command module of a package that a method's baseline may have. Raises InputError where it has none."""
    known = {name: f"{baseline.package}.{package}" for name, (baseline, _) in find_baselines().items()}
    there = {name: module for name, module in known.items() if find_spec(module) is not None}
    if method not in there:
        raise InputError(f"no method that can {can} is called '{method}'. {did_you_mean(method, there)}")
    return import_module(f"{there[method]}.command")


def _inspected_dataset(
    run: Any,
    name: str,
    data: AnyPath | None,
    targets: AnyPath | None,
    masks: AnyPath | None,
    mask_threshold: int | None,
) -> "Dataset":
    from inpaint_bench.data import datasets

    folder, images, holes = (as_path(path) for path in (data, targets, masks))
    if (images is None) != (holes is None):
        raise InputError("targets and masks go together: one folder of images, one of masks of the same names.")
    if mask_threshold is not None and (run is not None or images is None):
        raise InputError("a mask threshold goes with targets and masks of your own, without a run.")
    if run is not None:
        if name:
            raise InputError(
                f"the run {run.path} has a dataset of its own, {run.info.protocol.name}; leave out --dataset."
            )
        of_run = datasets.of_run(run.info.protocol, run.pairs, folder, (images, holes))
        return replace(of_run, fingerprint=run.info.fingerprint)
    if images and holes:
        if name:
            raise InputError("dataset and targets cannot be combined: give one of them.")
        opened = datasets.open_folders(images, holes, mask_threshold)
        if opened.rule:
            note(f"{opened.rule}.")
        return datasets.see(opened, jobs=1)
    return datasets.open_dataset(name or "sample", folder)


def _inspected_pairs(dataset: "Dataset", names: Sequence[str], limit: int | None) -> "list[Pair]":
    """The pairs that are named, or the first so many."""
    if not names:
        return list(dataset.pairs[: limit or SHOWN])
    if limit is not None:
        raise InputError("pairs and limit cannot be combined: give one of them.")
    known = {pair.pair: pair for pair in dataset.pairs}
    if strangers := [name for name in names if name not in known]:
        raise InputError(
            f"pairs: {dataset.page.name} has no pair '{strangers[0]}'. {did_you_mean(strangers[0], known)}"
        )
    return [known[name] for name in names]
