"""VGG16's last convolution, averaged over the picture: 512 numbers, 0 and above."""

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.features.extractor import Extract
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.trunks import convolutions

WIDTH = 512
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of RGB in [-1, 1], as LPIPS has them
POOLED_BEFORE = (2, 4, 7, 10)  # the convolutions that see the picture halved
SMALLEST = 16  # pixels a side, halved four times


@built_once
def open_vgg16(device: torch.device) -> Extract:
    """relu5_3 of 8-bit RGB pictures in their own size, averaged over positions. Simonyan & Zisserman 2015, network D.

    Raises InputError when the trunk's package is not installed or a picture is too small, HashError when its file
    is another one.
    """
    layers = [(kernel.to(device), bias.to(device)) for kernel, bias in convolutions("vgg")]
    shift, scale = (torch.tensor(values, device=device)[:, None, None] for values in (SHIFT, SCALE))

    def network(levels: Levels) -> Float32[Tensor, "chunk 512"]:
        if min(levels.shape[2:]) < SMALLEST:
            raise InputError(
                f"VGG16 has no features of a picture of {levels.shape[2]}x{levels.shape[3]} pixels; "
                f"allowed: sides of {SMALLEST} and more. Leave out the metrics fd_vgg16 and kid_vgg16."
            )
        values = (levels.float() / 127.5 - 1 - shift) / scale
        for number, (kernel, bias) in enumerate(layers):
            if number in POOLED_BEFORE:
                values = functional.max_pool2d(values, 2)
            values = functional.conv2d(values, kernel, bias, padding=1).relu_()
        return values.mean(dim=(2, 3))

    return lambda pictures: in_chunks(network, WIDTH, device, pictures)
