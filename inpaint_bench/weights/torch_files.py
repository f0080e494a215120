"""Files of `torch.save`, read as data: checked first, then opened with `weights_only=True`.

Before torch opens a file, its checksums are compared (files of torch 1.6 and later have one an entry, earlier files
none), and its pickle is read without building anything (`pickles`): what it may name, and how much memory it takes.
"""

import io
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import torch

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.fetch import archives
from inpaint_bench.fetch.archives import DamagedArchiveError
from inpaint_bench.weights.file_kinds import ARCHIVE, OLD, what_it_is
from inpaint_bench.weights.pickles import MOST_MEMORY, DamagedError, Outline, outline

MOST_FILE = 8 << 30  # bytes
MOST_PICKLE = 32 << 20
AGAIN = "Fetch it again."
Read = Callable[[io.BufferedIOBase, str], Outline]


class ProgramError(InputError):
    """The file is a TorchScript program, not weights."""


class Inert:
    """Stands for other people's classes and functions in a file: a dictionary, where they would be called."""

    def __new__(cls, *_: object) -> OrderedDict[str, Any]:  # type: ignore[misc]  # only such may be filled by a file
        return OrderedDict()


def read_torch(
    path: Path, device: torch.device | str = "cpu", again: str = AGAIN, where: str = "", inert: Collection[str] = ()
) -> dict[str, Any]:
    """The content of a torch file by name, on a device; `again` says what to do about a damaged file.

    `where` names it in errors, if it is not its path. `inert` are the full names of other people's classes and
    functions that it may name; nothing is imported or called for them, and dictionaries stand for their objects.

    Keys that are no text are named as Python writes them. Raises InputError for a file that is missing, truncated or
    changed, holds no mapping, is of another kind (a web page, say), would run code, or needs more memory than its size
    and 1 GiB.
    """
    if not path.is_file():
        raise InputError(f"{where or path}: there is no such file.")
    try:
        files.size_of(path, MOST_FILE)
        with open(path, "rb") as file:
            return read_torch_from(file, where or str(path), device, again, inert)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{where or path}: cannot be read ({error.strerror}).") from error


def read_torch_from(
    file: io.BufferedIOBase,
    where: str,
    device: torch.device | str = "cpu",
    again: str = AGAIN,
    inert: Collection[str] = (),
) -> dict[str, Any]:
    """`read_torch` from an open file; `where` names it in errors."""
    check_torch(file, where, again, partial(outline, inert=inert))
    file.seek(0)
    try:
        with torch.serialization.safe_globals([(Inert, name) for name in inert]):
            content: object = torch.load(cast("IO[bytes]", file), map_location=device, weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise InputError(f"{where}: not a whole torch file ({type(error).__name__}). {again}") from error
    if not isinstance(content, Mapping):
        raise InputError(f"{where}: contains a {type(content).__name__}, not tensors by name.")
    return by_name(content)


def check_torch(file: io.BufferedIOBase, where: str, again: str = AGAIN, read: Read = outline) -> None:
    """Check an open torch file whole, without building anything; `read` says what its pickle may hold.

    Raises InputError as `read_torch` does.
    """
    head = file.read(512)
    try:
        if head.startswith(ARCHIVE):
            _check_archive(file, where, read)
        elif head.startswith(OLD):
            _check_old(file, where, read)
        else:
            raise InputError(f"{where}: {what_it_is(head, again)}")
    except (DamagedError, DamagedArchiveError) as error:
        raise InputError(f"{where}: not a whole torch file ({error}). {again}") from error


def by_name(content: Mapping[Any, Any]) -> dict[str, Any]:
    """A mapping whose keys are texts."""
    return {key if isinstance(key, str) else repr(key)[:80]: value for key, value in content.items()}


def _check_archive(file: io.BufferedIOBase, where: str, read: Read) -> None:
    """Compare all checksums of a file of torch 1.6 or later, and the sizes that its pickle names with what is there."""
    with archives.opened(file, where) as archive:
        names = archive.namelist()
        folder = names[0].split("/")[0] + "/" if names else ""
        if f"{folder}constants.pkl" in names:
            raise ProgramError(
                f"{where}: a TorchScript program, not weights. Run it as your own method: NAME=torchscript:FILE in "
                "--methods."
            )
        if f"{folder}data.pkl" not in names or not all(name.startswith(folder) for name in names):
            raise InputError(f"{where}: a zip archive, and not one of torch.save. Unpack it, and give the file in it.")
        if not archives.is_stored(archive) or archives.unpacked_size(archive) > file.seek(0, 2):
            raise InputError(f"{where}: its entries are compressed, which torch.save does not do. Save it again.")
        archives.check_entries(archive)
        found = _of_entry(archive, f"{folder}data.pkl", where, read)
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        for storage in found.storages.values():
            if sizes.get(f"{folder}data/{storage.key}") != storage.size:
                raise DamagedError(f"the entry {storage.key[:80]} is not as large as the file says")
        _refuse_large(found, archives.unpacked_size(archive), where)


def _of_entry(archive: zipfile.ZipFile, name: str, where: str, read: Read) -> Outline:
    if archive.getinfo(name).file_size > MOST_PICKLE:
        raise InputError(f"{where}: its pickle has more than {MOST_PICKLE} bytes. Save its tensors alone.")
    return read(io.BytesIO(archive.read(name)), where)


def _check_old(file: io.BufferedIOBase, where: str, read: Read) -> None:
    """Compare the sizes that the pickles of a file of torch before 1.6 name with what is there.

    After the magic number come the protocol, facts of the machine, the content, and the keys of the storages; then the
    storages in that order, each with its number of values. Torch would unpack a file that is a tar archive as well.
    """
    file.seek(0)
    if tarfile.is_tarfile(cast("IO[bytes]", file)):
        raise DamagedError("it is a tar archive as well")
    _magic, _protocol, _machine, content, keys = (read(file, where) for _ in range(5))
    if not isinstance(keys.result, list) or set(keys.result) != content.storages.keys():
        raise DamagedError("the list of its storages is not that of its tensors")
    if len(keys.result) != len(content.storages):
        raise DamagedError("a storage is listed twice")
    at, end = file.tell(), file.seek(0, 2)
    for key in keys.result:
        storage = content.storages[key]
        file.seek(at)
        count = file.read(8)
        if len(count) < 8 or struct.unpack("<q", count)[0] != storage.values:
            raise DamagedError(f"storage {key[:80]} is not as large as the file says")
        at += 8 + storage.size
    if at > end:
        raise DamagedError("it is cut off")
    _refuse_large(content, end, where)


def _refuse_large(found: Outline, size: int, where: str) -> None:
    """Tensors may share values, so that a small file can ask for any amount of memory."""
    if found.size > size + MOST_MEMORY:
        raise InputError(
            f"{where}: its tensors take {found.size / (1 << 30):.1f} GiB and share {size} bytes of values; "
            "allowed: 1 GiB more than the values take. Save a clone() of each tensor."
        )
