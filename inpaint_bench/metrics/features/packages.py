"""Weight files within installed packages: found without importing the package, and checked before they are opened."""

import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.errors import HashError, InputError


@dataclass(frozen=True)
class PackageFile:
    """A file of an installed package, identified by its hash."""

    package: str  # import name
    name: str  # path within the package
    sha256: str
    install: str  # command that installs the package

    def path(self) -> Path | None:
        """The path of the file, or None where the package is not installed or lacks it."""
        spec = importlib.util.find_spec(self.package)
        folders = (spec.submodule_search_locations if spec else None) or []
        found = [Path(folder) / self.name for folder in folders]
        return next((path for path in found if path.is_file()), None)

    def absent(self) -> str:
        """Why the file cannot be read and the command that fixes it, or ''."""
        return "" if self.path() else f"{Path(self.name).name} is not here. Install it: {self.install}"

    def read(self) -> tuple[Path, bytes]:
        """Read the file. Raises InputError where it is missing, HashError where its hash is another one."""
        path = self.path()
        if path is None:
            raise InputError(self.absent())
        return path, checked(path, path.read_bytes(), self.sha256, f"Install it again: {self.install}")


def lacks(package: str, install: str) -> str:
    """The sentence that a package is not installed, with the command that installs it; '' where it is installed."""
    return "" if importlib.util.find_spec(package) else f"{package} is not installed. Install it: {install}"


def tensors(data: bytes, where: str) -> dict[str, Any]:
    """Load tensors by name from the bytes of a file that `torch.save` wrote; `where` names it in errors.

    Raises InputError for a damaged file, and for one that holds anything but tensors, before it could run code.
    """
    from inpaint_bench.weights.torch_files import read_torch_from

    return read_torch_from(io.BytesIO(data), where)


def checked(path: Path, data: bytes, sha256: str, fix: str) -> bytes:
    """Return the bytes of a file. Raises HashError, which ends with `fix`, where their SHA-256 starts otherwise."""
    found = files.sha256(data)
    if not found.startswith(sha256):
        raise HashError(f"{path}: hash {found[:12]} instead of {sha256[:12]}: another file, or a broken one. {fix}")
    return data
