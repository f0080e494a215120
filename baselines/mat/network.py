"""MAT: Mask-Aware Transformer for Large Hole Image Inpainting (Li et al., CVPR 2022).

A transformer whose attention spreads what is known into the hole makes a first image; a network of convolutions makes
the second from it. Styles come from the image and from noise. What depends on the image alone is computed once for all
samples of it (`encode`); two dropouts and the noise of the second stage belong to a sample (`Draws`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from baselines.mat.layers import Conv, Dense, Features, Folded, Images, Mask, PartialConv, StyleConv, Styles, ToRGB
from baselines.mat.transformer import Level, Tokens
from inpaint_bench.errors import InputError

WIDTH = 512  # of the noise and of the style that is made from it
CHANNELS = 180  # of the first stage
SMALLEST = 16  # side of the maps that dropouts and noise mix


@dataclass(frozen=True)
class Draws:
    """What chance gives to one sample of each image."""

    z: Float[Tensor, "batch 512"]
    first: Bool[Tensor, "batch tokens 180"]  # tokens of the first stage that stay; others get noise
    second: Bool[Tensor, "batch 512 _ _"]  # features of the second stage that stay
    noise: Sequence[Mask] | None = None  # standard normal maps in the order of the layers; None: those of the weights


@dataclass(frozen=True)
class Encoded:
    """What does not depend on chance."""

    image: Images  # in [-1, 1], whole
    known: Mask
    skips: list[Features]
    levels: list[Tokens]  # behind levels 0, 1 and 2 of the transformer


class Mapping(nn.Module):
    """A style from noise."""

    w_avg: Tensor

    def __init__(self) -> None:
        super().__init__()
        for number in range(8):
            self.add_module(f"fc{number}", Dense(WIDTH, WIDTH, active=True, rate=0.01))
        self.register_buffer("w_avg", torch.zeros(WIDTH))

    def forward(self, z: Float[Tensor, "batch 512"], psi: float) -> Styles:
        """The style of every layer; psi below 1 moves it towards the mean one."""
        w = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for number in range(8):
            w = self.get_submodule(f"fc{number}")(w)
        return w if psi == 1 else torch.lerp(self.w_avg, w, psi)


class StyledBlock(nn.Module):
    """Features at twice the resolution, with those of an encoder added, and the image so far."""

    def __init__(self, inputs: int, outputs: int, style: int, side: int = 0) -> None:
        super().__init__()
        self.conv0 = StyleConv(inputs, outputs, style, side, up=True)
        self.conv1 = StyleConv(outputs, outputs, style, side)
        self.toRGB = ToRGB(outputs, style)

    def forward(
        self, x: Features, kept: Features, image: Images | None, style: Styles, noise: Sequence[Mask | None]
    ) -> tuple[Features, Images]:
        """Features and image."""
        x = self.conv1(self.conv0(x, style, noise[0]) + kept, style, noise[1])
        return x, self.toRGB(x, style, image)


class FirstStage(nn.Module):
    """A first image, from a transformer of five levels between convolutions."""

    def __init__(self, side: int) -> None:
        super().__init__()
        steps = side.bit_length() - 7  # from the image down to 64 x 64
        c = CHANNELS
        self.conv_first = PartialConv(4, c)
        self.enc_conv = nn.ModuleList(PartialConv(c, c, "down") for _ in range(steps))
        self.tran = nn.ModuleList(
            [
                Level(c, 8, [False, True]),
                Level(c, 16, [False, True, False], "down"),
                Level(c, 16, [False] * 4, "down"),
                Level(c, 16, [False, True, False], "up"),
                Level(c, 8, [False, True], "up"),
            ]
        )
        self.down_conv = nn.ModuleList(Conv(c, c, resample="down") for _ in range(4))
        self.to_style, self.ws_style = Dense(c, 2 * c, active=True), Dense(WIDTH, c, active=True)
        self.to_square = Dense(c, SMALLEST**2, active=True)
        self.dec_conv = nn.ModuleList(StyledBlock(c, c, 3 * c) for _ in range(steps))

    def encode(self, image: Images, known: Mask) -> Encoded:
        """All that the noise does not touch: convolutions, and the levels down to the smallest."""
        x = torch.cat([known - 0.5, image * known], dim=1).contiguous(memory_format=torch.channels_last)
        x, mask = self.conv_first(x, known)
        skips = [x]
        for conv in self.enc_conv:
            x, mask = conv(x, mask)
            skips.append(x)
        x, mask = skips.pop().permute(0, 2, 3, 1), mask.permute(0, 2, 3, 1)
        levels = []
        for number in range(3):
            x, mask = self.tran[number](x, mask if number < 2 else None)
            levels.append(x)
        return Encoded(image, known, skips, levels)

    def mixed(self, x: Tokens, style: Styles, kept: Bool[Tensor, "batch tokens 180"]) -> Tokens:
        """The smallest level, of which a half is noise of one value a token."""
        count = x.shape[1] * x.shape[2]
        noise = self.to_square(style)
        if noise.shape[1] != count:
            noise = functional.interpolate(noise[:, None], count, mode="linear")[:, 0]
        return torch.where(kept.view_as(x), x, noise.view(len(x), *x.shape[1:3], 1))

    def forward(self, of: Encoded, w: Styles, kept: Bool[Tensor, "batch tokens 180"]) -> Images:
        """The first image, whole where it is known."""
        style = self.ws_style(w)
        first, second, x = of.levels
        x = self.mixed(x, style, kept)
        pooled = x.permute(0, 3, 1, 2)
        for conv in self.down_conv:
            pooled = conv(pooled)
        style = torch.cat([self.to_style(pooled.mean(dim=(2, 3))), style], dim=1)
        x = self.tran[3](x, None)[0] + second
        x = self.tran[4](x, None)[0] + first
        x = x.permute(0, 3, 1, 2)
        image: Images | None = None
        for block, skip in zip(self.dec_conv, reversed(of.skips), strict=True):
            x, image = block(x, skip, image, style, [None, None])
        assert image is not None
        return torch.lerp(image, of.image, of.known)


class EncoderBlock(nn.Module):
    """Features of one resolution."""

    def __init__(self, inputs: int, outputs: int, first: bool) -> None:
        super().__init__()
        self.conv0 = Conv(inputs, outputs, side=1) if first else Conv(inputs, outputs, resample="down")
        self.conv1 = Conv(outputs, outputs)

    def forward(self, x: Features) -> Features:
        """Features at the block's resolution."""
        found: Features = self.conv1(self.conv0(x))
        return found


class FirstDecoderBlock(nn.Module):
    """The smallest features of the second stage."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.conv0 = Conv(channels, channels)
        self.conv1 = StyleConv(channels, channels, style, SMALLEST)
        self.toRGB = ToRGB(channels, style)

    def forward(self, x: Features, style: Styles, noise: Mask | None) -> tuple[Features, Images]:
        """Features and the first image."""
        x = self.conv1(self.conv0(x) + x, style, noise)
        return x, self.toRGB(x, style, None)


class ToStyle(nn.Module):
    """A style from the smallest features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.ModuleList(Conv(channels, channels, resample="down") for _ in range(3))
        self.fc = Dense(channels, 2 * channels, active=True)

    def forward(self, x: Features) -> Styles:
        """The style."""
        for conv in self.conv:
            x = conv(x)
        style: Styles = self.fc(x.mean(dim=(2, 3)))
        return style


class Synthesis(nn.Module):
    """Both stages."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.sides = [side >> step for step in range(side.bit_length() - 4)]  # down to 16
        width = {here: min(32768 // here, 512) for here in self.sides}
        style = WIDTH + 2 * width[SMALLEST]
        self.first_stage = FirstStage(side)
        self.enc, self.dec = nn.Module(), nn.Module()
        for here in self.sides:
            before = 7 if here == side else width[2 * here]
            self.enc.add_module(f"EncConv_Block_{here}x{here}", EncoderBlock(before, width[here], here == side))
        self.to_square = Dense(WIDTH, SMALLEST**2, active=True)
        self.to_style = ToStyle(width[SMALLEST])
        self.dec.add_module("Dec_16x16", FirstDecoderBlock(width[SMALLEST], style))
        for here in self.sides[-2::-1]:
            self.dec.add_module(f"Dec_{here}x{here}", StyledBlock(width[here // 2], width[here], style, here))

    def mixed(self, x: Features, w: Styles, kept: Bool[Tensor, "batch 512 _ _"]) -> Features:
        """The smallest features, of which a half is noise of one value a pixel."""
        noise = self.to_square(w).view(-1, 1, SMALLEST, SMALLEST)
        if noise.shape[2:] != x.shape[2:]:
            noise = functional.interpolate(noise, x.shape[2:], mode="bilinear")
        return torch.where(kept, x, noise).contiguous(memory_format=torch.channels_last)

    def forward(self, of: Encoded, w: Styles, draws: Draws) -> Images:
        """The image, whole where it is known."""
        first = self.first_stage(of, w, draws.first)
        shown = of.image * of.known
        x = torch.cat([of.known - 0.5, shown + first * (1 - of.known), shown], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)
        features = []
        for side in self.sides:
            x = self.enc.get_submodule(f"EncConv_Block_{side}x{side}")(x)
            features.append(x)
        x = self.mixed(features.pop(), w, draws.second)
        style = torch.cat([w, self.to_style(x)], dim=1)
        noise: Sequence[Mask | None] = [None] * (2 * len(self.sides) - 1) if draws.noise is None else draws.noise
        x, image = self.dec.get_submodule("Dec_16x16")(x, style, noise[0])
        for number, side in enumerate(self.sides[-2::-1]):
            of_block = noise[2 * number + 1 : 2 * number + 3]
            x, image = self.dec.get_submodule(f"Dec_{side}x{side}")(x, features.pop(), image, style, of_block)
        return torch.lerp(image, of.image, of.known)


class Generator(nn.Module):
    """MAT for a resolution of 512, 256 or 128, with the published parameter names.

    Sides of images are multiples of it; larger ones need noise of their own. Gains are folded into kernels when weights
    are loaded.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.mapping, self.synthesis = Mapping(), Synthesis(side)
        self.eval()
        self.register_load_state_dict_pre_hook(_refuse_other_filters)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(lambda network, _: network.fold())  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def fold(self) -> None:
        """Make the kernels of every layer; done again, the result is the same."""
        for module in self.modules():
            if isinstance(module, Folded):
                module.fold()

    def encode(self, image: Images, known: Mask) -> Encoded:
        """What all samples of an image in [-1, 1] share; known is 1 where it is shown; the rest is not looked at."""
        return self.synthesis.first_stage.encode(image, known)

    def forward(self, of: Encoded, draws: Draws, psi: float = 1.0) -> Images:
        """One sample of each image, nominally in [-1, 1] and not bounded; the known region is the image's."""
        sample: Images = self.synthesis(of, self.mapping(draws.z, psi), draws)
        return sample


def _refuse_other_filters(network: Generator, state: dict[str, Tensor], *_: object) -> None:
    """Raise InputError where a file has another filter than the one by which images are enlarged in closed form."""
    for name, ours in network.state_dict().items():
        given = state.get(name)
        if not name.endswith("resample_filter") or given is None or given.shape != ours.shape:
            continue
        if not torch.equal(given.to(ours), ours):
            raise InputError(
                f"{name}: not MAT's filter, which is [1, 3, 3, 1] / 8 over rows and columns: these weights are of a "
                "network that was changed."
            )
