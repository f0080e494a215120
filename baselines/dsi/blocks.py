"""Layers that keep TensorFlow's tensor names and layouts, and compute with kernels in torch's layout.

The published names are paths such as `structure_condition/wnconv2d_0/V`: one scope per network, in which the layers are
numbered by type in the order of their creation.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Maps = Float[Tensor, "batch channels height width"]
MadeMaps = Float[Tensor, "batch out rows columns"]  # with other channels, or of another size, than the argument


class Layer(nn.Module):
    """Published tensors, and a kernel in torch's layout that is computed once, when they are loaded."""

    kind: ClassVar[str]
    kernel: Tensor

    def __init__(self, **shapes: tuple[int, ...]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape), requires_grad=False))
        self.register_buffer("kernel", torch.empty(0), persistent=False)
        self.register_load_state_dict_post_hook(_prepare)  # type: ignore[no-untyped-call]  # untyped in torch

    def prepare(self) -> Tensor:
        """Compute the kernel from the current tensors."""
        raise NotImplementedError


def _prepare(layer: nn.Module, _: object) -> None:
    assert isinstance(layer, Layer)
    with torch.no_grad():
        layer.kernel = layer.prepare()


LayerKind = TypeVar("LayerKind", bound=Layer)


class Scope(nn.Module):
    """A network whose layers are named by type and number, in order of creation.

    Blocks are plain objects that hold layers, and layers are kept in tuples and lists: torch would register a layer
    that is an attribute a second time.
    """

    def create(self, layer: LayerKind) -> LayerKind:
        """The layer, registered as the next of its type in this scope."""
        number = sum(name.startswith(f"{layer.kind}_") for name, _ in self.named_children())
        self.add_module(f"{layer.kind}_{number}", layer)
        return layer


class Scopes(nn.ModuleDict):
    """Several scopes in one file; the components of a tensor's name are separated by '/' as in TensorFlow."""

    def __init__(self, scopes: Mapping[str, nn.Module]) -> None:
        super().__init__(scopes)
        self.register_state_dict_post_hook(_to_slashes)  # type: ignore[no-untyped-call]  # untyped in torch
        self.register_load_state_dict_pre_hook(_to_dots)  # type: ignore[no-untyped-call]  # likewise


def _to_slashes(_: nn.Module, state: dict[str, Any], prefix: str, *__: object) -> None:
    _rename(state, prefix, ".", "/")


def _to_dots(_: nn.Module, state: dict[str, Any], prefix: str, *__: object) -> None:
    _rename(state, prefix, "/", ".")


def _rename(state: dict[str, Any], prefix: str, old: str, new: str) -> None:
    for name in [name for name in state if name.startswith(prefix)]:
        state[prefix + name.removeprefix(prefix).replace(old, new)] = state.pop(name)


class Conv2d(Layer):
    """A convolution; W is (height, width, in, out). Padding is TensorFlow's SAME, or explicit.

    At stride 2 on an even size, SAME puts the odd padding after: a 3x3 kernel has no padding at the top and left.
    `padding` is (left, right, top, bottom).
    """

    kind = "conv2d"
    W: Tensor
    b: Tensor

    def __init__(
        self,
        size: tuple[int, int],
        channels: tuple[int, int],
        *,
        stride: int = 1,
        rate: int = 1,
        padding: tuple[int, int, int, int] | None = None,
        **more: tuple[int, ...],
    ) -> None:
        super().__init__(**(more or {"W": (*size, *channels)}), b=channels[1:])
        self.stride, self.rate = stride, rate
        rows, columns = (rate * (extent - 1) + 1 - stride for extent in size)
        same = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        left, right, top, bottom = padding or same
        even = left == right and top == bottom
        self.before = () if even else (left, right, top, bottom)
        self.padding = (top, left) if even else (0, 0)

    def prepare(self) -> Tensor:
        return self.W.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)

    def forward(self, x: Maps) -> MadeMaps:
        x = F.pad(x, self.before) if self.before else x
        return F.conv2d(x, self.kernel, self.b, self.stride, self.padding, self.rate)


class WNConv2d(Conv2d):
    """A weight-normalised convolution: the kernel of each output channel has norm g (Salimans & Kingma, 2016)."""

    kind = "wnconv2d"
    V: Tensor
    g: Tensor

    def __init__(
        self,
        size: tuple[int, int],
        channels: tuple[int, int],
        *,
        stride: int = 1,
        rate: int = 1,
        padding: tuple[int, int, int, int] | None = None,
    ) -> None:
        tensors = {"V": (*size, *channels), "g": channels[1:]}
        super().__init__(size, channels, stride=stride, rate=rate, padding=padding, **tensors)

    def prepare(self) -> Tensor:
        length = self.V.square().sum(dim=(0, 1, 2)).clamp(min=1e-12).sqrt()
        kernel = self.V * (self.g / length)
        return kernel.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)


class Deconv2d(Layer):
    """A transposed 4x4 convolution that doubles height and width; W is (height, width, out, in)."""

    kind = "deconv2d"
    W: Tensor
    b: Tensor

    def __init__(self, channels: tuple[int, int]) -> None:
        super().__init__(W=(4, 4, channels[1], channels[0]), b=channels[1:])

    def prepare(self) -> Tensor:
        return self.W.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)

    def forward(self, x: Maps) -> MadeMaps:
        return F.conv_transpose2d(x, self.kernel, self.b, stride=2, padding=1)


class WNDense(Layer):
    """A weight-normalised linear map of the channels at each position; V is (in, out)."""

    kind = "wndense"
    V: Tensor
    g: Tensor
    b: Tensor

    def __init__(self, channels: tuple[int, int]) -> None:
        super().__init__(V=channels, g=channels[1:], b=channels[1:])

    def prepare(self) -> Tensor:
        return (self.V * (self.g / self.V.square().sum(dim=0).sqrt())).t().contiguous()

    def forward(self, x: Maps) -> MadeMaps:
        return F.linear(x.movedim(1, -1), self.kernel, self.b).movedim(-1, 1)


class GatedConv2d(Conv2d):
    """A convolution in which one half of the channels gates the other half, which is the output (Yu et al., 2019)."""

    kind = "gated_conv2d"

    def forward(self, x: Maps) -> MadeMaps:
        features, gate = super().forward(x).chunk(2, dim=1)
        return F.elu(features) * torch.sigmoid(gate)


class GatedDeconv2d(GatedConv2d):
    """A gated convolution of the map enlarged to twice the height and width by repetition."""

    kind = "gated_deconv2d"

    def forward(self, x: Maps) -> MadeMaps:
        return super().forward(F.interpolate(x, scale_factor=2, mode="nearest"))


def concat_elu(x: Tensor, dim: int = 1) -> Tensor:
    """ELU of the channels and of their negatives: twice the channels, x first (PixelCNN++, Salimans et al., 2017)."""
    return F.elu(torch.cat([x, -x], dim))


def with_mask(
    image: Float[Tensor, "batch 3 height width"], mask: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, "batch 5 height width"]:
    """The five input channels of both generators: the image with mid grey in the hole, ones, the mask.

    The plane of ones makes the zero padding at the borders visible to the convolutions.
    """
    return torch.cat([image, torch.ones_like(mask), mask], dim=1).contiguous(memory_format=torch.channels_last)
