"""Models of several files that were fetched, each with a note beside its folder, COMMIT.json: the hash of each file."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.weights.models import COMMIT, REPO, ModelId, models_dir

FileName = Annotated[str, msgspec.Meta(pattern=r"^([a-z][a-z0-9_]{0,40}/)?(?!\.)[^/\\\x00]{1,255}\Z")]


class FetchedFile(Schema, frozen=True):
    """A file as it was fetched."""

    size: int  # bytes
    sha256: str


class ModelNote(Schema, frozen=True):
    """The note beside a model's folder."""

    schema: Literal[1]
    repo: Annotated[str, msgspec.Meta(pattern=rf"^{REPO}\Z")]
    method: str
    licence: str
    added: str  # YYYY-MM-DD
    files: dict[FileName, FetchedFile]


@dataclass(frozen=True)
class FetchedModel:
    """A model that was fetched to this machine."""

    folder: Path

    @cached_property
    def note(self) -> ModelNote:
        """What was fetched. Raises InputError where the note is missing or cannot be read."""
        return _read_note(note_path(self.folder))

    def state(self, name: str) -> str:
        """'here', 'missing', or how much of a file there is; its bytes are not read."""
        path, size = self.folder / name, self.note.files[name].size
        found = path.stat().st_size if path.is_file() else None
        if found is None:
            return "missing"
        return "here" if found == size else f"{found} of {size} bytes"

    def verify(self, name: str) -> str:
        """The hash of a file; raises HashError where it changed since it was fetched, InputError where it is gone."""
        path, fetched = self.folder / name, self.note.files[name].sha256
        again = f"Remove {self.folder}, and fetch the model again."
        if not path.is_file():
            raise InputError(f"{path}: the file is missing. {again}")
        if (found := files.file_sha256(path)) != fetched:
            raise HashError(f"{path}: hash {found[:12]}; {fetched[:12]} was fetched. {again}")
        return found


def note_path(folder: Path) -> Path:
    """The file of the note on a model's folder."""
    return folder.with_name(f"{folder.name}.json")


def write_note(model: ModelId, commit: str, method: str, staging: Path, stated: Mapping[str, str]) -> None:
    """Note the files that were fetched to a folder; of those whose SHA-256 the hub `stated`, it was checked already."""
    found = {}
    for path in sorted(path for path in staging.rglob("*") if path.is_file()):
        name = path.relative_to(staging).as_posix()
        found[name] = FetchedFile(path.stat().st_size, stated.get(name) or files.file_sha256(path))
    note = ModelNote(1, model.repo, method, model.licence, datetime.date.today().isoformat(), found)
    path = note_path(models_dir(model) / commit)
    files.write_whole(path, msgspec.json.format(msgspec.json.encode(note), indent=1) + b"\n")


def fetched_models() -> Iterator[FetchedModel]:
    """Every model that was fetched here, with or without its note."""
    for folder in sorted((files.weights_dir() / "models").glob("*/*")):
        if COMMIT.fullmatch(folder.name) and folder.is_dir():
            yield FetchedModel(folder)


def _read_note(path: Path) -> ModelNote:
    try:
        return decode.json(files.read_bytes(path, 1 << 20), ModelNote)  # type: ignore[no-any-return]
    except FileNotFoundError as error:
        raise InputError(
            f"{path.with_suffix('')}: no note says what was fetched. Remove it, and fetch again."
        ) from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not the note of a model ({error}). Remove it and the folder beside it.") from error
