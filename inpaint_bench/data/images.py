"""Images and masks: reading, resizing, compositing, conversion to 8 bits, and writing.

Convention: images are float32 RGB in [0, 1], masks float32 with 1 in the hole. On disk and in the metrics they are
8-bit: `Pixels` are the values of a PNG file, a `Hole` is true where pixels are missing.
"""

import io
import stat
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from PIL import ExifTags, Image

from inpaint_bench import files
from inpaint_bench.data import image_formats
from inpaint_bench.data.names import list_files
from inpaint_bench.data.protocols import Grey
from inpaint_bench.errors import InputError

Pixels = UInt8[np.ndarray, "height width 3"]
Values = UInt8[np.ndarray, "height width"]
Hole = Bool[np.ndarray, "height width"]

warnings.filterwarnings("ignore", module="PIL")  # of what lies beside the pixels: damaged EXIF data, say

_KINDS = {"L": "grey", "RGB": "RGB", "RGBA": "RGBA", "LA": "grey with alpha", "P": "palette", "1": "1-bit"}
_TURNS = {  # of EXIF; 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def list_images(folder: Path) -> list[str]:
    """The names of the image files in a folder and its sub-folders, sorted; hidden files are ignored.

    Raises InputError if the folder is missing or contains another file, and as `names.list_files` does.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder.")
    listed = list_files(folder)
    for name in listed:
        if not name.lower().endswith(image_formats.SUFFIXES):
            raise InputError(
                f"{folder / name}: not an image file. Allowed: {', '.join(image_formats.SUFFIXES)}. "
                "Convert it, or move it elsewhere."
            )
    return listed


@dataclass(frozen=True)
class Decoded:
    """An image file's values as a viewer shows them."""

    mode: str  # as Pillow names it: 'L' is 8-bit grey
    values: np.ndarray
    transparent: bool = False  # in one of its values
    texts: Mapping[str, str] = field(default_factory=dict)  # the text fields of a PNG

    @property
    def kind(self) -> str:
        """The mode in words."""
        kind = _KINDS.get(self.mode, self.mode)
        return f"{kind} with transparency" if self.transparent and self.mode in ("L", "RGB") else kind

    def rgb(self, replicate: bool) -> Pixels | None:
        """Its RGB pixels, of a grey one repeated over the channels where wanted; None for an image of another kind."""
        if self.mode == "L" and replicate and not self.transparent:
            return np.repeat(self.values[..., None], 3, axis=2)
        return self.values if self.mode == "RGB" and not self.transparent else None


def read_pixels(path: Path, grey: Grey = "replicate") -> Pixels:
    """An image file as 8-bit RGB. A grey image is repeated over the three channels, or refused.

    Raises InputError for a file that is incomplete, and for depths and modes whose conversion is ambiguous: 16 bits,
    an alpha channel, a palette, CMYK.
    """
    decoded = _decode(path)
    pixels = decoded.rgb(grey == "replicate")
    if pixels is None:
        allowed = "8-bit RGB or grey" if grey == "replicate" else "8-bit RGB; this protocol refuses grey"
        raise InputError(f"{path}: the image is {decoded.kind}; allowed: {allowed}. Convert it first.")
    return pixels


def read_png(path: Path, grey: Grey = "refuse") -> tuple[Pixels, Mapping[str, str]]:
    """The pixels and text fields of an RGB PNG file, for files that must be PNG: predictions and composites."""
    decoded = _decode(path, formats=("PNG",))
    pixels = decoded.rgb(grey == "replicate")
    if pixels is None:
        raise InputError(f"{path}: the image is {decoded.kind}; allowed: 8-bit RGB PNG. Convert it first.")
    return pixels, decoded.texts


def read_values(path: Path) -> Values:
    """The 8-bit values of a mask file, not yet binarised; three equal channels count as one.

    Raises InputError for a file that is incomplete, and for 16 bits, an alpha channel or colours.
    """
    decoded = _decode(path)
    values = decoded.values
    if decoded.mode == "1":
        return values.astype(np.uint8) * np.uint8(255)
    if decoded.mode == "RGB" and (values == values[..., :1]).all():
        return np.ascontiguousarray(values[..., 0])
    if decoded.mode != "L":
        raise InputError(f"{path}: the mask is {decoded.kind}; allowed: one 8-bit channel. Convert it first.")
    return values


def check_header(path: Path, pixels: str, where: str) -> None:
    """Raise InputError, under another name, for a file that is no whole image or, by its header, of another size.

    `pixels` is the size, as "178x218"; "" for any. Its pixels are looked at when it is read.
    """
    data = _read(path)
    try:
        kind = image_formats.check(data, image_formats.FORMATS, where).kind
        with Image.open(io.BytesIO(data), formats=[kind]) as opened:
            found = f"{opened.width}x{opened.height}"
    except (image_formats.Damaged, OSError) as error:
        raise InputError(f"{where}: not a complete image ({error}). Fetch it again.") from error
    if pixels and found != pixels:
        raise InputError(f"{where}: {found} pixels, and those of this dataset have {pixels}: it is another image.")


def _decode(path: Path, formats: tuple[str, ...] = image_formats.FORMATS) -> Decoded:
    data = _read(path)
    try:
        checked = image_formats.check(data, formats, str(path))
        if checked.plain and (values := _plain_values(data)) is not None:
            return Decoded("L" if values.ndim == 2 else "RGB", values, texts=checked.texts)
        opened = _pixels_of(data, checked.kind)
    except (image_formats.Damaged, DecoderError) as error:
        raise InputError(f"{path}: not a complete image ({error}). Fetch or write it again.") from error
    return Decoded(opened.mode, np.array(opened), "transparency" in opened.info, checked.texts)


class DecoderError(ValueError):
    """The image library refuses a file; the message is what it says."""


def _plain_values(data: bytes) -> np.ndarray | None:
    """The values of a PNG of 8-bit grey or RGB, which OpenCV decodes in half of Pillow's time; None if it cannot."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(values, cv2.COLOR_BGR2RGB) if values is not None and values.ndim == 3 else values


def _pixels_of(data: bytes, kind: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as opened:
            opened.load()
            turned = _TURNS.get(_orientation(opened))
            return opened.copy() if turned is None else opened.transpose(turned)
    except Exception as error:  # a decoder that meets a damaged file raises whatever it happens to
        raise DecoderError(" ".join(str(error).split()) or type(error).__name__) from error


def _orientation(opened: Image.Image) -> int:
    """The orientation that the file's EXIF data state, 1 to 8; 1, upright, where none can be read."""
    try:
        stated = opened.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF data turn nothing in a viewer either
        return 1
    return stated if isinstance(stated, int) else 1


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise InputError(f"{path}: a device or a pipe, not a file. Put a file there.")
        if status.st_size > image_formats.MAX_BYTES:
            raise InputError(f"{path}: {status.st_size:,} bytes; allowed: {image_formats.MAX_BYTES:,}.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{str(path)!r}: no file can have this name ({error}).") from error
    if not data:
        raise InputError(f"{path}: the file is empty. Fetch or write it again.")
    return data


def centre_square(pixels: Pixels) -> UInt8[np.ndarray, "side side 3"]:
    """The largest centred square; an odd pixel is dropped at the bottom or the right."""
    height, width, _ = pixels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def resize_bilinear(pixels: Pixels, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """OpenCV's bilinear resize to a square, without antialiasing, as in the papers' code."""
    return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def resize_nearest(values: Values, size: int) -> UInt8[np.ndarray, "size size"]:
    """OpenCV's nearest resize to a square: halving keeps the top left pixel of every 2x2 block."""
    return np.asarray(cv2.resize(values, (size, size), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def pixels_sha256(pixels: Pixels) -> str:
    """The SHA-256 of RGB bytes, row by row."""
    return files.sha256(np.ascontiguousarray(pixels).tobytes())


def hole_sha256(hole: Hole) -> str:
    """The SHA-256 of a mask as saved in a PNG: one byte per pixel, 255 in the hole, 0 elsewhere."""
    return files.sha256(mask_values(hole).tobytes())


def mask_values(hole: Hole) -> Values:
    """A mask as saved in files: 255 in the hole, 0 in the known region."""
    return hole.astype(np.uint8) * np.uint8(255)


def composite_pixels(prediction: Pixels, target: Pixels, hole: Hole) -> Pixels:
    """The prediction inside the hole, the target elsewhere, in 8 bits: known pixels are copied, not computed."""
    return np.asarray(cv2.copyTo(prediction, hole.view(np.uint8), target.copy()), dtype=np.uint8)


def absolute_difference(x: Pixels, y: Pixels, where: Hole) -> int:
    """The sum of |x - y| over some pixels and all channels."""
    return int(cv2.norm(x, y, cv2.NORM_L1, mask=where.view(np.uint8)))  # of 8 bits it is exact


def png_bytes(pixels: Pixels | Values, texts: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """An image or mask as the bytes of a PNG file, with optional text fields in ASCII.

    Its pixels are what is promised: another version of OpenCV may write other bytes.
    """
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return image_formats.with_texts(cv2.imencode(".png", ordered)[1].tobytes(), texts)
