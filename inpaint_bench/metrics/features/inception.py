"""Features of Inception-v3's last pooling layer: for FID, and for the FID variant that the papers most likely used.

Both networks run with batch norms folded into the convolutions and channels last in memory: faster on a CPU, with
differences in the sixth digit of a feature.
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
SIZE = 299  # pixels a side of the network's input
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and deviation of RGB


def open_inception(device: torch.device) -> Extract:
    """Load the extractor of FID: 2048 features, 0 and above, per 8-bit RGB image.

    The network of 2015-12-05 (Heusel et al. 2017, as in torch-fidelity), on images resized to 299x299 as TensorFlow 1
    does, bilinearly without antialiasing. Raises InputError where its file or its library is missing, HashError where
    the file has another hash.
    """
    return load_inception(INCEPTION["inception"], INCEPTION["inception"].found(), device)


def open_pic2018(device: torch.device) -> Extract:
    """Load the extractor of the FID script of 2018 that PIC's code used, most likely also the papers' (an inference).

    torchvision's ImageNet Inception-v3. RGB in [0, 1] is resized to 299x299 (bilinear, without antialiasing), and then
    `transform_input` is applied, which expects images normalised by ImageNet's mean and standard deviation. These are
    not: the network sees less than a quarter of their contrast. Distances are not on the scale of FID. Raises as
    `open_inception` does.
    """
    return load_pic2018(INCEPTION["inception_pic2018"], INCEPTION["inception_pic2018"].found(), device)


@built_once
def load_inception(file: FileByPath, path: Path, device: torch.device) -> Extract:
    """`open_inception` from a given path."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    data = file.read(path)
    tensors(data, str(path))  # the library would unpickle anything
    with torch.random.fork_rng(devices=[]):  # it initialises randomly before it loads these
        network = FeatureExtractorInceptionV3("inception", ["2048"], io.BytesIO(data))
    network = _faster(network).to(device)

    def features(levels: Levels) -> Float32[Tensor, "chunk 2048"]:
        rows: Float32[Tensor, "chunk 2048"] = network(levels.contiguous(memory_format=torch.channels_last))[0]
        return rows

    return lambda images: in_chunks(features, WIDTH, device, images)


@built_once
def load_pic2018(file: FileByPath, path: Path, device: torch.device) -> Extract:
    """`open_pic2018` from a given path."""
    from torchvision.models import inception_v3

    state = tensors(file.read(path), str(path))
    with torch.device("meta"):  # no random initialisation: the weights replace it
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

    return lambda images: in_chunks(features, WIDTH, device, images)


def _faster(network: nn.Module) -> nn.Module:
    """Fold each batch norm into the convolution before it, and store channels last."""
    for block in list(network.eval().modules()):
        convolution, norm = getattr(block, "conv", None), getattr(block, "bn", None)
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            block.conv, block.bn = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return network.requires_grad_(False).to(memory_format=torch.channels_last)
