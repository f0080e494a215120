"""Ways to break binary files from within: headers, chunks and entries with sizes and checksums that fit again."""

import io
import pickle
import random
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import breakage
import numpy as np
import tensorflow_checkpoint
import torch
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


# --- archives and checkpoints ---------------------------------------------------------------------


def entry(data: bytes, chance: random.Random) -> bytes:
    """An entry of a zip archive is broken, renamed, doubled, packed, missing or added; every checksum fits."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(one.filename, archive.read(one)) for one in archive.infolist()]
    except zipfile.BadZipFile:
        return breakage.cut(data, chance)
    at = chance.randrange(len(entries))
    name, content = entries[at]
    how, which = zipfile.ZIP_STORED, chance.randrange(8)
    if which < 3:
        change = chance.choice((breakage.flip_bits, breakage.cut, breakage.overwrite, breakage.repeat, opcode))
        entries[at] = (name, change(content, chance))
    elif which == 3:
        entries[at] = (chance.choice(["../outside", "/outside", "a\0b", "/", name.upper(), "é", "a/" * 3000]), content)
    elif which == 4:
        entries.insert(at, (name, content))
    elif which == 5:
        how = chance.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    elif which == 6:
        del entries[at]
    else:
        added = chance.choice(["../outside.pth", "x/data.pkl", "a.pth", "archive/constants.pkl", name + "2"])
        entries.append((added, chance.choice([b"", content, b"\0" * 30_000_000])))
        how = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two entries with one name
        with zipfile.ZipFile(out, "w", how) as archive:
            for one, body in entries:
                archive.writestr(one, body)
    return out.getvalue()


OPCODES = (
    b"\x94", b"0", b"2", b"(", b"}", b"]", b")", b"t", b"l", b"d", b"R", b"b", b"s", b"u", b"a", b"e", b"\x81", b"\x93",
    b"N", b"\x88", b"Q", b"h\0", b"q\0", b"j\xff\xff\xff\xff", b"r\xff\xff\xff\xff", b"K\1", b"J\xff\xff\xff\x7f",
    b"\x8a\xff" + b"\xff" * 255, b"\x8b\xff\xff\xff\x7f", b"X\xff\xff\xff\x7f", b"\x8d" + b"\xff" * 8,
    b"\x8e" + b"\xff" * 8, b"\x96" + b"\0\0\0\0\2\0\0\0", b"cos\nsystem\n", b"c__builtin__\nbytearray\n",
    b"cbuiltins\neval\n", b"(" * 5000, b"]" * 5000 + b"a" * 4999, b"I" + b"9" * 6000 + b"\n", b"F1e999\n", b"S'a'\n",
    b"Vabc\n", b".", b"P1\n", b"\x95" + b"\xff" * 8, b"\x97", b"ctorch._utils\n_rebuild_tensor_v2\n", b"i__main__\na\n",
)  # fmt: skip


def opcode(data: bytes, chance: random.Random) -> bytes:
    """Some instructions of a pickle where others stand or between them."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(OPCODES) + data[at + chance.choice([0, 0, 1, 2]) :]


def checkpoint(data: bytes, chance: random.Random) -> bytes:
    """A checkpoint that torch writes and that holds something else than real numbers by name."""
    one = torch.arange(6.0).reshape(2, 3)
    made: list[Callable[[], Any]] = [
        lambda: {"a.weight": torch.sparse_coo_tensor(torch.tensor([[0], [1]]), torch.ones(1), (2, 3))},
        lambda: {"a.weight": one.to_sparse_csr()},
        lambda: {"a.weight": torch.empty(10**7, 10**7, device="meta")},
        lambda: {"a.weight": torch.quantize_per_tensor(one, 0.1, 0, torch.qint8)},
        lambda: {"a.weight": one.to(torch.float8_e4m3fn)},
        lambda: {"a.weight": one.to(torch.complex64)},
        lambda: {"a.weight": torch.ones(1).expand(10**6, 10**6)},
        lambda: {b"a.weight": one, 3: one, ("a", 1): one, None: one},
        lambda: {"a.weight": 3, "a.bias": "x", "b": 10**400},
        lambda: {"a.weight": torch.full((2, 3), float("nan"))},
        lambda: {"a.weight": torch.full((2, 3), 1e-42)},
        lambda: {"a.weight": bytearray(1000), "b": b"x" * 1000},
        lambda: {"a.weight": torch.nn.Parameter(one), "b": torch.Size([1, 2])},
        lambda: {"../a": one, "/a": one, "a\0b": one, "a\nb\x1b[31m": one, "\u202ea": one, "": one},
        lambda: _nested(200),
        lambda: [one],
        lambda: one,
        lambda: {},
        lambda: {f"layer{number}": one for number in range(3_000)},
        lambda: {"state_dict": {"state_dict": {"module.a.weight": one}}},
        lambda: {"a.weight": one.double() * 1e300},
        lambda: {"a.weight": torch.zeros(0), "b": torch.zeros(()), "c": torch.zeros((1,) * 60)},
        lambda: {"a.weight": one.to(torch.bfloat16), "a.bias": torch.ones(2, dtype=torch.bool)},
    ]
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors that torch calls a prototype
        torch.save(chance.choice(made)(), out, _use_new_zipfile_serialization=chance.random() < 0.7)
    return out.getvalue()


def _nested(depth: int) -> Any:
    inside: Any = torch.ones(1)
    for _ in range(depth):
        inside = {"a": inside}
    return inside


def old_tar(data: bytes, chance: random.Random) -> bytes:
    """A tar archive as torch 0.1 wrote, or any."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in chance.choice([("storages", "tensors", "pickle"), ("../outside",), ("a.pth",)]):
            content = pickle.dumps(chance.choice([0, {"a": 1}, [1] * 1000]))
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def safetensors(data: bytes, chance: random.Random) -> bytes:
    """The header of safetensors with a broken value or key, or another length."""
    length = int.from_bytes(data[:8], "little")
    header, rest = data[8 : 8 + length], data[8 + length :]
    which = chance.randrange(4)
    if which == 0:
        return (
            chance.choice([0, 1, length - 1, length + 1, 1 << 32, 1 << 62, (1 << 64) - 1]).to_bytes(8, "little")
            + data[8:]
        )
    change = breakage.key if which == 1 else breakage.value
    header = change(header.strip(), chance).strip()
    return len(header).to_bytes(8, "little") + header + rest


def tensorflow_index(data: bytes, chance: random.Random) -> bytes:
    """An index of TensorFlow with odd names, shapes and places; its checksums fit."""
    entry = tensorflow_checkpoint.entry
    huge = np.broadcast_to(np.float32(1), (1 << 20, 1 << 20))
    values = [
        entry(np.arange(6.0), 0, 0, 1), entry(np.arange(6.0), 9, 0, 1), entry(np.arange(6.0), 0, 1 << 50, 1),
        entry(huge, 0, 0, 1), entry(np.zeros((1,) * 30), 0, 0, 1), b"", b"\xff" * 30, b"\x08\x01\x12" + b"\xff" * 9,
        tensorflow_checkpoint.field(1, 77), entry(np.zeros(0), 0, 0, 1),
    ]  # fmt: skip
    names = [b"a", b"b/c", b"../a", b"\xff\xfe", b"a\0b", b"x" * 2000, b"a/ExponentialMovingAverage"]
    chosen = sorted({chance.choice(names): chance.choice(values) for _ in range(chance.randint(1, 5))}.items())
    header = tensorflow_checkpoint.field(1, chance.choice([1, 1, 1, 0, 2, 1 << 40]))
    pairs = [(b"", header), *chosen]
    if chance.random() < 0.2:
        pairs = [(b"%07d" % number, values[0]) for number in range(20_000)]
    return tensorflow_checkpoint.table(pairs)


NPY: tuple[Break, ...] = (npy_header, npy_header, npy_header, array, array, array)
PNG: tuple[Break, ...] = (png,) * 6
JPEG: tuple[Break, ...] = (jpeg,) * 5
ZIP: tuple[Break, ...] = (entry,) * 7
CHECKPOINTS: tuple[Break, ...] = (checkpoint, checkpoint, checkpoint, old_tar)
PICKLE: tuple[Break, ...] = (opcode,) * 5
SAFETENSORS: tuple[Break, ...] = (safetensors,) * 7
TENSORFLOW: tuple[Break, ...] = (tensorflow_index,) * 5
