"""Data of datasets: added from disk, fetched, and what of them is here."""

import functools
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inpaint_bench import files
from inpaint_bench.api.arguments import AnyPath
from inpaint_bench.api.progress import note, progress_bar, warn
from inpaint_bench.data import add
from inpaint_bench.data.needs import Need, State, lacking, state
from inpaint_bench.data.protocols import Archive, mask_set_names
from inpaint_bench.errors import IncompleteError, InputError
from inpaint_bench.fetch.get import get
from inpaint_bench.fetch.sources import Http, from_text

__all__ = ["AddedData", "Fetching", "State", "add_dataset", "fetch_dataset", "state", "to_fetch"]


@dataclass(frozen=True)
class AddedData:
    """Files of a dataset that were added: how many there are now, of how many, and where."""

    of: str  # a dataset, or a set of masks
    holds: str  # images, masks, partition or mapping
    here: int
    count: int
    folder: Path

    def __str__(self) -> str:
        what = self.holds if self.count > 1 else f"file ({self.holds})"
        return f"{self.folder}: {self.here:,} of {self.count:,} {what} of {self.of}"


@dataclass(frozen=True)
class Fetching:
    """What a dataset lacks here: files that can be fetched, and sentences on those that only a person can get."""

    licences: tuple[str, ...]
    files: tuple[Archive, ...]
    by_hand: tuple[str, ...]


def add_dataset(name: str, sources: Sequence[AnyPath], quiet: bool = False) -> list[AddedData]:
    """Put the files of a dataset, or of a set of masks, where runs find them: archives are checked and unpacked, files
    of folders linked.

    `name` is a dataset, the path of a page of one's own, or a set of masks. Raises InputError for a source that holds
    nothing of it or cannot be trusted, and HashError for another archive than the published one.
    """
    bar = functools.partial(progress_bar, quiet=quiet)
    return [_added(need) for need in add.add(name, [files.expanded(one) for one in sources], bar, note)]


def _added(need: Need) -> AddedData:
    return AddedData(need.of, need.holds, need.here, need.count, need.folder)


def to_fetch(name: str, source: str | None = None) -> Fetching:
    """What `fetch_dataset` would fetch, and under which licences. Raises InputError for an unknown name."""
    found = [] if _is_complete(name) else lacking(name)
    archives = {one.file: one for need in found for one in need.archives}
    automatic = _of_mirror(name, archives, source) if source else archives
    automatic = {file: one for file, one in automatic.items() if not one.by_hand}
    by_hand = {one.file: _by_hand(need, one) for need in found for one in need.archives if one.file not in automatic}
    fetched = [need for need in found if source or any(one.file in automatic for one in need.archives)]
    licences = dict.fromkeys(f"Licence of {need.of}: {need.licence}" for need in fetched)
    return Fetching(tuple(licences), tuple(automatic.values()), tuple(by_hand.values()))


def _of_mirror(name: str, archives: dict[str, Archive], source: str) -> dict[str, Archive]:
    """The files that the URL of a mirror has, which ends in '/' or in the name of one; none of a path on this disk."""
    if from_text(source) is None:
        return {}
    base, _, file = source.rpartition("/")
    if file and file not in archives:
        known = ", ".join(archives) or "nothing"
        raise InputError(
            f"{source}: {name} lacks {known}. Give the URL of that, or of a folder of it, which ends in '/'."
        )
    return {
        key: msgspec.structs.replace(one, sources=(Http(f"{base}/{key}"),))
        for key, one in archives.items()
        if file in ("", key)
    }


def _by_hand(need: Need, archive: Archive) -> str:
    """Where a person gets a file, and what to do with it."""
    where = " or ".join(map(str, archive.sources))
    add_it = f"inpaint-bench datasets add {need.of} {archive.file}"
    return f"The {need.holds} of {need.of}: get {archive.file} from {where}; then `{add_it}`, or its folder."


def fetch_dataset(
    name: str, accept_licence: bool = False, source: str | None = None, keep: bool = False, quiet: bool = False
) -> list[AddedData]:
    """Fetch what a dataset lacks here, and add it; a call after one that was cut off goes on.

    `source` is a file or folder, or the URL of a mirror, in place of the published sources. The archives lie in the
    folder `_archives` beside the data, and are removed once all are unpacked, unless `keep`. Raises InputError without
    `accept_licence`, IncompleteError where files are missing afterwards, and HashError as `add_dataset` does.
    """
    wanted = to_fetch(name, source)
    if not accept_licence and (wanted.files or source):
        raise InputError(f"{' '.join(wanted.licences)}: give accept_licence=True to accept that.")
    files.refuse_homeless("data", "INPAINT_BENCH_DATA")
    if source and from_text(source) is None and wanted.licences:
        added, failed = add_dataset(name, [source], quiet), list[str]()
    else:
        added, failed = _fetched(name, wanted.files, keep, quiet)
    if not _is_complete(name):
        lacks = ", ".join(map(str, lacking(name)))
        why = f"{name}: {lacks} here." if lacks else state(name).lacks
        raise IncompleteError(" ".join([why, *failed, *wanted.by_hand]))
    for sentence in failed:
        warn(sentence)
    return added


def _fetched(name: str, archives: Sequence[Archive], keep: bool, quiet: bool) -> tuple[list[AddedData], list[str]]:
    """What was fetched and added, and a sentence for each file that was not."""
    folder = files.data_dir() / "_archives" / Path(name).stem
    added: list[AddedData] = []
    failed: list[str] = []
    with files.only_one(folder) if archives else nullcontext():
        for archive in archives:
            then = f"Then: inpaint-bench datasets add {name} {archive.file}."
            try:
                path = get(archive, folder, note, then)
            except IncompleteError as error:
                failed.append(str(error))
                continue
            added += add_dataset(name, [path], quiet)
            if not keep:
                path.unlink()
    if not keep and not failed:
        shutil.rmtree(folder, ignore_errors=True)
    return added, failed


def _is_complete(name: str) -> bool:
    """Whether nothing of a dataset, or of a set of masks, is missing here."""
    return not lacking(name) if name in mask_set_names() else state(name).state == "complete"
