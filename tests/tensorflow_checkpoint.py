"""Writes TensorFlow checkpoints as its Saver does, for tests of the reader."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from baselines.dsi.tensorflow import masked_crc32c

NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9}  # TensorFlow's numbers of its types
Array = np.ndarray[Any, Any]


def varint(value: int) -> bytes:
    more, low = value >> 7, value & 127
    return bytes([low | 128]) + varint(more) if more else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""  # protocol buffers leave zeros out
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(array: Array, shard: int, offset: int, checksum: int) -> bytes:
    shape = b"".join(field(2, field(1, size)) for size in array.shape)
    numbers = field(1, NUMBERS[array.dtype.name]) + field(2, shape) + field(3, shard) + field(4, offset)
    return numbers + field(5, array.nbytes) + varint(6 << 3 | 5) + struct.pack("<I", checksum)


def block(pairs: Sequence[tuple[bytes, bytes]], restart: int) -> bytes:
    """Keys and values; every `restart` keys, a whole key."""
    data, restarts, before = b"", [], b""
    for number, (key, value) in enumerate(pairs):
        shared = 0
        if number % restart:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        else:
            restarts.append(len(data))
        data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return data + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def table(pairs: Sequence[tuple[bytes, bytes]], compression: bytes = b"\0") -> bytes:
    """A table with five pairs a block."""
    out = b""
    handles = []

    def put(contents: bytes) -> bytes:
        nonlocal out
        handle = varint(len(out)) + varint(len(contents))
        out += contents + compression + struct.pack("<I", masked_crc32c(contents + compression))
        return handle

    for start in range(0, len(pairs), 5):
        part = pairs[start : start + 5]
        handles.append((part[-1][0], put(block(part, 2))))
    footer = put(block([], 1)) + put(block(handles, 1))
    return out + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def write(folder: Path, arrays: Mapping[str, Array], shards: int = 1, compression: bytes = b"\0") -> Path:
    """A checkpoint as TensorFlow's Saver writes it; tensors go to the data files in turn."""
    files = [bytearray() for _ in range(shards)]
    pairs = [(b"", field(1, shards) + field(3, field(1, 1)))]
    for number, (name, array) in enumerate(sorted(arrays.items())):
        shard, data = number % shards, array.astype(array.dtype.newbyteorder("<")).tobytes()
        pairs.append((name.encode(), entry(array, shard, len(files[shard]), masked_crc32c(data))))
        files[shard] += data
    for shard, content in enumerate(files):
        (folder / f"model.ckpt.data-{shard:05}-of-{shards:05}").write_bytes(content)
    path = folder / "model.ckpt.index"
    path.write_bytes(table(pairs, compression))
    return path
