"""The two files of ARNIQA, as its authors publish them: found by path, added from disk, or fetched and pinned.

The encoder is a file of tensors. The regressor is a TorchScript program; its two tensors are read from the archive as
data, and nothing in it runs.
"""

import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics.features.timm_files import hash_of

ENCODER, REGRESSOR = "ARNIQA.pth", "regressor_koniq10k.pth"
URL = "https://github.com/miccunifi/ARNIQA/releases/download/weights/"
MOST_FILE = 1 << 30  # bytes


@dataclass(frozen=True)
class ArniqaFolder:
    """The folder with both files."""

    extractor: str = "arniqa"  # what `weights fetch` calls it
    variable: str = "INPAINT_BENCH_ARNIQA"  # environment variable that may name the folder

    def kept(self) -> Path:
        """The folder of our copy: extractors/arniqa in the folder of weights."""
        return files.weights_dir() / "extractors" / "arniqa"

    def absent(self) -> str:
        """Why ARNIQA cannot be opened and how to fix it, or ''."""
        folder = self._folder()
        missing = [name for name in (ENCODER, REGRESSOR) if not (folder / name).is_file()]
        if missing and os.environ.get(self.variable):
            return f"{folder}, which {self.variable} names, lacks {' and '.join(missing)}. Put both files there."
        return (
            f"{' and '.join(missing)} of ARNIQA are not here. Fetch them: inpaint-bench weights fetch arniqa; or name "
            f"their folder: {self.variable}=FOLDER"
            if missing
            else ""
        )

    def found(self) -> Path:
        """The folder. Raises InputError where a file is missing, HashError where our copy has changed."""
        if reason := self.absent():
            raise InputError(reason)
        if not os.environ.get(self.variable):
            self._refuse_others()
        return self._folder()

    @property
    def sha256(self) -> str:
        """A SHA-256 over the bytes of both files. Raises as `found` does."""
        folder = self.found()
        return files.sha256("".join(hash_of(folder / name) for name in (ENCODER, REGRESSOR)).encode())

    def add(self, source: Path) -> Path:
        """Copy both files from a folder, once they load, and note their hashes. Raises as `_keep` does."""
        return self._keep(source, dict.fromkeys((ENCODER, REGRESSOR), "added by hand"))

    def fetch(self, say: Callable[[str], None]) -> Path:
        """Fetch both files from their authors' release, and note their hashes.

        Raises IncompleteError where one does not come, and as `_keep` does.
        """
        from inpaint_bench.fetch.get import get
        from inpaint_bench.fetch.sources import Http, RemoteFile

        files.refuse_homeless("weights", "INPAINT_BENCH_WEIGHTS")
        folder = files.cache_dir() / "fetched" / "arniqa"
        then = "Then: `inpaint-bench weights add-extractor arniqa FOLDER`."
        with files.locked(folder):
            for name in (ENCODER, REGRESSOR):
                get(RemoteFile(name, (Http(URL + name),)), folder, say, then)
            try:
                return self._keep(folder, {name: URL + name for name in (ENCODER, REGRESSOR)})
            finally:
                for name in (ENCODER, REGRESSOR):
                    (folder / name).unlink()

    def _keep(self, source: Path, where: dict[str, str]) -> Path:
        """Store both files. Raises InputError where they are others, HashError where other ones were noted before."""
        from inpaint_bench.metrics.arniqa import states
        from inpaint_bench.weights import lock
        from inpaint_bench.weights.adding import tensors_sha256

        files.refuse_homeless("weights", "INPAINT_BENCH_WEIGHTS")
        tensors = dict(zip((ENCODER, REGRESSOR), states(source), strict=True))
        today = datetime.date.today().isoformat()
        entries = [
            lock.Locked("arniqa", "extractor", name, hash_of(source / name), tensors_sha256(state), where[name], today)
            for name, state in tensors.items()
        ]
        lock.agree(lock.lock_path(""), entries)
        for name in tensors:
            files.write_whole(self.kept() / name, files.read_bytes(source / name, MOST_FILE))
        return self.kept()

    def _folder(self) -> Path:
        named = os.environ.get(self.variable)
        return Path(named) if named else self.kept()

    def _refuse_others(self) -> None:
        """Raise HashError where our copy is not what the lock file notes."""
        from inpaint_bench.weights import lock

        known = lock.read(lock.lock_path(""))
        for name in (ENCODER, REGRESSOR):
            noted, path = known.get(("arniqa", "extractor", name)), self.kept() / name
            if noted is not None and noted.sha256 != hash_of(path):
                raise HashError(
                    f"{path}: hash {hash_of(path)[:12]} instead of {noted.sha256[:12]}, which {lock.lock_path('')} "
                    "notes. Delete it, and fetch it again: inpaint-bench weights fetch arniqa."
                )


ARNIQA = ArniqaFolder()


def arniqa_signature() -> str:
    """The start of the hash of ARNIQA's files; '' where they are not here."""
    return "" if ARNIQA.absent() else ARNIQA.sha256[:8]
