"""LaMa: Resolution-robust Large Mask Inpainting with Fourier Convolutions (Suvorov et al., WACV 2022).

Three strided convolutions, 18 residual blocks with a local and a global branch (fast Fourier convolutions), and three
transposed convolutions. In the global branch a spectral transform convolves the Fourier transform of its features, so
that every output sees the whole image.
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from baselines.convolutions import Kept, Kernel, RowwiseConv2d, conv3x3
from baselines.lama.fourier import forward_transform, inverse_transform

LOCAL, GLOBAL = 128, 384  # channels of the two branches
BLOCKS = 18

Features = Float[Tensor, "batch _ _ _"]  # batch, channels, height, width
Pixels = Float[Tensor, "batch height width channels"]


def affine(norm: nn.BatchNorm2d) -> tuple[Float[Tensor, " channels"], Float[Tensor, " channels"]]:
    """The factor and the shift that a batch norm applies to each channel with its running statistics."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return factor, norm.bias - norm.running_mean * factor


class FourierUnit(nn.Module):
    """A 1x1 convolution of the spectrum, whose real and imaginary parts are channels of their own, and a ReLU."""

    kernel: Tensor  # with the batch norm folded in, as are those below
    shift: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def fold(self) -> None:
        """Fold the batch norm into the convolution; real parts come first, then imaginary ones."""
        factor, shift = affine(self.bn)
        order = torch.arange(len(shift), device=shift.device).view(-1, 2).T.flatten()  # published: interleaved
        kernel = (self.conv_layer.weight[:, :, 0, 0] * factor[:, None])[order][:, order]
        self.register_buffer("kernel", kernel.contiguous(), persistent=False)
        self.register_buffer("shift", shift[order].contiguous(), persistent=False)

    def forward(self, x: Pixels) -> Pixels:
        """Features of the same size; the spectrum is no longer that of a real signal when it is transformed back."""
        spectrum = forward_transform(x)
        spectrum = functional.linear(spectrum, self.kernel, self.shift).relu_()
        return inverse_transform(spectrum, x.shape[2])


class SpectralTransform(nn.Module):
    """Half the channels, a Fourier unit with a shortcut, and the channels again."""

    enter: Tensor
    shift: Tensor
    leave: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Sequential(nn.Conv2d(channels, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU())
        self.fu = FourierUnit(half)
        self.conv2 = nn.Conv2d(half, channels, 1, bias=False)

    def fold(self, factor: Float[Tensor, " channels"]) -> None:
        """Fold the batch norms; `factor` is that of the norm behind this transform."""
        first, norm = self.conv1[0], self.conv1[1]
        assert isinstance(first, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        scale, shift = affine(norm)
        self.register_buffer("enter", (first.weight[:, :, 0, 0] * scale[:, None]).contiguous(), persistent=False)
        self.register_buffer("shift", shift, persistent=False)
        self.register_buffer("leave", (self.conv2.weight[:, :, 0, 0] * factor[:, None]).contiguous(), persistent=False)
        self.fu.fold()

    def forward(self, x: Pixels) -> Pixels:
        """Features of the same shape, times the factor of the norm that follows."""
        t = functional.linear(x, self.enter, self.shift).relu_()
        return functional.linear(self.fu(t).add_(t), self.leave)


class Branches(nn.Module):
    """The convolutions between a local and a global branch, by their published names."""

    def __init__(self, inputs: tuple[int, int], outputs: tuple[int, int], kernel: int, stride: int) -> None:
        super().__init__()
        (self.local, near), (far, wide) = inputs, outputs
        self.convl2l = nn.Conv2d(self.local, far, kernel, stride, bias=False)
        if wide:
            self.convl2g = nn.Conv2d(self.local, wide, kernel, stride, bias=False)
        if near:
            self.convg2l = nn.Conv2d(near, far, kernel, stride, bias=False)
            self.convg2g = SpectralTransform(near)


class Unit(nn.Module):
    """Convolutions within and between the branches, then a batch norm and a ReLU in each.

    Features hold the local channels first, then the global ones.
    """

    def __init__(
        self, inputs: tuple[int, int], outputs: tuple[int, int], kernel: int = 3, stride: int = 1, pad: int = 1
    ) -> None:
        super().__init__()
        self.ffc = Branches(inputs, outputs, kernel, stride)
        self.bn_l = nn.BatchNorm2d(outputs[0])
        if outputs[1]:
            self.bn_g = nn.BatchNorm2d(outputs[1])
        self.stride, self.pad = stride, pad
        self.split, self.spectral = bool(outputs[1]), bool(inputs[1])
        self.kept: dict[str, Kept[Kernel]] = {"to_local": Kept(), "to_global": Kept()}

    def fold(self) -> None:
        """Fold the batch norms into the convolutions; those to the local branch become one."""
        factor, shift = affine(self.bn_l)
        kernels = [self.ffc.convl2l.weight] + ([self.ffc.convg2l.weight] if self.spectral else [])
        self._keep("to_local", torch.cat(kernels, dim=1) * factor[:, None, None, None], shift)
        if self.split:
            factor, shift = affine(self.bn_g)
            self._keep("to_global", self.ffc.convl2g.weight * factor[:, None, None, None], shift)
            if self.spectral:
                self.ffc.convg2g.fold(factor)

    def _keep(self, name: str, kernel: Tensor, shift: Tensor) -> None:
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        self.register_buffer(name, kernel, persistent=False)
        self.register_buffer(f"{name}_shift", shift, persistent=False)

    def forward(self, x: Features) -> Features:
        """The features of both branches, smaller by the stride."""
        padded = functional.pad(x, (self.pad,) * 4, mode="reflect") if self.pad else x
        local = self._convolved(padded, "to_local")
        if not self.split:
            return local.relu_()
        wide = self._convolved(padded[:, : self.ffc.local], "to_global")
        if self.spectral:
            wide = wide.permute(0, 2, 3, 1).contiguous()
            wide += self.ffc.convg2g(x[:, self.ffc.local :].permute(0, 2, 3, 1).contiguous())
            wide = wide.permute(0, 3, 1, 2)
        return torch.cat([local, wide], dim=1).relu_()

    def _convolved(self, padded: Features, name: str) -> Features:
        kernel, shift = getattr(self, name), getattr(self, f"{name}_shift")
        if self.stride == 1 and kernel.shape[2:] == (3, 3):
            return conv3x3(padded, self.kept[name].get([kernel, shift], lambda: Kernel(kernel, shift)))
        return functional.conv2d(padded, kernel, shift, self.stride)


class Block(nn.Module):
    """Two units and a shortcut round both; no activation follows."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Unit((LOCAL, GLOBAL), (LOCAL, GLOBAL))
        self.conv2 = Unit((LOCAL, GLOBAL), (LOCAL, GLOBAL))

    def forward(self, x: Features) -> Features:
        """Features of the same shape."""
        residual: Tensor = self.conv2(self.conv1(x))
        return residual.add_(x)


class Generator(nn.Module):
    """The generator of LaMa, with the published parameter names; 18 blocks in big-lama, 9 in lama-fourier.

    Its batch norms are folded into the convolutions when weights are loaded. Height and width are multiples of 8.
    """

    def __init__(self, blocks: int = BLOCKS) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), Unit((4, 0), (64, 0), 7, pad=0)]
        layers += [Unit((64, 0), (128, 0), stride=2), Unit((128, 0), (256, 0), stride=2)]
        layers += [Unit((256, 0), (LOCAL, GLOBAL), stride=2), *(Block() for _ in range(blocks)), nn.Identity()]
        for channels in (512, 256, 128):
            up = nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)
            layers += [up, nn.BatchNorm2d(channels // 2), nn.ReLU(inplace=True)]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), RowwiseConv2d(64, 3, 7), nn.Sigmoid())
        self.eval().to(memory_format=torch.channels_last)
        self.register_load_state_dict_post_hook(lambda network, _: network.fold())  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def fold(self) -> None:
        """Fold the batch norms; done again, the result is the same."""
        for unit in self.units():
            unit.fold()

    def units(self) -> Iterable[Unit]:
        """All units, in order."""
        return (module for module in self.modules() if isinstance(module, Unit))

    def forward(self, x: Float[Tensor, "batch 4 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The whole image in (0, 1) from the emptied RGB image in [0, 1] and its mask, 1 = hole, as fourth channel."""
        image: Tensor = self.model(x.contiguous(memory_format=torch.channels_last))
        return image
