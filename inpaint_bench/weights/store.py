"""The store of weights: METHOD/DATASET.safetensors under `$INPAINT_BENCH_WEIGHTS`, each with a note of its origin."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.weights.base import Weights, open_weights


class Origin(Schema, frozen=True):
    """The note beside a weights file: METHOD/DATASET.json."""

    schema: Literal[1]
    method: str
    dataset: str
    sha256: str  # of our file
    sources: dict[str, str]  # the authors' file names and their SHA-256
    licence: str
    added: str  # YYYY-MM-DD
    tensors: str = ""  # the hash of `tensors_sha256`
    unpinned: tuple[str, ...] = ()  # of the authors' files, those whose hash nobody has stated, or that have another
    fetched: dict[str, str] = msgspec.field(
        default_factory=dict
    )  # of the authors' files those that were fetched, and from where


def weights_path(method: str, dataset: str) -> Path:
    """The file of a method's weights for a dataset."""
    return files.weights_dir() / method / f"{dataset}.safetensors"


def find_weights(method: str, dataset: str) -> Weights | None:
    """A method's weights for a dataset; None if there are none here."""
    path = weights_path(method, dataset)
    return open_weights(path, _unpinned(path)) if path.is_file() else None


def _unpinned(path: Path) -> tuple[str, ...]:
    """The authors' files behind a weights file of the store whose hash nobody has stated; itself if it has no note."""
    try:
        return read_origin(path.with_suffix(".json")).unpinned
    except (InputError, FileNotFoundError):
        return (path.name,)


def refuse_homeless() -> None:
    """Raise InputError where weights would lie in the cache of a user without a home, which ends with the process."""
    files.refuse_homeless("weights", "INPAINT_BENCH_WEIGHTS")


def is_here(method: str, dataset: str) -> bool:
    """Whether weights were added, with their note."""
    path = weights_path(method, dataset)
    return path.is_file() and path.with_suffix(".json").is_file()


def origins() -> list[Origin]:
    """The notes of all weights files that were added here. Raises InputError for one that cannot be read."""
    found = []
    for path in sorted(files.weights_dir().glob("*/*.json")):
        try:
            found.append(read_origin(path))
        except FileNotFoundError as error:
            raise InputError(f"{path}: a link to nothing. Add the weights again.") from error
    return found


def state(origin: Origin) -> str:
    """'here', or 'missing' where only the note of a weights file is."""
    return "here" if weights_path(origin.method, origin.dataset).is_file() else "missing"


def read_origin(path: Path) -> Origin:
    """The note of a weights file. Raises FileNotFoundError, and InputError for one that cannot be read."""
    try:
        return decode.json(files.read_bytes(path), Origin)  # type: ignore[no-any-return]
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not the note of a weights file ({error}). Add the weights again.") from error


def verify(origin: Origin, try_load: Callable[[Weights], object]) -> None:
    """Raise HashError if a file changed since it was added, and InputError if it is gone or no longer loads."""
    path = weights_path(origin.method, origin.dataset)
    if not path.is_file():
        raise InputError(f"{path}: the file is missing, though its note is here. Add the weights again.")
    weights = open_weights(path)
    if weights.sha256 != origin.sha256:
        raise HashError(f"{path}: hash {weights.sha256[:12]}; {origin.sha256[:12]} was added. Add the weights again.")
    try_load(weights)
