"""TensorFlow checkpoints are read without TensorFlow; files that are not whole, or of another kind, are refused."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tensorflow_checkpoint
import torch
from tensorflow_checkpoint import Array, field, table, write

from baselines.dsi import tensorflow
from baselines.dsi.tensorflow import masked_crc32c, read_checkpoint
from inpaint_bench.errors import InputError


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
def test_the_checksum_is_the_crc_of_rfc_3720_masked(data: bytes, crc: int) -> None:
    masked = masked_crc32c(data)
    rotated = (masked - 0xA282EAD8) % 2**32
    assert (rotated << 15 | rotated >> 17) % 2**32 == crc


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
    with pytest.raises(InputError, match=r"other\.index: there is no such file\."):
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


def test_an_index_with_more_names_than_any_network_is_refused(
    tmp_path: Path, arrays: dict[str, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tensorflow_checkpoint.write(tmp_path, arrays)
    monkeypatch.setattr(tensorflow, "MOST_NAMES", len(arrays) - 1)
    with pytest.raises(InputError, match=f"more than {len(arrays) - 1} names"):
        read_checkpoint(path)
    with open(path, "r+b") as file:
        file.truncate(tensorflow.MOST_INDEX + 1)  # it takes no space on the disk
    with pytest.raises(InputError, match=f"model.ckpt.index: {tensorflow.MOST_INDEX + 1} bytes; allowed"):
        read_checkpoint(path)


def test_blocks_that_are_listed_again_and_again_are_refused(tmp_path: Path) -> None:
    """A small file can name one block of names a million times."""
    contents = tensorflow_checkpoint.block([(b"", b""), (b"a", b"b" * 4000)], 2)
    block = contents + b"\0" + struct.pack("<I", tensorflow.masked_crc32c(contents + b"\0"))
    empty = tensorflow_checkpoint.block([], 1)
    out = block + empty + b"\0" + struct.pack("<I", tensorflow.masked_crc32c(empty + b"\0"))
    handle = tensorflow_checkpoint.varint(0) + tensorflow_checkpoint.varint(len(contents))
    index = tensorflow_checkpoint.block([(b"%05d" % number, handle) for number in range(1000)], 2)
    footer = tensorflow_checkpoint.varint(len(block)) + tensorflow_checkpoint.varint(len(empty))
    footer += tensorflow_checkpoint.varint(len(out)) + tensorflow_checkpoint.varint(len(index))
    out += index + b"\0" + struct.pack("<I", tensorflow.masked_crc32c(index + b"\0"))
    path = tmp_path / "model.ckpt.index"
    path.write_bytes(out + footer.ljust(40, b"\0") + struct.pack("<Q", tensorflow.MAGIC))
    with pytest.raises(InputError, match="its blocks overlap"):
        read_checkpoint(path)


def test_a_tensor_larger_than_its_data_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The index of a tensor of 2**40 bytes, beside an empty data file."""
    size = 1 << 40
    shape = tensorflow_checkpoint.field(2, tensorflow_checkpoint.field(1, size // 4))
    value = tensorflow_checkpoint.field(1, 1) + tensorflow_checkpoint.field(2, shape)
    value += tensorflow_checkpoint.field(5, size)
    head = tensorflow_checkpoint.field(1, 1) + tensorflow_checkpoint.field(3, tensorflow_checkpoint.field(1, 1))
    path = tmp_path / "model.ckpt.index"
    path.write_bytes(tensorflow_checkpoint.table([(b"", head), (b"a", value)]))
    (tmp_path / "model.ckpt.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(InputError, match=f"its tensors take {size} bytes, and model.ckpt.data-00000-of-00001 has 0"):
        read_checkpoint(path)
