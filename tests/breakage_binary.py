"""Ways to break arrays and pictures from within: headers and chunks with sizes and checksums that fit again."""

import io
import random
import struct
import zlib
from typing import Any

import breakage
import numpy as np
from breakage import Break

HUGE = (0, 1, 2, 255, 65_535, 99_999, 1 << 20, (1 << 31) - 1, (1 << 32) - 1)
SHAPES = (
    "()", "(0,)", "(12,)", "(12, 0)", "(0, 4)", "(12, 4, 1)", "(1000000000000, 4)", "(12, 99999999999)", "(-1, 4)",
    "(True, 4)", "(12.0, 4)", "12", "(12, 4L)", "(1," * 40 + "1" + ")" * 40, "(" + "1, " * 64 + ")", "(3,)", "(6, 8)",
    "(9999999999999999999999, 1)",
)  # fmt: skip
DTYPES = (
    "'<f4'", "'>f4'", "'<f2'", "'<f8'", "'<f16'", "'<i8'", "'>i8'", "'|b1'", "'|u1'", "'<c8'", "'|O'", "'|S3'", "'<U2'",
    "'<M8[s]'", "'|V4'", "[('a', '<f4')]", "'x'", "None", "('<f4', (1000000, 1000000))", "'<u4'", "'|S2000000000'",
)  # fmt: skip


# --- arrays ---------------------------------------------------------------------------------------


def npy_header(data: bytes, chance: random.Random) -> bytes:
    """A header of .npy with another shape, type, order or version; the values follow as before."""
    if not data.startswith(b"\x93NUMPY"):
        return breakage.flip_bits(data, chance)
    end = 10 + struct.unpack_from("<H", data, 8)[0]
    header = data[10:end].decode().strip()
    kind = chance.randrange(6)
    if kind < 2:
        header = header[: header.index("'shape'")] + f"'shape': {chance.choice(SHAPES)}, }}"
    elif kind < 4:
        header = f"{{'descr': {chance.choice(DTYPES)}, " + header[header.index("'fortran") :]
    elif kind == 4:
        header = header.replace("False", chance.choice(["True", "1", "None", "not 1"]))
    else:
        header = chance.choice(["(" * 5000, "{", "", "__import__('os')", "{}", "{'descr': '<f4'}", "9" * 6000, "é"])
    version = chance.choice([1, 1, 1, 2, 3, 9])
    text = header.encode("utf-8" if version == 3 else "latin-1", "replace") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data[end:]


def array(data: bytes, chance: random.Random) -> bytes:
    """An array of another kind: no axis, one or three, numbers that are none, texts, objects, an archive of arrays."""
    made: list[Any] = [
        np.float32(1), np.arange(12.0), np.zeros((12, 4, 1), np.float32), np.zeros((0, 4), np.float32),
        np.full((12, 4), np.nan, np.float32), np.full((12, 4), np.inf), np.full((12, 4), 5e-324), np.zeros((12, 4)),
        np.ones((12, 4), bool), np.ones((12, 4), complex), np.full((12, 4), "a"), np.full((12, 4), -0.0, np.float32),
        np.array([[None] * 4] * 12), np.full((12, 4), 1e38), np.arange(3.0), np.array([2, 0, 10**9]),
        np.array([-1, 0, 1]), np.array([2, 0, 1], np.uint64) + np.uint64(2**63), np.array([True, False, True]),
        np.array([[2, 0, 1]]), np.array([2, 0, 1], ">i2"), np.zeros((12, 4), "<M8[s]"), np.zeros((2, 4), "f4,i4"),
    ]  # fmt: skip
    out = io.BytesIO()
    if chance.random() < 0.15:
        np.savez(out, a=np.zeros((12, 4)))
    else:
        np.save(out, chance.choice(made), allow_pickle=True)
    return out.getvalue()


# --- PNG and JPEG ---------------------------------------------------------------------------------


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 8, []
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of PNG with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(data: bytes, chance: random.Random) -> bytes:
    """Chunks of PNG changed, added, taken away or exchanged; every checksum fits."""
    chunks = _chunks(data)
    if not chunks:
        return breakage.cut(data, chance)
    which = chance.randrange(8)
    at = chance.randrange(len(chunks))
    header = bytearray(chunks[0][1].ljust(13, b"\0"))
    if which == 0:
        struct.pack_into(">I", header, chance.choice([0, 4]), chance.choice(HUGE))
    elif which == 1:
        header[chance.randrange(8, 13)] = chance.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 32, 255])
    chunks[0] = (chunks[0][0], bytes(header))
    if which == 2:
        del chunks[at]
    elif which == 3:
        chunks.insert(chance.randrange(len(chunks) + 1), chunks[at])
    elif which == 4:
        chunks.insert(chance.randrange(1, len(chunks) + 1), chance.choice(EXTRA))
    elif which == 5:
        chunks[at] = (chunks[at][0], breakage.flip_bits(chunks[at][1], chance))
    elif which == 6:
        chunks[at] = (chunks[at][0], breakage.cut(chunks[at][1], chance))
    elif which == 7:
        pixels = next((number for number, one in enumerate(chunks) if one[0] == b"IDAT"), 0)
        rows = chance.choice([b"", b"\0" * 100_000_000, b"\5" * 3000, b"\0" * 1000])
        chunks[pixels] = (b"IDAT", zlib.compress(rows, 1))
    return data[:8] + b"".join(chunk(*one) for one in chunks)


BOMB = zlib.compress(b"\0" * 50_000_000, 9)
EXTRA: list[tuple[bytes, bytes]] = [
    (b"zTXt", b"a\0\0" + BOMB), (b"iTXt", b"a\0\1\0\0\0" + BOMB), (b"iCCP", b"a\0\0" + BOMB), (b"tRNS", b"\0" * 6),
    (b"tEXt", b"known_error\0nan"), (b"tEXt", b"\xff\xfe\0\xff"), (b"gAMA", b"\0\0\0\1"), (b"PLTE", b"\0" * 768),
    (b"eXIf", b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"), (b"eXIf", b"MM\0*\xff\xff\xff\xff"),
    (b"acTL", b"\0\0\0\2\0\0\0\0"), (b"sBIT", b"\1\1\1"), (b"bKGD", b"\0" * 6), (b"IEND", b""), (b"IDAT", b""),
    (b"XXXX", b"abc"), (b"xxXx", b"abc"), (b"\0\0\0\0", b""),
]  # fmt: skip


def jpeg(data: bytes, chance: random.Random) -> bytes:
    """A segment of JPEG with another size of the image, another length or another body, doubled or taken away."""
    starts, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        starts.append(at)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    if not starts:
        return breakage.cut(data, chance)
    at = chance.choice(starts)
    end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
    broken = bytearray(data)
    which = chance.randrange(5)
    if which == 0:
        frame = next((one for one in starts if 0xC0 <= data[one + 1] <= 0xC2), at)
        struct.pack_into(">H", broken, frame + chance.choice([5, 7]), chance.choice([0, 1, 24, 25, 65_535]))
    elif which == 1:
        struct.pack_into(">H", broken, at + 2, chance.choice([0, 1, 2, 65_535]))
    elif which == 2:
        return data[:at] + data[end:]
    elif which == 3:
        return data[:at] + data[at:end] * chance.choice([2, 50]) + data[end:]
    else:
        broken[at + 4 : end] = breakage.flip_bits(bytes(broken[at + 4 : end]), chance)
    return bytes(broken)


NPY: tuple[Break, ...] = (npy_header, npy_header, npy_header, array, array, array)
PNG: tuple[Break, ...] = (png,) * 6
JPEG: tuple[Break, ...] = (jpeg,) * 5
