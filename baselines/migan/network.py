"""MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices (Sargsyan et al., ICCV 2023).

An encoder and a synthesis network of separable convolutions, one block a resolution, as in StyleGAN2 without styles.
The noise is part of the weights, so that a prediction is deterministic. The filters that halve and double a resolution
are constants, which the published files hold too and which are compared with what they must be.
"""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from inpaint_bench.errors import InputError

GAIN = sqrt(2)  # of every activation; it commutes with the leaky ReLU, and is folded into the kernels before it
BOUND = 256.0
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])

Features = Float[Tensor, "batch _ _ _"]  # batch, channels, height, width


def channels_at(side: int) -> int:
    """The number of channels at a resolution."""
    return min(32768 // side, 512)


def pattern_of(side: int) -> Float[Tensor, "1 1 side side"]:
    """The published constant that stuffs zeros between the pixels of an enlarged map: 1 at even rows and columns."""
    pattern = torch.zeros(1, 1, side, side)
    pattern[:, :, ::2, ::2] = 1
    return pattern


def act(x: Features) -> Features:
    """A leaky ReLU, bounded, in place."""
    return functional.leaky_relu_(x, 0.2).clamp_(-BOUND, BOUND)


class Filter(nn.Module):
    """The published constant of a resampler: a kernel of 4 x 4 for each channel."""

    def __init__(self, channels: int, divisor: int) -> None:
        super().__init__()
        kernel = torch.outer(TAPS, TAPS) / divisor**2
        self.weight = nn.Parameter(kernel.expand(channels, 1, 4, 4).clone(), requires_grad=False)


class Downsample(nn.Module):
    """Half the resolution, by the kernel [1, 3, 3, 1] / 8 over rows and columns, with zeros beyond the edge."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filter = Filter(channels, 8)

    def forward(self, x: Features) -> Features:
        """Features of half the sides."""
        return functional.conv2d(x, self.filter.weight, stride=2, padding=1, groups=x.shape[1])


class Upsample(nn.Module):
    """Twice the resolution, by the kernel [1, 3, 3, 1] / 4 between pixels, with zeros beyond the edge."""

    filter_const: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.filter = Filter(channels, 4)
        self.register_buffer("filter_const", pattern_of(side))

    def forward(self, x: Features) -> Features:
        """Features of twice the sides: stuffing zeros and filtering are one transposed convolution."""
        return functional.conv_transpose2d(x, self.filter.weight, stride=2, padding=1, groups=x.shape[1])


class SeparableConv(nn.Module):
    """A depthwise and a pointwise convolution, each with an activation; between them, or after, a resampler, and noise.

    `side` is the resolution of the result where it is doubled, or where noise is added.
    """

    depthwise: Tensor  # kernels, bias and noise with the gain of the activation behind them
    bias: Tensor
    pointwise: Tensor
    noise: Tensor
    noise_const: Tensor

    def __init__(self, channels: int, out: int, resample: str = "", side: int = 0) -> None:
        super().__init__()
        if side:
            self.noise_strength = nn.Parameter(torch.zeros(()))
            self.register_buffer("noise_const", torch.zeros(side, side))
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.conv2 = nn.Conv2d(channels, out, 1, bias=False)
        if resample == "down":
            self.downsample = Downsample(channels)
        if resample == "up":
            self.upsample = Upsample(out, side)
        self.resample, self.noisy = resample, bool(side)

    def fold(self) -> None:
        """Fold the gains into kernels and noise."""
        assert self.conv1.bias is not None
        made = {"depthwise": self.conv1.weight, "bias": self.conv1.bias, "pointwise": self.conv2.weight}
        if self.noisy:
            made["noise"] = self.noise_const * self.noise_strength
        for name, tensor in made.items():
            self.register_buffer(name, (tensor * GAIN).contiguous(), persistent=False)

    def forward(self, x: Features) -> Features:
        """Features at the resolution of the result."""
        x = act(self.spread(x))
        if self.resample == "down":
            x = self.downsample(x)
        x = functional.conv2d(x, self.pointwise)
        if self.resample == "up":
            x = self.upsample(x)
        return act(x.add_(self.noise) if self.noisy else x)

    def spread(self, x: Features) -> Features:
        """The depthwise convolution, times the gain."""
        return functional.conv2d(x, self.depthwise, self.bias, padding=1, groups=x.shape[1])


class EncoderBlock(nn.Module):
    """Features of one resolution, and the same for the next."""

    def __init__(self, side: int, first: bool) -> None:
        super().__init__()
        channels = channels_at(side)
        if first:
            self.fromrgb = nn.Conv2d(4, channels, 1)
        self.conv1 = SeparableConv(channels, channels)
        self.conv2 = SeparableConv(channels, channels_at(side // 2), "down" if side > 4 else "")

    def forward(self, x: Features) -> tuple[Features, Features]:
        """The features of this resolution, and those that go on."""
        kept = self.conv1(x)
        return kept, self.conv2(kept)


class SynthesisBlock(nn.Module):
    """Features and the image so far, of one resolution."""

    def __init__(self, side: int) -> None:
        super().__init__()
        channels = channels_at(side)
        if side > 4:
            self.conv1 = SeparableConv(channels_at(side // 2), channels, "up", side)
            self.conv2 = SeparableConv(channels, channels, side=side)
            self.upsample = Upsample(3, side)
        else:
            self.conv1, self.conv2 = SeparableConv(channels, channels), SeparableConv(channels, channels)
        self.torgb = nn.Conv2d(channels, 3, 1)

    def forward(self, x: Features, kept: Features, image: Features | None) -> tuple[Features, Features]:
        """The features and the image, from the features and the image of the resolution before."""
        x = self.conv2(self.conv1(x).add_(kept))
        here = self.torgb(x)
        return x, here if image is None else self.upsample(image).add_(here)


class Encoder(nn.Module):
    """The blocks from the resolution of the image down to 4 x 4."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.sides = [side >> step for step in range(side.bit_length() - 2)]
        for here in self.sides:
            self.add_module(f"b{here}", EncoderBlock(here, first=here == side))


class Synthesis(nn.Module):
    """The blocks from 4 x 4 up to the resolution of the image."""

    def __init__(self, side: int) -> None:
        super().__init__()
        for here in (side >> step for step in reversed(range(side.bit_length() - 2))):
            self.add_module(f"b{here}", SynthesisBlock(here))


class Generator(nn.Module):
    """MI-GAN's generator for squares of 256 or 512 pixels, with the published parameter names.

    Gains are folded into the kernels when weights are loaded, after the constants among them were compared.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.synthesis, self.encoder = Synthesis(side), Encoder(side)
        self.eval().to(memory_format=torch.channels_last)
        self.register_load_state_dict_pre_hook(_refuse_other_constants)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(lambda network, _: network.fold())  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def fold(self) -> None:
        """Fold the gains of the activations; done again, the result is the same."""
        for module in self.modules():
            if isinstance(module, SeparableConv):
                module.fold()

    def forward(self, x: Float[Tensor, "batch 4 side side"]) -> Float[Tensor, "batch 3 side side"]:
        """The image, nominally in [-1, 1] and not bounded.

        The channels of x are the known region minus one half, and the RGB image in [-1, 1] with zeros in the hole.
        """
        first = self.encoder.get_submodule(f"b{self.encoder.sides[0]}")
        assert isinstance(first, EncoderBlock)
        x = act(first.fromrgb(x.contiguous(memory_format=torch.channels_last)) * GAIN)
        kept = []
        for side in self.encoder.sides:
            here, x = self.encoder.get_submodule(f"b{side}")(x)
            kept.append(here)
        image: Tensor | None = None
        for side, here in zip(reversed(self.encoder.sides), reversed(kept), strict=True):
            x, image = self.synthesis.get_submodule(f"b{side}")(x, here, image)
        assert image is not None
        return image


def _refuse_other_constants(network: Generator, state: dict[str, Tensor], *_: object) -> None:
    """Raise InputError where a file has other filters than the network has, or stuffs zeros in another way."""
    for name, ours in network.state_dict().items():
        if name.endswith(("filter.weight", "filter_const")) and name in state:
            given = state[name]
            if given.shape == ours.shape and not torch.equal(given.to(ours), ours):
                raise InputError(
                    f"{name}: not the filter of MI-GAN, which is [1, 3, 3, 1] between pixels: these weights are of a "
                    "network that was changed."
                )
