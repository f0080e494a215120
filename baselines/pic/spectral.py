"""PIC's own spectral norm. It performs one power iteration with every call, in evaluation too, so the result of a
network depends on the number of calls since it was loaded: 0 for the first, 1 for the second, and so on.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from inpaint_bench.errors import InputError

Features = Float[Tensor, "batch channels height width"]
Convolved = Float[Tensor, "batch outputs out_height out_width"]
Kernel = Float[Tensor, "first second rows columns"]


class Stored(nn.Module):
    """The tensors of one convolution with their published names."""

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, shape: tuple[int, int, int, int], outputs: int) -> None:
        super().__init__()
        self.weight_bar = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("weight_u", torch.zeros(shape[0]))
        self.register_buffer("weight_v", torch.zeros(shape[1] * shape[2] * shape[3]))


class SpectralConv(nn.Module):
    """A convolution with stride 1 whose kernel is divided by its norm as estimated so far.

    The norms do not depend on data. They are cached in order from the first call, so any call can be requested at any
    time.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, padding: int | None = None) -> None:
        super().__init__()
        self.padding = kernel // 2 if padding is None else padding
        self.module = Stored(self._shape(inputs, outputs, kernel), outputs)
        self._norms: list[float] = []
        after_loading: Callable[..., object] = self.register_load_state_dict_post_hook  # untyped in torch
        after_loading(_forget_norms)

    @staticmethod
    def _shape(inputs: int, outputs: int, kernel: int) -> tuple[int, int, int, int]:
        return outputs, inputs, kernel, kernel

    def kernel(self, call: int) -> Kernel:
        """The kernel that the given call uses."""
        if call >= len(self._norms):  # doubled, so that many calls cost little more than the last one
            self._norms = list(islice(self._steps(), max(call + 1, 2 * len(self._norms))))
        kernel: Tensor = self.module.weight_bar / self._norms[call]
        return kernel

    def _steps(self) -> Iterator[float]:
        matrix, u = self.module.weight_bar.detach().flatten(1), self.module.weight_u
        while True:
            v = _normalised(u @ matrix)
            u = _normalised(matrix @ v)
            yield float(u @ (matrix @ v))

    def forward(self, features: Features, call: int) -> Convolved:
        """The convolution with the kernel of that call."""
        return F.conv2d(features, self.kernel(call), self.module.bias, padding=self.padding)


class SpectralConvTranspose(SpectralConv):
    """The tensors of a transposed convolution; inputs are the first axis of its kernel and of the norm's matrix."""

    @staticmethod
    def _shape(inputs: int, outputs: int, kernel: int) -> tuple[int, int, int, int]:
        return inputs, outputs, kernel, kernel

    def forward(self, features: Features, call: int) -> Convolved:
        """Twice the height and width."""
        kernel = self.kernel(call)
        return F.conv_transpose2d(features, kernel, self.module.bias, stride=2, padding=1, output_padding=1)


def _normalised(vector: Tensor) -> Tensor:
    unit: Tensor = vector / (torch.linalg.vector_norm(vector) + 1e-12)
    return unit


def _forget_norms(conv: SpectralConv, _: object) -> None:
    conv._norms = []


def drop_doubles(block: nn.Module, doubles: Mapping[str, str]) -> None:
    """Let a block load the authors' files, which list every convolution a second time under another name.

    Raises InputError on loading when the two differ.
    """

    def drop(_: nn.Module, state: dict[str, Tensor], prefix: str, *rest: object) -> None:
        for double, name in doubles.items():
            for key in [key for key in state if key.startswith(f"{prefix}{double}.")]:
                first = f"{prefix}{name}{key.removeprefix(prefix + double)}"
                if first not in state or not torch.equal(state[key], state[first]):
                    raise InputError(f"{key} must be the same as {first} and is not; fetch the weights again.")
                del state[key]

    before_loading: Callable[..., object] = block.register_load_state_dict_pre_hook  # untyped in torch
    before_loading(drop)
