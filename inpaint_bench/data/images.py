"""Pictures and masks: how they are read, prepared, composited, made 8 bits and written.

The one convention: images are float32 RGB in [0, 1], masks float32 with 1 in the hole. On disk and in the
metrics they are 8 bits: `Pixels` are what a PNG holds, a `Hole` is true where pixels are missing.
"""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data.protocols import EightBit, Grey
from inpaint_bench.errors import InputError

Images = Float[Tensor, "batch 3 height width"]
Masks = Float[Tensor, "batch 1 height width"]
Pixels = UInt8[np.ndarray, "height width 3"]
Values = UInt8[np.ndarray, "height width"]
Hole = Bool[np.ndarray, "height width"]

Seeds = Int64[Tensor, "batch samples"]
Samples = Float[Tensor, "batch samples 3 height width"]
Inpaint: TypeAlias = Callable[[Images, Masks], Images]  # a method: the emptied image and its mask to a prediction
InpaintSamples: TypeAlias = Callable[[Images, Masks, Seeds], Samples]  # a stochastic one: a prediction a seed

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def list_images(folder: Path) -> list[str]:
    """The names of the pictures in a folder, sorted; hidden files do not count.

    Raises InputError when the folder is missing or holds a file that is no picture.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder.")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    for name in names:
        if not name.lower().endswith(SUFFIXES):
            raise InputError(f"{folder / name}: not a picture. Allowed: {', '.join(SUFFIXES)}. Move it elsewhere.")
    return names


def read_pixels(path: Path, grey: Grey = "replicate") -> Pixels:
    """A picture as 8-bit RGB. A grey one is repeated over the three channels, or refused.

    Raises InputError for what cannot be read whole and for any depth or mode that would need a guess:
    16 bits, an alpha channel, a palette, CMYK.
    """
    picture, _ = _decode(path)
    if picture.mode == "L" and grey == "replicate":
        picture = picture.convert("RGB")
    if picture.mode != "RGB" or "transparency" in picture.info:
        allowed = "8-bit RGB or grey" if grey == "replicate" else "8-bit RGB; this protocol refuses grey"
        raise InputError(f"{path}: a picture of kind {_kind(picture)}; allowed: {allowed}. Convert it first.")
    return np.array(picture)


def read_png(path: Path) -> tuple[Pixels, dict[str, str]]:
    """An RGB PNG and the texts it carries, for files that must be PNG: predictions and composites."""
    picture, texts = _decode(path, formats=("PNG",))
    if picture.mode != "RGB" or "transparency" in picture.info:
        raise InputError(f"{path}: a picture of kind {_kind(picture)}; allowed: 8-bit RGB PNG. Convert it first.")
    return np.array(picture), texts


def read_values(path: Path) -> Values:
    """A mask file as the 8-bit values it holds, not yet binarised; three equal channels count as one.

    Raises InputError for what cannot be read whole, for 16 bits, an alpha channel or a coloured picture.
    """
    picture, _ = _decode(path)
    if picture.mode == "1":
        picture = picture.convert("L")
    values = np.array(picture)
    if picture.mode == "RGB" and (values == values[..., :1]).all():
        return np.ascontiguousarray(values[..., 0])
    if picture.mode != "L":
        raise InputError(f"{path}: a mask of kind {_kind(picture)}; allowed: one 8-bit channel. Convert it first.")
    return values


def _decode(
    path: Path, formats: tuple[str, ...] = ("PNG", "JPEG", "BMP", "WEBP")
) -> tuple[Image.Image, dict[str, str]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    if not data:
        raise InputError(f"{path}: the file is empty. Fetch or write it again.")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.format not in formats:
                raise InputError(f"{path}: a {picture.format} file; allowed: {', '.join(formats)}.")
            if picture.format == "PNG" and data[24] == 16:  # Pillow would drop the lower 8 bits in silence
                raise InputError(f"{path}: 16 bits a channel; allowed: 8. Convert it first.")
            picture.load()
            texts = picture.text if isinstance(picture, PngImagePlugin.PngImageFile) else {}
            return picture.copy() if picture.mode == "1" else picture, dict(texts)
    except _BROKEN as error:
        message = "no known kind of file" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(f"{path}: not a whole picture ({message}). Fetch or write it again.") from error


def _kind(picture: Image.Image) -> str:
    kinds = {"L": "grey", "RGB": "RGB", "RGBA": "RGBA", "LA": "grey with alpha", "P": "palette", "1": "1-bit"}
    if picture.mode == "RGB" and "transparency" in picture.info:
        return "RGB with transparency"
    return kinds.get(picture.mode, picture.mode)


def centre_square(pixels: Pixels) -> UInt8[np.ndarray, "side side 3"]:
    """The largest square about the centre; an odd pixel is left over at the bottom or the right."""
    height, width, _ = pixels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def resize_bilinear(pixels: Pixels, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """OpenCV's bilinear resize to a square, without antialiasing, as the papers' code has it."""
    return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def resize_nearest(values: Values, size: int) -> UInt8[np.ndarray, "size size"]:
    """OpenCV's nearest resize to a square: halving keeps the top left of every 2x2 pixels."""
    return np.asarray(cv2.resize(values, (size, size), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def pixels_sha256(pixels: Pixels) -> str:
    """The SHA-256 of RGB bytes, row by row."""
    return files.sha256(np.ascontiguousarray(pixels).tobytes())


def hole_sha256(hole: Hole) -> str:
    """The SHA-256 of a mask as it stands in a PNG: one byte a pixel, 255 in the hole, 0 elsewhere."""
    return files.sha256(mask_values(hole).tobytes())


def mask_values(hole: Hole) -> Values:
    """A mask as outsiders see it: 255 in the hole, 0 in the known region."""
    return hole.astype(np.uint8) * np.uint8(255)


def to_images(pixels: list[Pixels]) -> Images:
    """A batch of images in [0, 1] from 8-bit pictures of one size."""
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float().div(255).contiguous()


def to_masks(holes: list[Hole]) -> Masks:
    """A batch of masks, 1 in the hole, from holes of one size."""
    return torch.from_numpy(np.stack(holes)[:, None].astype(np.float32))


def emptied(images: Images, masks: Masks) -> Images:
    """What a method is given: the image with zeros in the hole, so that nothing can peek."""
    return images * (1 - masks)


def composite(prediction: Images, image: Images, mask: Masks) -> Images:
    """The prediction inside the hole, the image itself in the known region."""
    return mask * prediction + (1 - mask) * image


def eight_bit(images: Images, rule: EightBit = "round") -> list[Pixels]:
    """Images in [0, 1] as 8-bit pictures; the papers' code truncates, we round where the protocol lets us."""
    scaled = images.detach().cpu().mul(255)
    scaled = scaled.round() if rule == "round" else scaled.floor()
    return list(scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy())


def png_bytes(pixels: Pixels | Values, texts: dict[str, str] | None = None) -> bytes:
    """A picture or a mask as the bytes of a PNG file, which may carry a few texts."""
    info = PngImagePlugin.PngInfo()
    for key, text in (texts or {}).items():
        info.add_text(key, text)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG", compress_level=4, pnginfo=info)
    return out.getvalue()
