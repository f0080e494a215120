"""Arrays and tensors as folders of pictures, which are scored like any other."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_bench import files
from inpaint_bench.data import datasets, images
from inpaint_bench.errors import InputError


@contextlib.contextmanager
def as_folders(
    targets: Any, masks: Any, predictions: Any, mask_threshold: int | None
) -> Iterator[tuple[Path, Path, Path]]:
    """Targets, masks and predictions as folders; arrays are written to a folder that is deleted afterwards."""
    given = (targets, masks, predictions)
    if all(isinstance(one, (str, Path)) for one in given):
        yield tuple(map(Path, given))  # type: ignore[misc]  # three of them
        return
    if any(isinstance(one, (str, Path)) for one in given):
        raise InputError("targets, masks and predictions are three folders, or three arrays or tensors; not a mixture.")
    targets, predictions = _pixels(targets, "targets"), _pixels(predictions, "predictions")
    holes = _holes(masks, mask_threshold)
    if targets.shape != predictions.shape or targets.shape[:3] != holes.shape:
        shapes = f"{targets.shape}, {holes.shape} and {predictions.shape}"
        raise InputError(
            f"targets, masks and predictions of shape {shapes} do not fit together. Give as many of one size."
        )
    with files.scratch("arrays") as scratch:
        folders = tuple(scratch / name for name in ("targets", "masks", "predictions"))
        for number in range(len(targets)):
            pictures = (targets[number], images.mask_values(holes[number]), predictions[number])
            for path, picture in zip(folders, pictures, strict=True):
                files.write_whole(path / f"{number:05d}.png", images.png_bytes(picture))
        yield folders  # type: ignore[misc]  # three of them


def _pixels(given: Any, what: str) -> NDArray[np.uint8]:
    """8-bit RGB, (n, height, width, 3)."""
    array = _array(given)
    if array.ndim == 4 and array.dtype == np.uint8 and array.shape[3] == 3:
        return array
    if array.ndim == 4 and array.dtype.kind == "f" and array.shape[1] == 3:
        if not ((array >= 0) & (array <= 1)).all():
            raise InputError(f"the {what} hold values outside [0, 1]. Clamp or rescale them first.")
        pixels: NDArray[np.uint8] = np.rint(array.transpose(0, 2, 3, 1) * 255).astype(np.uint8)
        return pixels
    raise InputError(
        f"the {what} are {array.dtype} of shape {array.shape}; give uint8 (n, height, width, 3) or floats in [0, 1] "
        "(n, 3, height, width)."
    )


def _holes(given: Any, mask_threshold: int | None) -> NDArray[np.bool_]:
    """Where pixels are missing, (n, height, width)."""
    array = _array(given)
    array = array[:, 0] if array.ndim == 4 and array.shape[1] == 1 else array
    if array.ndim != 3:
        raise InputError(f"the masks are of shape {array.shape}; give (n, height, width) or (n, 1, height, width).")
    if mask_threshold is not None and array.dtype == np.uint8:
        datasets.hole_rule(mask_threshold)  # which refuses what is no threshold
        return np.asarray(array > mask_threshold)
    white = 255 if array.dtype == np.uint8 and array.max(initial=0) > 1 else 1
    if not ((array == 0) | (array == white)).all():
        raise InputError(f"the masks hold values other than 0 (known) and {white} (hole). Binarise them first.")
    return np.asarray(array == white)


def _array(given: Any) -> NDArray[Any]:
    array: NDArray[Any] = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    return array
