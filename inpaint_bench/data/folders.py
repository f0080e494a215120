"""Which mask belongs to which image of a folder, where no list of pairs says so."""

import re
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench.data.names import by_stem, check_name
from inpaint_bench.data.prepare import list_once
from inpaint_bench.errors import InputError, some

Stems = dict[str, str]  # the names of files by their stems
REMEDY = "Give every image a mask of the same name, or of its name and _mask000, or one mask file for all."


@dataclass(frozen=True)
class Couples:
    """The names of images, each with that of its mask, and by which rule if not by equal names."""

    names: tuple[tuple[str, str], ...]
    masks: Path  # the folder of the masks
    rule: str = ""


def couple(images: Path, masks: Path) -> Couples:
    """Match the images of a folder with their masks, in the order of their stems with their sub-folders.

    The masks have the same stems; or LaMa's, the image's with '_mask' and digits, of one or more an image, perhaps in
    the same folder; or one mask, a file or alone in its folder, is for all. Raises InputError naming the images
    without a mask and the masks without an image.
    """
    of_images = by_stem(list_once(images), images)
    if masks.is_file():
        check_name(masks.name, str(masks.parent))
        return _one_for_all(images, of_images, masks.parent, masks.name)
    together = images.samefile(masks) if masks.is_dir() else False
    of_masks = by_stem(list_once(masks), masks)
    if together:
        of_masks = {stem: name for stem, name in of_masks.items() if stem != _image_of(stem) in of_images}
        of_images = {stem: name for stem, name in of_images.items() if stem not in of_masks}
    elif of_images and of_images.keys() == of_masks.keys():
        return Couples(tuple((of_images[stem], of_masks[stem]) for stem in sorted(of_images)), masks)
    belongs = {stem: _image_of(stem) for stem in sorted(of_masks)}
    if of_images and set(belongs.values()) == of_images.keys():
        names = sorted((image, stem) for stem, image in belongs.items())
        rule = f"{masks}: masks are matched by the name before '_mask', as LaMa has them"
        return Couples(tuple((of_images[image], of_masks[stem]) for image, stem in names), masks, rule)
    if len(belongs) == 1 and not (belongs.keys() | set(belongs.values())) & of_images.keys():
        return _one_for_all(images, of_images, masks, *of_masks.values())
    _refuse_unmatched(images, masks, of_images, {name if name in of_images else belongs[name] for name in of_masks})
    raise InputError(f"{images}: there are no images here.")


def _image_of(stem: str) -> str:
    """The stem of the image that a mask of LaMa's belongs to; any other stem as it is."""
    return re.sub(r"(?<=[^/])_mask\d*$", "", stem)


def _one_for_all(images: Path, of_images: Stems, masks: Path, mask: str) -> Couples:
    if not of_images:
        raise InputError(f"{images}: there are no images here.")
    names = tuple((of_images[stem], mask) for stem in sorted(of_images))
    return Couples(names, masks, f"{masks / mask}: one mask for all images ({len(names)})")


def _refuse_unmatched(images: Path, masks: Path, of_images: Stems, wanted: set[str]) -> None:
    """Raise InputError naming the images without a mask, else the masks without an image."""
    for folder, what, missing in (
        (masks, "mask for", of_images.keys() - wanted),
        (images, "image for the mask of", wanted - of_images.keys()),
    ):
        if missing:
            raise InputError(f"{folder}: there is no {what} {some(sorted(missing))}. {REMEDY}")
