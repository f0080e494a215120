"""Published mask files: which values are hole, and checks of NVIDIA's irregular test set.

NVIDIA's set (Liu et al. 2018) is 12,000 PNG files of 512 x 512 pixels, white in the hole. A mask's index is
its position among the sorted names; every 2,000 share an interval of ratios: (1, 10], (10, 20], ... (50, 60]
percent. An inverted copy is refused, not corrected.
"""

from pathlib import Path

import numpy as np

from inpaint_bench.data import images
from inpaint_bench.data.images import Hole, Values
from inpaint_bench.data.protocols import HOLE_RULES, threshold_of
from inpaint_bench.errors import InputError, did_you_mean, some

NVIDIA_COUNT = 12000
NVIDIA_INTERVALS = ((1, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 60))  # percent, low < ratio <= high
_EACH = NVIDIA_COUNT // len(NVIDIA_INTERVALS)
_SLACK = 1  # percentage points of tolerance; how the published intervals were measured is not known
_LOW_INDICES = range(0, 3 * _EACH, 500)  # at most 30 % hole, so a mask with more white than black is inverted


def binarise(values: Values, rule: str, where: str) -> Hole:
    """The hole of 8-bit values under a rule: above a number; 255, or the greater of two values, where all else is 0.

    `where` names the file in an error. Raises InputError for an unknown rule, and for any other value under the rules
    '255' and 'two values'.
    """
    if (threshold := threshold_of(rule)) is not None:
        return values > threshold
    if rule not in HOLE_RULES:
        raise InputError(f"{where}: no rule for holes is called '{rule}'. {did_you_mean(rule, HOLE_RULES)}")
    white = 255 if rule == "255" else int(values.max(initial=0)) or 255
    hole: Hole = values == white
    strange = values[~hole & (values != 0)]
    if strange.size:
        raise InputError(
            f"{where}: contains the value {strange[0]}; the rule '{rule}' allows only 0 and {white}. JPEG and smooth "
            "edges leave such values. Say from where they are hole: --mask-threshold 127 for a mask or folder of your "
            'own, hole = "> 127" in a protocol page; or save the mask with two values.'
        )
    return hole


def read_hole(path: Path, size: int | None, rule: str) -> Hole:
    """The hole of a mask file, resized with nearest to `size` x `size` pixels (None: not resized), then binarised.

    Only the pixels that the resize keeps are checked. The hole may be empty, which `prepare` refuses.
    Raises InputError for an unreadable file, and as `binarise` does.
    """
    values = images.read_values(path)
    if size is not None:
        values = images.resize_nearest(values, size)
    return binarise(values, rule, str(path))


def list_masks(folder: Path) -> list[str]:
    """The names of the masks in a folder, sorted. Raises InputError as `images.list_images` does."""
    return images.list_images(folder)


def list_nvidia(folder: Path) -> list[str]:
    """The names of NVIDIA's irregular test set, sorted: the position in this list is the index of a mask.

    Raises InputError unless there are 12,000 files, since a missing file shifts the indices after it.
    """
    names = list_masks(folder)
    if len(names) != NVIDIA_COUNT:
        raise InputError(
            f"{folder}: {len(names)} masks; NVIDIA's irregular test set has {NVIDIA_COUNT}. "
            "Unpack the whole set into a separate folder."
        )
    return names


def nvidia_interval(index: int) -> tuple[int, int]:
    """The published interval of the mask ratio at an index of the set, in percent: low < ratio <= high.

    Raises InputError for an index outside 0..11999.
    """
    if not 0 <= index < NVIDIA_COUNT:
        raise InputError(f"NVIDIA's irregular test set has no mask of index {index}. Allowed: 0 to {NVIDIA_COUNT - 1}.")
    return NVIDIA_INTERVALS[index // _EACH]


def check_nvidia(values: Values, index: int, where: str) -> None:
    """Check that a mask of the set, at the size of its file, is white in the hole and has the ratio of its index.

    The published interval has one percentage point of tolerance at both ends. Near one half, both white and black may
    fit; `check_polarity` detects an inverted set. Raises InputError that tells an inverted file from a wrong ratio.
    """
    low, high = nvidia_interval(index)
    pixels, white = values.size, int(np.count_nonzero(values))
    if _fits(white, pixels, low, high):
        return
    if _fits(pixels - white, pixels, low, high):
        raise InputError(
            f"{where}: this mask seems inverted (1 = known): the black share, {_percent(pixels - white, pixels)}, "
            f"fits index {index}, and the white share does not. White must be the hole: invert the set before use."
        )
    raise InputError(
        f"{where}: a mask ratio of {_percent(white, pixels)} does not belong to index {index} of NVIDIA's "
        f"irregular test set. Allowed: {low} to {high} %. Unpack the set again, with its original names."
    )


def check_polarity(folder: Path, names: list[str]) -> None:
    """Check on twelve masks of the first three intervals that a copy of NVIDIA's set is white in the hole.

    `names` is the whole list of `list_nvidia`. Raises InputError if any of the twelve is at least half white, and
    says whether all are, as in an inverted copy, or only some.
    """
    inverted = [names[index] for index in _LOW_INDICES if _mostly_white(folder / names[index])]
    if len(inverted) == len(_LOW_INDICES):
        raise InputError(
            f"{folder}: this copy of NVIDIA's irregular test set seems inverted (1 = known): masks with "
            "small holes are mostly white. White must be the hole: invert the set before use."
        )
    if inverted:
        raise InputError(
            f"{folder}: {len(inverted)} of the {len(_LOW_INDICES)} checked masks are mostly white and should not be: "
            f"{some(inverted)}. Files are inverted or out of order; unpack the set again, with its original names."
        )


def _mostly_white(path: Path) -> bool:
    values = images.read_values(path)
    return 2 * int(np.count_nonzero(values)) >= values.size


def _fits(count: int, pixels: int, low: int, high: int) -> bool:
    return (low - _SLACK) * pixels < 100 * count <= (high + _SLACK) * pixels


def _percent(count: int, pixels: int) -> str:
    """A share to two decimals, truncated: 1234 of 10000 is '12.34 %'."""
    hundredths = 10000 * count // pixels
    return f"{hundredths // 100}.{hundredths % 100:02d} %"
