"""Weights fetched from where their authors publish them: planned, licensed, quarantined, locked, converted."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench import files
from inpaint_bench.api import fetching_models
from inpaint_bench.api.arguments import AnyPath, Methods, as_path
from inpaint_bench.api.fetching_models import WantedModel
from inpaint_bench.api.progress import note
from inpaint_bench.api.weights import convert, keep, known_dataset, learned, origin_of
from inpaint_bench.data import photographs
from inpaint_bench.data.datasets import open_page
from inpaint_bench.data.protocols import page_names, read_page
from inpaint_bench.errors import HashError, IncompleteError, InputError
from inpaint_bench.fetch import get
from inpaint_bench.fetch import mirrors as mirroring
from inpaint_bench.fetch.get import Got
from inpaint_bench.fetch.mirrors import Wanted
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.entries import split_methods
from inpaint_bench.metrics.features.weight_files import file_of
from inpaint_bench.metrics.registry import extractors
from inpaint_bench.weights import lock, store

if TYPE_CHECKING:
    from inpaint_bench.methods.card import MethodCard, Published


@dataclass(frozen=True)
class WantedWeights:
    """The weights of a method for a dataset, as its card lists them."""

    method: str
    dataset: str  # its name
    page: str  # what was given: a name, or the path of a page of one's own
    published: "Published"
    here: bool

    @property
    def given(self) -> str:
        """The dataset as `weights add` takes it: by its name, or by the path of a page of one's own."""
        own = self.page.endswith(".toml") and read_page(Path(self.page)).name == self.dataset
        return self.page if own else self.dataset

    def __str__(self) -> str:
        named = [file.file or "a file" for file in self.published.files]
        return f"{self.method} for {self.dataset}: {', '.join(named)}; licence of the weights: {self.published.licence}"


@dataclass(frozen=True)
class FetchedWeights:
    """Weights that are here now."""

    method: str
    dataset: str
    path: Path
    fetched: bool  # by this call
    unpinned: tuple[str, ...]  # files that nobody has stated a hash of; their hashes are in `lock`
    lock: Path


def wanted_weights(method: str, dataset: str | None = None, baselines: AnyPath | None = None) -> WantedWeights:
    """What a method's card says of its weights for a dataset, which can be left out where there is only one.

    Raises InputError for an unknown name, and for a dataset for which the authors publish no weights.
    """
    card = learned(method, baselines)[1]
    published = list(dict.fromkeys(one.dataset for one in card.weights))
    if not published:
        own = "they ship with the package" if card.ships else "train it, and add yours with `inpaint-bench weights add`"
        raise InputError(f"{method}: no weights are published; {own}.")
    if dataset is None and len(published) > 1:
        raise InputError(
            f"{method}: weights are published for {', '.join(published)}. Say for which: {method} DATASET."
        )
    page = dataset or published[0]
    name = _trained_on(page, card)
    found = card.published(name)
    if found is None:
        raise InputError(f"{method}: no weights are published for {name}; there are some for {', '.join(published)}.")
    return WantedWeights(method, name, page, found, store.is_here(method, name))


def _trained_on(dataset: str, card: "MethodCard") -> str:
    """The dataset whose weights serve for one: its own where some are published, else those that its page names."""
    if dataset not in page_names() and not dataset.endswith(".toml") and not photographs.named(dataset):
        return known_dataset(dataset, card)
    page, _ = open_page(dataset)
    return page.name if card.published(page.name) else page.weights_of or page.folder


def weights_for_dataset(
    dataset: str, methods: Iterable[str] | None = None, baselines: AnyPath | None = None
) -> list[WantedWeights]:
    """What is published for a dataset of the methods that learn: of all, or of those named that have no weights here.

    Raises InputError for an unknown dataset.
    """
    open_page(dataset)
    found = []
    for method, (_, card) in find_baselines(as_path(baselines)).items():
        name = _trained_on(dataset, card)
        if (methods is None or method in methods) and (published := card.published(name)):
            here = store.is_here(method, name)
            if methods is None or not (here or card.ships):
                found.append(WantedWeights(method, name, dataset, published, here))
    return found


def weights_for_run(
    methods: Methods, dataset: str, weights: Mapping[str, str], baselines: AnyPath | None = None
) -> list[WantedWeights]:
    """What is published for a dataset of the baselines' methods that a run names, and is neither here nor given.

    Raises InputError for an unknown dataset.
    """
    brought = _named(methods)
    own = {name for name in brought if name in weights or "*" in weights}
    named = {str(given) for name, given in brought.items() if isinstance(given, str) and name not in own}
    return [one for one in weights_for_dataset(dataset, named, baselines) if not one.here]


def models_for_run(methods: Methods, weights: Mapping[str, str], baselines: AnyPath | None = None) -> list[WantedModel]:
    """The models of several files that a run's methods need and that are neither here nor given."""
    entries = [(name, entry) for name, entry in _named(methods).items() if isinstance(entry, str)]
    return fetching_models.models_for_run(entries, weights, baselines)


def fetch_for_run(
    methods: Methods, dataset: str, weights: Mapping[str, str], baselines: AnyPath | None, accept_licence: bool
) -> None:
    """Fetch what `weights_for_run` and `models_for_run` list.

    Raises InputError for licences that are not accepted, and what fetching raises.
    """
    wanted, large = weights_for_run(methods, dataset, weights, baselines), models_for_run(methods, weights, baselines)
    if (wanted or large) and not accept_licence:
        listed = "; ".join(map(str, [*wanted, *large]))
        raise InputError(f"nothing was fetched: accept the licences first (accept_licence=True). {listed}.")
    for one in wanted:
        fetch_weights(one, baselines=baselines)
    for model in large:
        fetching_models.fetch_model(model)


def _named(methods: Methods) -> dict[str, object]:
    """The methods of a run by name, each with what it names: itself, or the rest of its entry."""
    entries = split_methods(methods) if isinstance(methods, str) else methods or ()
    return dict(entries) if isinstance(entries, Mapping) else dict(map(_entry, entries))


def _entry(entry: str) -> tuple[str, str]:
    """A name and what it names: itself, or what follows '='."""
    name, equals, rest = entry.partition("=")
    return name, rest if equals else name


def extractors_for_dataset(dataset: str) -> list[str]:
    """The feature extractors of a protocol's metrics that have a weights file of their own."""
    return [name for name in extractors(open_page(dataset)[0].metrics) if is_extractor(name)]


def is_extractor(name: str) -> bool:
    """Whether a feature extractor with a weights file of its own is called so."""
    return file_of(name) is not None


def fetch_weights(
    wanted: WantedWeights,
    mirrors: Sequence[str] = (),
    lock_file: AnyPath | None = None,
    baselines: AnyPath | None = None,
) -> FetchedWeights:
    """Fetch a method's weights for a dataset, unless they are here, and convert them as `add_weights` does.

    Nothing counts before its size, hash, names and shapes are right. A file whose hash nobody has stated is noted in
    the lock file, and must be the same the next time. `mirrors` are files, folders or URLs of the user's own, in place
    of the card's sources. Whoever calls has accepted the licence, `wanted.published.licence`.
    Raises IncompleteError where no source gives a file, HashError for another file than the stated or locked one, and
    InputError as `add_weights` does.
    """
    store.refuse_homeless()
    locked = as_path(lock_file) or lock.lock_path(wanted.page)
    path = store.weights_path(wanted.method, wanted.dataset)
    if store.is_here(wanted.method, wanted.dataset):
        origin = store.read_origin(path.with_suffix(".json"))
        lock.agree(locked, lock.entries_of(origin))
        return FetchedWeights(wanted.method, wanted.dataset, path, False, origin.unpinned, locked)
    folder = files.cache_dir() / "fetched" / f"{wanted.method}-{wanted.dataset}"
    with files.locked(folder):
        origin = _fetched(wanted, folder, mirrors, locked, baselines)
    shutil.rmtree(folder, ignore_errors=True)
    return FetchedWeights(wanted.method, wanted.dataset, path, True, origin.unpinned, locked)


def _fetched(
    wanted: WantedWeights, folder: Path, mirrors: Sequence[str], locked: Path, baselines: AnyPath | None
) -> store.Origin:
    """The note on the weights, once every file has come and counts as what was published."""
    parts = mirroring.wanted(wanted.published.files, mirrors)
    came = _all_files(wanted, parts, folder)
    try:
        return _accepted(wanted, came, locked, baselines)
    except (HashError, InputError):  # fetch it again at the next call: the host may have mended it
        for name in came:
            (folder / name).unlink(missing_ok=True)
        raise


def _accepted(wanted: WantedWeights, came: Mapping[str, Got], locked: Path, baselines: AnyPath | None) -> store.Origin:
    """Convert files that came, compare them with the lock file, and store them."""
    state, notes = convert(
        wanted.method, wanted.published.given({name: one.path for name, one in came.items()}), baselines
    )
    for sentence in notes:
        note(sentence)
    paths, fetched = [one.path for one in came.values()], {name: one.source for name, one in came.items()}
    origin = origin_of(wanted.method, wanted.dataset, state, paths, wanted.published, fetched)
    entries = lock.entries_of(origin)
    lock.refuse_other(locked, entries)
    keep(origin, state, paths, baselines)
    lock.agree(locked, entries)
    return origin


def _all_files(wanted: WantedWeights, parts: Sequence[Wanted], folder: Path) -> dict[str, Got]:
    """Every file by name. Raises IncompleteError for those that no source gave, after the others have come."""
    named = " ".join(wanted.published.opened or [part.file.file or "FILE" for part in parts])
    then = f"Then: `inpaint-bench weights add {wanted.method} {wanted.given} {named}`."
    came, missing = {}, []
    for part in parts:
        try:
            came[part.file.file] = get.have(part, folder, note, then)
        except IncompleteError as error:
            missing.append(str(error))
    if missing:
        raise IncompleteError(" ".join(dict.fromkeys(missing)))
    return came
