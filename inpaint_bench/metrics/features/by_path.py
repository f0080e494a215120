"""Weight files that no package carries: provided by the user, or downloaded on request."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.fetch.get import get
from inpaint_bench.fetch.sources import Http, RemoteFile
from inpaint_bench.metrics.features.packages import checked, lacks


@dataclass(frozen=True)
class FileByPath:
    """A weight file identified by the start of its hash, which its publishers put into its name."""

    extractor: str
    names: tuple[str, ...]  # file names; the first is that of our copy
    sha256: str  # the start of it
    variable: str  # environment variable that may name the file
    library: str  # import name of the library that defines the network
    install: str  # command that installs the library
    published: Callable[[], str]  # the URL from which the library downloads it

    def path(self) -> Path | None:
        """Find the file: named by the variable, else in the folder of weights, else among the downloads of torch."""
        if named := os.environ.get(self.variable):
            return Path(named) if Path(named).is_file() else None
        folders = (self.kept().parent, torch_downloads())
        found = [folder / name for folder in folders for name in self.names]
        return next((path for path in found if path.is_file()), None)

    def kept(self) -> Path:
        """The path of our copy: extractors/ in the folder of weights."""
        return files.weights_dir() / "extractors" / self.names[0]

    def absent(self) -> str:
        """Why the network cannot be opened and how to fix it, or ''."""
        if self.path():
            return lacks(self.library, self.install)
        if named := os.environ.get(self.variable):
            wrong = "is a folder, not a file" if Path(named).is_dir() else "is not there"
            return f"{named}, which {self.variable} names, {wrong}. Name the file {self.names[0]}."
        return (
            f"{self.names[0]} is not here. Fetch it: inpaint-bench weights fetch {self.extractor}; "
            f"or name it: {self.variable}=FILE"
        )

    def found(self) -> Path:
        """The path of the file. Raises InputError, which says how to fix it, where the network cannot be opened."""
        path, reason = self.path(), self.absent()
        if path is None or reason:
            raise InputError(reason)
        return path

    def read(self, path: Path) -> bytes:
        """Read a copy of the file. Raises HashError where its hash is another one."""
        return checked(path, files.read_bytes(path, 1 << 31), self.sha256, f"Wanted: {self.names[0]}.")

    def add(self, source: Path) -> Path:
        """Copy a file into the folder of weights. Raises InputError where it is missing, HashError for another file."""
        from inpaint_bench.weights.store import refuse_homeless

        refuse_homeless()
        if not source.is_file():
            raise InputError(f"{source}: there is no such file.")
        files.write_whole(self.kept(), self.read(source))
        return self.kept()

    def url(self) -> str:
        """The URL of the file. Raises InputError where its library is not installed."""
        if reason := lacks(self.library, self.install):
            raise InputError(reason)
        return self.published()

    def fetch(self, say: Callable[[str], None]) -> Path:
        """Download the file into the folder of weights. An incomplete download is not used; the next call goes on.

        Raises IncompleteError where the download fails, HashError where the downloaded file has another hash.
        """
        from inpaint_bench.weights.store import refuse_homeless

        refuse_homeless()
        published = RemoteFile(self.names[0], (Http(self.url()),))
        then = f"Then: `inpaint-bench weights add-extractor {self.extractor} {self.names[0]}`."
        folder = files.cache_dir() / "fetched" / self.extractor
        with files.locked(folder):
            came = get(published, folder, say, then)
            try:
                files.write_whole(self.kept(), self.read(came))
            finally:
                came.unlink()
        return self.kept()


def torch_downloads() -> Path:
    """The folder of downloads of torch.hub, from the variables that torch documents, without importing torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{cache}/torch")
    return Path(home).expanduser() / "hub" / "checkpoints"
