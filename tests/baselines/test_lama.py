"""LaMa's Fourier transforms are those of a library where it defines them, and its padding is numpy's."""

import numpy as np
import pytest
import torch

from baselines.lama.adapter import padded
from baselines.lama.fourier import forward_transform, inverse_transform

SIZES = [(4, 4), (5, 7), (8, 5), (6, 12), (32, 33), (2, 2)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_spectrum_is_that_of_a_real_transform(height: int, width: int) -> None:
    x = torch.randn(2, height, width, 3, generator=torch.Generator().manual_seed(0))
    ours = torch.complex(*forward_transform(x).chunk(2, dim=3))
    torch.testing.assert_close(ours, torch.fft.rfft2(x, dim=(1, 2), norm="ortho"), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_inverse_of_any_spectrum_is_complex_over_the_height_and_real_over_the_width(
    height: int, width: int
) -> None:
    half = torch.randn(2, height, width // 2 + 1, 6, generator=torch.Generator().manual_seed(1))
    complex_ = torch.complex(*half.double().chunk(2, dim=3)).numpy()
    wanted = np.fft.irfft(np.fft.ifft(complex_, axis=1, norm="ortho"), n=width, axis=2, norm="ortho")
    torch.testing.assert_close(inverse_transform(half, width).double(), torch.from_numpy(wanted), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (9, 15), (17, 24)])
def test_padding_is_numpys_symmetric_one(height: int, width: int) -> None:
    x = torch.rand(1, 3, height, width)
    down, right = -height % 8, -width % 8
    wanted = np.pad(x.numpy(), ((0, 0), (0, 0), (0, down), (0, right)), mode="symmetric")
    assert torch.equal(padded(x), torch.from_numpy(wanted))
