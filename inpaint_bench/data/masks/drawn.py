"""Sets of masks that no file holds: the name of a mask and its size say how it is drawn.

Mask number n of a page is drawn for bucket `n % buckets`, of kind `n // buckets % kinds`, with n as the seed. Its name
says so: 00017-strokes-20-40.png has a ratio in (20, 40] percent. `thin`, `medium`, `thick` and `free-form` follow no
bucket; their ratio lies in those of the page as a whole: 00017-thin-01-60.png.
"""

import contextlib
import re
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.data import images
from inpaint_bench.data.images import Hole
from inpaint_bench.data.masks import draw, lama_mat
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.errors import BenchError, InputError

LEAST = 1  # percent: a hole of less is none to fill, and NVIDIA's set has none either
_NAME = re.compile(r"([0-9]{5,9})-([a-z]+(?:-[a-z]+)*)-([0-9]{2})-([0-9]{2,3})\.png")


def mask_names(page: Protocol) -> list[str]:
    """The names of a page's drawn masks, as many as it has pairs."""
    return [_name(page, number) for number in range(page.count)]


def _name(page: Protocol, number: int) -> str:
    turn, bucket = divmod(number, len(page.buckets) - 1)
    kind = page.masks.kinds[turn % len(page.masks.kinds)]
    low, high = page.buckets[bucket : bucket + 2] if kind in draw.KINDS else (page.buckets[0], page.buckets[-1])
    return f"{number:05d}-{kind}-{max(low, LEAST) if high > LEAST else low:02d}-{high:02d}.png"


def draw_named(name: str, size: int) -> Hole:
    """The mask of a name, `size` pixels a side; the same bytes everywhere.

    Raises InputError for what is no name of a drawn mask, and as `draw.draw` and `lama_mat.draw` do.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise InputError(f"'{name[:80]}' is no name of a drawn mask, as 00017-strokes-20-40.png is.")
    number, kind, low, high = int(found[1]), found[2], int(found[3]), int(found[4])
    return (draw.draw if kind in draw.KINDS else lama_mat.draw)(kind, size, number, low, high)


def folder(page: Protocol) -> Path:
    """Where the drawn masks of a page's size are kept on this machine."""
    return files.cache_dir() / "masks" / str(page.size)


def read_hole(path: Path, size: int, sha256: str) -> Hole:
    """A drawn mask: from its file in the cache if that has the pixels of a hash, else drawn, and kept there.

    Raises InputError as `draw_named` does. A cache that cannot be read or written ends nothing.
    """
    if sha256:
        with contextlib.suppress(InputError, OSError):
            kept: Hole = images.read_values(path) == 255
            if kept.shape == (size, size) and images.hole_sha256(kept) == sha256:
                return kept
    hole = draw_named(path.name, size)
    with contextlib.suppress(BenchError, OSError), disk.passing(path.parent):
        files.write_if_changed(path, images.png_bytes(images.mask_values(hole)))
    return hole
