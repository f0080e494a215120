"""Inception-v3's last pooled layer: that of FID, and that of the code the paper most likely used.

Both run with batch norms folded into the convolutions and pixels stored channel by channel, which on a processor
is faster and moves a feature in its sixth digit.
"""

import io
from pathlib import Path

import torch
from jaxtyping import Float32
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inpaint_bench.metrics.features.by_path import FileByPath
from inpaint_bench.metrics.features.extractor import Extract
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.packages import tensors
from inpaint_bench.metrics.features.weight_files import INCEPTION

WIDTH = 2048
SIZE = 299  # pixels a side of what the network sees
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and deviation of RGB


def open_inception(device: torch.device) -> Extract:
    """FID's features: 2048 numbers, 0 and above, of 8-bit RGB pictures. Heusel et al. 2017, as torch-fidelity has them.

    The network of 2015-12-05, on pictures enlarged or reduced to 299x299 as TensorFlow 1 did, without antialiasing.
    Raises InputError when its file or its library is not here, HashError when the file is another one.
    """
    return load_inception(INCEPTION["inception"], INCEPTION["inception"].found(), device)


def open_pic2018(device: torch.device) -> Extract:
    """The features of a FID script of 2018 that PIC's code came with, and most likely the paper's: an inference.

    torchvision's ImageNet Inception-v3; RGB in [0, 1] is resized to 299x299 (bilinear, without antialiasing) and
    then goes through a change of range that wants pictures normalised to ImageNet's mean and deviation, which these
    are not: the network sees less than a quarter of their contrast. Distances are on a scale of their own.
    Raises as `open_inception`.
    """
    return load_pic2018(INCEPTION["inception_pic2018"], INCEPTION["inception_pic2018"].found(), device)


@built_once
def load_inception(file: FileByPath, path: Path, device: torch.device) -> Extract:
    """As `open_inception`, from a copy of that file."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    data = file.read(path)
    tensors(data, str(path))  # the network itself would open anything
    with torch.random.fork_rng(devices=[]):  # it draws weights before it reads these
        network = FeatureExtractorInceptionV3("inception", ["2048"], io.BytesIO(data))
    network = _faster(network).to(device)

    def features(levels: Levels) -> Float32[Tensor, "chunk 2048"]:
        rows: Float32[Tensor, "chunk 2048"] = network(levels.contiguous(memory_format=torch.channels_last))[0]
        return rows

    return lambda pictures: in_chunks(features, WIDTH, device, pictures)


@built_once
def load_pic2018(file: FileByPath, path: Path, device: torch.device) -> Extract:
    """As `open_pic2018`, from a copy of that file."""
    from torchvision.models import inception_v3

    state = tensors(file.read(path), str(path))
    with torch.device("meta"):  # nothing is drawn that the weights replace
        network = inception_v3(weights=None, init_weights=False, aux_logits=True, transform_input=False)
    network.load_state_dict(state, strict=True, assign=True)
    network.AuxLogits, network.fc = None, nn.Identity()
    network = _faster(network).to(device)
    mean, deviation = (torch.tensor(values, device=device)[:, None, None] for values in IMAGENET)

    def features(levels: Levels) -> Float32[Tensor, "chunk 2048"]:
        square = functional.interpolate(levels.float() / 255, (SIZE, SIZE), mode="bilinear", align_corners=False)
        changed = square * (deviation / 0.5) + (mean - 0.5) / 0.5
        rows: Float32[Tensor, "chunk 2048"] = network(changed.contiguous(memory_format=torch.channels_last))
        return rows

    return lambda pictures: in_chunks(features, WIDTH, device, pictures)


def _faster(network: nn.Module) -> nn.Module:
    """The same network with each batch norm folded into the convolution before it, channels last in memory."""
    for block in list(network.eval().modules()):
        convolution, norm = getattr(block, "conv", None), getattr(block, "bn", None)
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            block.conv, block.bn = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return network.requires_grad_(False).to(memory_format=torch.channels_last)
