"""Damaged, absurd and unusual image files: refused in a sentence, or read as the pixels that were written."""

import io
import os
import re
import struct
import tracemalloc
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inpaint_bench.data import image_formats, images
from inpaint_bench.errors import InputError

RGB = tiny.picture(0, 16)
READERS = (images.read_pixels, images.read_values, images.read_png)
Chunk = tuple[bytes, bytes]


def encoded(kind: str, pixels: images.Pixels | images.Values = RGB, mode: str = "", **options: Any) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(out, format=kind, **options)
    return out.getvalue()


PNG, JPEG = encoded("PNG"), encoded("JPEG", quality=95)


def chunks_of(data: bytes) -> list[Chunk]:
    chunks, position = [], 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        chunks.append((data[position + 4 : position + 8], data[position + 8 : position + 8 + length]))
        position += 12 + length
    return chunks


def png_of(chunks: Iterable[Chunk]) -> bytes:
    """A PNG of these chunks, each with the right CRC."""
    crcs = ((kind, data, zlib.crc32(kind + data)) for kind, data in chunks)
    return PNG[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc) for kind, data, crc in crcs
    )


def with_data(data: bytes) -> bytes:
    """The PNG with other compressed data, under right CRCs."""
    return png_of((kind, data if kind == b"IDAT" else body) for kind, body in chunks_of(PNG))


def with_size(width: int, height: int) -> bytes:
    header = struct.pack(">II", width, height) + PNG[24:29]
    return png_of((kind, header if kind == b"IHDR" else body) for kind, body in chunks_of(PNG))


def refusal(data: bytes, name: str = "a.png", readers: Iterable[Any] = READERS) -> str:
    """The one sentence in which every reader refuses a file."""
    Path(name).write_bytes(data)
    sentences = set()
    for read in readers:
        with pytest.raises(InputError) as refused:
            read(Path(name))
        sentences.add(str(refused.value))
    (sentence,) = sentences
    assert sentence.startswith(f"{name}: ")
    assert sentence.endswith(".")
    return sentence


COMPRESSED = dict(chunks_of(PNG))[b"IDAT"]
ROWS = zlib.decompress(COMPRESSED)
IHDR, IDAT, IEND = chunks_of(PNG)


def test_a_png_written_again_chunk_by_chunk_is_the_same_file() -> None:
    assert png_of(chunks_of(PNG)) == PNG
    assert with_data(COMPRESSED) == PNG


@given(bit=st.integers(0, 8 * len(PNG) - 1))
def test_a_png_with_a_flipped_bit_is_refused(bit: int) -> None:
    data = bytearray(PNG)
    data[bit // 8] ^= 1 << bit % 8
    refusal(bytes(data))


@given(start=st.integers(0, len(PNG) - 1), length=st.integers(1, len(PNG)))
def test_a_png_with_a_zeroed_part_is_refused_unless_nothing_changed(start: int, length: int) -> None:
    data = PNG[:start] + bytes(len(PNG[start : start + length])) + PNG[start + length :]
    if data != PNG:
        refusal(data)


@given(cut=st.integers(0, len(PNG) - 1))
def test_a_png_that_ends_too_early_is_refused(cut: int) -> None:
    refusal(PNG[:cut])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_data(COMPRESSED[:-4] + b"\0\0\0\1"), "its compressed data are damaged: .*incorrect data check"),
        (with_data(COMPRESSED[:-4]), "its compressed data do not end"),
        (with_data(zlib.compress(ROWS[:-49])), "hold 735 bytes; its size needs 784"),
        (with_data(zlib.compress(ROWS + bytes(49))), "hold 833 bytes; its size needs 784"),
        (with_data(COMPRESSED[:300] + bytes(20) + COMPRESSED[320:]), "its compressed data are damaged"),
        (with_data(b""), "hold 0 bytes"),
        (png_of([(b"tEXt", b"a\0b"), IHDR, IDAT, IEND]), "the first chunk, and no other, must be IHDR"),
        (png_of([IHDR, IDAT, IHDR, IEND]), "the first chunk, and no other, must be IHDR"),
        (png_of([IHDR, IDAT, (b"tEXt", b"a\0b"), IDAT, IEND]), "other chunks between those of the pixels"),
        (png_of([IHDR, (b"ABCD", b""), IDAT, IEND]), "the chunk ABCD is unknown"),
        (PNG[:-4] + b"\0\0\0\0", "the chunk IEND has another checksum"),
    ],
    ids=[
        "another Adler sum", "no Adler sum", "a row short", "a row more", "zeroed", "no data", "a chunk before IHDR",
        "two IHDR", "split", "unknown", "CRC",
    ],
)  # fmt: skip
def test_a_png_whose_parts_do_not_fit_is_refused(data: bytes, message: str) -> None:
    assert re.search(rf"not a complete image \(.*{message}.*\)\. Fetch or write it again\.$", refusal(data))


def test_16_bits_are_found_wherever_the_header_stands() -> None:
    header = (b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
    rows = (b"IDAT", zlib.compress(bytes(4 * 25)))
    assert "16 bits per channel; allowed: 8" in refusal(png_of([header, rows, IEND]))
    assert "must be IHDR" in refusal(png_of([(b"tEXt", b"a\0b"), header, rows, IEND]))


@given(
    shape=st.tuples(st.integers(1, 19), st.integers(1, 19)),
    kind=st.sampled_from(["RGB", "L", "1"]),
    interlaced=st.booleans(),
    level=st.integers(0, 9),
)
def test_a_whole_png_of_any_kind_is_read(shape: tuple[int, int], kind: str, interlaced: bool, level: int) -> None:
    pixels = np.random.default_rng(level).integers(0, 2, (*shape, 3), dtype=np.uint8) * np.uint8(255)
    data = encoded("PNG", pixels, kind, compress_level=level)
    if interlaced:
        data = interlace(data)
    image_formats.check(data, ("PNG",), "a.png")
    Path("a.png").write_bytes(data)
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.array(opened.convert("RGB"))
    read = images.read_pixels(Path("a.png")) if kind != "1" else images.read_values(Path("a.png"))[..., None]
    assert (read == expected).all()


def interlace(data: bytes) -> bytes:
    """The PNG in the seven passes of Adam7, unfiltered."""
    with Image.open(io.BytesIO(data)) as opened:
        values, bits = np.array(opened), opened.mode == "1"
    rows = b""
    for left, top, right, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for row in values[top::down, left::right]:
            rows += b"\0" + (np.packbits(row) if bits else row).tobytes() if len(row) else b""
    chunks = {b"IHDR": dict(chunks_of(data))[b"IHDR"][:12] + b"\1", b"IDAT": zlib.compress(rows), b"IEND": b""}
    return png_of(chunks.items())


@pytest.mark.parametrize(
    "data",
    [with_size(12_000, 12_000), with_size(99_999, 99_999), with_size(1, 40_000), with_size(2**31, 2**31)],
    ids=["bomb", "absurd", "a line", "largest"],
)
def test_an_absurd_size_is_refused_before_anything_of_it_is_allocated(data: bytes) -> None:
    tracemalloc.start()
    try:
        assert re.search(r"a\.png: \d+x\d+ pixels; allowed: 67,108,864 pixels", refusal(data))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "WEBP"])
def test_absurd_sizes_of_other_formats_are_refused(kind: str) -> None:
    data = bytearray(encoded(kind, lossless=True))
    if kind == "JPEG":
        start = data.index(b"\xff\xc0")
        data[start + 5 : start + 9] = struct.pack(">HH", 65_000, 65_000)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", 20_000, -20_000)
    else:
        data[21:25] = struct.pack("<I", 0x3FFF | 0x3FFF << 14)
    assert "pixels; allowed: 67,108,864 pixels" in refusal(bytes(data), "a.jpg", READERS[:2])


def test_a_png_that_unpacks_to_more_than_its_size_is_not_unpacked() -> None:
    bomb = with_data(zlib.compress(bytes(1 << 28)))
    tracemalloc.start()
    try:
        assert "compressed data hold" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@given(cut=st.integers(0, len(JPEG) - 1))
def test_a_jpeg_that_ends_too_early_or_in_zeros_is_refused(cut: int) -> None:
    for data in (JPEG[:cut], JPEG[:cut] + bytes(len(JPEG) - cut)):
        refusal(data, "a.jpg", READERS[:2])


@given(cut=st.integers(0, 600), kind=st.sampled_from(["WEBP", "BMP"]), lossless=st.booleans())
def test_a_webp_or_bmp_that_ends_too_early_is_refused(cut: int, kind: str, lossless: bool) -> None:
    data = encoded(kind, lossless=lossless)
    refusal(data[: min(cut, len(data) - 1)], "a.webp", READERS[:2])


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 1}])
def test_every_kind_of_jpeg_is_read_as_the_decoder_reads_it(options: dict[str, Any]) -> None:
    data = encoded("JPEG", tiny.picture(1, 40), **options)
    Path("a.jpg").write_bytes(data + b"what phones put behind the image")
    with Image.open(io.BytesIO(data)) as opened:
        assert (images.read_pixels(Path("a.jpg")) == np.array(opened)).all()


def test_a_jpeg_that_lacks_a_part_between_two_restart_markers_is_refused() -> None:
    data = encoded("JPEG", tiny.picture(1, 40), restart_marker_blocks=1)
    first, second = data.index(b"\xff\xd0"), data.index(b"\xff\xd1")
    assert "a part of its compressed data is missing" in refusal(data[:first] + data[second:], "a.jpg", READERS[:2])


def test_the_first_picture_of_a_phone_s_multi_picture_file_is_read() -> None:
    other = Image.fromarray(tiny.picture(5, 16))
    Path("a.jpg").write_bytes(encoded("MPO", save_all=True, append_images=[other], quality=95))
    with Image.open("a.jpg") as opened:
        assert (opened.format, getattr(opened, "n_frames", 1)) == ("MPO", 2)
    Path("b.jpg").write_bytes(JPEG)
    assert (images.read_pixels(Path("a.jpg")) == images.read_pixels(Path("b.jpg"))).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    data = encoded(kind, save_all=True, append_images=[Image.fromarray(tiny.picture(5, 16))])
    assert "an animation; allowed: one image" in refusal(data, "a.webp", READERS if kind == "PNG" else READERS[:2])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html>", "HTML"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"II*\0", "TIFF"),
    ],
)
def test_what_lies_in_place_of_an_image_is_named(data: bytes, kind: str) -> None:
    assert f"a {kind} file; allowed: PNG" in refusal(data, readers=[images.read_pixels])


def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("a.png")
    with pytest.raises(InputError, match=r"a\.png: a device or a pipe, not a file"):
        images.read_pixels(Path("a.png"))


def test_a_name_with_nul_is_refused() -> None:
    with pytest.raises(InputError, match=r"'a\\x00\.png': no file can have this name"):
        images.read_pixels(Path("a\0.png"))
