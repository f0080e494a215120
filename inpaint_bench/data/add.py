"""Adding the files of a dataset: from archives, which are checked and unpacked, and from folders, which are linked."""

import contextlib
import functools
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from inpaint_bench import disk, files
from inpaint_bench.data import images
from inpaint_bench.data.names import list_files
from inpaint_bench.data.needs import Need, needs
from inpaint_bench.data.protocols import Archive, mask_set_names
from inpaint_bench.errors import HashError, InputError, some
from inpaint_bench.fetch import unpack
from inpaint_bench.fetch.get import check_hash
from inpaint_bench.fetch.unpack import Packed

TEST_PARTITION = "2"  # of CelebA
Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Given:
    """A file or folder that was given: the names of the files in it, and the archive that it is, if it is one."""

    path: Path
    names: tuple[str, ...]
    packed: Packed | None = None
    checked: bool = False  # whether it has the hash of the published file of its name

    @functools.cached_property
    def by_base(self) -> dict[str, list[str]]:
        """The names by their last parts."""
        found = defaultdict(list)
        for name in self.names:
            found[name.rpartition("/")[2]].append(name)
        return found


def add(name: str, sources: Sequence[Path], bar: Bar, say: Callable[[str], None]) -> list[Need]:
    """Put what a dataset needs, and the sources hold, in its folders; returns what was added, which may be a part.

    Files that are here already with the same bytes stay as they are. Raises InputError for a source that holds nothing
    of the dataset or cannot be trusted, and HashError for an archive that is not the one that was published.
    """
    files.refuse_homeless("data", "INPAINT_BENCH_DATA")
    wanted = needs(name)
    given = list(_given(sources, wanted))
    used: set[Path] = set()
    added = []
    for number in range(len(wanted)):
        need = needs(name)[number]  # a mapping that says the names of the images may have come since
        for one in given:
            if chosen := find(one, need):
                used.add(one.path)
                _check_hash(one, need)
                _refuse_other_set(one, need, chosen.values())
                _place(one, need, chosen, bar, say)
                added.append(need)
    if unknown := [one.path for one in given if one.path not in used]:
        raise InputError(f"{unknown[0]}: holds nothing of {name}. {_examples(needs(name))}")
    _check_partition(needs(name))
    return [need for need in needs(name) if need in added]


def _given(sources: Iterable[Path], wanted: Sequence[Need]) -> Iterator[Given]:
    """What each source holds; an archive in a folder counts where its files are not unpacked beside it."""
    for source in sources:
        if not source.is_dir():
            yield _file(source, wanted)
            continue
        folder = Given(source, tuple(list_files(source)))
        beside = {
            archive.file
            for need in wanted
            for archive in need.archives
            if archive.file not in need.names and not find(folder, need)
        }
        yield from (_file(source / one, wanted) for one in folder.names if PurePosixPath(one).name in beside)
        if any(find(folder, need) for need in wanted) or not beside & {PurePosixPath(one).name for one in folder.names}:
            yield folder


def _file(path: Path, wanted: Sequence[Need]) -> Given:
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder.")
    unpack.kind_of(path)
    named = [(need.of, one) for need in wanted for one in need.archives if one.file == path.name and one.pinned]
    for of, archive in named:  # before anything in the file is looked at
        _refuse_other_hash(path, [archive], of)
    packed = unpack.read(path)
    names = tuple(entry.name for entry in packed.entries) if packed else (path.name,)
    return Given(path, names, packed, checked=bool(named))


def find(given: Given, need: Need) -> dict[str, str]:
    """The names of the files in a source that a dataset needs, by the names that they get.

    A file in the folder that the archive is known to have comes before others of its name. Raises InputError for two.
    """
    folders = [archive.folder for archive in need.archives if archive.folder]
    chosen = {}
    for name in need.names:
        found = [one for one in given.by_base.get(name.rpartition("/")[2], []) if f"/{one}".endswith(f"/{name}")]
        best = [one for one in found if any(f"/{one}".endswith(f"/{folder}/{name}") for folder in folders)] or found
        if len(best) > 1:
            raise InputError(
                f"{given.path}: {some(best)} are all called {name}. Give the folder alone that holds the right ones."
            )
        if best:
            chosen[name] = best[0]
    return chosen


def _refuse_other_set(given: Given, need: Need, chosen: Iterable[str]) -> None:
    """Raise InputError for masks that lie among others of their kind: NVIDIA's training set has these names too."""
    if need.of not in mask_set_names():
        return
    folders = {name.rpartition("/")[0] for name in chosen}
    numbered = (one for one in given.names if one.rpartition("/")[0] in folders and one.endswith(need.names[0][-4:]))
    if others := sorted({one.rpartition("/")[2] for one in numbered} - {*need.names}):
        raise InputError(
            f"{given.path}: holds {some(others)} beside the masks; {need.of} has {need.names[0]} to {need.names[-1]} "
            "alone, so this is another set of masks."
        )


def _examples(wanted: Sequence[Need]) -> str:
    """What the sources of a dataset are."""
    archives = dict.fromkeys(archive.file for need in wanted for archive in need.archives)
    named = [f"{need.names[0]} to {need.names[-1]}" if len(need.names) > 1 else str(*need.names) for need in wanted]
    first = next((need for need in wanted if need.holds == "mapping" and not need.here), None)
    also = f" Its images are those that {first.names[0]} names, which is not here: give that too." if first else ""
    return f"Give {' or '.join(archives)}, or files or a folder of {', '.join(filter(None, named))}.{also}"


# --- hashes ---------------------------------------------------------------------------------------


def _check_hash(given: Given, need: Need) -> None:
    """Raise HashError for an archive, or a text, that is not one of those that are published."""
    if given.packed is not None and not given.checked:
        _refuse_other_hash(given.path, need.archives, need.of)
    elif need.holds in ("partition", "mapping"):
        path = given.path / find(given, need)[need.names[0]] if given.path.is_dir() else given.path
        _refuse_other_hash(path, [one for one in need.archives if one.file in need.names], need.of)


def _refuse_other_hash(path: Path, published: Iterable[Archive], of: str) -> None:
    wrong = None
    for one in published:
        try:
            check_hash(path, one, str(path))
        except HashError as error:
            wrong = error
        else:
            return
    if wrong is not None:
        raise HashError(
            f"{wrong} It may be cut off, or packed or encoded again. `inpaint-bench datasets fetch {of}` gets the "
            "known one; if you know that its pictures are the same, unpack it and add the folder."
        ) from wrong


# --- files ----------------------------------------------------------------------------------------


def _place(given: Given, need: Need, chosen: Mapping[str, str], bar: Bar, say: Callable[[str], None]) -> None:
    """Unpack or link the chosen files of a source, by the names that they get."""
    check = functools.partial(_check, need)
    pinned = any(archive.pinned for archive in need.archives)
    if need.holds in ("images", "masks") and (given.packed is None or not pinned):
        why = "no hash of unpacked files is known" if pinned else "no hash of it is published"
        say(f"{given.path}: {why}; the {need.holds} of {need.of} are taken as they are.")
    with (
        files.only_one(need.root),
        disk.names_synced_once(need.root),
        bar(f"{need.of}, {need.holds}", len(chosen)) as step,
    ):
        if given.packed is not None:
            targets = {entry: need.folder / name for name, entry in chosen.items()}
            for _ in unpack.unpack(given.packed, targets, check):
                step(1)
            return
        for name, found in chosen.items():
            _link(given.path / found if given.path.is_dir() else given.path, need.folder / name, check)
            step(1)


def _check(need: Need, path: Path, where: str) -> None:
    """Raise InputError for a file that is not what a dataset needs."""
    if need.holds in ("images", "masks"):
        images.check_header(path, next((one.pixels for one in need.archives if one.pixels), ""), where)


def _link(source: Path, target: Path, check: Callable[[Path, str], None]) -> None:
    """A link to a file, or a copy where there are no links; what is there with the same bytes stays."""
    check(source, str(source))
    if target.exists():
        if not target.samefile(source) and files.file_sha256(target) != files.file_sha256(source):
            raise unpack.other_bytes(target, str(source))
        return
    disk.refuse_way_out(target)
    disk.make_folder(target.parent)
    with contextlib.suppress(FileNotFoundError):
        target.unlink()  # a link to nothing
    try:
        target.symlink_to(source.resolve())
        disk.sync_name(target)
    except OSError:  # a system, or a disk, without links
        with files.written_whole(target) as temporary:
            shutil.copyfile(source, temporary)


# --- CelebA's partitions --------------------------------------------------------------------------


def _check_partition(wanted: Sequence[Need]) -> None:
    """Raise InputError where CelebA's list of partitions puts an image of the pairs in another partition than test."""
    lists = [need.folder / need.names[0] for need in wanted if need.holds == "partition" and need.here]
    named = [need.names for need in wanted if need.holds == "images"]
    for path in lists:
        partitions = dict(_partitions(path))
        for name in named[0]:
            if (found := partitions.get(name)) != TEST_PARTITION:
                where = f"is in partition {found}" if found else "is in no partition"
                raise InputError(f"{path}: {name} {where}; the test partition is {TEST_PARTITION}. Get the file again.")


def _partitions(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(files.read_bytes(path).decode("utf-8", "replace").splitlines(), start=1):
        row = re.fullmatch(r"\s*([0-9]+\.jpg)\s+([0-9])\s*", line)
        if row is None:
            raise InputError(
                f"{path}: line {number} is not the name of an image and its partition. Get the file again."
            )
        yield row[1], row[2]
