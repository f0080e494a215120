"""Pictures and masks from files: what is read, what is refused and why; composites and 8 bits."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import ExifTags, Image, PngImagePlugin

from inpaint_bench.data import image_formats, images
from inpaint_bench.data.protocols import Grey
from inpaint_bench.errors import InputError

RGB = tiny.picture(0, 16)
GREY = np.ascontiguousarray(RGB[..., 0])
HOLE = np.pad(np.ones((4, 4), bool), 6)


def saved(path: str, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return Path(path)


def png_of(header: bytes, rows: bytes, *others: tuple[bytes, bytes]) -> bytes:
    """A PNG with other chunks between its header and its pixels."""
    chunks = ((b"IHDR", header), *others, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def png16(channels: int) -> bytes:
    """A PNG of 16 bits a channel, grey or RGB, which Pillow cannot write in colour."""
    rows = b"".join(b"\0" + bytes(range(2 * 4 * channels)) for _ in range(4))
    return png_of(struct.pack(">IIBBBBB", 4, 4, 16, {1: 0, 3: 2}[channels], 0, 0, 0), rows)


def png(pixels: images.Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp"])
def test_a_lossless_picture_is_read_as_it_was_written(suffix: str) -> None:
    path = saved(f"a.{suffix}", Image.fromarray(RGB), lossless=True)
    assert (images.read_pixels(path) == RGB).all()


def test_a_jpeg_is_read() -> None:
    assert images.read_pixels(saved("a.jpg", Image.fromarray(RGB))).shape == RGB.shape


def test_a_grey_picture_is_repeated_or_refused() -> None:
    path = saved("a.png", Image.fromarray(GREY))
    assert (images.read_pixels(path, "replicate") == GREY[..., None]).all()
    with pytest.raises(InputError, match=r"a\.png: the image is grey; allowed: 8-bit RGB; .*refuses grey"):
        images.read_pixels(path, "refuse")


@pytest.mark.parametrize("grey", ["replicate", "refuse"])
@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "RGBA"), ("LA", "grey with alpha"), ("P", "palette"), ("1", "1-bit")]
)
def test_a_mode_that_needs_a_guess_is_refused(mode: str, kind: str, grey: Grey) -> None:
    path = saved("a.png", Image.fromarray(RGB).convert(mode))
    with pytest.raises(InputError, match=rf"a\.png: the image is {kind}; allowed: 8-bit RGB.*Convert it first"):
        images.read_pixels(path, grey)


def test_a_cmyk_jpeg_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.jpg: the image is CMYK"):
        images.read_pixels(saved("a.jpg", Image.fromarray(RGB).convert("CMYK")))


def test_a_coloured_mask_is_refused() -> None:
    with pytest.raises(InputError, match=r"the mask is RGB; allowed: one 8-bit channel"):
        images.read_values(saved("a.png", Image.fromarray(RGB)))


def test_a_transparent_colour_is_refused() -> None:
    with pytest.raises(InputError, match="RGB with transparency"):
        images.read_pixels(saved("a.png", Image.fromarray(RGB), transparency=(0, 0, 0)))


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "rgb"])
def test_16_bits_are_refused(channels: int) -> None:
    Path("deep.png").write_bytes(png16(channels))
    for read in (images.read_pixels, images.read_values, images.read_png):
        with pytest.raises(InputError, match=r"deep\.png: 16 bits per channel; allowed: 8"):
            read(Path("deep.png"))


def test_16_bits_of_pillow_are_refused() -> None:
    path = saved("deep.png", Image.fromarray(GREY.astype(np.uint16) * 256))
    with pytest.raises(InputError, match="16 bits"):
        images.read_pixels(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"no picture at all, but long enough", "not a complete image"),
        (png(RGB)[:20], "not a complete image"),
        (png(RGB)[:-40], "not a complete image"),
        (png(RGB)[:100] + b"\x55" * 20 + png(RGB)[120:], "not a complete image"),
    ],
    ids=["zero bytes", "text", "cut in the header", "cut", "spoilt"],
)
def test_a_broken_file_is_refused_by_its_name(data: bytes, message: str) -> None:
    Path("broken.png").write_bytes(data)
    for read in (images.read_pixels, images.read_values, images.read_png):
        with pytest.raises(InputError, match=message) as refused:
            read(Path("broken.png"))
        assert str(refused.value).startswith("broken.png: ")
        assert "object at 0x" not in str(refused.value)


@given(cut=st.integers(0, len(png(RGB)) - 13))
def test_a_cut_file_is_refused_unless_every_pixel_is_there(cut: int) -> None:
    Path("cut.png").write_bytes(png(RGB)[:cut])
    try:
        pixels = images.read_pixels(Path("cut.png"))
    except InputError:
        return
    assert (pixels == RGB).all()


def test_a_folder_in_place_of_a_file_is_refused() -> None:
    Path("a.png").mkdir()
    with pytest.raises(InputError, match=r"a\.png: cannot be read \(Is a directory\)"):
        images.read_pixels(Path("a.png"))


def test_a_file_without_permission_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    Path("a.png").touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"a\.png: cannot be read \(Permission denied\)"):
        images.read_pixels(Path("a.png"))


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.png: there is no such file"):
        images.read_pixels(Path("a.png"))


def test_a_gif_is_refused_by_its_content() -> None:
    Image.fromarray(GREY).save("a.gif")
    Path("a.gif").rename("a.png")
    with pytest.raises(InputError, match="a GIF file; allowed: PNG, JPEG, BMP, WEBP"):
        images.read_pixels(Path("a.png"))


def test_a_jpeg_under_the_name_of_a_png_is_no_png() -> None:
    saved("a.jpg", Image.fromarray(RGB)).rename("a.png")
    with pytest.raises(InputError, match="a JPEG file; allowed: PNG"):
        images.read_png(Path("a.png"))


def test_a_png_keeps_its_texts_and_its_pixels() -> None:
    Path("a.png").write_bytes(images.png_bytes(RGB, {"known_error": "0.25"}))
    pixels, texts = images.read_png(Path("a.png"))
    assert (pixels == RGB).all()
    assert texts == {"known_error": "0.25"}


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))),
    st.sampled_from([{}, {"optimize": True}, {"compress_level": 0}]),
)
def test_whoever_decodes_a_png_its_pixels_are_the_same(pixels: images.Pixels, options: dict[str, Any]) -> None:
    for values in (pixels, np.ascontiguousarray(pixels[..., 0])):
        path = saved("picture.png", Image.fromarray(values), **options)
        assert image_formats.check(path.read_bytes(), ("PNG",), "here").plain
        assert np.array_equal(images.read_pixels(path), np.array(Image.open(path).convert("RGB")))


@pytest.mark.parametrize("row", [0, 3, 15])
@pytest.mark.parametrize("number", [5, 255])
def test_a_row_with_an_unknown_filter_is_refused_and_nothing_else_is_printed(
    row: int, number: int, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = bytearray(b"".join(b"\0" + line.tobytes() for line in RGB))
    rows[row * (1 + 3 * 16)] = number
    Path("a.png").write_bytes(png_of(struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0), bytes(rows)))
    with pytest.raises(InputError, match=r"a\.png: not a complete image \(a row of its pixels has an unknown filter\)"):
        images.read_pixels(Path("a.png"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "data", "right"),
    [
        (b"gAMA", struct.pack(">I", 45455), True),
        (b"iCCP", b"a\0\0" + zlib.compress(b"no profile"), True),
        (b"tIME", b"1", True),
        (b"gAMA", b"1", False),
        (b"pHYs", b"1", False),
    ],
)
def test_what_lies_beside_the_pixels_changes_none_and_prints_nothing(
    kind: bytes, data: bytes, right: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = b"".join(b"\0" + line.tobytes() for line in RGB)
    Path("a.png").write_bytes(png_of(struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0), rows, (kind, data)))
    if right:
        assert np.array_equal(images.read_pixels(Path("a.png")), RGB)
    else:
        with pytest.raises(InputError, match=r"a\.png: not a complete image"):
            images.read_pixels(Path("a.png"))
    assert capfd.readouterr() == ("", "")


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))),
    st.dictionaries(st.text("abc_", min_size=1, max_size=79), st.text("0123 .e-:", max_size=50), max_size=3),
)
def test_any_program_reads_the_pixels_and_texts_that_were_written(pixels: images.Pixels, texts: dict[str, str]) -> None:
    for values in (pixels, np.ascontiguousarray(pixels[..., 0])):
        Path("picture.png").write_bytes(images.png_bytes(values, texts))
        with Image.open("picture.png") as opened:
            opened.load()
            assert np.array_equal(np.array(opened), values)
            assert opened.info == texts
    assert images.read_png(Path("picture.png"), "replicate")[1] == texts


@pytest.mark.parametrize("turned", ["exif", "a text of old programs", "XMP"])
def test_a_png_that_viewers_turn_is_turned(turned: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    info = PngImagePlugin.PngInfo()
    if turned == "a text of old programs":
        raw = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
        info.add_text("Raw profile type exif", f"\nexif\n{len(raw):8}\n{raw.hex()}\n")
    elif turned == "XMP":
        info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="3"/>')
    path = saved("a.png", Image.fromarray(RGB), pnginfo=info, **({"exif": exif} if turned == "exif" else {}))
    assert not image_formats.check(path.read_bytes(), ("PNG",), "here").plain
    assert np.array_equal(images.read_pixels(path), RGB[::-1, ::-1])


def test_a_mask_may_have_three_equal_channels_or_one_bit() -> None:
    values = images.mask_values(HOLE)
    for name, picture in (
        ("grey.png", Image.fromarray(values)),
        ("rgb.png", Image.fromarray(np.stack([values] * 3, axis=2))),
        ("bit.png", Image.fromarray(HOLE)),
    ):
        assert (images.read_values(saved(name, picture)) == values).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_a_coloured_or_transparent_mask_is_refused(mode: str) -> None:
    path = saved("mask.png", Image.fromarray(RGB).convert(mode))
    with pytest.raises(InputError, match=r"mask\.png: the mask is .*; allowed: one 8-bit channel"):
        images.read_values(path)


def test_pictures_are_listed_by_name_without_hidden_files() -> None:
    for name in ("b.png", "a.JPG", "c.jfif", ".DS_Store"):
        Path("folder", name).parent.mkdir(exist_ok=True)
        Path("folder", name).touch()
    assert images.list_images(Path("folder")) == ["a.JPG", "b.png", "c.jfif"]
    Path("folder", "photo.heic").touch()
    with pytest.raises(InputError, match=r"photo\.heic: not an image file\. Allowed: \.png.* Convert it, or move it"):
        images.list_images(Path("folder"))
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        images.list_images(Path("nowhere"))
