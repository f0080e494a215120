"""What a dataset needs on this machine: which files, in which folder, from which archives; and what of it is here."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Literal, TypeAlias

from inpaint_bench import files
from inpaint_bench.data import datasets, pair_lists
from inpaint_bench.data.protocols import (
    Archive,
    Holds,
    MaskSet,
    Protocol,
    mask_set_names,
    page_names,
    page_path,
    read_mask_set,
    read_page,
)
from inpaint_bench.errors import InputError, did_you_mean

Names: TypeAlias = Callable[[], tuple[str, ...]]


@dataclass(frozen=True)
class Need:
    """Files that a dataset needs: images, masks, or a text that says which images are meant."""

    of: str  # what `datasets add` and `fetch` call it: a dataset, or a set of masks
    holds: Holds
    listed: Names = field(compare=False)  # reads `names`, for which a list of pairs may have to be read
    count: int
    folder: Path  # where they go
    root: Path  # what is locked while they are written
    archives: tuple[Archive, ...]  # what they are published as
    licence: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files; none where a mapping says them that is not here."""
        return self.listed()

    @property
    def here(self) -> int:
        """How many of the files are here."""
        return count_here(self.folder, self.names) if self.folder.is_dir() else 0

    @property
    def complete(self) -> bool:
        """Whether all of the files are here."""
        return self.here == self.count and self.count == len(self.names)

    def __str__(self) -> str:
        if self.holds in ("partition", "mapping"):
            return f"{'' if self.here else 'no '}{', '.join(self.names)}"
        return f"{self.here:,} of {self.count:,} {self.holds}" if self.here else f"no {self.holds}"


def count_here(folder: Path, names: Iterable[str]) -> int:
    """How many files of these names, with their sub-folders, are in a folder; a link to nothing is none."""
    by_folder = defaultdict(set)
    for name in names:
        within, _, base = name.rpartition("/")
        by_folder[within].add(base)
    return sum(len(named & _file_names(folder / within)) for within, named in by_folder.items())


def _file_names(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as found:
            return {entry.name for entry in found if entry.is_file()}
    except OSError:
        return set()


def needs(name: str) -> list[Need]:
    """What a dataset, by name or page, or a set of masks needs, in the order in which it is added.

    Raises InputError for an unknown name, a dataset that ships, and a page without a list of pairs that needs one.
    """
    if name in mask_set_names():
        return [_of_mask_set(read_mask_set(name))]
    if not name.endswith(".toml") and name not in page_names():
        known = [*page_names(), *mask_set_names()]
        raise InputError(f"no dataset and no set of masks is called '{name}'. {did_you_mean(name, known)}")
    path = page_path(name)
    page = read_page(path)
    if page.data:
        raise InputError(f"{page.name}: its data lie beside its page, in {path.parent / page.data}: nothing is added.")
    return _of_page(page, path)


def _of_mask_set(found: MaskSet) -> Need:
    folder = files.data_dir() / found.name
    about = found.about
    return Need(
        found.name, "masks", lambda: found.file_names, found.count, folder, folder, about.archives, about.licence
    )


def _of_page(page: Protocol, path: Path) -> list[Need]:
    of = page.folder
    about = page.about if of == page.name else read_page(page_path(of)).about
    root = files.data_dir() / of

    def need(holds: Holds, names: Names, count: int, folder: Path) -> Need:
        archives = tuple(one for one in about.archives if one.holds == holds)
        return Need(of, holds, names, count, folder, root, archives, about.licence)

    found = []
    for holds in ("partition", "mapping"):
        for one in about.archives:
            if one.holds == holds:
                name = one.file if holds == "partition" else page.images.mapping
                found.append(need(one.holds, partial(tuple, [name]), 1, root))
    listed = _listed(page, path, root)
    found.append(need("images", lambda: listed()[0], page.count, root / page.images_in))
    if page.masks.set in mask_set_names():
        found.append(_of_mask_set(read_mask_set(page.masks.set)))
    elif page.masks.set == "folder":
        found.append(need("masks", lambda: listed()[1], len(listed()[1]), root / "masks"))
    return found


def _listed(page: Protocol, path: Path, root: Path) -> Callable[[], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Reads the names of a page's images and masks, each once, from its list of pairs or its mapping.

    Raises InputError where there is neither.
    """
    listed = path.with_name(f"{path.stem}.pairs.csv")
    if listed.is_file():
        return partial(_names_in, listed, listed.stat().st_mtime_ns)
    if not page.images.mapping:
        raise InputError(
            f"{listed}: there is no such list of pairs, so that nobody knows which images are meant. Put them in "
            f"{root / 'images'} yourself."
        )
    return partial(_names_by, root / page.images.mapping, page.images.first)


def _names_by(mapping: Path, first: int | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the images that a mapping says, if it is here."""
    numbers = datasets.test_numbers(mapping) if mapping.is_file() else []
    return tuple(f"{number}.jpg" for number in sorted(numbers)[:first]), ()


@cache
def _names_in(listed: Path, changed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the images and of the masks in a list of pairs of a time of change."""
    pairs = pair_lists.read_csv(listed)
    return tuple(dict.fromkeys(one.image for one in pairs)), tuple(sorted({one.mask for one in pairs}))


# --- what is here ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """Whether the data of a dataset are here."""

    dataset: str
    state: Literal["complete", "partial", "missing"]
    folder: Path  # of the images
    here: str = ""  # what is here and what is missing, in words; '' where it is complete
    lacks: str = ""  # why it cannot be used, as a sentence; '' where it is complete
    mend: str = ""  # the command that mends it


def state(name: str) -> State:
    """What of a dataset is here, and the command that mends what is missing. Raises InputError for an unknown name."""
    page, _ = datasets.open_page(name)
    try:
        opened = datasets.open_dataset(name, None)
    except InputError as error:
        return _lacking(page, name, str(error))
    images, masks = ({getattr(pair, one) for pair in opened.pairs} for one in ("image", "mask"))
    data = opened.data
    masks_here = page.drawn or count_here(data.masks, masks) == len(masks)
    if count_here(data.images, images) == len(images) and masks_here:
        return State(page.name, "complete", data.images)
    return _lacking(page, name, f"{data.images}: some of the files are links to nothing. Add the data again.")


def lacking(name: str) -> list[Need]:
    """What of a dataset, or a set of masks, is not here, in the order in which it is added; raises as `needs` does."""
    if name in mask_set_names():
        return [need for need in needs(name) if not need.complete]
    page = read_page(page_path(name))
    return [need for need in needs(name) if not _complete(page, need)]


def _lacking(page: Protocol, name: str, why: str) -> State:
    """The state of a dataset that cannot be used, and why."""
    folder = files.data_dir() / page.folder / "images"
    try:
        found = [need for need in lacking(name) if need.holds != "partition"]
    except InputError:  # it ships, or is a page of one's own without a list of pairs
        mend = "pip install --force-reinstall inpaint-bench" if page.data and name in page_names() else ""
        return State(page.name, "missing", folder, "missing", why, mend)
    if not found:
        return State(page.name, "partial", folder, "not usable", why, f"inpaint-bench datasets show {name}")
    first = next((need for need in found if need.archives), None)
    mend = f"inpaint-bench datasets fetch {first.of if first.holds == 'masks' else name}" if first else ""
    if any(need.holds == "images" and not need.here for need in found):
        return State(page.name, "missing", folder, "missing", why, mend)
    return State(page.name, "partial", folder, ", ".join(map(str, found)), why, mend)


def _complete(page: Protocol, one: Need) -> bool:
    """Whether a need is met, where masks may lie in another place that a dataset is read from."""
    folders = datasets.mask_folders(page, files.data_dir() / page.folder) if one.holds == "masks" else []
    return one.complete or any(count_here(folder, one.names) == one.count for folder in folders)
