"""LaMa in plain torch modules."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.lama.network import BLOCKS, Generator
from plain.swap import loaded, reference

Pair = tuple[Tensor, Tensor | None]  # local and global features


class FourierUnit(nn.Module):
    """A convolution of the stacked spectrum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        z = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")
        stacked = torch.stack((z.real, z.imag), -1).permute(0, 1, 4, 2, 3).reshape(batch, -1, height, width // 2 + 1)
        stacked = functional.relu(self.bn(self.conv_layer(stacked)))
        parts = stacked.view(batch, -1, 2, height, width // 2 + 1).permute(0, 1, 3, 4, 2).contiguous()
        back: Tensor = torch.fft.irfftn(torch.view_as_complex(parts), s=(height, width), dim=(-2, -1), norm="ortho")
        return back


class Spectral(nn.Module):
    """The spectral transform."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Sequential(nn.Conv2d(channels, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU())
        self.fu = FourierUnit(half)
        self.conv2 = nn.Conv2d(half, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        t = self.conv1(x)
        found: Tensor = self.conv2(t + self.fu(t))
        return found


def convolution(channels: int, out: int, kernel: int, stride: int, pad: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel, stride, pad, padding_mode="reflect" if pad else "zeros", bias=False)


class Unit(nn.Module):
    """Convolutions between two branches, each with its norm and ReLU."""

    def __init__(self, inputs: tuple[int, int], outputs: tuple[int, int], kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        form = (kernel, stride, 1 if kernel == 3 else 0)
        self.ffc = nn.ModuleDict({"convl2l": convolution(inputs[0], outputs[0], *form)})
        if outputs[1]:
            self.ffc["convl2g"] = convolution(inputs[0], outputs[1], *form)
        if inputs[1]:
            self.ffc["convg2l"] = convolution(inputs[1], outputs[0], *form)
            self.ffc["convg2g"] = Spectral(inputs[1])
        self.bn_l = nn.BatchNorm2d(outputs[0])
        self.bn_g = nn.BatchNorm2d(outputs[1]) if outputs[1] else None

    def forward(self, pair: Pair) -> Pair:
        local, wide = pair
        to_local = self.ffc["convl2l"](local)
        to_global = self.ffc["convl2g"](local) if self.bn_g is not None else None
        if wide is not None:
            to_local = to_local + self.ffc["convg2l"](wide)
            to_global = to_global + self.ffc["convg2g"](wide)
        done: Tensor | None = functional.relu(self.bn_g(to_global)) if self.bn_g is not None else None
        return functional.relu(self.bn_l(to_local)), done


class Block(nn.Module):
    """Two units and a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = Unit((128, 384), (128, 384)), Unit((128, 384), (128, 384))

    def forward(self, pair: Pair) -> Pair:
        local, wide = self.conv2(self.conv1(pair))
        assert pair[1] is not None
        return pair[0] + local, pair[1] + wide


class Joined(nn.Module):
    """Both branches as one map."""

    def forward(self, pair: Pair) -> Tensor:
        return torch.cat([part for part in pair if part is not None], 1)


class PlainLama(nn.Module):
    """LaMa's generator."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), Unit((4, 0), (64, 0), 7), Unit((64, 0), (128, 0), stride=2)]
        layers += [Unit((128, 0), (256, 0), stride=2), Unit((256, 0), (128, 384), stride=2)]
        layers += [*(Block() for _ in range(BLOCKS)), Joined()]
        for width in (512, 256, 128):
            layers += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1), nn.BatchNorm2d(width // 2), nn.ReLU()]
        self.model = nn.ModuleList([*layers, nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Sigmoid()])

    def forward(self, x: Tensor) -> Tensor:
        found: object = (self.model[0](x), None)
        for layer in self.model[1:]:
            found = layer(found)
        assert isinstance(found, Tensor)
        return found


def lama() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on random values."""
    state = reference("lama/golden.json")
    ours, plain = loaded(Generator(), state), loaded(PlainLama(), state)
    x = torch.rand(1, 4, 256, 256, generator=torch.Generator().manual_seed(0))
    return lambda: ours(x), lambda: plain(x)
