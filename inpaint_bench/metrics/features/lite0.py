"""EfficientNet-Lite0 trained on ImageNet: its features, and the labels that it gives."""

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
SIZE = 224  # pixels a side of what the network sees


@built_once
def open_lite0(device: torch.device) -> Extract:
    """The last block's 320 channels of 8-bit RGB pictures, averaged over positions. Tan & Le 2019, the Lite variant.

    The layers after it make 1280 numbers of these 320, of which a covariance would need four times the pictures.
    Raises InputError when timm or the weights' package is not installed, HashError when its file is another one.
    """
    network = _network(device)

    def features(levels: Levels) -> Float32[Tensor, "chunk 320"]:
        values = network.bn1(network.conv_stem(_seen(levels)))
        pooled: Float32[Tensor, "chunk 320"] = network.blocks(values).mean(dim=(2, 3))
        return pooled

    return lambda pictures: in_chunks(features, WIDTH, device, pictures)


@built_once
def open_logits(device: torch.device) -> Extract:
    """The logits of the classes. Raises as `open_lite0`."""
    network = _network(device)
    return lambda pictures: in_chunks(lambda levels: network(_seen(levels)), CLASSES, device, pictures)


def _seen(levels: Levels) -> Float32[Tensor, "chunk 3 224 224"]:
    """Squeezed to a square by torch's antialiased bilinear filter, in float, unrounded; from -1 to 1."""
    square = functional.interpolate(levels.float(), (SIZE, SIZE), mode="bilinear", antialias=True)
    return square / 127.5 - 1


@built_once
def _network(device: torch.device) -> Any:
    if reason := lite0_absent():
        raise InputError(reason)
    import timm

    path, data = LITE0.read()
    state = tensors(data, str(path))
    with torch.device("meta"):  # nothing is drawn that the weights replace
        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    network.load_state_dict(renamed(state, network.state_dict(), str(path)), strict=True, assign=True)
    return network.eval().requires_grad_(False).to(device)


def renamed(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """Tensors under the names of another program that defines the same layers in the same order.

    Raises InputError unless there are as many and every shape matches.
    """
    pairs = list(zip(wanted, state, strict=False))
    wrong = [f"{old} for {new}" for new, old in pairs if state[old].shape != wanted[new].shape]
    if wrong or len(state) != len(wanted):
        raise InputError(
            f"{where}: not the layers of timm's tf_efficientnet_lite0: {len(state)} tensors of {len(wanted)}"
            f"{', and other shapes: ' + some(wrong) if wrong else ''}. Install the tested versions (constraints.txt)."
        )
    return {new: state[old] for new, old in pairs}
