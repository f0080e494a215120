"""Loading weights into a network: every name, shape and kind of numbers must match, and every value be finite."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from inpaint_bench.errors import InputError, some
from inpaint_bench.weights.base import SYNTHETIC, Network, Weights
from inpaint_bench.weights.synthetic import synthetic_state

FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
INTEGERS = {torch.int8, torch.int16, torch.int32, torch.int64}


def load_into(network: nn.Module, weights: Weights) -> None:
    """Load weights into a network, as `Weights.into` does."""
    wanted = network.state_dict()
    state = synthetic_state(wanted, weights.parts) if weights.sha256 == SYNTHETIC else weights.tensors()
    where = str(weights.path or SYNTHETIC)
    refuse_differences(where, state, wanted)
    network.load_state_dict(state, strict=True)
    if weights.sha256 != SYNTHETIC:
        refuse_infinite(where, network.state_dict())


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
    except Exception:  # of a plug-in that cannot do without real weights, whatever it is: who loads them shows it
        return None
    return None


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
