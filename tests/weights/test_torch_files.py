"""A torch file is checked before torch opens it: its checksums, what it names, and the memory that it asks for."""

import contextlib
import io
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from selection import quick
from torch import Tensor

from inpaint_bench.errors import InputError
from inpaint_bench.weights.pickles import DamagedError, outline
from inpaint_bench.weights.tensor_files import read_tensors
from inpaint_bench.weights.torch_files import read_torch, read_torch_from


def named(module: str, name: str) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    data = value.to_bytes(9, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values: list[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(values: int, offset: int, shape: list[int], strides: list[int]) -> bytes:
    """The instructions for a tensor of a storage '0' of so many float32 values."""
    storage = b"(" + text("storage") + named("torch", "FloatStorage") + text("0") + text("cpu") + number(values) + b"tQ"
    hooks = b"\x89" + named("collections", "OrderedDict") + b")R"
    arguments = storage + number(offset) + numbers(shape) + numbers(strides) + hooks
    return named("torch._utils", "_rebuild_tensor_v2") + b"(" + arguments + b"tR"


def archive(instructions: bytes, values: int = 10, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A torch file with this pickle and a storage '0' of so many values."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as written:
        written.writestr("archive/data.pkl", b"\x80\x02" + instructions + b".")
        written.writestr("archive/version", "3\n")
        written.writestr("archive/data/0", bytes(4 * values))
    return file.getvalue()


def of(value: bytes) -> bytes:
    return b"}" + text("a") + value + b"s"


def saved(content: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as written:
        written.addfile(tarfile.TarInfo("storages"))
    return file.getvalue()


ONE = torch.ones(3)
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "bytearray of 8 GiB": (
        lambda: archive(of(named("__builtin__", "bytearray") + number(8 << 30) + b"\x85R")),
        "bytearray",
    ),
    "tensor class": (lambda: archive(of(named("torch", "FloatTensor") + number(8 << 30) + b"\x85R")), "FloatTensor"),
    "storage class": (
        lambda: archive(of(named("torch.storage", "UntypedStorage") + number(8 << 30) + b"\x85R")),
        "UntypedStorage",
    ),
    "storage beyond its values": (lambda: archive(of(tensor(1 << 40, 0, [3], [1]))), "not as large as the file says"),
    "tensor beyond its storage": (lambda: archive(of(tensor(10, 0, [1 << 30], [1]))), "larger than its values"),
    "offset beyond its storage": (lambda: archive(of(tensor(10, 8, [3], [1]))), "larger than its values"),
    "strides of 0": (lambda: archive(of(tensor(10, 0, [1 << 40], [0]))), "4096.0 GiB"),
    "negative strides": (lambda: archive(of(tensor(10, 0, [3], [-1]))), "a shape that is none"),
    "a thousand dimensions": (lambda: archive(of(tensor(10, 0, [1] * 1000, [1] * 1000))), "a shape that is none"),
    "negative storage": (lambda: archive(of(tensor(-1, 0, [3], [1]))), "not described as it should be"),
    "many copies": (
        lambda: archive(
            text("x" * (1 << 20)) + b"q\0}(" + (text("a") + named("_codecs", "encode") + b"h\0\x85R") * 100 + b"u"
        ),
        "too many copies",
    ),
    "many instructions": (lambda: archive(b"(" + b"}" * 500_001 + b"t"), "more than 500000 instructions"),
    "deep": (lambda: archive(b"]" * 100_000 + b"a" * 99_999), "contains a list"),
    "zip bomb": (lambda: archive(of(tensor(1 << 24, 0, [1], [1])), 1 << 24, zipfile.ZIP_DEFLATED), "compressed"),
    "another protocol": (lambda: archive(pickle.dumps({"a": 1}, 4)[2:-1]), "protocol"),
    "quantised": (lambda: saved({"a": torch.quantize_per_tensor(ONE, 0.1, 0, torch.qint8)}), "quantised tensors"),
    "sparse": (lambda: saved({"a": torch.eye(3).to_sparse()}), "sparse tensors"),
    "meta": (lambda: saved({"a": torch.ones(3, device="meta")}), "tensors without values"),
    "8-bit floats": (lambda: saved({"a": ONE.to(torch.float8_e4m3fn)}), "8-bit floats"),
    "a module": (
        lambda: saved({"a": torch.nn.ReLU()}),
        "torch.nn.modules.activation.ReLU), and opening it would run code",
    ),
    "tar": (tar, "a tar archive"),
    "a list": (lambda: saved([ONE]), "contains a list"),
    "old and cut": (lambda: saved({"a": ONE}, _use_new_zipfile_serialization=False)[:-3], "it is cut off"),
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # of torch, as it writes them
@pytest.mark.parametrize("kind", quick(HOSTILE, HOSTILE.keys() - {"many instructions", "deep"}))
def test_what_is_no_plain_tensor_is_refused_before_torch_opens_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, words = HOSTILE[kind]
    data = make()
    if "list" not in words:
        monkeypatch.setattr(torch, "load", None)
    with pytest.raises(InputError, match=r"^theirs\.pth: ") as refusal:
        read_torch_from(io.BytesIO(data), "theirs.pth")
    assert words in str(refusal.value)


def test_a_text_that_is_said_to_be_longer_than_its_file_takes_no_memory() -> None:
    data = b"\x80\x02\x96" + (8 << 30).to_bytes(8, "little") + b"short"
    tracemalloc.start()
    try:
        with pytest.raises(DamagedError, match="expected 8589934592 bytes in a bytearray8, but only 5 remain"):
            outline(io.BufferedReader(io.BytesIO(data)), "theirs.pth")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("old", [False, True])
def test_what_torch_saves_is_read_as_it_was(old: bool) -> None:
    shared = torch.arange(12.0)
    content = {
        "part": shared[2:8].reshape(2, 3),
        "turned": shared.reshape(3, 4).T,
        "again": shared,
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "none": torch.ones(0, 3),
        "scalar": torch.tensor(3),
        "expanded": torch.ones(1).expand(4, 5),
        "state": torch.nn.BatchNorm2d(3).state_dict(),
        "facts": {"lr": 0.1, "betas": (0.5, 0.9), "size": torch.Size([2, 3]), "type": torch.float16, "all": {1, 2}},
        3: "three",
    }
    found = read_torch_from(io.BytesIO(saved(content, _use_new_zipfile_serialization=not old)), "theirs.pth")
    assert found.keys() == {key if isinstance(key, str) else "3" for key in content}
    for name, value in content.items():
        if isinstance(value, Tensor):
            assert torch.equal(found[str(name)], value)
    assert found["facts"] == content["facts"]


def test_keys_that_are_no_text_are_named_as_python_writes_them() -> None:
    assert read_torch_from(io.BytesIO(saved({b"a": 3, 5: 6})), "x").keys() == {"b'a'", "5"}


DATA = saved({"weight": torch.arange(300.0), "step": 3})


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 8 * len(DATA) - 1))
@example(bit=8 * (DATA.rfind(b"PK\x05\x06") + 16) + 7)  # the list of entries begins elsewhere than the archive says
@example(bit=21439)
def test_a_flipped_bit_changes_no_value_unseen(bit: int) -> None:
    data = bytearray(DATA)
    data[bit // 8] ^= 1 << bit % 8
    try:
        found = read_torch_from(io.BytesIO(bytes(data)), "theirs.pth")
    except InputError:
        return
    assert found["step"] == 3
    assert torch.equal(found["weight"], torch.arange(300.0))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(DATA) - 1), st.binary(max_size=8), st.booleans())
def test_a_pickle_that_was_changed_with_its_checksum_ends_in_a_sentence(at: int, by: bytes, cut: bool) -> None:
    with zipfile.ZipFile(io.BytesIO(DATA)) as theirs:
        entries = {entry.filename: theirs.read(entry) for entry in theirs.infolist()}
    name = next(name for name in entries if name.endswith("data.pkl"))
    place = at % len(entries[name])
    entries[name] = entries[name][:place] + by + (b"" if cut else entries[name][place + len(by) :])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for each, data in entries.items():
            written.writestr(each, data)
    with contextlib.suppress(InputError):
        read_torch_from(io.BytesIO(file.getvalue()), "theirs.pth")


def header(content: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(content)) + content + data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (header(b'{"a":{"dtype":"F8_E8M0","shape":[3],"data_offsets":[0,3]}}', b"abc"), "the type 'F8_E8M0'"),
        (header(b'{"a":' * 100_000), "recursion limit"),
        (header(b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,3]}}', b"abc"), "overflow"),
        (b"\xff" * 8 + b"{}", "header too large"),
        (b"", "an empty file"),
        (DATA, "Rename it to end in .pth"),
    ],
)
def test_a_safetensors_file_that_is_none_ends_in_a_sentence(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.safetensors"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"ours\.safetensors: ") as refusal:
        read_tensors(path)
    assert words in str(refusal.value)


def test_opening_a_file_makes_nothing_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's own reader of tar archives makes a folder in the temporary one, before it refuses the archive."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "theirs.pth").write_bytes(tar())
    monkeypatch.setattr("tempfile.mkdtemp", None)
    with pytest.raises(InputError):
        read_torch(tmp_path / "theirs.pth")
    assert [path.name for path in tmp_path.iterdir()] == ["theirs.pth"]


def test_a_file_that_is_a_tar_archive_as_well_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + b"\x80\x02M\xe9\x03." + b"\x80\x02X"
    start += struct.pack(
        "<I", 511 - len(start) - 4
    )  # a text to the end of the block that is the header of a tar archive
    fields = tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT)[100:511].replace(b"ustar\x0000", bytes(8))
    header = bytearray(start.ljust(100, b"a") + fields + b".")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "both.pth"
    path.write_bytes(header + b"\x80\x02}." + b"\x80\x02]." + bytes(1024))
    assert tarfile.is_tarfile(path)
    monkeypatch.setattr("tempfile.mkdtemp", None)
    with pytest.raises(InputError, match=r"both\.pth: not a whole torch file \(it is a tar archive as well\)"):
        read_torch(path)
