"""Names of files in folders of images, masks and outputs: listed with their sub-folders, and matched."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from inpaint_bench.data.image_formats import SUFFIXES
from inpaint_bench.errors import InputError

LONGEST = 4096  # characters of a file's name with its folders


def list_files(folder: Path) -> list[str]:
    """The names of the files in a folder and its sub-folders, as 'class/1.png', sorted; hidden ones are ignored.

    Raises InputError for a folder that cannot be read or contains itself, and for names that a list cannot hold.
    """
    return sorted(_walk(folder, "", ()))


def _walk(folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[str]:
    here = folder.resolve()
    if here in above:
        raise InputError(f"{folder}: a link to a folder that contains it. Remove the link.")
    try:
        with os.scandir(folder) as found:
            entries = [(entry.name, entry.is_dir()) for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}).") from error
    for name, is_folder in entries:
        check_name(name, str(folder))
        if is_folder and not name.lower().endswith(SUFFIXES):  # a folder called a.png is a file gone wrong
            yield from _walk(folder / name, f"{prefix}{name}/", (*above, here))
        else:
            yield prefix + name


def check_name(name: str, where: str) -> None:
    """Raise InputError for a file name, with its folders, that is too long, not UTF-8, not printable, or leads out.

    `where` names the folder or list in the error.
    """
    if len(name) > LONGEST:
        raise InputError(f"{where}: the file name {name[:60]!a}… has {len(name):,} characters. Allowed: {LONGEST:,}.")
    if not name.isprintable() and any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name):
        raise InputError(f"{where}: the file name {name!a} is not UTF-8 or has control characters. Rename the file.")
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise InputError(f"{where}: '{name}' is no name of a file within its folder, as 'a.png' or 'class/a.png' is.")


def stem(name: str) -> str:
    """What image, mask and output have in common: the name with its folders, without its suffix, as composed Unicode.

    macOS stores letters with accents as two characters; composed, the names of all systems are the same.
    """
    return unicodedata.normalize("NFC", str(PurePosixPath(name).with_suffix("")))


def by_stem(names: list[str], folder: Path) -> dict[str, str]:
    """Each name by its stem. Raises InputError if two have the same."""
    stems: dict[str, str] = {}
    for name in names:
        if (other := stems.setdefault(stem(name), name)) != name:
            if PurePosixPath(other).with_suffix("") != PurePosixPath(name).with_suffix(""):
                other, name = ascii(other), f"{name!a}, which differ only in how an accent is stored,"
            raise InputError(f"{folder}: {other} and {name} have the same stem. Keep one of them.")
    return stems
