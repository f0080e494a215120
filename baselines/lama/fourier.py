"""The real Fourier transform over height and width of features, and its inverse for spectra of no real signal.

Both are products with matrices of cosines and sines, which is what a transform of at most some hundred pixels costs
least as: no copies between orders of memory, and the same numbers on every device. Libraries differ where a spectrum
is not that of a real signal, as after a convolution of it: here the inverse over the height is the complex one, and
that over the width ignores the imaginary parts of the constant and, of an even width, of the highest frequency.
All transforms are orthonormal.
"""

from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Pixels = Float[Tensor, "batch height width channels"]
Spectrum = Float[Tensor, "batch height frequencies twice_channels"]  # real parts first, then imaginary ones


def forward_transform(x: Pixels) -> Spectrum:
    """The spectrum, of width // 2 + 1 frequencies over the width."""
    batch, height, width, channels = x.shape
    over_height, over_width, _, _ = (matrix.to(x.device, x.dtype) for matrix in matrices(height, width))
    columns = over_height @ x.reshape(batch, height, width * channels)  # rows: every frequency's real, imaginary part
    found = over_width @ columns.view(batch * height, 2 * width, channels)
    return found.view(batch, height, width // 2 + 1, 2 * channels)


def inverse_transform(spectrum: Spectrum, width: int) -> Pixels:
    """The features of a width, from any spectrum."""
    batch, height, frequencies, twice = spectrum.shape
    channels = twice // 2
    _, _, back_width, back_height = (matrix.to(spectrum.device, spectrum.dtype) for matrix in matrices(height, width))
    rows = back_width @ spectrum.reshape(batch * height, frequencies * 2, channels)
    return (back_height @ rows.view(batch, height * 2, width * channels)).view(batch, height, width, channels)


@cache
def matrices(height: int, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The matrices of both directions, over the height and over the width, in float32.

    Of a number two rows or columns are its real and its imaginary part; in the inverse they are what is multiplied with
    the cosine and with the sine over the height.
    """
    half = width // 2 + 1
    down = 2 * np.pi * np.outer(np.arange(height), np.arange(height)) / height
    across = 2 * np.pi * np.outer(np.arange(half), np.arange(width)) / width
    over_height = np.stack([np.cos(down), -np.sin(down)], axis=1).reshape(2 * height, height)
    cosine, sine = np.cos(across), np.sin(across)
    over_width = np.stack([np.hstack([cosine, sine]), np.hstack([-sine, cosine])], axis=1).reshape(2 * half, 2 * width)
    weight = np.full((half, 1), 2.0)  # a frequency stands for its mirror image too
    weight[0] = 1
    if width % 2 == 0:
        weight[-1] = 1
    cosine, sine = (cosine * weight).T, (sine * weight).T
    real = np.stack([cosine, -sine], axis=2).reshape(width, 2 * half)
    imaginary = np.stack([-sine, -cosine], axis=2).reshape(width, 2 * half)
    back_width = np.vstack([real, imaginary])
    back_height = np.stack([np.cos(down), np.sin(down)], axis=2).reshape(height, 2 * height)
    by_height, by_width = height**-0.5, width**-0.5
    found = (over_height * by_height, over_width * by_width, back_width * by_width, back_height * by_height)
    return tuple(torch.from_numpy(matrix).float() for matrix in found)  # type: ignore[return-value]  # four
