"""Weights that come inside installed packages: found without importing those, and checked before they are opened."""

import importlib.util
import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.errors import HashError, InputError


@dataclass(frozen=True)
class PackageFile:
    """A file of an installed package, which must have these bytes and no others."""

    package: str  # as it is imported
    name: str  # of the file, within the package
    sha256: str
    install: str  # the line that installs the package

    def path(self) -> Path | None:
        """Where the file lies, or None when the package is not installed or lacks it."""
        spec = importlib.util.find_spec(self.package)
        folders = (spec.submodule_search_locations if spec else None) or []
        found = [Path(folder) / self.name for folder in folders]
        return next((path for path in found if path.is_file()), None)

    def absent(self) -> str:
        """Why the file cannot be read and the line that mends it; '' where it can."""
        return "" if self.path() else f"{Path(self.name).name} is not here. Install it: {self.install}"

    def read(self) -> tuple[Path, bytes]:
        """The file and its bytes. Raises InputError when it is not here, HashError when it is another one."""
        path = self.path()
        if path is None:
            raise InputError(self.absent())
        return path, checked(path, path.read_bytes(), self.sha256, f"Install it again: {self.install}")


def lacks(package: str, install: str) -> str:
    """That a package is not installed, and the line that mends it; '' where it is."""
    return "" if importlib.util.find_spec(package) else f"{package} is not installed. Install it: {install}"


def tensors(data: bytes, where: str) -> dict[str, Any]:
    """The tensors by name that torch wrote into these bytes.

    Raises InputError for anything that is more than tensors, before it could run, and for a broken file.
    """
    import torch

    try:
        state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{where}: refused: it holds more than tensors, and opening it would run code.") from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise InputError(f"{where}: not a whole torch file. Fetch it again.") from error
    return state


def checked(path: Path, data: bytes, sha256: str, mend: str) -> bytes:
    """The bytes of a file, if their SHA-256 starts as it should. Raises HashError when it does not."""
    found = files.sha256(data)
    if not found.startswith(sha256):
        raise HashError(f"{path}: hash {found[:12]} instead of {sha256[:12]}: another file, or a broken one. {mend}")
    return data
