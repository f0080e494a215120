"""Weights that people pack in a zip archive: unpacked in the cache folder, within bounds, while they are read."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.fetch import archives
from inpaint_bench.weights.file_kinds import ARCHIVE

MOST_FILES = 20
MOST_SIZE = 8 << 30  # bytes, unpacked
SMALL = 256 << 20  # bytes, unpacked, that any archive may take
MOST_RATIO = 20  # of unpacked to packed bytes; weights hardly shrink
SUFFIXES = {".pth", ".pt", ".ckpt", ".pkl", ".bin", ".tar"}


@contextmanager
def unzipped(path: Path) -> Iterator[dict[Path, Path]]:
    """The torch files of a path, and where their bytes lie: itself, unless it is an archive of such files.

    A file of an archive is named as if the archive were a folder. Raises InputError for an archive without torch
    files, or above the bounds.
    """
    with files.scratch("unzipped") as folder:
        yield _files_in(path, folder) or {path: path}


def _files_in(path: Path, folder: Path) -> dict[Path, Path]:
    """The torch files of an archive, unpacked into a folder; none where the path is no such archive."""
    with open(path, "rb") as file:
        if not file.read(4).startswith(ARCHIVE):
            return {}
        try:
            with archives.opened(file, str(path)) as archive:
                return {
                    path / entry.filename: _unpacked(archive, entry, folder / str(number))
                    for number, entry in enumerate(_torch_files(archive, path))
                }
        except archives.DamagedArchiveError as error:
            raise InputError(f"{path}: not a whole torch file ({error}). Fetch it again.") from error


def _torch_files(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """The entries to unpack; none of an archive that is itself a torch file."""
    if any(name.count("/") == 1 and name.endswith("/data.pkl") for name in archive.namelist()):
        return []
    found = [
        entry
        for entry in archive.infolist()
        if PurePosixPath(entry.filename).suffix in SUFFIXES and "__MACOSX" not in entry.filename
    ]
    size, packed = sum(one.file_size for one in found), sum(one.compress_size for one in found)
    if len(found) > MOST_FILES or size > min(MOST_SIZE, max(SMALL, MOST_RATIO * packed)):
        raise InputError(
            f"{path}: unpacked, it takes {size} bytes in {len(found)} torch files; allowed: {MOST_FILES} files, "
            f"{MOST_SIZE} bytes, and {MOST_RATIO} times what they take packed. Unpack it, and give the file itself."
        )
    return found


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path) -> Path:
    with archive.open(entry) as packed, open(to, "wb") as file:
        shutil.copyfileobj(packed, file, archives.BLOCK)
    return to
