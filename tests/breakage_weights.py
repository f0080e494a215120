"""Ways to break archives, checkpoints and other files of weights from within, with headers that fit again."""

import io
import pickle
import random
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import breakage
import numpy as np
import tensorflow_checkpoint
import torch
from breakage import Break


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


ZIP: tuple[Break, ...] = (entry,) * 7
CHECKPOINTS: tuple[Break, ...] = (checkpoint, checkpoint, checkpoint, old_tar)
PICKLE: tuple[Break, ...] = (opcode,) * 5
SAFETENSORS: tuple[Break, ...] = (safetensors,) * 7
TENSORFLOW: tuple[Break, ...] = (tensorflow_index,) * 5
