"""Models of several files, fetched from the Hugging Face hub: listed, checked against the hub's hashes, pinned."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.api.arguments import AnyPath, as_path
from inpaint_bench.api.progress import note
from inpaint_bench.errors import InputError
from inpaint_bench.fetch import get, hub
from inpaint_bench.fetch.sources import HuggingFace, RemoteFile
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.entries import unquoted
from inpaint_bench.weights import fetched_models, models
from inpaint_bench.weights.models import ModelId


@dataclass(frozen=True)
class WantedModel:
    """A model of the hub that a method runs with."""

    method: str
    model: ModelId

    @property
    def here(self) -> bool:
        """Whether it was fetched, or lies in the hub's own cache."""
        return models.find_model(self.model) is not None

    def __str__(self) -> str:
        page = f"{hub.HUB}/{self.model.repo}"
        terms = f"; its terms are accepted on {page}" if self.model.gated else ""
        licence = f"see {page}" if self.model.licence == models.NOT_STATED else self.model.licence
        return f"{self.method}: the model {self.model}; licence of the model: {licence}{terms}"


@dataclass(frozen=True)
class FetchedModel:
    """A model that is here now."""

    path: Path
    commit: str
    fetched: bool  # by this call


def wanted_model(method: str, given: str | None = None, baselines: AnyPath | None = None) -> WantedModel | None:
    """The model of a method, or the one that is given by its id; None for a method with other weights.

    Raises InputError for an id that is none, and where a method has no model of its own and none is given.
    """
    found = find_baselines(as_path(baselines)).get(method)
    if found is None or found[1].model is None:
        return None
    own = found[1].model
    model = models.parse_id(given) if given else own
    if model is None or not model.repo:
        raise InputError(f"{method}: name a model of the hub, ORG/NAME or ORG/NAME@REVISION.")
    return WantedModel(method, own if model == ModelId(own.repo, own.revision) else model)


def models_for_run(
    entries: Iterable[tuple[str, str]], given: Mapping[str, str], baselines: AnyPath | None
) -> list[WantedModel]:
    """The models that a run's methods need and that are not here.

    `entries` are names with what they name, `given` the weights by method: a folder, or a model's id.
    """
    known = {name: card.model for name, (_, card) in find_baselines(as_path(baselines)).items() if card.model}
    found = []
    for name, entry in entries:
        kind, _, target = entry.partition(":")
        target = unquoted(target) or given.get(name, "")
        if kind not in known or (target and parse(target) is None):  # a folder: whoever opens it says what is wrong
            continue
        wanted = wanted_model(kind, target or None, baselines) if target or known[kind].repo else None
        if wanted is not None and not wanted.here:
            found.append(wanted)
    return found


def parse(target: str) -> ModelId | None:
    """The model that is named by its id; None for what is on this disk, or no id."""
    return None if files.expanded(target).exists() else models.parse_id(target)


def fetch_model(wanted: WantedModel) -> FetchedModel:
    """Fetch a model, unless it is here: the files that are loaded, each with the size and hash that the hub states.

    A branch is pinned to the commit that it is at this moment. What a broken attempt left is used by the next. Whoever
    calls has accepted the licence. Raises IncompleteError where the hub does not give a file, HashError for a file that
    is not what the hub states, and InputError for a model that runs code of its own or has pickled weights only.
    """
    model = wanted.model
    if (here := models.find_model(model)) is not None:
        return FetchedModel(here, models.pinned(model) or here.name, False)
    files.refuse_homeless("models", "INPAINT_BENCH_WEIGHTS")
    note(f"Listing {model} on the Hugging Face hub")
    listing = hub.listing(model.repo, models.pinned(model) or model.revision)
    folder = models.models_dir(model) / listing.commit
    staging = folder.with_name(f".fetching-{listing.commit}")
    with files.locked(staging):
        if not (folder / models.INDEX).is_file():
            _fetch(model, listing, staging)
            stated = {name: one.sha256 for name, one in listing.files.items()}
            fetched_models.write_note(model, listing.commit, wanted.method, staging, stated)
            disk.rename(staging, folder)
    if listing.commit != model.revision:
        files.write_whole(models.pin_path(model), f"{listing.commit}\n".encode())
    return FetchedModel(folder, listing.commit, True)


def _fetch(model: ModelId, listing: hub.Listing, staging: Path) -> None:
    index = _fetch_file(model, listing, models.INDEX, staging)
    pipeline = models.read_index(files.read_bytes(index, models.MOST_INDEX), f"{model}/{models.INDEX}")
    for name in models.loaded_files(listing.files, pipeline):
        _fetch_file(model, listing, name, staging)
    for rest in (*staging.rglob(".*.source"), *staging.rglob("*.parts"), staging / ".lock"):
        shutil.rmtree(rest, ignore_errors=True) if rest.is_dir() else rest.unlink(missing_ok=True)


def _fetch_file(model: ModelId, listing: hub.Listing, name: str, staging: Path) -> Path:
    if name not in listing.files:
        raise InputError(f"{model}: the hub lists no {name} of it: it is not a model that diffusers saved.")
    part, _, file = name.rpartition("/")
    stated = listing.files[name]
    source = HuggingFace(model.repo, name, listing.commit)
    remote = RemoteFile(file, (source,), size=stated.size or None, sha256=stated.sha256)
    folder = staging / part if part else staging
    disk.make_folder(folder)
    return get.get(remote, folder, note)
