"""weights.lock.toml: the hashes of files that nobody has stated one for, as they were when they were first fetched.

It lies in the folder of weights, or beside a protocol page of one's own, so that it can be published with the page:
whoever fetches with it gets the same weights or an error.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
import tomli_w

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.fetch.sources import FileName, Sha256
from inpaint_bench.weights.store import Origin

NAME = "weights.lock.toml"
MOST_BYTES = 1 << 22
HEAD = """# Hashes of weights for which nobody has stated one, as they were first fetched: others are refused.
# Keep it with a protocol page. A hash that you can confirm belongs in the method's card.
"""


class Locked(Schema, frozen=True):
    """One fetched file."""

    method: str
    dataset: str
    file: FileName
    sha256: Sha256
    tensors: Sha256  # over the names, shapes, kinds and values of all tensors of the method for the dataset
    source: str  # where it came from
    fetched: str  # YYYY-MM-DD

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is an entry of."""
        return (self.method, self.dataset, self.file)


class Lock(Schema, frozen=True):
    """weights.lock.toml."""

    schema: Literal[1]
    weights: tuple[Locked, ...] = ()


def lock_path(dataset: str) -> Path:
    """The lock file for a dataset: beside a page of one's own, else in the folder of weights."""
    return (Path(dataset).parent if dataset.endswith(".toml") else files.weights_dir()) / NAME


def read(path: Path) -> dict[tuple[str, str, str], Locked]:
    """The entries of a lock file by method, dataset and file; none where there is no file.

    Raises InputError for one that is broken or holds an entry twice.
    """
    try:
        lock: Lock = decode.toml(files.read_bytes(path, MOST_BYTES), Lock)
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not a lock file of weights ({error}). Restore it, or remove it.") from error
    found = {one.key: one for one in lock.weights}
    if len(found) != len(lock.weights):
        raise InputError(f"{path}: holds a file of a method twice. Remove one of the entries.")
    return found


def entries_of(origin: Origin) -> list[Locked]:
    """What a lock file keeps of weights: the files whose hash nobody has stated."""
    return [
        Locked(
            origin.method, origin.dataset, name, origin.sources[name], origin.tensors,
            origin.fetched.get(name, "added by hand"), origin.added,
        )
        for name in origin.unpinned
    ]  # fmt: skip


def agree(path: Path, entries: Iterable[Locked]) -> None:
    """Note what a lock file does not have yet. Raises what `refuse_other` and `files.write_whole` raise."""
    entries = list(entries)
    refuse_other(path, entries)
    known = read(path)
    if new := {one.key: one for one in entries if one.key not in known}:
        write(path, (known | new).values())


def write(path: Path, entries: Iterable[Locked]) -> None:
    """Write a lock file. Raises what `files.write_whole` raises."""
    ordered = [msgspec.to_builtins(one) for one in sorted(entries, key=lambda one: one.key)]
    files.write_whole(path, (HEAD + "\n" + tomli_w.dumps({"schema": 1, "weights": ordered})).encode())


def refuse_other(path: Path, entries: Iterable[Locked]) -> None:
    """Raise HashError, which names the file, where a file or its tensors are not what the lock file says."""
    known = read(path)
    for one in entries:
        before = known.get(one.key)
        if before is None or before.sha256 == one.sha256:
            continue
        inside = "its tensors are the same" if before.tensors == one.tensors else "its tensors are others too"
        raise HashError(
            f"{one.file}: this file of {one.method} for {one.dataset} has the sha256 {one.sha256[:12]}; {path} says "
            f"{before.sha256[:12]} (fetched on {before.fetched} from {before.source}), and {inside}. The file was "
            "exchanged. Find out which is the authors'; if it is this one, remove the entry from the lock file."
        )
