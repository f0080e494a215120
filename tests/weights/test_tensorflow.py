"""TensorFlow's checkpoints are read without TensorFlow, and what is not one, or not whole, is refused."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inpaint_bench.errors import InputError
from inpaint_bench.weights.crc import crc32c, masked_crc32c
from inpaint_bench.weights.tensorflow import read_checkpoint

NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9}  # TensorFlow's of its types
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
    files = [b""] * shards
    pairs = [(b"", field(1, shards) + field(3, field(1, 1)))]
    for number, (name, array) in enumerate(sorted(arrays.items())):
        shard, data = number % shards, array.astype(array.dtype.newbyteorder("<")).tobytes()
        pairs.append((name.encode(), entry(array, shard, len(files[shard]), masked_crc32c(data))))
        files[shard] += data
    for shard, data in enumerate(files):
        (folder / f"model.ckpt.data-{shard:05}-of-{shards:05}").write_bytes(data)
    path = folder / "model.ckpt.index"
    path.write_bytes(table(pairs, compression))
    return path


@pytest.fixture
def arrays() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    arrays: dict[str, Array] = {
        f"texture_generator/gated_conv2d_{number}/W": rng.standard_normal((3, 3, 4, number + 1)).astype(np.float32)
        for number in range(23)
    }
    arrays["texture_generator/gated_conv2d_0/b"] = rng.standard_normal(7).astype(np.float32)
    arrays["global_step"] = np.array(2**40, np.int64)
    arrays["large"] = rng.standard_normal((300, 301))
    return arrays


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
    ids=["nothing", "digits", "zeros", "ones", "up", "down"],
)
def test_the_crc_is_that_of_rfc_3720(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


def test_the_crc_of_any_length_is_that_of_its_definition() -> None:
    data = np.random.default_rng(1).integers(0, 256, 5003, dtype=np.uint8).tobytes()
    for length in (*range(40), 1000, 4096, 5003):
        register = 0xFFFFFFFF
        for byte in data[:length]:
            register ^= byte
            for _ in range(8):
                register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
        assert crc32c(data[:length]) == register ^ 0xFFFFFFFF


@pytest.mark.parametrize("shards", [1, 3])
def test_what_was_written_is_read(tmp_path: Path, arrays: dict[str, Array], shards: int) -> None:
    found = read_checkpoint(write(tmp_path, arrays, shards))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        assert torch.equal(found[name], torch.from_numpy(array.copy()))


def test_averages_take_the_place_of_the_structure_generators_weights(tmp_path: Path) -> None:
    names = ("structure_pixelcnn/wndense_0/g", "texture_generator/conv2d_0/b")
    arrays = {name: np.zeros(2, np.float32) for name in names}
    arrays |= {f"{name}/ExponentialMovingAverage": np.ones(2, np.float32) for name in names}
    found = read_checkpoint(write(tmp_path, arrays))
    assert {name: tensor.tolist() for name, tensor in found.items()} == {names[0]: [1, 1], names[1]: [0, 0]}


def test_every_truncation_of_the_index_is_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    path = write(tmp_path, arrays)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(
            InputError, match=r"model\.ckpt\.index: not a whole TensorFlow checkpoint: .*Fetch it again"
        ):
            read_checkpoint(path)


def test_no_changed_byte_goes_unseen(tmp_path: Path, arrays: dict[str, Array]) -> None:
    path = write(tmp_path, arrays)
    whole = path.read_bytes()
    for place in range(0, len(whole) - 48, 11):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        with pytest.raises(InputError, match=r"not a whole TensorFlow checkpoint"):
            read_checkpoint(path)


def test_a_cut_data_file_is_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    path = write(tmp_path, arrays)
    data = path.with_name("model.ckpt.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"data-00000-of-00001: ends before 'texture_generator/gated_conv2d_9/W' does"):
        read_checkpoint(path)


def test_a_changed_tensor_is_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    path = write(tmp_path, arrays)
    data = path.with_name("model.ckpt.data-00000-of-00001")
    data.write_bytes(b"\x01" + data.read_bytes()[1:])
    with pytest.raises(InputError, match=r"the bytes of 'global_step' are not those that were written"):
        read_checkpoint(path)


def test_a_missing_data_file_is_named(tmp_path: Path, arrays: dict[str, Array]) -> None:
    path = write(tmp_path, arrays)
    path.with_name("model.ckpt.data-00000-of-00001").unlink()
    with pytest.raises(InputError, match=r"data-00000-of-00001: cannot be read \(No such file or directory\)"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" * 100, bytes(4096)], ids=["empty", "zip", "zeros"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.ckpt.index"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a whole TensorFlow checkpoint: it does not end as an index file does"):
        read_checkpoint(path)


def test_only_the_index_file_is_taken(tmp_path: Path, arrays: dict[str, Array]) -> None:
    data = write(tmp_path, arrays).with_name("model.ckpt.data-00000-of-00001")
    with pytest.raises(InputError, match=r"give the checkpoint's \.index file"):
        read_checkpoint(data)
    with pytest.raises(InputError, match=r"other\.index: cannot be read \(No such file or directory\)"):
        read_checkpoint(tmp_path / "other.index")


def test_compressed_blocks_are_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    with pytest.raises(InputError, match=r"its blocks are compressed"):
        read_checkpoint(write(tmp_path, arrays, compression=b"\x01"))


def test_other_types_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"image": np.zeros(3, np.uint8)})
    with pytest.raises(InputError, match=r"'image' is of TensorFlow's type 4; allowed: float32, float64, int32, int64"):
        read_checkpoint(path)


def test_a_shape_that_its_bytes_do_not_fill_is_refused(tmp_path: Path) -> None:
    damaged = field(1, 1) + field(2, field(2, field(1, 3))) + field(5, 8)
    path = tmp_path / "model.ckpt.index"
    path.write_bytes(table([(b"", field(1, 1)), (b"W", damaged)]))
    with pytest.raises(InputError, match=r"'W' of shape \(3,\) has 8 bytes"):
        read_checkpoint(path)
