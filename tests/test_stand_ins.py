"""A folder, a pipe, a device, a loop of links or terabytes in place of a file: every reader refuses them at once."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import stand_ins
from safetensors.numpy import save
from watching import watched

from baselines.dsi.tensorflow import read_checkpoint
from baselines.spn.training.config import read_config
from baselines.spn.training.loggers import read_log
from inpaint_bench import decode, files
from inpaint_bench.analysis.external_features import measure_external_features
from inpaint_bench.analysis.reported import read_reported
from inpaint_bench.analysis.results import read_results
from inpaint_bench.checks.activations.replay import load
from inpaint_bench.checks.gate.policy import read_policy
from inpaint_bench.data.images import read_pixels
from inpaint_bench.data.index_arrays import import_index
from inpaint_bench.data.pair_lists import read_csv
from inpaint_bench.data.protocols import read_page
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.runner.folder import read_info
from inpaint_bench.runner.scores import read_scores
from inpaint_bench.runner.stored import read_features, read_objects
from inpaint_bench.runner.sums import refuse_changed, write_sums
from inpaint_bench.timing import read_timing
from inpaint_bench.weights.base import open_weights
from inpaint_bench.weights.store import origins
from inpaint_bench.weights.tensor_files import read_tensors
from inpaint_bench.weights.torch_files import read_torch

READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "page": ("a.toml", read_page),
    "card": ("card.toml", read_card),
    "policy": ("policy.toml", read_policy),
    "settings": ("a.toml", lambda path: read_config("spn-small", path)),
    "list of pairs": ("pairs.csv", read_csv),
    "index of pairs": ("index.npy", lambda path: import_index(path, ["a.png"], ["a.png"])),
    "image": ("a.png", read_pixels),
    "run.json": ("run.json", lambda path: read_info(path.parent)),
    "results": ("results.jsonl", read_results),
    "scores": ("scores.csv", read_scores),
    "index of features": ("f.json", lambda path: read_features(path.with_suffix(".npy"))),
    "objects": ("objects.jsonl", read_objects),
    "times": ("timing.json", read_timing),
    "reported": ("reported.csv", read_reported),
    "golden": ("golden.json", load),
    "own features": ("x.npy", lambda path: measure_external_features(path, path, False)),
    "weights": ("a.safetensors", open_weights),
    "tensors": ("a.safetensors", read_tensors),
    "note": ("weights/a/b.json", lambda path: origins()),
    "checkpoint": ("a.pth", read_torch),
    "TensorFlow": ("a.index", read_checkpoint),
    "log": ("losses.csv", read_log),
}  # fmt: skip
FILES = (stand_ins.nothing, stand_ins.empty, stand_ins.dangling, stand_ins.unreadable)  # as a file, or as none
STAND_INS = [one for one in stand_ins.STAND_INS if one not in FILES]


@pytest.mark.parametrize("stand_in", STAND_INS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_by_every_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, stand_in: stand_ins.StandIn
) -> None:
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "weights"))
    name, read = READERS[reader]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    stand_in(path, b"{}")
    with watched([tmp_path]), pytest.raises(InputError, match=path.stem):
        read(path)


def test_a_hash_of_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for stand_in in STAND_INS:
        path = tmp_path / stand_in.__name__
        stand_in(path, b"")
        with watched([tmp_path]), pytest.raises(InputError, match="cannot be read"):
            files.file_sha256(path)


def test_terabytes_where_a_file_is_written_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    stand_ins.terabytes(path, b"abc")
    with watched([tmp_path]):
        files.write_if_changed(path, b"abc")
    assert path.read_bytes() == b"abc"


def test_a_composite_that_became_terabytes_is_not_hashed(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(b"abc")
    write_sums(tmp_path, path)
    path.unlink()
    stand_ins.hollow(path, b"")
    with watched([tmp_path]), pytest.raises(InputError, match="at most"):
        refuse_changed(tmp_path, path)


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(InputError, match="no file can have this name"):
        files.read_bytes(Path("a\0b"))


def test_an_array_with_bytes_after_it_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(4))
    with open(tmp_path / "a.npy", "ab") as file:
        file.write(b"\0")
    with pytest.raises(msgspec.DecodeError, match="its array ends after"):
        decode.npy(tmp_path / "a.npy")


def test_the_sizes_in_a_safetensors_header_are_compared_before_its_tensors_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    stand_ins.terabytes(path, save({"a": np.zeros(3, np.float32)}))
    os.truncate(path, 3 << 30)
    with watched([tmp_path]), pytest.raises(InputError, match="not a whole safetensors file"):
        read_tensors(path)


def test_a_link_to_nothing_among_the_notes_of_weights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path))
    (tmp_path / "a").mkdir()
    stand_ins.dangling(tmp_path / "a" / "b.json", b"")
    with pytest.raises(InputError, match=r"b\.json: "):
        origins()
