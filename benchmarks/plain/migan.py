"""MI-GAN in plain torch modules."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.migan import network
from plain.swap import loaded, reference, swapped


def activated(x: Tensor) -> Tensor:
    return (functional.leaky_relu(x, 0.2) * sqrt(2)).clamp(-256, 256)


class PlainDownsample(network.Downsample):
    """By its published kernel."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.filter.weight, stride=2, padding=1, groups=x.shape[1])


class PlainUpsample(network.Upsample):
    """By zeros between pixels and its published kernel."""

    def forward(self, x: Tensor) -> Tensor:
        stuffed = functional.interpolate(x, scale_factor=2, mode="nearest") * self.filter_const
        return functional.conv2d(functional.pad(stuffed, (2, 1, 2, 1)), self.filter.weight, groups=x.shape[1])


class PlainSeparable(network.SeparableConv):
    """With its gains where they are published."""

    def forward(self, x: Tensor) -> Tensor:
        x = activated(self.conv1(x))
        if self.resample == "down":
            x = self.downsample(x)
        x = self.conv2(x)
        if self.resample == "up":
            x = self.upsample(x)
        return activated(x + self.noise_const * self.noise_strength if self.noisy else x)


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    network.Downsample: PlainDownsample,
    network.Upsample: PlainUpsample,
    network.SeparableConv: PlainSeparable,
}


def migan(side: int, golden: str) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on random values."""
    state = reference(golden)
    ours, plain = (loaded(network.Generator(side), state) for _ in range(2))
    plain = swapped(plain, PLAIN)
    x = torch.rand(1, 4, side, side, generator=torch.Generator().manual_seed(0)) - 0.5
    return lambda: ours(x), lambda: plain(x)
