"""Model files of ultralytics: opened by path, with nothing sent, fetched or written outside the cache."""

import os
import re
import socket
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from selection import quick

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


@pytest.mark.parametrize("kind", quick(["yolov5n", "yolov8n", "yolo11n"], ["yolov8n"]))
def test_a_model_file_detects_and_writes_only_in_the_cache(
    ultralytics: Any, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
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
    assert all(changed.is_relative_to(tmp_path / "cache") for changed in set(tmp_path.rglob("*")) ^ before)
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


class Call:
    """A call that a pickle makes."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch called",)),
        (Path.touch, (Path("called"),)),
        (open, ("called", "w")),
        (exec, ("open('called', 'w')",)),
        (getattr, (Path("called"), "touch")),
        (socket.create_connection, (("127.0.0.1", 9),)),
        (torch.hub.load_state_dict_from_url, ("https://example.org/a.pt",)),
        (torch.load, ("called",)),
        (torch.nn.Linear, (1 << 20, 1 << 20)),
        (torch.nn.Identity, ()),
        (np.dtype, ("O",)),
    ],
    ids=lambda value: getattr(value, "__qualname__", None),
)
def test_a_file_that_calls_anything_is_refused_before_ultralytics_sees_it(
    function: Any, arguments: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yolo, "_quiet", lambda: pytest.fail("ultralytics was imported"))
    monkeypatch.setattr(yolo, "find_spec", lambda name: name)
    torch.save({"model": Call(function, *arguments)}, tmp_path / "bad.pt")
    with pytest.raises(InputError, match=r"bad\.pt: (refused: it uses .* as no detector does|not a whole torch file)"):
        yolo.open_file(tmp_path / "bad.pt", CPU)
    assert not (tmp_path / "called").exists()


def tiny_model() -> Any:
    """A detector of a few layers."""
    backbone = [[-1, 1, "Conv", [8, 3, 2]], [-1, 1, "Conv", [8, 3, 2]], [-1, 1, "Conv", [8, 3, 2]]]
    config = {"nc": 3, "backbone": backbone, "head": [[[2], 1, "Detect", ["nc"]]]}
    torch.manual_seed(0)
    model = import_module("ultralytics.nn.tasks").DetectionModel(config, verbose=False)
    torch.nn.init.constant_(model.model[-1].cv3[0][-1].bias, -1.0)
    return model.eval()


def test_a_file_of_an_unfinished_training_detects(ultralytics: Any, tmp_path: Path) -> None:
    model = tiny_model()
    optimizer = torch.optim.Adam(model.parameters())
    more = {"optimizer": optimizer.state_dict(), "train_metrics": {"fitness": np.float64(0.5)}}
    model.args = ultralytics.utils.IterableSimpleNamespace(box=7.5, cls=0.5, dfl=1.5)
    model.criterion = model.init_criterion()
    torch.save({"model": model, "train_args": {"save_dir": Path("runs")}, **more}, tmp_path / "last.pt")
    (found,) = yolo.open_file(tmp_path / "last.pt", CPU)([DATA.astronaut()])
    torch.save({"ema": model.fuse(verbose=False).half()}, tmp_path / "fused.pt")
    (again,) = yolo.open_file(tmp_path / "fused.pt", CPU)([DATA.astronaut()])
    assert len(found) == len(again) == 100


def test_a_layer_is_not_made_by_its_constructor(ultralytics: Any, tmp_path: Path) -> None:
    layer = import_module("ultralytics.nn.modules.block").TorchVision  # whose constructor fetches weights
    torch.save({"model": Call(layer, "resnet18", "DEFAULT")}, tmp_path / "fetching.pt")
    with pytest.raises(InputError, match=r"it uses ultralytics\.nn\.modules\.block\.TorchVision as no detector does"):
        yolo.open_file(tmp_path / "fetching.pt", CPU)


def test_a_class_is_not_stored_as_an_attribute(ultralytics: Any, tmp_path: Path) -> None:
    model = tiny_model()
    model.model[0].__dict__["forward"] = import_module("ultralytics.nn.modules.block").TorchVision
    torch.save({"model": model}, tmp_path / "storing.pt")
    with pytest.raises(InputError, match=r"it uses ultralytics\.nn\.modules\.block\.TorchVision as no detector does"):
        yolo.open_file(tmp_path / "storing.pt", CPU)


def test_what_a_training_read_is_not_fetched(ultralytics: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Any] = []
    monkeypatch.setattr(import_module("ultralytics.utils.checks"), "check_yaml", fetched.append)
    model = tiny_model()
    model.names = {}  # ultralytics looks for names in the data
    torch.save({"model": model, "train_args": {"data": "https://example.org/a.yaml"}}, tmp_path / "model.pt")
    with pytest.raises(InputError, match="ultralytics cannot run it"):
        yolo.open_file(tmp_path / "model.pt", CPU)([DATA.astronaut()])
    assert fetched == []


def test_a_damaged_file_ends_in_a_sentence(ultralytics: Any, tmp_path: Path) -> None:
    torch.save({"model": tiny_model()}, tmp_path / "whole.pt")
    content = bytearray((tmp_path / "whole.pt").read_bytes())
    content[len(content) // 2] ^= 1
    for name, data in (("flipped", content), ("cut", content[:-100]), ("page", b"<html>"), ("empty", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name}: "):
            yolo.open_file(tmp_path / name, CPU)


def test_a_cache_whose_path_has_an_apostrophe_is_refused(
    ultralytics: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({"model": tiny_model()}, tmp_path / "model.pt")
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "o'clock"))
    with pytest.raises(InputError, match="ultralytics takes apostrophes out of paths"):
        yolo.open_file(tmp_path / "model.pt", CPU)


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
