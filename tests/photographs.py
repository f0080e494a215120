"""A dataset of three photographs with something to find in them, half hidden by holes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
import tiny

from inpaint_bench.data import images
from inpaint_bench.data.images import Pixels

DATA: Any = skimage.data
SIZE = 256
HOLES = {"astronaut": (20, 230, 40, 220), "coffee": (0, 60, 0, 60), "chelsea": (60, 200, 70, 230)}  # rows, columns


def photograph(name: str) -> Pixels:
    """A picture that scikit-image carries, cut to a square and made small."""
    square = images.centre_square(getattr(DATA, name)())
    return np.asarray(cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def make_dataset(folder: Path, metrics: list[str]) -> Path:
    """A page of TOML with the photographs and their masks beside it."""
    for name, (top, bottom, left, right) in HOLES.items():
        hole = np.zeros((SIZE, SIZE), np.bool_)
        hole[top:bottom, left:right] = True
        tiny.save_png(folder / "data" / "images" / f"{name}.png", photograph(name))
        tiny.save_png(folder / "data" / "masks" / f"{name}.png", images.mask_values(hole))
    page = folder / "tiny.toml"
    page.write_text(tiny.page_text(len(HOLES), size=SIZE, metrics=metrics))
    return page


def save_outputs(folder: Path, change: Callable[[Pixels], Pixels]) -> str:
    """A results folder of the photographs, changed; the entry of --methods for it."""
    for name in HOLES:
        tiny.save_png(folder / f"{name}.png", change(photograph(name)))
    return f"{folder.name}=folder:{folder}"
