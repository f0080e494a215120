"""Networks beside the same networks in plain torch modules: NCHW, nothing folded, joined or kept, as published.

    python benchmarks/plain_modules.py [NAME ...] [--runs 7] [--threads 2]

Batch 1, synthetic weights. Their outputs are compared; then both take turns, so that they see the same load, and the
median of the processor's seconds is printed.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from math import sqrt
from pathlib import Path

import torch
from plain import ec, rfr, spl, spn, wf
from plain_mat import Sample, plain_mat
from torch import Tensor, nn
from torch.nn import functional

import baselines
from baselines.lama.network import BLOCKS
from baselines.lama.network import Generator as Lama
from baselines.mat.network import Generator as Mat
from baselines.migan import network as migan
from inpaint_bench.checks.activations import replay

Forward = Callable[[Tensor], Tensor]
Run = Callable[[], Tensor]
Pair = tuple[Tensor, Tensor | None]  # local and global features
SIDES = {"lama": 256, "migan": 256, "migan-512": 512, "mat": 512, "mat-256": 256}
GOLDEN = {
    "lama": "lama/golden.json",
    "migan": "migan/golden.json",
    "migan-512": "migan/golden_512.json",
    "mat": "mat/golden_512.json",
    "mat-256": "mat/golden_256.json",
}


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


def activated(x: Tensor) -> Tensor:
    return (functional.leaky_relu(x, 0.2) * sqrt(2)).clamp(-256, 256)


class PlainDownsample(migan.Downsample):
    """By its published kernel."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.filter.weight, stride=2, padding=1, groups=x.shape[1])


class PlainUpsample(migan.Upsample):
    """By zeros between pixels and its published kernel."""

    def forward(self, x: Tensor) -> Tensor:
        stuffed = functional.interpolate(x, scale_factor=2, mode="nearest") * self.filter_const
        return functional.conv2d(functional.pad(stuffed, (2, 1, 2, 1)), self.filter.weight, groups=x.shape[1])


class PlainSeparable(migan.SeparableConv):
    """With its gains where they are published."""

    def forward(self, x: Tensor) -> Tensor:
        x = activated(self.conv1(x))
        if self.resample == "down":
            x = self.downsample(x)
        x = self.conv2(x)
        if self.resample == "up":
            x = self.upsample(x)
        return activated(x + self.noise_const * self.noise_strength if self.noisy else x)


def plain_migan(network: migan.Generator) -> migan.Generator:
    """The same network with plain layers in place of ours."""
    plain = {
        migan.Downsample: PlainDownsample,
        migan.Upsample: PlainUpsample,
        migan.SeparableConv: PlainSeparable,
    }
    for module in network.modules():
        if type(module) in plain:
            module.__class__ = plain[type(module)]
    return network.to(memory_format=torch.contiguous_format)


def reference(name: str) -> tuple[Run, Run]:
    """Ours and the plain one, with the weights of the reference activations."""
    golden = replay.load(Path(baselines.__path__[0]) / GOLDEN[name])
    case, side = golden["cases"][0], SIDES[name]
    kind = name.partition("-")[0]
    make: dict[str, tuple[Callable[[], nn.Module], Callable[[], nn.Module]]] = {
        "lama": (Lama, PlainLama),
        "migan": (lambda: migan.Generator(side), lambda: plain_migan(migan.Generator(side))),
        "mat": (lambda: Mat(side), lambda: plain_mat(Mat(side))),
    }
    ours, plain = (build() for build in make[kind])
    for network in (ours, plain):
        network.load_state_dict(replay.state_dict(golden, case))
        network.eval()
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, 4, side, side, generator=generator)
    if kind == "mat":
        x[:, 1:] = 2 * x[:, 1:] - 1
        x[:, :1] = 1
        x[:, :1, side // 4 : side // 2, side // 4 : 3 * side // 4] = 0
        ours, plain = Sample(ours), Sample(plain)
    elif kind == "migan":
        x -= 0.5
    return lambda: ours(x), lambda: plain(x)


PAIRS: dict[str, Callable[[], tuple[Run, Run]]] = {
    **{name: partial(reference, name) for name in SIDES},
    **{"spn": spn.spn, "spn-prob": spn.spn_prob, "wf": wf.wf, "rfr": rfr.rfr, "ec": ec.ec, "spl": spl.spl},
}


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(PAIRS), choices=[*PAIRS], metavar="NAME")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name in arguments.names:
        ours, plain = PAIRS[name]()
        taken: dict[str, list[float]] = {"ours": [], "plain": []}
        with torch.inference_mode():
            difference = (ours() - plain()).abs().max().item()
            for _ in range(arguments.runs):
                for which, forward in (("ours", ours), ("plain", plain)):
                    start = time.process_time()
                    forward()
                    taken[which].append(time.process_time() - start)
        one, other = (statistics.median(taken[which]) for which in ("ours", "plain"))
        print(
            f"{name:10} ours {one:6.2f} s  plain {other:6.2f} s  {other / one:.2f} times  difference {difference:.1e}"
        )


if __name__ == "__main__":
    main()
