"""Weight files of timm's models, as extractors: found by path, added from disk, or fetched from timm's repositories.

Nobody states a hash of them. The first file that is fetched or added is noted in weights.lock.toml and must be the
same ever after; the hash of the file that was used is in every signature. Nothing here imports torch or timm until a
file is added or fetched.
"""

import datetime
import functools
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import HashError, IncompleteError, InputError
from inpaint_bench.metrics.features.packages import lacks

PREFIX = "timm/"
MODEL = r"[a-z][a-z0-9_]{0,99}(?:\.[a-z0-9][a-z0-9_]{0,59})?"  # architecture.tag; it becomes part of file names
INSTALL = "pip install timm"
MOST_FILE = 4 << 30  # bytes
PUBLISHED = ("model.safetensors", "pytorch_model.bin")  # in timm's repositories, the first that is there


def model_of(extractor: str) -> str | None:
    """The model that an extractor called timm/NAME is; None for any other name."""
    found = re.fullmatch(f"{PREFIX}({MODEL})", extractor)
    return found[1] if found else None


def file_name(extractor: str) -> str:
    """An extractor's name in the names of files: 'timm-NAME' of 'timm/NAME', any other as it is."""
    return extractor.replace("/", "-")


def extractor_of(name: str) -> str:
    """The extractor that a name in the name of a file belongs to: the inverse of `file_name`."""
    found = re.fullmatch(f"{PREFIX[:-1]}-({MODEL})", name)
    return PREFIX + found[1] if found else name


@dataclass(frozen=True)
class TimmFile:
    """The weights of one model of timm, on this disk or to be fetched."""

    model: str

    @property
    def extractor(self) -> str:
        """The extractor that is the model as it is: timm/NAME."""
        return PREFIX + self.model

    @property
    def variable(self) -> str:
        """The environment variable that may name the file."""
        return "INPAINT_BENCH_TIMM_" + self.model.replace(".", "_").upper()

    def kept(self) -> Path:
        """The path of our copy: extractors/ in the folder of weights."""
        folder = files.weights_dir() / "extractors"
        return _first(folder / f"{file_name(self.extractor)}{suffix}" for suffix in (".safetensors", ".pth"))

    def path(self) -> Path | None:
        """Find the file: named by the variable, else our copy."""
        named = os.environ.get(self.variable)
        path = Path(named) if named else self.kept()
        return path if path.is_file() else None

    def absent(self) -> str:
        """Why the network cannot be opened and how to fix it, or ''."""
        if self.path():
            return lacks("timm", INSTALL)
        if named := os.environ.get(self.variable):
            wrong = "is a folder, not a file" if Path(named).is_dir() else "is not there"
            return f"{named}, which {self.variable} names, {wrong}. Name the weights of timm's {self.model}."
        return (
            f"the weights of timm's {self.model} are not here. Fetch them: inpaint-bench weights fetch "
            f"{self.extractor}; or name their file: {self.variable}=FILE"
        )

    def found(self) -> Path:
        """The path of the file. Raises InputError, which says how to fix it, where the network cannot be opened.

        Raises HashError where our copy is not the file that was fetched or added.
        """
        path, reason = self.path(), self.absent()
        if path is None or reason:
            raise InputError(reason)
        if path == self.kept():
            self._refuse_other(path)
        return path

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file. Raises as `found` does."""
        return hash_of(self.found())

    def add(self, source: Path) -> Path:
        """Copy a file into the folder of weights, once it loads into the model, and note its hash.

        Raises InputError for a file that is missing, damaged, or of another network, and HashError for another one
        than the one that was noted before.
        """
        return self._keep(source, "added by hand")

    def fetch(self, say: Callable[[str], None]) -> Path:
        """Fetch the file from the repository that timm names, into the folder of weights, and note its hash.

        Raises IncompleteError where it does not come, and HashError for another file than what the repository states,
        or than the one that was noted before.
        """
        if reason := lacks("timm", INSTALL):
            raise InputError(reason)
        from inpaint_bench.fetch import hub
        from inpaint_bench.fetch.get import get
        from inpaint_bench.fetch.sources import HuggingFace, RemoteFile
        from inpaint_bench.metrics.features.timm_models import config_of
        from inpaint_bench.weights.store import refuse_homeless

        refuse_homeless()
        config = config_of(self.model)
        then = f"Then: `inpaint-bench weights add-extractor {self.extractor} FILE`."
        if not config.hf_hub_id:
            raise IncompleteError(f"timm names no repository of {self.model}. {then}")
        say(f"Listing {config.hf_hub_id} on the Hugging Face hub; licence as timm states it: {config.license or '-'}")
        listing = hub.listing(config.hf_hub_id, "main")
        name = next((name for name in PUBLISHED if name in listing.files), None)
        if name is None:
            raise IncompleteError(f"{config.hf_hub_id} holds neither {' nor '.join(PUBLISHED)}. {then}")
        source = HuggingFace(config.hf_hub_id, name, listing.commit)
        stated = listing.files[name]
        published = RemoteFile(name, (source,), stated.size or None, stated.sha256)
        folder = files.cache_dir() / "fetched" / file_name(self.extractor)
        with files.locked(folder):
            came = get(published, folder, say, then)
            try:
                return self._keep(came, str(source))
            finally:
                came.unlink()

    def _keep(self, source: Path, where: str) -> Path:
        if reason := lacks("timm", INSTALL):
            raise InputError(reason)
        from inpaint_bench.metrics.features.timm_models import load_model, state_of
        from inpaint_bench.weights import lock
        from inpaint_bench.weights.adding import tensors_sha256
        from inpaint_bench.weights.store import refuse_homeless

        refuse_homeless()
        state = state_of(source, self.model)
        network = load_model(self.model, state, str(source))  # names, shapes and values fit, or it raises
        where += "; DINOv2's own names" * (state.keys() != network.state_dict().keys())
        today = datetime.date.today().isoformat()
        sha256 = hash_of(source)
        entry = lock.Locked(self.extractor, "extractor", "weights", sha256, tensors_sha256(state), where, today)
        lock.agree(lock.lock_path(""), [entry])
        with open(source, "rb") as file:
            suffix = ".safetensors" if file.read(9)[8:] == b"{" else ".pth"
        kept = self.kept().with_name(f"{file_name(self.extractor)}{suffix}")
        files.write_whole(kept, files.read_bytes(source, MOST_FILE))
        if self.kept() != kept:  # of the other kind, from before the entry was taken out of the lock file
            self.kept().unlink()
        return kept

    def _refuse_other(self, path: Path) -> None:
        """Raise HashError where our copy is another file than the lock file notes."""
        from inpaint_bench.weights import lock

        noted = lock.read(lock.lock_path("")).get((self.extractor, "extractor", "weights"))
        if noted is not None and noted.sha256 != hash_of(path):
            raise HashError(
                f"{path}: hash {hash_of(path)[:12]} instead of {noted.sha256[:12]}, which {lock.lock_path('')} notes. "
                f"Delete it, and fetch it again: inpaint-bench weights fetch {self.extractor}."
            )


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, computed once for each state of it."""
    found = path.stat()
    return _hashed(path, found.st_size, found.st_mtime_ns)


@functools.cache
def _hashed(path: Path, size: int, changed: int) -> str:
    return files.file_sha256(path)


def _first(paths: Iterable[Path]) -> Path:
    """The first of several files that is there, else the first."""
    listed = list(paths)
    return next((path for path in listed if path.is_file()), listed[0])
