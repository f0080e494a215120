"""WaveFill in plain torch modules: two convolutions to a gate, spectral norms computed at every call."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.wf import blocks, fran
from baselines.wf.network import WaveFill
from plain.swap import pair, swapped, weights


def normalised(conv: blocks.SpectralConv) -> Tensor:
    return conv.weight_orig / (conv.weight_u @ (conv.matrix() @ conv.weight_v))


def positional_norm(x: Tensor) -> Tensor:
    return (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + 1e-5).sqrt()


class PlainConv(blocks.SpectralConv):
    def forward(self, features: Tensor) -> Tensor:
        return functional.conv2d(features, normalised(self), self.bias, **self.geometry)


class PlainConvTranspose(blocks.SpectralConvTranspose):
    def forward(self, features: Tensor) -> Tensor:
        return functional.conv_transpose2d(features, normalised(self), self.bias, **self.geometry)


class PlainGated(blocks.GatedConv):
    def forward(self, features: Tensor) -> Tensor:
        features = features.contiguous()
        found: Tensor = self.activation(self.branch(self.conv2d, features))
        return found * torch.sigmoid(self.branch(self.mask_conv2d, features))

    def branch(self, module: nn.Module, features: Tensor) -> Tensor:
        conv = cast(blocks.SpectralConv | nn.Conv2d, blocks.convolution(module))
        weight = normalised(conv) if isinstance(conv, blocks.SpectralConv) else conv.weight
        out = functional.conv2d(features, weight, conv.bias, self.stride, self.padding, self.dilation)
        return functional.instance_norm(out) if isinstance(module, nn.Sequential) else out


class PlainFRAN(fran.FRAN):
    def forward(self, features: Tensor, normal: Tensor, bands: Tensor) -> Tensor:
        attended = positional_norm(self.an(self.mlp_shared0(features), self.mlp_shared1(bands.contiguous())))
        scaled: Tensor = positional_norm(features) * (1 + self.mlp_gamma(attended)) + self.mlp_beta(attended)
        return scaled


class PlainBlock(fran.FRANBlock):
    def forward(self, features: Tensor, bands: Tensor) -> Tensor:
        if self.enlarged:
            features = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        inside = self.conv_0(functional.leaky_relu(self.norm_0(features, features, bands), 0.2))
        inside = self.conv_1(functional.leaky_relu(self.norm_1(inside, inside, bands), 0.2))
        total: Tensor = self.conv_s(self.norm_s(features, features, bands)) + inside
        return total


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    blocks.SpectralConv: PlainConv,
    blocks.SpectralConvTranspose: PlainConvTranspose,
    blocks.GatedConv: PlainGated,
    fran.FRAN: PlainFRAN,
    fran.FRANBlock: PlainBlock,
}


def wf() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image."""
    image, mask = pair()
    masked = torch.cat([(image * 2 - 1) * (1 - mask) + mask, mask], dim=1)
    ours = weights("wf").into(WaveFill()).eval().to(memory_format=torch.channels_last)
    plain = swapped(weights("wf").into(WaveFill()), PLAIN)
    packed = masked.contiguous(memory_format=torch.channels_last)
    return lambda: ours(packed), lambda: plain(masked)
