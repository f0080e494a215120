"""CLIP with both of its towers, a folder as transformers saves one: found by path, added, or fetched from the hub.

Its files are read as data, weights from safetensors only, and nothing is asked of a network unless `fetch` is called.
"""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.errors import HashError, IncompleteError, InputError
from inpaint_bench.metrics.features.packages import lacks
from inpaint_bench.metrics.features.timm_files import hash_of

WEIGHTS = "model.safetensors"
WANTED = ("config.json", WEIGHTS)
ONE_OF = (("preprocessor_config.json", "processor_config.json"), ("tokenizer.json", "vocab.json"))
MORE = ("merges.txt", "special_tokens_map.json", "tokenizer_config.json")
LOADED = (*WANTED, *(name for names in ONE_OF for name in names), *MORE)
INSTALL = "pip install 'inpaint-bench[diffusers]'"
MOST_FILE = 4 << 30  # bytes


@dataclass(frozen=True)
class ClipFolder:
    """A CLIP model of the Hugging Face hub."""

    extractor: str  # what `weights fetch` calls it
    repo: str
    variable: str  # environment variable that may name the folder

    def kept(self) -> Path:
        """The folder of our copy: extractors/clip in the folder of weights."""
        return files.weights_dir() / "extractors" / self.extractor

    def pinned(self) -> str:
        """The commit that was fetched first; '' where none was. Raises HashError where its note holds none."""
        note = self.kept().with_suffix(".commit")
        if not note.is_file():
            return ""
        commit = files.read_bytes(note, 1000).decode("utf-8", "replace").strip()
        if not re.fullmatch("[0-9a-f]{40}", commit):
            raise HashError(f"{note}: holds no commit. Remove it, and fetch the model again.")
        return commit

    def path(self) -> Path | None:
        """Find the folder: named by the variable, else our copy."""
        named = os.environ.get(self.variable)
        path = Path(named) if named else self.kept()
        return path if path.is_dir() else None

    def absent(self) -> str:
        """Why the model cannot be opened and how to fix it, or ''."""
        if path := self.path():
            return _incomplete(path) or lacks("transformers", INSTALL)
        if named := os.environ.get(self.variable):
            return f"{named}, which {self.variable} names, is no folder. Name that of {self.repo}."
        return (
            f"the model {self.repo} is not here. Fetch it: inpaint-bench weights fetch {self.extractor}; or name its "
            f"folder: {self.variable}=FOLDER"
        )

    def found(self) -> Path:
        """The folder. Raises InputError, which says how to fix it, where the model cannot be opened."""
        path, reason = self.path(), self.absent()
        if path is None or reason:
            raise InputError(reason)
        return path

    @property
    def sha256(self) -> str:
        """A SHA-256 over the names and bytes of the files that are loaded. Raises as `found` does."""
        folder = self.found()
        return files.sha256("".join(f"{name} {hash_of(folder / name)}\n" for name in _loaded(folder)).encode())

    def add(self, source: Path) -> Path:
        """Copy a folder's files into the folder of weights. Raises InputError where it is no whole model."""
        _refuse_homeless()
        if not source.is_dir():
            raise InputError(f"{source}: there is no such folder. Give the folder of {self.repo}.")
        if reason := _incomplete(source):
            raise InputError(reason)
        for name in _loaded(source):
            files.write_whole(self.kept() / name, files.read_bytes(source / name, MOST_FILE))
        return self.kept()

    def fetch(self, say: Callable[[str], None]) -> Path:
        """Fetch the files from the hub, each with the size and hash that it states, and pin the commit.

        Raises IncompleteError where one does not come, HashError where one is not what the hub states.
        """
        from inpaint_bench.fetch import get, hub
        from inpaint_bench.fetch.sources import HuggingFace, RemoteFile

        _refuse_homeless()
        say(f"Listing {self.repo} on the Hugging Face hub; licence: see {hub.HUB}/{self.repo}")
        listing = hub.listing(self.repo, self.pinned() or "main")
        if WEIGHTS not in listing.files:
            raise IncompleteError(f"{self.repo} holds no {WEIGHTS} at {listing.commit[:12]}.")
        staging = self.kept().with_name(f".fetching-{listing.commit}")
        with files.locked(staging):
            for name in (name for name in LOADED if name in listing.files):
                stated = listing.files[name]
                source = HuggingFace(self.repo, name, listing.commit)
                get.get(RemoteFile(name, (source,), stated.size or None, stated.sha256), staging, say)
            for rest in (*staging.glob(".*.source"), *staging.glob("*.parts"), staging / ".lock"):
                shutil.rmtree(rest) if rest.is_dir() else rest.unlink(missing_ok=True)
            disk.rename(staging, self.kept())
        files.write_whole(self.kept().with_suffix(".commit"), f"{listing.commit}\n".encode())
        return self.kept()


CLIP = ClipFolder("clip", "openai/clip-vit-large-patch14", "INPAINT_BENCH_CLIP")


def clip_signature() -> str:
    """The start of the hash of CLIP's files; '' where it is not here."""
    return "" if CLIP.absent() else CLIP.sha256[:8]


def _loaded(folder: Path) -> list[str]:
    return sorted(name for name in LOADED if (folder / name).is_file())


def _incomplete(folder: Path) -> str:
    """The sentence that a folder lacks a file; '' where it lacks none."""
    there = _loaded(folder)
    missing = [name for name in WANTED if name not in there]
    missing += [" or ".join(names) for names in ONE_OF if not {*names} & {*there}]
    return f"{folder}: lacks {', '.join(missing)}, and is no whole CLIP model. Fetch it again." if missing else ""


def _refuse_homeless() -> None:
    files.refuse_homeless("models", "INPAINT_BENCH_WEIGHTS")
