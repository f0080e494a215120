"""The interface of pretext networks, and how their files are opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.spn.network import Channels
from baselines.spn.training.config import PretextConfig
from baselines.spn.tresnet import Targets
from inpaint_bench.data.tensors import Images
from inpaint_bench.errors import InputError
from inpaint_bench.weights.torch_files import read_torch

Larger = Float[Tensor, "batch 3 2*height 2*width"]
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and standard deviation, RGB in [0, 1]


class Features(nn.Module):
    """A frozen network, with the number of channels of its outputs."""

    channels: Channels

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Features at full, half and quarter size of the image."""
        raise AssertionError("each pretext network has its own")


class Scaled(Features):
    """Three maps of a network whose input is (enlarged image - mean) / deviation."""

    def __init__(self, network: nn.Module, channels: Channels, mean: Any, deviation: Any) -> None:
        super().__init__()
        self.network = network
        self.channels = channels
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Features of the enlarged image."""
        return at_levels(self.network((larger - self.mean) / self.deviation), image)


def at_levels(maps: list[Tensor], image: Images) -> Targets:
    """Three maps resized to full, half and quarter size. Raises InputError for one that is larger than its level."""
    found = []
    for shrink, features in zip((1, 2, 4), maps, strict=True):
        size = [side // shrink for side in image.shape[2:]]
        if features.shape[2] > size[0]:
            raise InputError(
                f"pretext.stages: a stage of {features.shape[2]} pixels for the level of {size[0]}; "
                "a stage must not be larger than its level. Choose later stages."
            )
        found.append(features if list(features.shape[2:]) == size else F.interpolate(features, size=size))
    return Targets(*found)


def path_of(config: PretextConfig) -> Path:
    """The file that the settings name, or NAME.* in the folder that they name.

    Raises InputError where they name none, or one that does not exist.
    """
    if not config.file:
        raise InputError(
            f"the pretext network {config.name} needs its weights; name them with --set pretext.file=FILE."
        )
    named = Path(config.file)
    if named.is_dir():
        found = sorted(named.glob(f"{config.name}.*"))
        if len(found) != 1:
            raise InputError(
                f"pretext.file: {named}: {len(found)} files {config.name}.* in this folder; one is wanted."
            )
        named = found[0]
    if not named.is_file():
        raise InputError(f"pretext.file: {named}: there is no such file.")
    return named


def torch_file(config: PretextConfig) -> tuple[Path, Mapping[str, Any]]:
    """The path of a torch file and its content by name.

    Raises InputError for a file that is missing or broken, or holds code or anything but tensors by name.
    """
    path = path_of(config)
    return path, read_torch(path)
