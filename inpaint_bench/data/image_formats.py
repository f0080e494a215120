"""What an image file says of its size, its end and its checksums, read before a pixel is decoded.

The decoder alone accepts damaged files as other pixels: it skips the checksum of a PNG's compressed data, and stops
once it has every row. Here a PNG is whole only if each chunk has its CRC and the compressed data end, with their own
checksum, after exactly the rows that the header announces. JPEG, WebP and BMP carry no checksums: their segments,
chunks and sizes must be whole, and end where they say.
"""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from inpaint_bench import files
from inpaint_bench.errors import InputError

FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp")
MAX_BYTES = 1 << 29
MAX_PIXELS = 1 << 26  # 8192 x 8192, which is 192 MiB of 8-bit RGB
MAX_SIDE = 32_767  # of OpenCV's resize

_STARTS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8",
    "BMP": rb"BM",
    "WEBP": rb"RIFF....WEBP",
    "GIF": rb"GIF8",
    "TIFF": rb"II\*\x00|MM\x00\*",
    "HEIC": rb"....ftyp(heic|heix|mif1|msf1)",
    "AVIF": rb"....ftypavi[fs]",
    "Git LFS pointer": rb"version https://git-lfs",
    "HTML": rb"\s*<(!doctype html|html)",
}
_FORMAT = re.compile(b"|".join(b"(%s)" % start.replace(b"(", b"(?:") for start in _STARTS.values()), re.DOTALL | re.I)

_LAST_FILTER = 4  # of a PNG: how a row was foretold from its neighbours
_HEADER_END = 33  # of a PNG: 8 bytes that every one begins with, and the chunk IHDR
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG by its colour type
_DEPTHS = {0: (1, 2, 4, 8), 2: (8,), 3: (1, 2, 4, 8), 4: (8,), 6: (8,)}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers of frames, which hold the size
_JPEG_NEXT = re.compile(rb"\xff+([^\x00\xff])")  # in compressed data, 0xff 0x00 is a byte of data
_JPEG_RESTARTS = range(0xD0, 0xD8)

_KEY = re.compile(rb"[a-z_]{1,79}")  # of the text fields that the harness writes

_whole: set[str] = set()  # the SHA-256 of PNG files whose compressed data were checked, so that it is done once


class Damaged(ValueError):
    """The file is not a complete image; the message is a clause that says why."""


@dataclass(frozen=True)
class Checked:
    """What an image file says of itself."""

    kind: str  # one of FORMATS
    plain: bool = False  # a PNG of 8-bit grey or RGB, row by row, with nothing beside its pixels but texts of ours
    texts: Mapping[str, str] = field(default_factory=dict)  # the text fields of a PNG that the harness may have written


def check(data: bytes, allowed: tuple[str, ...], where: str) -> Checked:
    """What an image file says of itself, after its header, sizes and checksums were checked.

    `where` names the file in an error. Raises Damaged for a file that is incomplete or damaged, and InputError for one
    of another format, of 16 bits per channel, of more than `MAX_PIXELS` pixels, or with several frames.
    """
    found = _FORMAT.match(data)
    if found is None:
        raise Damaged("unknown file format")
    kind = list(_STARTS)[(found.lastindex or 1) - 1]
    if kind not in allowed:
        raise InputError(f"{where}: a {kind} file; allowed: {', '.join(allowed)}.")
    try:
        if kind == "PNG":
            return _check_png(data, where)
        {"JPEG": _check_jpeg, "BMP": _check_bmp, "WEBP": _check_webp}[kind](data, where)
    except (struct.error, IndexError) as error:  # a field beyond the end of the file
        raise Damaged("the file ends too early") from error
    return Checked(kind)


def _check_size(width: int, height: int, where: str) -> None:
    if not width or not height:
        raise Damaged(f"{width}x{height} pixels")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise InputError(
            f"{where}: {width}x{height} pixels; allowed: {MAX_PIXELS:,} pixels (8192x8192), and {MAX_SIDE:,} a side. "
            "Make the image smaller first."
        )


# --- PNG ------------------------------------------------------------------------------------------


def _check_png(data: bytes, where: str) -> Checked:
    view, position, kind, last, plain = memoryview(data), 8, b"", b"", True
    header: tuple[int, ...] = ()
    compressed: list[memoryview] = []
    texts: dict[str, str] = {}
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        (crc,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(view[position + 4 : end]) != crc:
            raise Damaged(f"the chunk {_shown(kind)} has another checksum")
        if (kind == b"IHDR") != (position == 8):
            raise Damaged("the first chunk, and no other, must be IHDR")
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", view[position + 8 : end])
            _check_png_header(header, where)
        elif kind == b"acTL":
            raise InputError(f"{where}: an animation; allowed: one image. Save one frame of it.")
        elif kind == b"IDAT":
            if compressed and last != b"IDAT":
                raise Damaged("other chunks between those of the pixels")
            compressed.append(view[position + 8 : end])
        elif kind == b"tEXt" and _KEY.fullmatch((parts := data[position + 8 : end].partition(b"\0"))[0]):
            texts[parts[0].decode()] = parts[2].decode("latin-1")
        elif kind[:1].isupper() and kind not in (b"PLTE", b"IEND"):
            raise Damaged(f"the chunk {_shown(kind)} is unknown")
        elif kind not in (b"IHDR", b"IEND"):  # such as an orientation, or what a decoder prints a warning about
            plain = False
        position, last = end + 4, kind
    if (digest := files.sha256(data)) not in _whole:
        _check_compressed(b"".join(compressed), _png_bytes(header), 0 if header[-1] else _row_bytes(header))
        if len(_whole) > 1 << 17:
            _whole.clear()
        _whole.add(digest)
    return Checked("PNG", plain and header[2:4] in ((8, 0), (8, 2)) and not header[-1], texts)


def with_texts(png: bytes, texts: Mapping[str, str]) -> bytes:
    """A PNG file with text fields after its header; names are of letters and '_', texts are ASCII."""
    chunks = [b"tEXt" + name.encode("ascii") + b"\0" + text.encode("ascii") for name, text in texts.items()]
    fields = [struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks]
    return b"".join([png[:_HEADER_END], *fields, png[_HEADER_END:]])


def _check_png_header(header: tuple[int, ...], where: str) -> None:
    width, height, depth, colour, compression, filtering, interlace = header
    if depth == 16:  # the decoder drops the lower 8 bits
        raise InputError(f"{where}: 16 bits per channel; allowed: 8. Convert it first.")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise Damaged("its header is of no known kind of PNG")
    _check_size(width, height, where)


def _png_bytes(header: tuple[int, ...]) -> int:
    """How many bytes the rows of a PNG have, each with the number of its filter."""
    width, height, depth, colour, *_, interlace = header
    passes = _ADAM7 if interlace else ((0, 0, 1, 1),)
    sides = [(-(-(width - left) // right), -(-(height - top) // down)) for left, top, right, down in passes]
    bits = _CHANNELS[colour] * depth
    return sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in sides if columns > 0 and rows > 0)


def _row_bytes(header: tuple[int, ...]) -> int:
    """How many bytes a row of a PNG has that is not interlaced."""
    return _png_bytes((header[0], 1, *header[2:]))


def _check_compressed(data: bytes, size: int, row: int) -> None:
    """Decompress to the end, since the checksum of the data stands after them; each `row` begins with its filter."""
    stream, length = zlib.decompressobj(), 0
    try:
        while not stream.eof and length <= size and (part := stream.decompress(data, 1 << 20)):
            if row and max(part[-length % row :: row], default=0) > _LAST_FILTER:
                raise Damaged("a row of its pixels has an unknown filter")
            length += len(part)
            data = stream.unconsumed_tail
    except zlib.error as error:
        raise Damaged(f"its compressed data are damaged: {error}") from error
    if length == size and not stream.eof:
        raise Damaged("its compressed data do not end")
    if length != size:
        raise Damaged(f"its compressed data hold {length} bytes; its size needs {size}")


def _shown(kind: bytes) -> str:
    return kind.decode("ascii") if kind.isalpha() else repr(kind)[1:]


# --- JPEG, WebP and BMP ---------------------------------------------------------------------------


def _check_jpeg(data: bytes, where: str) -> None:
    """Walk through the segments and scans to the end of the first image; phones write more of them behind it."""
    position, sized, scanned = 2, False, False
    while True:
        found = _JPEG_NEXT.match(data, position)
        if found is None:
            raise Damaged("the file ends before the end of the image" if scanned else "its segments are damaged")
        marker = found[1][0]
        position = found.end()
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2 or position + length > len(data):
            raise Damaged("the file ends within a segment")
        if marker in _JPEG_SIZES:
            depth, height, width = struct.unpack_from(">BHH", data, position + 2)
            if depth != 8:
                raise InputError(f"{where}: {depth} bits per channel; allowed: 8. Convert it first.")
            _check_size(width, height, where)
            sized = True
        position += length
        if marker == 0xDA:
            position, scanned = _end_of_scan(data, position), True
    if not sized or not scanned:
        raise Damaged("the file ends before its pixels")


def _end_of_scan(data: bytes, position: int) -> int:
    """Where the marker after compressed data stands. Restart markers within the data count from 0 to 7 and over."""
    for number, found in enumerate(_JPEG_NEXT.finditer(data, position)):
        if found[1][0] not in _JPEG_RESTARTS:
            return found.start()
        if found[1][0] != _JPEG_RESTARTS[number % 8]:
            raise Damaged("a part of its compressed data is missing")
    raise Damaged("the file ends before the end of the image")


def _check_webp(data: bytes, where: str) -> None:
    (size,) = struct.unpack_from("<I", data, 4)
    end = 8 + size
    if end > len(data):
        raise Damaged(f"the file has {len(data)} bytes; its header says {end}")
    position, pixels = 12, False
    while position < end:
        kind, length = struct.unpack_from("<4sI", data, position)
        start = position + 8
        position = start + length + length % 2
        if position > end:
            raise Damaged("the file ends within a chunk")
        if (kind == b"VP8X" and data[start] & 2) or kind in (b"ANIM", b"ANMF"):
            raise InputError(f"{where}: an animation; allowed: one image. Save one frame of it.")
        if kind == b"VP8X":
            _check_size(_three(data, start + 4) + 1, _three(data, start + 7) + 1, where)
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, start + 1)
            _check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, where)
            pixels = True
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", data, start + 6)
            _check_size(width & 0x3FFF, height & 0x3FFF, where)
            pixels = True
    if not pixels:
        raise Damaged("the file ends before its pixels")


def _three(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 3], "little")


def _check_bmp(data: bytes, where: str) -> None:
    size, start, header = struct.unpack_from("<I4xII", data, 2)
    if max(size, start) > len(data):
        raise Damaged(f"the file has {len(data)} bytes; its header says {max(size, start)}")
    width, height = struct.unpack_from("<HH" if header == 12 else "<Ii", data, 18)
    _check_size(width, abs(height), where)  # negative: the first row is at the top
