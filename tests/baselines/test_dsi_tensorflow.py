"""TensorFlow checkpoints are read without TensorFlow; files that are not whole, or of another kind, are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tensorflow_checkpoint import Array, field, table, write

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
