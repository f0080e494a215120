"""Files of a folder that change together: after a kill at any moment all are the old ones, or all the new ones.

They are written into `.accepting/writing` of the folder, which is renamed to `.accepting/complete` once every one is
there. From then on they count: they are moved to their places one by one, by the same process or by the next that
opens the folder. What was not complete is removed.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.errors import InputError

FOLDER = ".accepting"


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lock a folder for a change of its files, and first end the change that a killed process left halfway.

    Raises InputError where another process changes it or it is not writable, IncompleteError where the disk is full.
    """
    journal, new = folder / FOLDER, not folder.exists()
    if journal.is_symlink():
        raise InputError(f"{journal}: is a link, and a folder is needed. Remove it.")
    with files.only_one(journal), disk.confined(folder):
        _settle(folder)
        try:
            yield
        finally:
            shutil.rmtree(journal / "writing", ignore_errors=True)
            _remove_if_done(journal, folder if new else None)


def finish(folder: Path) -> None:
    """End a change that a killed process left halfway, if there is one.

    Raises InputError where another process is at it, and where it counts but the folder is not writable.
    """
    journal = folder / FOLDER
    if not journal.is_dir():
        return
    if os.access(folder, os.W_OK):
        with alone(folder):
            pass
    elif (journal / "complete").is_dir():
        raise InputError(
            f"{folder}: accepting results was interrupted here. Run `inpaint-bench gate` once where this folder is "
            "writable, which finishes it."
        )


def write_together(folder: Path, held: Mapping[str, bytes]) -> None:
    """Write files by their paths in the folder, all or none. To be called within `alone`; raises what it raises."""
    journal = folder / FOLDER
    for name, data in held.items():
        disk.refuse_way_out(folder / name)
        files.write_whole(journal / "writing" / name, data)
    disk.rename(journal / "writing", journal / "complete")
    _settle(folder)


def _settle(folder: Path) -> None:
    journal = folder / FOLDER
    complete, writing = journal / "complete", journal / "writing"
    try:
        if complete.is_dir() and not complete.is_symlink():
            _move_all(complete, folder)
            shutil.rmtree(complete)
        if writing.is_dir() and not writing.is_symlink():
            shutil.rmtree(writing)
    except OSError as error:
        raise files.cannot_write(journal, error) from error


def _move_all(source: Path, target: Path) -> None:
    """Move every file to the same place below another folder; no link is followed."""
    for parent, _, names in os.walk(source):
        into = target / Path(parent).relative_to(source)
        for name in sorted(names):
            disk.refuse_way_out(into / name)
            disk.make_folder(into)
            disk.rename(Path(parent) / name, into / name)


def _remove_if_done(journal: Path, new: Path | None) -> None:
    """Remove a journal that is empty, and the folder if nothing came into a new one."""
    with contextlib.suppress(OSError):
        if not (journal / "complete").exists():
            (journal / ".lock").unlink()
            journal.rmdir()
            if new:
                new.rmdir()
