"""Weights files: added, listed, verified, fetched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench.api.arguments import AnyPath, as_path
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.files import weights_dir as weights_dir
from inpaint_bench.files import within
from inpaint_bench.methods.baselines import find_baselines, loader, reader
from inpaint_bench.weights import store
from inpaint_bench.weights.containers import read_container

if TYPE_CHECKING:
    import pandas as pd

    from inpaint_bench.methods.baselines import Baseline
    from inpaint_bench.methods.card import MethodCard
    from inpaint_bench.metrics.features.by_path import FileByPath


@dataclass(frozen=True)
class AddedWeights:
    """A weights file that was added."""

    path: Path
    tensors: int
    licence: str


def add_weights(
    method: str, dataset: str, sources: Sequence[AnyPath], baselines: AnyPath | None = None
) -> AddedWeights:
    """Read the authors' files of a method trained on a dataset, check every name and shape, and convert them.

    Raises InputError for files of another network, that are not whole, or that would run code when opened.
    """
    import torch

    baseline, card = _learned(method, baselines)
    within(weights_dir() / method, dataset, "dataset")
    paths = [Path(source) for source in sources]
    state = read_container(paths, card.container, reader(baseline, card))
    licence = next((one.licence for one in card.weights if one.dataset == dataset), "not stated")
    load = loader(baseline, card)
    added = store.add_weights(method, dataset, state, paths, licence, lambda found: load(found, torch.device("cpu")))
    return AddedWeights(added, len(state), licence)


def list_weights() -> "pd.DataFrame":
    """One row a file that was added: method, dataset, day, licence, and the files it came from with their hashes."""
    import pandas as pd

    rows = [(one.method, one.dataset, one.added, one.licence, one.sha256, dict(one.sources)) for one in store.origins()]
    return pd.DataFrame(rows, columns=["method", "dataset", "added", "licence", "sha256", "sources"])


def verify_weights(baselines: AnyPath | None = None) -> Iterator[tuple[str, str, str]]:
    """Compare every file with what was added, and load it; method, dataset and hash of each as it is verified.

    Raises HashError for a file that changed.
    """
    import torch

    for origin in store.origins():
        baseline, card = _learned(origin.method, baselines)
        within(weights_dir() / origin.method, origin.dataset, "dataset")
        load = loader(baseline, card)
        store.verify(origin, lambda found, load=load: load(found, torch.device("cpu")))  # type: ignore[misc]
        yield origin.method, origin.dataset, origin.sha256


def extractor_file(name: str) -> "FileByPath":
    """The weights file of a feature extractor that no package carries. Raises InputError for an unknown name."""
    from inpaint_bench.metrics.features.weight_files import INCEPTION

    if name not in INCEPTION:
        raise InputError(f"no extractor with a file of its own is called '{name}'. {did_you_mean(name, INCEPTION)}")
    return INCEPTION[name]


def _learned(method: str, baselines: AnyPath | None) -> "tuple[Baseline, MethodCard]":
    known = {name: found for name, found in find_baselines(as_path(baselines)).items() if found[1].learned}
    if method not in known:
        raise InputError(f"no method with weights is called '{method}'. {did_you_mean(method, known)}")
    return known[method]
