"""Model files of ultralytics: opened by path, with nothing sent, fetched or written outside the cache."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch

from inpaint_bench.data.images import read_pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.detection import from_row, to_row, yolo
from inpaint_bench.metrics.detection.detectors import YOLO, YOLO_VARIABLE

DATA: Any = skimage.data
CPU = torch.device("cpu")


def save_model(ultralytics: Any, kind: str, path: Path) -> None:
    """A file with random weights that finds something: every class is a little likely everywhere."""
    torch.manual_seed(0)
    model = ultralytics.YOLO(f"{kind}.yaml")
    for head in model.model.model[-1].cv3:
        torch.nn.init.constant_(head[-1].bias, -1.0)
    model.save(path)


@pytest.mark.parametrize("kind", ["yolov5n", "yolov8n", "yolo11n"])
def test_a_model_file_detects_and_writes_only_in_the_cache(
    ultralytics: Any, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{kind}.pt"  # a published name: ultralytics alone would go and look for it
    save_model(ultralytics, kind, path)
    before = set(tmp_path.rglob("*"))
    monkeypatch.setenv(YOLO_VARIABLE, str(path))
    assert YOLO.absent() == ""
    detect = YOLO.open(CPU)
    coffee, astronaut = detect([DATA.coffee(), DATA.astronaut()])
    assert len(coffee) > 0
    (again,) = detect([DATA.astronaut()])
    assert np.array_equal(astronaut.boxes, again.boxes)
    assert np.array_equal(astronaut.scores, again.scores)
    assert np.array_equal(from_row(to_row(coffee)).boxes, coffee.boxes)
    assert re.fullmatch(r"yolo:[0-9a-f]{8}:640:nms0.5:floor0.05:top100", YOLO.signature())
    assert all(written.is_relative_to(tmp_path / "cache") for written in set(tmp_path.rglob("*")) - before)
    assert not list((tmp_path / "cache").rglob("*.pt"))


def test_pictures_are_read_as_before(ultralytics: Any, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture at all")
    with pytest.raises(InputError, match="not a complete image"):
        read_pixels(tmp_path / "text.png")


def test_nothing_is_sent_fetched_or_installed(ultralytics: Any) -> None:
    assert not ultralytics.utils.ONLINE
    assert not ultralytics.utils.AUTOINSTALL
    assert ultralytics.utils.SAFE_LOAD
    assert not ultralytics.settings["sync"]


def test_a_pickle_that_calls_anything_is_refused(ultralytics: Any, tmp_path: Path) -> None:
    class Calls:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "called",))

    torch.save({"model": Calls()}, tmp_path / "bad.pt")
    with pytest.raises(InputError, match=r"bad\.pt: ultralytics cannot open it"):
        yolo.open_file(tmp_path / "bad.pt", CPU)
    assert not (tmp_path / "called").exists()


def test_a_model_that_does_not_detect_is_refused(ultralytics: Any, tmp_path: Path) -> None:
    ultralytics.YOLO("yolov8n-cls.yaml").save(tmp_path / "cls.pt")
    with pytest.raises(InputError, match="for the task 'classify', and not for 'detect'"):
        yolo.open_file(tmp_path / "cls.pt", CPU)


def test_a_file_of_a_single_layer_ends_in_a_sentence(ultralytics: Any, tmp_path: Path) -> None:
    torch.save({"model": torch.nn.Conv2d(3, 3, 1), "train_args": {}}, tmp_path / "layer.pt")
    with pytest.raises(InputError, match=r"layer\.pt: .*Give a detector"):
        yolo.open_file(tmp_path / "layer.pt", torch.device("cpu"))([np.zeros((32, 32, 3), np.uint8)])


def test_what_is_absent_is_reported_with_its_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "INPAINT_BENCH_YOLO=FILE" in YOLO.absent()
    monkeypatch.setenv(YOLO_VARIABLE, "nowhere.pt")
    assert "nowhere.pt, which INPAINT_BENCH_YOLO names, is not there." in YOLO.absent()
    monkeypatch.setenv(YOLO_VARIABLE, str(tmp_path))
    assert f"{tmp_path}, which INPAINT_BENCH_YOLO names, is a folder, not a file." in YOLO.absent()
    monkeypatch.setenv(YOLO_VARIABLE, str(tmp_path / "some.pt"))
    (tmp_path / "some.pt").write_bytes(b"")
    monkeypatch.setattr("inpaint_bench.metrics.detection.detectors.find_spec", lambda name: None)
    assert "pip install ultralytics-opencv-headless" in YOLO.absent()
    with pytest.raises(InputError, match="AGPL"):
        YOLO.open(CPU)
