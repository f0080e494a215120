"""Weights files: added, listed, verified, fetched."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from inpaint_bench.api.arguments import AnyPath, as_path
from inpaint_bench.data.protocols import page_names, read_page
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.fetch.get import is_stated
from inpaint_bench.files import weights_dir as weights_dir
from inpaint_bench.files import within
from inpaint_bench.methods.baselines import find_baselines, loader, reader
from inpaint_bench.weights import store
from inpaint_bench.weights.base import Weights
from inpaint_bench.weights.fetched_models import fetched_models as fetched_models
from inpaint_bench.weights.store import origins as origins
from inpaint_bench.weights.store import state as state

if TYPE_CHECKING:
    from torch import Tensor

    from inpaint_bench.methods.baselines import Baseline
    from inpaint_bench.methods.card import MethodCard, Published
    from inpaint_bench.metrics.features.arniqa_files import ArniqaFolder
    from inpaint_bench.metrics.features.by_path import FileByPath
    from inpaint_bench.metrics.features.clip_folder import ClipFolder
    from inpaint_bench.metrics.features.timm_files import TimmFile


@dataclass(frozen=True)
class AddedWeights:
    """A weights file that was added."""

    path: Path
    tensors: int
    licence: str
    notes: tuple[str, ...] = ()  # on each wrapper that was taken off the authors' files


def add_weights(
    method: str, dataset: str, sources: Sequence[AnyPath], baselines: AnyPath | None = None
) -> AddedWeights:
    """Read the authors' files of a method trained on a dataset, check every name and shape, and convert them.

    `dataset` is a name, or the path of a page of one's own. Where the names fit only once a wrapper is taken off
    (`state_dict`, `module.`, `generator.`, …), it is, and `notes` says so.
    Raises InputError for an unknown dataset, and for files of another network, that are not whole, that hold values
    that are not finite, or that would run code when opened.
    """
    card = learned(method, baselines)[1]
    dataset = known_dataset(dataset, card)
    paths = [Path(source) for source in sources]
    state, notes = convert(method, paths, baselines)
    origin = origin_of(method, dataset, state, paths, card.published(dataset))
    path = keep(origin, state, paths, baselines)
    return AddedWeights(path, len(state), origin.licence, tuple(notes))


def convert(method: str, paths: Sequence[Path], baselines: AnyPath | None) -> "tuple[dict[str, Tensor], list[str]]":
    """The tensors of the authors' files by our names, and a sentence on each wrapper that was taken off."""
    from inpaint_bench.weights.containers import read_fitting
    from inpaint_bench.weights.loading import wanted_shapes

    baseline, card = learned(method, baselines)
    wanted = wanted_shapes(_loading(baseline, card))
    return read_fitting(paths, card.container, reader(baseline, card), wanted)


def _loading(baseline: "Baseline", card: "MethodCard") -> Callable[[Weights], object]:
    """What loads a method on the CPU."""
    import torch

    load = loader(baseline, card)
    return lambda weights: load(weights, torch.device("cpu"))


def origin_of(
    method: str,
    dataset: str,
    state: "dict[str, Tensor]",
    paths: Sequence[Path],
    published: "Published | None",
    fetched: Mapping[str, str] = MappingProxyType({}),
) -> store.Origin:
    """The note on tensors that were read from the files `paths`, which were fetched from where `fetched` says."""
    from inpaint_bench.weights.adding import new_origin

    stated = {file.file: file for file in published.files if file.pinned} if published else {}
    loose = [path.name for path in paths if path.name not in stated or not is_stated(path, stated[path.name])]
    licence = published.licence if published else "not stated"
    return new_origin(method, dataset, state, paths, licence, loose, fetched)


def keep(origin: store.Origin, state: "dict[str, Tensor]", paths: Sequence[Path], baselines: AnyPath | None) -> Path:
    """Store tensors as the weights that a note is of, once they load; the path of the file."""
    from inpaint_bench.weights.adding import add_weights

    return add_weights(origin, state, paths, _loading(*learned(origin.method, baselines)))


def known_dataset(dataset: str, card: "MethodCard") -> str:
    """The name of a dataset. Raises InputError for one that neither a page nor the card names."""
    if dataset.endswith(".toml"):
        return read_page(Path(dataset)).name
    known = {*page_names(), *(published.dataset for published in card.weights)}
    if dataset not in known:
        raise InputError(
            f"no dataset is called '{dataset}'. {did_you_mean(dataset, known)} "
            "A page of your own is given by its path, PAGE.toml."
        )
    return dataset


def verify_weights(baselines: AnyPath | None = None) -> Iterator[tuple[str, str, str]]:
    """Compare every file with what was added, and load it; method, dataset and hash of each as it is verified.

    Of a model of several files each is compared, and named in place of the dataset; none is loaded. Raises HashError
    for a file that changed, InputError for one that is gone.
    """
    for origin in origins():
        baseline, card = learned(origin.method, baselines)
        within(weights_dir() / origin.method, origin.dataset, "dataset")
        store.verify(origin, _loading(baseline, card))
        yield origin.method, origin.dataset, origin.sha256
    for model in fetched_models():
        for name in model.note.files:
            yield model.note.method, f"{model.note.repo}/{name}", model.verify(name)


def extractor_file(name: str) -> "FileByPath | TimmFile | ClipFolder | ArniqaFolder":
    """The weights file of a feature extractor that no package carries. Raises InputError for an unknown name."""
    from inpaint_bench.metrics.features.timm_specs import SPECS
    from inpaint_bench.metrics.features.weight_files import INCEPTION, file_of

    found = file_of(name)
    if found is None:
        near = did_you_mean(name, [*INCEPTION, *SPECS, "clip", "arniqa"])
        raise InputError(f"no extractor with a file of its own is called '{name}'. {near} Or timm/MODEL.")
    return found


def learned(method: str, baselines: AnyPath | None) -> "tuple[Baseline, MethodCard]":
    """A method that learns: its baseline and card. Raises InputError for any other name."""
    known = {
        name: found
        for name, found in find_baselines(as_path(baselines)).items()
        if found[1].learned and found[1].model is None
    }
    if method not in known:
        raise InputError(f"no method with weights is called '{method}'. {did_you_mean(method, known)}")
    return known[method]
