"""Pairs from the index arrays of the papers' code."""

from pathlib import Path

import msgspec

from inpaint_bench import decode
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.errors import InputError


def import_index(path: Path, image_names: list[str], mask_names: list[str]) -> Pairs:
    """Pairs from an index array (.npy) of the papers' code: image i has mask array[i] of the sorted masks.

    Raises InputError unless the array has one integer per image, each the index of a mask.
    """
    try:
        numbers = decode.npy(path)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: not a .npy array ({error}).") from error
    if numbers.dtype.kind not in "iu" or numbers.shape != (len(image_names),):
        raise InputError(
            f"{path}: holds {numbers.dtype} of shape {numbers.shape}; "
            f"it must hold one integer for each of the {len(image_names)} images."
        )
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(mask_names)):
        raise InputError(
            f"{path}: numbers from {numbers.min()} to {numbers.max()}, but there are {len(mask_names)} masks."
        )
    chosen = zip(image_names, numbers.tolist(), strict=True)
    masks = sorted(mask_names)
    return Pairs(Pair(f"{i:05d}", image, masks[number]) for i, (image, number) in enumerate(chosen))
