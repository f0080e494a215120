"""Sources of a user's own, in place of the published ones: files, folders and URLs (`--from`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.fetch.sources import Http, RemoteFile, from_text


@dataclass(frozen=True)
class Wanted:
    """A file to have: fetched from the sources of `file`, or already on this disk."""

    file: RemoteFile
    path: Path | None = None


def wanted(published: Sequence[RemoteFile], mirrors: Sequence[str]) -> list[Wanted]:
    """The published files, each with its sources or, where mirrors are given, with that of the mirror that has it.

    A mirror is a file or a URL of the same name, a folder or a URL ending in '/' that holds it, or whatever it is
    called where only one file is published. Raises InputError for a file that no mirror has.
    """
    if not mirrors:
        return [Wanted(file) for file in published]
    return [_of_mirror(file, mirrors, len(published) == 1) for file in published]


def _of_mirror(file: RemoteFile, mirrors: Sequence[str], only: bool) -> Wanted:
    for mirror in mirrors:
        url = from_text(mirror)
        if url is None:
            path = files.expanded(mirror)
            inside = path / file.file if file.file else path
            if path.is_dir() and inside.is_file():
                return _named(file, inside)
            if not path.is_dir() and (path.name == file.file or (only and len(mirrors) == 1)):
                if not path.is_file():
                    raise InputError(f"{path}: there is no such file.")
                return _named(file, path)
        elif mirror.endswith("/") and file.file:
            return Wanted(msgspec.structs.replace(file, sources=(Http(mirror + file.file),)))
        else:
            name = unquote(PurePosixPath(urlsplit(mirror).path).name)
            if name == file.file or (only and len(mirrors) == 1):
                return Wanted(msgspec.structs.replace(file, file=file.file or name, sources=(url,)))
    raise InputError(f"{file.file or 'the file'} is in none of {', '.join(mirrors)}. Give a file, folder or URL of it.")


def _named(file: RemoteFile, path: Path) -> Wanted:
    return Wanted(file if file.file else msgspec.structs.replace(file, file=path.name), path)
