"""EfficientNet-Lite0 trained on ImageNet: its features and its class logits."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from inpaint_bench.errors import InputError, some
from inpaint_bench.metrics.features.extractor import Extract
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.packages import tensors
from inpaint_bench.metrics.features.weight_files import LITE0, lite0_absent

WIDTH = 320
CLASSES = 1000  # of ImageNet
SIZE = 224  # pixels a side of the network's input


@built_once
def open_lite0(device: torch.device) -> Extract:
    """Load the extractor: the last block's 320 channels, averaged over positions, per 8-bit RGB image.

    Tan & Le 2019, the Lite variant. The next layer has 1280 channels, whose covariance would need four times as many
    images. Raises InputError where timm or the package of the weights is not installed, HashError where the file has
    another hash.
    """
    network = _network(device)

    def features(levels: Levels) -> Float32[Tensor, "chunk 320"]:
        values = network.bn1(network.conv_stem(_resized(levels)))
        pooled: Float32[Tensor, "chunk 320"] = network.blocks(values).mean(dim=(2, 3))
        return pooled

    return lambda images: in_chunks(features, WIDTH, device, images)


@built_once
def open_logits(device: torch.device) -> Extract:
    """Load the classifier: 1000 logits per 8-bit RGB image. Raises as `open_lite0` does."""
    network = _network(device)
    return lambda images: in_chunks(lambda levels: network(_resized(levels)), CLASSES, device, images)


def _resized(levels: Levels) -> Float32[Tensor, "chunk 3 224 224"]:
    """Resize to 224x224 by torch's antialiased bilinear filter, in float32 without rounding, and scale to [-1, 1]."""
    square = functional.interpolate(levels.float(), (SIZE, SIZE), mode="bilinear", antialias=True)
    return square / 127.5 - 1


@built_once
def _network(device: torch.device) -> Any:
    if reason := lite0_absent():
        raise InputError(reason)
    import timm

    path, data = LITE0.read()
    state = tensors(data, str(path))
    with torch.device("meta"):  # no random initialisation: the weights replace it
        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    network.load_state_dict(renamed(state, network.state_dict(), str(path)), strict=True, assign=True)
    return network.eval().requires_grad_(False).to(device)


def renamed(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """Rename tensors to the names of another definition of the same layers in the same order.

    Raises InputError unless the number of tensors and every shape match; `where` names the file.
    """
    pairs = list(zip(wanted, state, strict=False))
    wrong = [f"{old} for {new}" for new, old in pairs if state[old].shape != wanted[new].shape]
    if wrong or len(state) != len(wanted):
        raise InputError(
            f"{where}: not the layers of timm's tf_efficientnet_lite0: {len(state)} tensors of {len(wanted)}"
            f"{', and other shapes: ' + some(wrong) if wrong else ''}. Install the tested versions (constraints.txt)."
        )
    return {new: state[old] for new, old in pairs}
