"""The weights that a method is loaded with: from a file, or synthetic, made from tensor names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from inpaint_bench import files
from inpaint_bench.errors import InputError, some
from inpaint_bench.weights import SYNTHETIC
from inpaint_bench.weights.containers import Part
from inpaint_bench.weights.synthetic import synthetic_state

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Weights:
    """A safetensors file and its hash, or the parts of synthetic weights; a classical method has neither."""

    path: Path | None = None
    sha256: str = ""
    parts: tuple[Part, ...] = ()  # of synthetic weights

    def into(self, network: Network) -> Network:
        """Load the weights into a network and return it; all names and shapes must match.

        Raises InputError, naming the first names that differ, if they do not.
        """
        wanted = network.state_dict()
        state = synthetic_state(wanted, self.parts) if self.sha256 == SYNTHETIC else self.tensors()
        _refuse_differences(str(self.path or SYNTHETIC), state, wanted)
        network.load_state_dict(state, strict=True)
        return network

    def tensors(self) -> dict[str, Tensor]:
        """The tensors of the file by name. Raises InputError if there is none or it is broken."""
        if self.path is None:
            raise InputError("this method needs weights and was given none; give them with --weights NAME=FILE.")
        try:
            return load_safetensors(self.path.read_bytes())
        except SafetensorError as error:
            raise InputError(f"{self.path}: not a whole safetensors file ({error}). Fetch it again.") from error


NO_WEIGHTS = Weights()


def synthetic_weights(parts: Iterable[Part]) -> Weights:
    """Weights made from the names of the network's tensors: for checks, timing and tests, not for quality."""
    return Weights(sha256=SYNTHETIC, parts=tuple(parts))


def open_weights(path: Path) -> Weights:
    """The weights in a safetensors file. Raises InputError if there is no such file."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such weights file.")
    return Weights(path, files.file_sha256(path))


def _refuse_differences(where: str, state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    missing = sorted(wanted.keys() - state.keys())
    extra = sorted(state.keys() - wanted.keys())
    reshaped = sorted(
        f"{name} {tuple(state[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted.keys() & state.keys()
        if state[name].shape != wanted[name].shape
    )
    wrong = [("missing", missing), ("not of this network", extra), ("of another shape", reshaped)]
    found = [f"{len(names)} {what} ({some(names)})" for what, names in wrong if names]
    if found:
        raise InputError(f"{where}: not the weights of this network: {'; '.join(found)}.")
