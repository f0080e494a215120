"""The pixels of pairs: read, prepared, and compared with their recorded hashes."""

import dataclasses
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

import numpy as np

from inpaint_bench import files
from inpaint_bench.data import images, names
from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.masks import drawn, sets
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.protocols import Protocol, bucket_of
from inpaint_bench.errors import HashError, InputError, some
from inpaint_bench.threads import in_order


@dataclass(frozen=True)
class Data:
    """The folders of a protocol's images and masks on this machine; drawn masks are kept in a folder of the cache."""

    images: Path
    masks: Path


@dataclass(frozen=True)
class Prepared:
    """A pair's prepared pixels, as all methods and metrics use them."""

    pair: Pair
    target: Pixels
    hole: Hole


Listing: TypeAlias = Callable[[Path], list[str]]  # the names of the image files in a folder, as `list_once` has them


def prepare(page: Protocol, data: Data, pair: Pair) -> Prepared:
    """Read, crop, resize and binarise a pair, and compare it with its recorded hashes, if any.

    Raises InputError for a file that cannot be used and HashError if pixels have changed.
    """
    target = _image(page, data.images / pair.image)
    where = data.masks / pair.mask
    hole = _hole(page, where, pair)
    if hole.shape != target.shape[:2]:
        sizes = f"{hole.shape[1]}x{hole.shape[0]}, its image {target.shape[1]}x{target.shape[0]}"
        raise InputError(f"{where}: pair {pair.pair}: the mask is {sizes}. Use a mask of the image's size.")
    if not hole.any() or hole.all():
        what = "hides nothing" if not hole.any() else "hides everything"
        raise InputError(f"{where}: pair {pair.pair}: the mask {what}. Use one with a hole and a known region.")
    prepared = Prepared(pair, target, hole)
    if pair.seen or pair.mask_sha256:
        _refuse_changes(page, data, pair, seen(page, prepared))
    return prepared


def _hole(page: Protocol, where: Path, pair: Pair) -> Hole:
    if page.drawn and page.size is not None:
        return drawn.read_hole(where, page.size, pair.mask_sha256)
    return sets.read_hole(where, page.size if page.masks.resize == "nearest" else None, page.masks.hole)


def _image(page: Protocol, path: Path) -> Pixels:
    pixels = images.read_pixels(path, page.images.grey)
    if page.images.crop == "centre-square":
        pixels = images.centre_square(pixels)
    if page.images.resize == "opencv-bilinear" and page.size is not None:
        return images.resize_bilinear(pixels, page.size)
    height, width, _ = pixels.shape
    if page.size is not None and (height, width) != (page.size, page.size):
        raise InputError(f"{path}: {width}x{height} pixels; the protocol requires {page.size}x{page.size}.")
    return np.ascontiguousarray(pixels)


def seen(page: Protocol, prepared: Prepared) -> Pair:
    """The pair with the hashes of its pixels, its hole pixels, ratio and bucket."""
    return with_mask(page, prepared.pair, prepared.hole, images.pixels_sha256(prepared.target))


def with_mask(page: Protocol, pair: Pair, hole: Hole, image_sha256: str = "") -> Pair:
    """The pair with all that is recorded of its mask, and of its image where that is known."""
    hole_pixels, pixels = int(hole.sum()), hole.size
    return dataclasses.replace(
        pair,
        image_sha256=image_sha256 or pair.image_sha256,
        mask_sha256=images.hole_sha256(hole),
        hole_pixels=hole_pixels,
        ratio=f"{hole_pixels / pixels:.6f}",
        bucket=bucket_of(page, hole_pixels, pixels),
    )


def _refuse_changes(page: Protocol, data: Data, before: Pair, now: Pair) -> None:
    """Raise HashError where a pair is not what was recorded; of one that was not read yet, its mask may have been."""
    mask = f"{before.mask}: the mask drawn" if page.drawn else f"{data.masks / before.mask}: the mask"
    restore = "Restore the file, or check the versions of the image libraries."
    drawn_again = "The list of pairs was edited, or another version made it: restore it, or build it again."
    for what, old, new, remedy in (
        (f"{data.images / before.image}: the image", before.image_sha256, now.image_sha256, restore),
        (mask, before.mask_sha256, now.mask_sha256, drawn_again if page.drawn else restore),
    ):
        if old != new and (old or before.seen):
            was = f"{old[:12]} was recorded" if old else "none was recorded"
            raise HashError(f"{what} of pair {before.pair} has pixels of hash {new[:12]}; {was}. {remedy}")
    for what, old, new in (
        ("hole pixels", str(before.hole_pixels), str(now.hole_pixels)),
        ("mask ratio", before.ratio, now.ratio),
        ("bucket", before.bucket, now.bucket),
    ):
        if old != new:
            raise HashError(
                f"{mask} of pair {before.pair} has {what} {new or 'none'}; the list of pairs says {old or 'none'}. The "
                "list was edited: build or import it again."
            )


def check_names(page: Protocol, data: Data, pairs: Sequence[Pair], listing: Listing) -> None:
    """Raise InputError if an image or mask of the pairs is missing, or if there are others that the page refuses.

    `listing` is `list_once`, or what has listed the folders already.
    """
    if page.drawn and (strange := sorted({pair.mask for pair in pairs}.difference(drawn.mask_names(page)))):
        raise InputError(
            f"{page.name}: {some(strange)}: the list of pairs names masks that this page does not draw. Build it again."
        )
    for folder, name_of, others in (
        (data.images, attrgetter("image"), page.images.others),
        *([] if page.drawn else [(data.masks, attrgetter("mask"), "allow")]),
    ):
        found = listing(folder)
        there = set(found)  # the one set of all names: those of the pairs are not held
        if missing := sorted({name for name in map(name_of, pairs) if name not in there}):
            _refuse_other_composition(folder, missing, found)
            count = f"{len(missing)} of {len(set(map(name_of, pairs)))} files are missing"
            raise InputError(f"{folder}: {count} ({some(missing)}). See `inpaint-bench datasets show {page.name}`.")
        if others == "refuse" and (extra := sorted(there.difference(map(name_of, pairs)))):
            count = f"{len(found)} images; the protocol has {len(set(map(name_of, pairs)))}"
            raise InputError(f"{folder}: {count} (not listed: {some(extra)}). Move the others elsewhere.")


def _refuse_other_composition(folder: Path, missing: list[str], found: list[str]) -> None:
    there = {unicodedata.normalize("NFC", name): name for name in found}
    for name in missing:
        if other := there.get(unicodedata.normalize("NFC", name)):
            raise InputError(
                f"{folder}: the list names {name!a}, the file is called {other!a}: the accents are stored in "
                "another way. Rename the file."
            )


def list_once(folder: Path) -> list[str]:
    """The names of the image files in a folder. Raises InputError if two have the same stem."""
    listed = images.list_images(folder)
    names.by_stem(listed, folder)
    return listed


def see(page: Protocol, data: Data, pairs: Sequence[Pair], jobs: int) -> Iterator[Pair]:
    """Read every pair and yield it with its hashes, in order.

    Raises InputError and HashError as `prepare` does, for equal images, and for masks that are not of NVIDIA's set.
    """
    if page.masks.set == "nvidia-irregular-test":
        _check_nvidia(data, pairs)
    seen_as: dict[str, str] = {}
    for prepared in in_order(lambda pair: prepare(page, data, pair), pairs, jobs):
        pair = seen(page, prepared)
        other = seen_as.setdefault(pair.image_sha256, pair.image)
        if other != pair.image and page.images.duplicates == "refuse":
            raise InputError(f"{data.images}: {other} and {pair.image} hold the same image. Fetch the data again.")
        yield pair


def _check_nvidia(data: Data, pairs: Sequence[Pair]) -> None:
    listed = sets.list_nvidia(data.masks)
    sets.check_polarity(data.masks, listed)
    index = {name: number for number, name in enumerate(listed)}
    for pair in pairs:
        path = data.masks / pair.mask
        sets.check_nvidia(images.read_values(path), index[pair.mask], str(path))


def verify(
    page: Protocol, data: Data, pairs: Sequence[Pair], jobs: int, on_progress: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, str]]:
    """Compare every pair's pixels with their recorded hashes; yields the name and a sentence for each that differs."""

    def difference(pair: Pair) -> str:
        try:
            prepare(page, data, pair)
        except HashError as error:
            return str(error)
        return ""

    for pair, wrong in zip(pairs, in_order(difference, pairs, jobs), strict=True):
        on_progress()
        if wrong:
            yield pair.pair, wrong


def export(
    page: Protocol,
    data: Data,
    pairs: Sequence[Pair],
    out: Path,
    jobs: int,
    on_progress: Callable[[], None] = lambda: None,
) -> None:
    """Write the inputs of methods as PAIR.png: images/ with zeros in the hole, and masks/ with 255 in the hole."""
    for _ in in_order(lambda pair: export_pair(prepare(page, data, pair), out), pairs, jobs):
        on_progress()


def export_pair(prepared: Prepared, out: Path) -> None:
    """Write the inputs of one pair as two PNG files."""
    emptied = np.where(prepared.hole[..., None], np.uint8(0), prepared.target)
    files.write_whole(out / "images" / f"{prepared.pair.pair}.png", images.png_bytes(emptied))
    files.write_whole(out / "masks" / f"{prepared.pair.pair}.png", images.png_bytes(images.mask_values(prepared.hole)))
