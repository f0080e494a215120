"""Synthetic images and masks from seeds, for checks, timing and tests."""

import numpy as np
import torch
from torch import Tensor


def image(size: int = 256, seed: int = 0) -> Tensor:
    """A smooth colour image, float32 in [0, 1], shape (1, 3, size, size)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    planes = []
    for _ in range(3):
        plane = sum(
            a * np.sin(2 * np.pi * (fx * x + fy * y) + p)
            for a, fx, fy, p in zip(
                rng.uniform(0.2, 1, 8),
                rng.uniform(-9, 9, 8),
                rng.uniform(-9, 9, 8),
                rng.uniform(0, 6.28, 8),
                strict=True,
            )
        )
        planes.append((plane - plane.min()) / (plane.max() - plane.min()))
    return torch.from_numpy(np.stack(planes)[None].astype(np.float32))


def mask(size: int = 256, seed: int = 0) -> Tensor:
    """A hole mask, float32, 1 = missing, shape (1, 1, size, size): three rectangles and a disc."""
    rng = np.random.default_rng(1000 + seed)
    m = np.zeros((size, size), np.float32)
    for _ in range(3):
        h, w = rng.integers(size // 8, size // 3, 2)
        top, left = rng.integers(0, size - h), rng.integers(0, size - w)
        m[top : top + h, left : left + w] = 1
    y, x = np.mgrid[0:size, 0:size]
    cy, cx = rng.integers(size // 4, 3 * size // 4, 2)
    m[(y - cy) ** 2 + (x - cx) ** 2 < (size // 8) ** 2] = 1
    return torch.from_numpy(m[None, None])
