"""The photographs of the small models in one file, and a run that stops at a time."""

import csv
import io
import sys
import time
import zipfile
from pathlib import Path

import few_steps
import pytest
import torch
from few_steps import TINY
from safetensors.torch import load_file

from baselines.spn.training import build_dataset, packed
from baselines.spn.training.checkpoint import FILE
from baselines.spn.training.train import TrainJob, train
from inpaint_bench import files
from inpaint_bench.data.images import read_pixels
from inpaint_bench.errors import HashError, InputError

SAMPLE = files.shipped("protocols") / "sample" / "images"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three photographs in a package of their own, and a list of them in place of photographs.csv."""
    folder = tmp_path / "packages" / "photos"
    folder.mkdir(parents=True)
    with (tmp_path / "photographs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "package", "package_version", "source_path", "photograph_sha256"])
        for number, path in enumerate(sorted(SAMPLE.iterdir())[:3]):
            data = path.read_bytes()
            (folder / path.name).write_bytes(data)
            writer.writerow([f"{number}.png", "photos", "1", path.name, files.sha256(data)])
    for module in (packed, build_dataset):
        monkeypatch.setattr(module, "TABLE", tmp_path / "photographs.csv")
    return folder.parent


def test_a_packed_file_unpacks_to_the_photographs_as_they_are_trained_on(packages: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "photographs.zip", tmp_path / "again.zip"
    assert packed.pack(packages, out) == packed.pack(packages, again) == out.stat().st_size
    assert out.read_bytes() == again.read_bytes()
    assert packed.unpack(out, tmp_path / "out", 2) == 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png", "2.png"]
    for row, pixels in build_dataset.photographs(packages, build_dataset.TABLE):
        assert (read_pixels(tmp_path / "out" / row["file"]) == build_dataset.shrunk(pixels)).all()


def test_a_packed_file_that_lacks_a_photograph_or_holds_another_is_refused(packages: Path, tmp_path: Path) -> None:
    path = tmp_path / "photographs.zip"
    with pytest.raises(InputError, match=r"photographs\.zip: cannot be read \(No such file"):
        packed.unpack(path, tmp_path / "out", 1)
    path.write_bytes(b"not a ZIP file")
    with pytest.raises(InputError, match=r"photographs\.zip: not a file of all 3 photographs .*Pack them again"):
        packed.unpack(path, tmp_path / "out", 1)
    packed.pack(packages, path)
    content, changed = path.read_bytes(), io.BytesIO()
    names = [row["photograph_sha256"] for row in build_dataset.read_table(build_dataset.TABLE)]
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(changed, "w") as other:
        for name in names:
            other.writestr(name, archive.read(names[0]))
    path.write_bytes(changed.getvalue())
    with pytest.raises(HashError, match=r"1\.png is not the photograph that photographs\.csv lists"):
        packed.unpack(path, tmp_path / "out", 1)


def test_a_pack_of_more_than_is_allowed_is_not_written(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert packed.MOST_BYTES == 60_000_000
    monkeypatch.setattr(packed, "MOST_BYTES", 1000)
    monkeypatch.setattr(
        sys, "argv", ["packed", "--packages", str(packages), "--out", str(tmp_path / "photographs.zip")]
    )
    assert packed.main() == 2
    assert "bytes; at most 1000 are allowed." in capsys.readouterr().err
    assert not (tmp_path / "photographs.zip").exists()


def test_the_command_packs_and_says_how_many_bytes(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "photographs.zip"
    monkeypatch.setattr(sys, "argv", ["packed", "--packages", str(packages), "--out", str(out)])
    assert packed.main() == 0
    assert capsys.readouterr().out == f"{out}: {out.stat().st_size} bytes\n"


def test_a_run_that_stops_at_a_time_and_resumes_ends_with_the_same_weights(tmp_path: Path) -> None:
    images, config = few_steps.photographs(tmp_path / "images"), few_steps.config(**TINY)
    whole = few_steps.run(images, tmp_path / "whole", **TINY)
    out = tmp_path / "stopped"
    for step in range(1, config.steps + 1):
        train(config, TrainJob(images, "generated", out, torch.device("cpu"), until=time.monotonic()))
        assert torch.load(out / FILE, weights_only=True)["progress"]["step"] == step
        assert (out / "last.safetensors").is_file()
        assert (out / "training.json").is_file() == (step == config.steps)
    assert few_steps.curve(out) == whole
    last, again = (load_file(tmp_path / name / "last.safetensors") for name in ("whole", "stopped"))
    assert all(torch.equal(last[key], again[key]) for key in last)
