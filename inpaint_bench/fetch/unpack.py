"""Archives from elsewhere: what they hold, and chosen entries of them unpacked, each to a path that the caller chose.

No name in an archive becomes a path. An archive with a name that leads out of it, a link or a device is refused as a
whole, before anything is written, and so is one whose chosen entries are absurdly large.
"""

import contextlib
import gzip
import re
import stat
import tarfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipInfo

from inpaint_bench import files
from inpaint_bench.errors import BenchError, InputError
from inpaint_bench.fetch import archives, arrived

MOST_FILE = 1 << 26  # bytes of one unpacked file
MOST_ENTRIES = 500_000  # CelebA has 202,599 pictures
MOST_DIRECTORY = 32 << 20  # bytes of a zip archive's list of entries
MOST_RATIO = 20  # of unpacked to packed bytes; pictures hardly shrink
SMALL = 256 << 20  # bytes, unpacked, that any archive may take
MOST_HEADERS = 4 << 20  # bytes of the headers of one entry of a tar archive
BLOCK = 1 << 20
Kind = Literal["zip", "tar", "tar.gz"]
Opener = Callable[[], IO[bytes]]
Each = Generator["tuple[Entry, Opener]", None, None]

_OTHERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}


@dataclass(frozen=True)
class Entry:
    """A file in an archive, by its name with '/', and its size in bytes as the archive states it."""

    name: str
    size: int


@dataclass(frozen=True)
class Packed:
    """An archive whose names and kinds of entries were checked, and its files in the order in which they lie there."""

    path: Path
    kind: Kind
    entries: tuple[Entry, ...]


def read(path: Path) -> Packed | None:
    """What an archive holds; None for a file that is none, such as a picture or a text.

    Raises InputError for a web page, an archive of a kind that is not read, one that is damaged or cut off, and one
    with a path that leads out of it, a link, a device, or too many entries.
    """
    kind = kind_of(path)
    if kind is None:
        return None
    found = []
    with contextlib.closing(_each(path, kind)) as each:
        for entry, _ in each:
            found.append(entry)
            if len(found) > MOST_ENTRIES:
                raise InputError(f"{path}: more than {MOST_ENTRIES:,} files. Unpack it, and give the folder.")
    return Packed(path, kind, tuple(found))


def unpack(packed: Packed, chosen: Mapping[str, Path], check: Callable[[Path, str], None]) -> Iterator[Path]:
    """Write chosen entries, by their names, each whole to its path; yields the paths one by one.

    `check` looks at each file before it gets its name, and is told what to call it. What is there already with the
    same bytes stays, so a call after a killed one goes on. Raises InputError for entries that are too large, that
    are damaged, or whose path holds other bytes.
    """
    _refuse_large(packed, chosen)
    with contextlib.closing(_each(packed.path, packed.kind)) as each:
        for entry, opened in each:
            if target := chosen.get(entry.name):
                _unpack_one(packed.path, entry, opened, target, check)
                yield target


def _unpack_one(path: Path, entry: Entry, opened: Opener, target: Path, check: Callable[[Path, str], None]) -> None:
    where = f"{path}: {entry.name}"
    with _reading(path):
        source = opened()
    with source:
        blocks = _blocks(path, entry, source)
        if target.exists():
            if not _holds(target, blocks):
                raise other_bytes(target, where)
            return
        with files.written_whole(target) as temporary:
            with open(temporary, "wb") as file:
                for block in blocks:
                    file.write(block)
            check(temporary, where)


def other_bytes(target: Path, where: str) -> InputError:
    """The error for a path that holds something else than what belongs there."""
    return InputError(f"{target}: is here already, with other bytes than {where} has. Remove it, and add again.")


def _blocks(path: Path, entry: Entry, source: IO[bytes]) -> Iterator[bytes]:
    """The bytes of an entry. Raises InputError where they are damaged, or not as many as the archive states."""
    size = 0
    while True:
        with _reading(path):
            block = source.read(BLOCK)
        size += len(block)
        if size > entry.size or (not block and size < entry.size):
            raise InputError(
                f"{path}: damaged: {entry.name!r} has not the {entry.size:,} bytes stated. Fetch it again."
            )
        if not block:
            return
        yield block


def _holds(target: Path, blocks: Iterator[bytes]) -> bool:
    """Whether a file has exactly these bytes."""
    with open(target, "rb") as file:
        return all(file.read(len(block)) == block for block in blocks) and not file.read(1)


def _refuse_large(packed: Packed, chosen: Mapping[str, Path]) -> None:
    taken = [entry for entry in packed.entries if entry.name in chosen]
    for entry in taken:
        if entry.size > MOST_FILE:
            raise InputError(
                f"{packed.path}: unpacked, {entry.name!r} takes {entry.size:,} bytes; allowed: {MOST_FILE:,}. Nothing "
                "was unpacked."
            )
    size, most = sum(entry.size for entry in taken), _most(packed.path)
    if size > most:
        raise InputError(
            f"{packed.path}: unpacked, its files take {size:,} bytes; allowed: {MOST_RATIO} times what they take "
            f"packed, here {most:,}. Nothing was unpacked."
        )


def _most(path: Path) -> int:
    """Bytes that an archive may hold, unpacked."""
    return max(SMALL, MOST_RATIO * files.size_of(path, files.MOST_HASHED))


# --- kinds ----------------------------------------------------------------------------------------


def kind_of(path: Path) -> Kind | None:
    """The kind of archive that a file is, by its first bytes; None for none. Raises InputError for a web page."""
    files.size_of(path, files.MOST_HASHED)
    head = arrived.first_bytes(path)
    if what := arrived.not_a_file(head):
        raise InputError(
            f"{path}: {what}, saved in place of the file. Open the link in a browser, and download the file itself."
        )
    for mark, name in _OTHERS.items():
        if head.startswith(mark):
            raise InputError(
                f"{path}: packed with {name}; allowed: zip, tar and tar.gz. Unpack it, and give the folder."
            )
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "tar.gz"
    with contextlib.suppress(Exception):  # whatever a header that is none makes tarfile raise
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], tarfile.ENCODING, "surrogateescape")
        return "tar"
    return None


def _each(path: Path, kind: Kind) -> Each:
    """The files in an archive, each with what opens it, in order. Raises InputError as `read` does."""
    return _of_zip(path) if kind == "zip" else _of_tar(path, kind)


def _of_zip(path: Path) -> Each:
    with open(path, "rb") as file:
        try:
            with archives.opened(file, str(path), MOST_DIRECTORY) as archive:
                for info in archive.infolist():
                    name = _plain(path, info.filename)
                    _refuse_special(path, info)
                    if not info.is_dir():
                        yield Entry(name, info.file_size), lambda info=info: archive.open(info)  # type: ignore[misc]
        except archives.DamagedArchiveError as error:
            raise _damaged(path, error) from error


def _refuse_special(path: Path, info: ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _special(path, info.filename, "a link" if kind == stat.S_IFLNK else "a device or a pipe")
    if info.flag_bits & 1 or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2):
        what = "is encrypted" if info.flag_bits & 1 else "is compressed in a way that is not read here"
        raise InputError(f"{path}: {info.filename[:80]!r} {what}. Unpack it yourself, and give the folder.")


def _of_tar(path: Path, kind: Kind) -> Each:
    with contextlib.ExitStack() as stack:
        file: Any = stack.enter_context(open(path, "rb"))
        if kind == "tar.gz":
            file = stack.enter_context(gzip.GzipFile(fileobj=file))
        bounded = _Bounded(file, _most(path))
        with _reading(path):
            archive = tarfile.open(fileobj=cast(IO[bytes], bounded), mode="r:")  # noqa: SIM115  # as long as `file`
        before = -1
        while True:
            bounded.left = MOST_HEADERS
            with _reading(path):
                member = archive.next()
                archive.members = []  # type: ignore[attr-defined]  # which tarfile would keep
            if member is None:
                return
            if member.size < 0 or member.offset <= before:
                raise InputError(f"{path}: a damaged archive ({member.name[:80]!r} has no size). Fetch it again.")
            before = member.offset
            name = _plain(path, member.name)
            if member.isdir():
                continue
            if not member.isreg() or member.sparse is not None:
                link = member.issym() or member.islnk()
                raise _special(path, member.name, "a link" if link else "a device, a pipe or a sparse file")
            bounded.left = member.size + BLOCK
            yield Entry(name, member.size), lambda member=member: archive.extractfile(member)  # type: ignore[misc]


class _Bounded:
    """The bytes of a tar archive, for tarfile, which reads headers whole, and follows sizes wherever they lead."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self.file, self.most, self.tell = file, most, file.tell
        self.left = MOST_HEADERS  # bytes that may be read until this is set anew

    def read(self, size: int = -1) -> bytes:
        """Some bytes. Raises ValueError for more than are left."""
        if not 0 <= size <= self.left:
            raise ValueError("a header is too long")
        data = self.file.read(size)
        self.left -= len(data)
        return data

    def seek(self, position: int) -> int:
        """Go to a position. Raises ValueError for one beyond what the archive may hold."""
        if not 0 <= position <= self.most:
            raise ValueError(f"it holds more than {self.most:,} bytes, unpacked")
        return self.file.seek(position)


# --- refusals -------------------------------------------------------------------------------------


def _plain(path: Path, name: str) -> str:
    """The name of an entry with '/' between folders. Raises InputError for a path that leads out of the archive."""
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or re.match("[A-Za-z]:", name):
        raise InputError(
            f"{path}: holds {name[:120]!r}, a path that leads out of the archive. Nothing was unpacked: get the "
            "archive from where its authors publish it."
        )
    return "/".join(part for part in parts if part not in ("", "."))


def _special(path: Path, name: str, what: str) -> InputError:
    return InputError(
        f"{path}: holds {name[:120]!r}, {what}; allowed: files and folders. Nothing was unpacked: get the archive from "
        "where its authors publish it."
    )


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return InputError(f"{path}: a damaged archive ({reason}). It may be cut off: fetch it again.")


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever a damaged archive makes its decoder raise is one InputError; an error of the disk stays what it is."""
    try:
        yield
    except (BenchError, gzip.BadGzipFile) as error:
        raise error if isinstance(error, BenchError) else _damaged(path, error) from error
    except OSError:
        raise
    except Exception as error:  # tarfile and zipfile parse what they find, and raise whatever that raises
        raise _damaged(path, error) from error
