"""Reads TensorFlow checkpoints (the V2 format of its Saver) without TensorFlow.

`model.ckpt.index` is a sorted string table as in LevelDB: blocks of keys and values, the last one an index of the
others. A key is a tensor's name; its value, a protocol buffer, says which bytes of `model.ckpt.data-00000-of-00001`
hold the tensor. Every block and every tensor has a checksum, and all checksums are verified.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from google_crc32c import value as crc32c
from torch import Tensor

from inpaint_bench.errors import InputError

MAGIC = 0xDB4775248B80FB57
FOOTER = 48  # bytes: two block handles, padding, the magic number
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}  # TensorFlow's type number: numpy's name
MOST_INDEX, MOST_DATA = 64 << 20, 2 << 30  # bytes
MOST_NAMES, MOST_NAME = 100_000, 1000  # tensors, and bytes of a name; DSI's checkpoints have under 2,000 of them
MOST_AXES = 16
SLACK = 1 << 20  # bytes
AVERAGE = "/ExponentialMovingAverage"

Fields = dict[int, list[int | bytes]]


@dataclass(frozen=True)
class Entry:
    """The type, shape and position of a tensor."""

    dtype: str
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int  # bytes
    checksum: int


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Every tensor by its published name, from the .index file and the data files in the same folder.

    A training checkpoint of the structure generator also holds moving averages of its weights, which are what the
    authors publish and test: they replace the weights.
    Raises InputError if a file is missing, truncated, corrupt or not a checkpoint.
    """
    if path.suffix != ".index":
        raise InputError(f"{path}: give the checkpoint's .index file; its data files must be in the same folder.")
    try:
        index = _checked(path, MOST_INDEX).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        shards, entries = _entries(index)
        _refuse_overlapping(path, shards, entries)
        tensors = {name: _tensor(path, shards, name, entry) for name, entry in entries.items()}
    except (ValueError, IndexError, OverflowError, struct.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not a whole TensorFlow checkpoint: {error}. Fetch it again.") from error
    return _averaged(tensors)


def _checked(path: Path, most: int) -> Path:
    """A file of at most so many bytes. Raises InputError for another, which could be waited for without end."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    if (size := path.stat().st_size) > most:
        raise InputError(f"{path}: {size} bytes; allowed: {most}, more than a checkpoint has.")
    return path


def _averaged(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    averages = {
        name.removesuffix(AVERAGE): tensor
        for name, tensor in tensors.items()
        if name.endswith(AVERAGE) and name.startswith("structure_")
    }
    return {name: averages.get(name, tensor) for name, tensor in tensors.items() if not name.endswith(AVERAGE)}


def _refuse_overlapping(path: Path, shards: int, entries: dict[str, Entry]) -> None:
    """Raise ValueError where the tensors take over twice the bytes of a data file: they would share them.

    Raises InputError for a data file that is none or too large.
    """
    wanted: dict[int, int] = {}
    for entry in entries.values():
        wanted[entry.shard] = wanted.get(entry.shard, 0) + entry.size
    for shard, size in wanted.items():
        data_path = path.with_name(f"{path.stem}.data-{shard:05}-of-{shards:05}")
        if data_path.exists() and 2 * (there := _checked(data_path, MOST_DATA).stat().st_size) + SLACK < size:
            raise ValueError(f"its tensors take {size} bytes, and {data_path.name} has {there}")


def _tensor(path: Path, shards: int, name: str, entry: Entry) -> Tensor:
    if entry.shard >= shards:
        raise ValueError(f"'{name}' lies in data file {entry.shard}, and there are {shards}")
    data_path = path.with_name(f"{path.stem}.data-{entry.shard:05}-of-{shards:05}")
    try:
        with open(data_path, "rb") as file:
            file.seek(entry.offset)
            data = file.read(entry.size)
    except OSError as error:
        raise InputError(f"{data_path}: cannot be read ({error.strerror}); it belongs to {path.name}.") from error
    if len(data) != entry.size:
        raise InputError(f"{data_path}: ends before '{name}' does. Fetch it again.")
    if masked_crc32c(data) != entry.checksum:
        raise InputError(f"{data_path}: the bytes of '{name}' are not those that were written. Fetch it again.")
    array = np.frombuffer(data, entry.dtype).reshape(entry.shape)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=True))


def masked_crc32c(data: bytes) -> int:
    """CRC-32C as LevelDB and TensorFlow store it: rotated and offset, so that data containing CRCs can be checked."""
    crc: int = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


# --- the table -----------------------------------------------------------------------------------


def _entries(index: bytes) -> tuple[int, dict[str, Entry]]:
    """The number of data files, and the entry of every tensor."""
    if len(index) < FOOTER or struct.unpack("<Q", index[-8:])[0] != MAGIC:
        raise ValueError("it does not end as an index file does")
    footer = index[-FOOTER:]
    filters, at = _handle(footer, 0)
    _block(index, *filters)  # always present, always empty
    (offset, size), _ = _handle(footer, at)
    pairs: list[tuple[bytes, bytes]] = []
    read = 0
    for _, value in _pairs(_block(index, offset, size)):
        at, size = _handle(value, 0)[0]
        read += size
        if read > len(index):
            raise ValueError("its blocks overlap")
        pairs += islice(_pairs(_block(index, at, size)), MOST_NAMES + 1)
        if len(pairs) > MOST_NAMES:
            raise ValueError(f"it has more than {MOST_NAMES} names, the most that are read")
    keys = [key for key, _ in pairs]
    if keys != sorted(set(keys)) or not keys or keys[0] != b"":
        raise ValueError("its names are not in order, or it has no header")
    header = _fields(pairs[0][1])
    if _number(header, 2):
        raise ValueError("its numbers are big-endian, which is not read here")
    return _number(header, 1), {key.decode(): _entry(key.decode(), value) for key, value in pairs[1:]}


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _block(index: bytes, offset: int, size: int) -> bytes:
    """The contents of a block without its compression type and checksum."""
    block, kind, checksum = index[offset : offset + size], index[offset + size : offset + size + 1], offset + size + 1
    if len(block) != size or not kind:
        raise ValueError("a block is cut off")
    if masked_crc32c(block + kind) != struct.unpack_from("<I", index, checksum)[0]:
        raise ValueError("a block is not what was written")
    if kind != b"\0":
        raise ValueError("its blocks are compressed, which TensorFlow's Saver does not do")
    return block


def _pairs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; keys are prefix-compressed against the previous key."""
    restarts = struct.unpack("<I", block[-4:])[0]
    end = len(block) - 4 * (restarts + 1)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + fresh + length > end or shared + fresh > MOST_NAME:
            raise ValueError("a block's names are damaged")
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


# --- protocol buffers ----------------------------------------------------------------------------


def _entry(name: str, value: bytes) -> Entry:
    fields = _fields(value)
    number = _number(fields, 1)
    if number not in DTYPES:
        allowed = ", ".join(np.dtype(dtype).name for dtype in DTYPES.values())
        raise ValueError(f"'{name}' is of TensorFlow's type {number}; allowed: {allowed}")
    if 7 in fields:
        raise ValueError(f"'{name}' is stored in slices, which are not read here")
    dimensions = [_fields(_bytes(dim)) for shape in fields.get(2, []) for dim in _fields(_bytes(shape)).get(2, [])]
    if len(dimensions) > MOST_AXES:
        raise ValueError(f"'{name}' has {len(dimensions)} dimensions")
    shape = tuple(_number(dimension, 1) for dimension in dimensions)
    entry = Entry(DTYPES[number], shape, *(_number(fields, field) for field in (3, 4, 5, 6)))
    if math.prod(shape) * np.dtype(entry.dtype).itemsize != entry.size:
        raise ValueError(f"'{name}' of shape {shape} has {entry.size} bytes")
    return entry


def _fields(message: bytes) -> Fields:
    """The fields of a message by number; values are integers or bytes."""
    fields: Fields = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: int | bytes
        if tag & 7 == 0:
            value, at = _varint(message, at)
        elif tag & 7 == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif tag & 7 == 5:
            value, at = struct.unpack_from("<I", message, at)[0], at + 4
        else:
            raise ValueError("an entry is damaged")
        if at > len(message):
            raise ValueError("an entry is cut off")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _number(fields: Fields, field: int) -> int:
    """The last value of a numeric field; 0 if it is absent, the protocol buffer default."""
    value = fields.get(field, [0])[-1]
    if not isinstance(value, int):
        raise ValueError("an entry is damaged")
    return value


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("an entry is damaged")
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A base-128 varint (least significant group first) and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number has no end")
