"""Weights that no package carries: a file that one has, or that is downloaded once because one asked for it."""

import http.client
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError, InputError
from inpaint_bench.metrics.features.packages import checked, lacks


@dataclass(frozen=True)
class FileByPath:
    """A file that is known by the start of its hash, which its publishers put into its name."""

    extractor: str
    names: tuple[str, ...]  # under which it is published; ours first
    sha256: str  # its start
    variable: str  # of the environment, which may name the file
    library: str  # that defines the network, as it is imported
    install: str  # the line that installs the library
    published: Callable[[], str]  # where the library downloads it from, as it says itself

    def path(self) -> Path | None:
        """Where it lies: what the variable names, else among the weights, else where torch keeps downloads."""
        if named := os.environ.get(self.variable):
            return Path(named) if Path(named).is_file() else None
        folders = (self.kept().parent, torch_downloads())
        found = [folder / name for folder in folders for name in self.names]
        return next((path for path in found if path.is_file()), None)

    def kept(self) -> Path:
        """Where our copy goes: extractors/ in the folder of weights."""
        return files.weights_dir() / "extractors" / self.names[0]

    def absent(self) -> str:
        """Why the network cannot be opened and what mends that; '' where it can."""
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
        """Where it lies. Raises InputError, with what mends it, where the network cannot be opened."""
        path, reason = self.path(), self.absent()
        if path is None or reason:
            raise InputError(reason)
        return path

    def read(self, path: Path) -> bytes:
        """The bytes of that copy. Raises HashError when they are not this file's."""
        return checked(path, path.read_bytes(), self.sha256, f"Wanted: {self.names[0]}.")

    def add(self, source: Path) -> Path:
        """Copy a file into the folder of weights. Raises InputError where there is none, HashError for another one."""
        if not source.is_file():
            raise InputError(f"{source}: there is no such file.")
        files.write_whole(self.kept(), self.read(source))
        return self.kept()

    def url(self) -> str:
        """Where its library downloads it from. Raises InputError where the library is not installed."""
        if reason := lacks(self.library, self.install):
            raise InputError(reason)
        return self.published()

    def fetch(self) -> Path:
        """Download it into the folder of weights; nothing is kept unless it came whole.

        Raises IncompleteError when it cannot be downloaded, HashError when what came is another file.
        """
        url = self.url()
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise IncompleteError(
                f"{url}: cannot be fetched ({error}). Try again, or fetch it elsewhere and add it: "
                f"inpaint-bench weights add-extractor {self.extractor} FILE"
            ) from error
        files.write_whole(self.kept(), checked(self.kept(), data, self.sha256, f"It came from {url}. Try again."))
        return self.kept()


def torch_downloads() -> Path:
    """Return the folder in which torch.hub keeps downloads, from the variables that torch documents, without torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{cache}/torch")
    return Path(home).expanduser() / "hub" / "checkpoints"
