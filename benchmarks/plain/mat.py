"""MAT in plain torch modules: gains where they are published, kernels scaled for each image."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.mat import layers, transformer
from baselines.mat.network import Draws, Generator
from plain.swap import loaded, reference, swapped


def activated(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.2) * sqrt(2)


def filtered(x: Tensor, kernel: Tensor, gain: float = 1) -> Tensor:
    channels = x.shape[1]
    return functional.conv2d(x, (kernel * gain).expand(channels, 1, 4, 4).contiguous(), groups=channels)


def enlarged(x: Tensor, weight: Tensor, kernel: Tensor) -> Tensor:
    spread = functional.conv_transpose2d(x, weight.flip(2, 3).transpose(0, 1).contiguous(), stride=2)
    return filtered(functional.pad(spread, (1, 1, 1, 1)), kernel, 4)


class PlainDense(layers.Dense):
    def forward(self, x: Tensor) -> Tensor:
        gain = self.gain / (sqrt(2) if self.active else 1)
        y = functional.linear(x, self.weight * (gain / sqrt(self.weight.shape[1])), self.bias * gain)
        return activated(y) if self.active else y


class PlainConv(layers.Conv):
    def forward(self, x: Tensor) -> Tensor:
        x, weight = x.contiguous(), self.weight / sqrt(self.weight[0].numel())
        if self.resample == "up":
            y = enlarged(x, weight, self.resample_filter)
        elif self.resample == "down":
            smoothed = filtered(functional.pad(x, (2, 2, 2, 2)), self.resample_filter)
            y = functional.conv2d(smoothed, weight, stride=2)
        else:
            y = functional.conv2d(x, weight, padding=weight.shape[2] // 2)
        return activated(y + self.bias[:, None, None])


class PlainPartial(layers.PartialConv):
    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        x = self.conv(x)
        if mask is None:
            return x, None
        stride = 2 if self.conv.resample == "down" else 1
        known = functional.conv2d(mask.contiguous(), torch.ones(1, 1, 3, 3), padding=1, stride=stride)
        now = known.clamp(0, 1)
        return x * (9 / (known + 1e-8) * now), now


def modulated(layer: layers.ModulatedConv, x: Tensor, style: Tensor, demodulated: bool) -> Tensor:
    scales = layer.affine(style)
    weight = layer.weight / sqrt(layer.weight[0, 0].numel()) * scales[:, None, :, None, None]
    if demodulated:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    found = []
    for one, kernel in zip(torch.split(x.contiguous(), 1), weight, strict=True):
        if layer.up:
            found.append(enlarged(one, kernel, layer.resample_filter))
        else:
            found.append(functional.conv2d(one, kernel, padding=kernel.shape[-1] // 2))
    return torch.cat(found)


class PlainStyleConv(layers.StyleConv):
    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None = None) -> Tensor:
        x = modulated(self.conv, x, style, demodulated=True)
        if self.noisy:
            x = x + (self.noise_const if noise is None else noise) * self.noise_strength
        return activated(x + self.bias[:, None, None])


class PlainToRGB(layers.ToRGB):
    def forward(self, x: Tensor, style: Tensor, image: Tensor | None) -> Tensor:
        here = modulated(self.conv, x, style, demodulated=False) + self.bias[:, None, None]
        if image is None:
            return here
        batch, channels, height, width = image.shape
        stuffed = torch.zeros(batch, channels, height, 2, width, 2)
        stuffed[:, :, :, 0, :, 0] = image
        wide = functional.pad(stuffed.view(batch, channels, 2 * height, 2 * width), (2, 1, 2, 1))
        return here + filtered(wide, self.resample_filter, 4)


class PlainAttention(transformer.Attention):
    def forward(self, x: Tensor, term: Tensor | None) -> Tensor:
        windows, tokens, channels = x.shape
        unit = functional.normalize(x, dim=2)
        query, key, value = (
            layer(part).view(windows, tokens, transformer.HEADS, -1).transpose(1, 2)
            for layer, part in ((self.q, unit), (self.k, unit), (self.v, x))
        )
        logits = query @ key.transpose(2, 3) / sqrt(channels // transformer.HEADS)
        if term is not None:
            logits = logits + term[:, None]
        found: Tensor = self.proj((logits.softmax(-1) @ value).transpose(1, 2).reshape(windows, tokens, channels))
        return found


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    layers.Dense: PlainDense,
    layers.Conv: PlainConv,
    layers.PartialConv: PlainPartial,
    layers.StyleConv: PlainStyleConv,
    layers.ToRGB: PlainToRGB,
    transformer.Attention: PlainAttention,
}


def mat(side: int, golden: str) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, one draw for one image of random values."""
    state, generator = reference(golden), torch.Generator().manual_seed(0)
    ours, plain = (loaded(Generator(side), state) for _ in range(2))
    plain = swapped(plain, PLAIN)
    image = 2 * torch.rand(1, 3, side, side, generator=generator) - 1
    known = torch.ones(1, 1, side, side)
    known[:, :, side // 4 : side // 2, side // 4 : 3 * side // 4] = 0
    draws = Draws(
        torch.randn(1, 512, generator=generator),
        torch.randn(256 * 180, generator=generator).view(1, 256, 180) > 0,
        torch.randn(512 * 256, generator=generator).view(1, 512, 16, 16) > 0,
    )

    def run(network: Generator) -> Tensor:
        found: Tensor = network(network.encode(image, known), draws)
        return found

    return lambda: run(ours), lambda: run(plain)
