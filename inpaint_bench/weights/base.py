"""The weights that a method is loaded with: from a file, or synthetic, made from tensor names.

What they are is known without torch, which is imported when they are loaded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.weights.file_kinds import MOST_FILE
from inpaint_bench.weights.layout import Part

if TYPE_CHECKING:
    import torch

SYNTHETIC = "synthetic"  # recorded in place of a hash; results of synthetic weights appear in no quality table
Network = TypeVar("Network", bound="torch.nn.Module")


@dataclass(frozen=True)
class Weights:
    """A safetensors file and its hash, or the parts of synthetic weights; a classical method has neither."""

    path: Path | None = None
    sha256: str = ""
    parts: tuple[Part, ...] = ()  # of synthetic weights
    unpinned: tuple[str, ...] = ()  # the authors' files whose hash nobody has stated

    def into(self, network: Network) -> Network:
        """Load the weights into a network and return it; all names, shapes and kinds of numbers must match.

        Raises InputError, naming the first names that differ, if they do not, and for values that are not finite.
        """
        from inpaint_bench.weights.loading import load_into

        load_into(network, self)
        return network

    def tensors(self) -> "dict[str, torch.Tensor]":
        """The tensors of the file by name. Raises InputError if there is none or it is broken."""
        if self.path is None:
            raise InputError("this method needs weights and was given none; give them with --weights NAME=FILE.")
        from inpaint_bench.weights.tensor_files import read_tensors

        return read_tensors(self.path)


NO_WEIGHTS = Weights()


def synthetic_weights(parts: Iterable[Part]) -> Weights:
    """Weights made from the names of the network's tensors: for checks, timing and tests, not for quality."""
    return Weights(sha256=SYNTHETIC, parts=tuple(parts))


def open_weights(path: Path, unpinned: tuple[str, ...] = ()) -> Weights:
    """The weights in a safetensors file. Raises InputError if there is no such file."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such weights file.")
    files.size_of(path, MOST_FILE)
    return Weights(path, files.file_sha256(path), unpinned=unpinned)
