"""Zip archives, of `torch.save` and of people who pack files: their bounds, and the checksum of every entry."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase

from inpaint_bench.errors import BenchError, InputError

MOST_DIRECTORY = 16 << 20  # bytes of the list of entries: some 200,000 of them
END, END_SIZE = b"PK\x05\x06", 22
LOCATOR, LOCATOR_SIZE = b"PK\x06\x07", 20
END_64 = b"PK\x06\x06"
BLOCK = 1 << 20


class DamagedArchiveError(ValueError):
    """An archive that is cut off or was changed."""


@contextmanager
def opened(file: BufferedIOBase, where: str, most: int = MOST_DIRECTORY) -> Iterator[zipfile.ZipFile]:
    """A zip archive whose list of entries takes at most so many bytes.

    Raises InputError for a longer one, and DamagedArchiveError for an archive that is broken.
    """
    if (size := _directory_size(file)) > most:
        raise InputError(f"{where}: its list of entries takes {size} bytes; allowed: {most}.")
    whole = file.seek(0, 2)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names):
                raise DamagedArchiveError("two entries have one name")
            if not all(0 <= entry.header_offset < whole for entry in archive.infolist()):
                raise DamagedArchiveError("an entry begins outside the file")
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, UnicodeDecodeError) as error:
        raise DamagedArchiveError(str(error)[:200]) from error
    except RuntimeError as error:  # a password is needed
        raise DamagedArchiveError(str(error)[:200]) from error
    except (BenchError, DamagedArchiveError):
        raise
    except ValueError as error:  # whatever else a list of entries that is none makes zipfile raise
        raise DamagedArchiveError(str(error)[:200]) from error


def _directory_size(file: BufferedIOBase) -> int:
    """Bytes of the list of entries, as the end of the archive says."""
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - END_SIZE - LOCATOR_SIZE))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_SIZE:
        raise DamagedArchiveError("it is cut off")
    found: int = struct.unpack_from("<L", tail, at + 12)[0]
    if at >= LOCATOR_SIZE and tail[at - LOCATOR_SIZE : at].startswith(LOCATOR):
        (place,) = struct.unpack_from("<Q", tail, at - LOCATOR_SIZE + 8)
        file.seek(min(place, size))
        entry = file.read(56)
        if entry.startswith(END_64) and len(entry) == 56:
            found = struct.unpack_from("<Q", entry, 40)[0]
    return found


def check_entries(archive: zipfile.ZipFile) -> None:
    """Read every entry to its end. Raises DamagedArchiveError, with its name, where its checksum is another one."""
    for entry in archive.infolist():
        try:
            with archive.open(entry) as data:
                while data.read(BLOCK):
                    pass
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DamagedArchiveError(
                f"the checksum of {entry.filename[:80]!r} is wrong ({str(error)[:100]})"
            ) from error


def unpacked_size(archive: zipfile.ZipFile) -> int:
    """Bytes of all entries as they are once unpacked."""
    return sum(entry.file_size for entry in archive.infolist())


def is_stored(archive: zipfile.ZipFile) -> bool:
    """Whether no entry is compressed."""
    return all(
        entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
        for entry in archive.infolist()
    )
