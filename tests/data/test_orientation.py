"""The orientation of EXIF: images, masks and outputs are read as a viewer shows them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from PIL import Image, ImageOps

from inpaint_bench.data import images

RGB = tiny.picture(0, 16)


def encoded(kind: str, pixels: images.Pixels | images.Values = RGB, mode: str = "", **options: Any) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(out, format=kind, **options)
    return out.getvalue()


PNG, JPEG = encoded("PNG"), encoded("JPEG", quality=95)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_read_as_a_viewer_shows_it(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(kind, tiny.picture(2, 32)[:20], exif=exif, lossless=True)
    Path("a.png").write_bytes(data)
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.array(ImageOps.exif_transpose(opened))
    assert expected.shape == ((32, 20, 3) if 5 <= orientation <= 8 else (20, 32, 3))
    assert (images.read_pixels(Path("a.png")) == expected).all()
    if kind == "PNG":
        assert (images.read_png(Path("a.png"))[0] == expected).all()


def test_a_mask_is_turned_as_its_image_is() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    values = np.zeros((4, 6), np.uint8)
    values[0, 0] = 255
    Path("a.png").write_bytes(encoded("PNG", values, exif=exif))
    assert (images.read_values(Path("a.png")) == np.rot90(values, -1)).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0no such thing"])
def test_exif_data_that_nobody_can_read_turn_nothing(exif: bytes) -> None:
    Path("a.jpg").write_bytes(encoded("JPEG", quality=95, exif=exif))
    Path("b.jpg").write_bytes(JPEG)
    assert (images.read_pixels(Path("a.jpg")) == images.read_pixels(Path("b.jpg"))).all()
