"""The weights that a method is loaded with: from a file, or synthetic, made from tensor names."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from inpaint_bench import files
from inpaint_bench.errors import InputError, some
from inpaint_bench.weights import SYNTHETIC
from inpaint_bench.weights.containers import Part
from inpaint_bench.weights.synthetic import synthetic_state
from inpaint_bench.weights.tensor_files import MOST_FILE, read_tensors

Network = TypeVar("Network", bound=nn.Module)


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
        wanted = network.state_dict()
        state = synthetic_state(wanted, self.parts) if self.sha256 == SYNTHETIC else self.tensors()
        where = str(self.path or SYNTHETIC)
        refuse_differences(where, state, wanted)
        network.load_state_dict(state, strict=True)
        if self.sha256 != SYNTHETIC:
            refuse_infinite(where, network.state_dict())
        return network

    def tensors(self) -> dict[str, Tensor]:
        """The tensors of the file by name. Raises InputError if there is none or it is broken."""
        if self.path is None:
            raise InputError("this method needs weights and was given none; give them with --weights NAME=FILE.")
        return read_tensors(self.path)


NO_WEIGHTS = Weights()
FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
INTEGERS = {torch.int8, torch.int16, torch.int32, torch.int64}


class _Asked(Exception):
    """A network is about to get its weights, and its names and shapes are known."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        super().__init__("asked for weights")
        self.shapes = shapes


class _Question(Weights):
    """Weights that stop at the network that asks for them."""

    def into(self, network: Network) -> Network:
        raise _Asked({name: tuple(tensor.shape) for name, tensor in network.state_dict().items()})


def wanted_shapes(load: Callable[[Weights], object]) -> dict[str, tuple[int, ...]] | None:
    """Names and shapes of the tensors that `load` loads, without its memory; None where that cannot be told."""
    try:
        with torch.device("meta"):
            load(_Question())
    except _Asked as question:
        return question.shapes
    except Exception:  # a plug-in may ask for its weights in another way; then they are loaded as they are
        return None
    return None


def synthetic_weights(parts: Iterable[Part]) -> Weights:
    """Weights made from the names of the network's tensors: for checks, timing and tests, not for quality."""
    return Weights(sha256=SYNTHETIC, parts=tuple(parts))


def open_weights(path: Path, unpinned: tuple[str, ...] = ()) -> Weights:
    """The weights in a safetensors file. Raises InputError if there is no such file."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such weights file.")
    files.size_of(path, MOST_FILE)
    return Weights(path, files.file_sha256(path), unpinned=unpinned)


def refuse_differences(where: str, state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raise InputError, naming the first names that differ, unless names, shapes and kinds of numbers are those wanted.

    `where` names the file.
    """
    missing = sorted(wanted.keys() - state.keys())
    extra = sorted(state.keys() - wanted.keys())
    reshaped = sorted(
        f"{name} {tuple(state[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted.keys() & state.keys()
        if state[name].shape != wanted[name].shape
    )
    retyped = sorted(
        f"{name} {str(state[name].dtype)[6:]} instead of {str(wanted[name].dtype)[6:]}"
        for name in wanted.keys() & state.keys()
        if not _same_kind(state[name], wanted[name])
    )
    wrong = [
        ("missing", missing),
        ("not of this network", extra),
        ("of another shape", reshaped),
        ("of another kind of numbers", retyped),
    ]
    found = [f"{len(names)} {what} ({some(names)})" for what, names in wrong if names]
    if found:
        raise InputError(f"{where}: not the weights of this network: {'; '.join(found)}.")


def _same_kind(given: Tensor, wanted: Tensor) -> bool:
    """Whether both hold real numbers of 16 bits or more, or both whole numbers, or the same."""
    return given.dtype == wanted.dtype or any({given.dtype, wanted.dtype} <= kind for kind in (FLOATS, INTEGERS))


def refuse_infinite(where: str, state: Mapping[str, Tensor]) -> None:
    """Refuse NaN and infinite values, also those that a network's 32 bits cannot hold."""
    wrong = [name for name, tensor in state.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if wrong:
        raise InputError(
            f"{where}: {len(wrong)} tensors hold NaN or infinite values ({some(wrong)}): the training diverged, or the "
            "file is damaged. Use an earlier checkpoint, or fetch the file again."
        )
