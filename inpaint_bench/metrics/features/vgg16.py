"""Features of VGG16: its last convolution, averaged over positions."""

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from inpaint_bench.metrics.features.extractor import Extract
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.trunks import convolutions

WIDTH = 512
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of RGB in [-1, 1], as in LPIPS
POOLED_BEFORE = (2, 4, 7, 10)  # the convolutions that follow a pooling
SMALLEST = 16  # pixels a side; pooled four times


@built_once
def open_vgg16(device: torch.device) -> Extract:
    """Load the extractor: relu5_3 averaged over positions, 512 features, 0 and above, per 8-bit RGB image.

    Simonyan & Zisserman 2015, network D, on images of their own size; nan for images with a side under 16 pixels.
    Raises InputError where the package of the weights is not installed, HashError where the file has another hash.
    """
    layers = [(kernel.to(device), bias.to(device)) for kernel, bias in convolutions("vgg")]
    shift, scale = (torch.tensor(values, device=device)[:, None, None] for values in (SHIFT, SCALE))

    def network(levels: Levels) -> Float32[Tensor, "chunk 512"]:
        if min(levels.shape[2:]) < SMALLEST:
            return torch.full((len(levels), WIDTH), torch.nan)
        values = (levels.float() / 127.5 - 1 - shift) / scale
        for number, (kernel, bias) in enumerate(layers):
            if number in POOLED_BEFORE:
                values = functional.max_pool2d(values, 2)
            values = functional.conv2d(values, kernel, bias, padding=1).relu_()
        return values.mean(dim=(2, 3))

    return lambda images: in_chunks(network, WIDTH, device, images)
