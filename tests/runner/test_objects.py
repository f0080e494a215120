"""Objects of a run: what a detector finds again, with the masked input below and the target above."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import photographs
import pytest
import tiny

from inpaint_bench.metrics.detection import DETECTION_METRICS
from inpaint_bench.runner.stored import read_objects

METRICS = ["psnr", "det_conf", "det_recall", "det_drop", "det_spurious", "det_iou", "det_recall_away"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Path:
    folder = tmp_path_factory.mktemp("objects")
    page = photographs.make_dataset(folder / "dataset", METRICS)
    same = photographs.save_outputs(folder / "same", lambda pixels: pixels)
    grey = photographs.save_outputs(folder / "grey", lambda pixels: np.full_like(pixels, 128))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        patch.setenv("NUMBA_CACHE_DIR", str(compiled))
        assert tiny.run(page, folder / "run", methods=f"{same},{grey}") == 0
    return folder / "run"


def values(run: Path, method: str) -> dict[str, Any]:
    """The numbers of a method over all pairs, by metric."""
    return {one["metric"]: one for one in tiny.results(run) if (one["method"], one["bucket"]) == (method, "all")}


def test_the_target_as_prediction_keeps_every_object(run: Path) -> None:
    same = values(run, "same")
    assert same["det_recall"]["n"] >= 1
    assert (same["det_recall"]["value"], same["det_drop"]["value"], same["det_spurious"]["value"]) == (1, 0, 0)
    assert same["det_iou"]["value"] == 1


def test_the_target_is_the_ceiling_and_the_masked_input_stands_beside_it(run: Path) -> None:
    same, grey = values(run, "same"), values(run, "grey")
    upper, lower = values(run, "(target)"), values(run, "(masked input)")
    assert upper["det_conf"]["value"] == same["det_conf"]["value"]
    assert lower["det_recall"]["value"] < 1
    assert grey["det_conf"]["value"] < upper["det_conf"]["value"]
    assert {upper["det_conf"]["source"], lower["det_conf"]["source"]} == {"reference"}
    assert lower["det_conf"]["signature"] == grey["det_conf"]["signature"]


def test_a_picture_without_an_object_in_the_hole_is_left_out_and_counted(run: Path) -> None:
    found = values(run, "same")["det_conf"]
    assert found["n"] + found["undefined"] == 3
    assert found["undefined"] >= 1


def test_a_number_is_the_ratio_of_the_sums_in_the_file(run: Path) -> None:
    stored = read_objects(run / "grey" / "objects.nanodet.jsonl")
    assert stored.header.signature in values(run, "grey")["det_conf"]["signature"]
    for name in ("det_conf", "det_recall", "det_drop", "det_spurious", "det_recall_away"):
        numerators, denominators = DETECTION_METRICS[name].num_den([one.tally for one in stored.found])
        expected = numerators.sum() / denominators.sum()
        assert values(run, "grey")[name]["value"] == pytest.approx(expected, rel=1e-12)


def test_the_table_names_the_lower_and_the_upper_bound(run: Path) -> None:
    text = (run / "tables" / "plain.txt").read_text()
    assert "(masked input): the targets with white holes" in text
    assert text.count("(target)") >= 6


def test_objects_are_detected_once(run: Path, tmp_path: Path) -> None:
    page, folder = run.parent / "dataset" / "tiny.toml", run.parent
    before = tiny.state(run)
    assert tiny.run(page, run, methods=f"same=folder:{folder / 'same'},grey=folder:{folder / 'grey'}") == 0
    assert tiny.state(run) == before


def test_shards_merge_to_the_same_bytes(run: Path, tmp_path: Path) -> None:
    page, methods = (
        run.parent / "dataset" / "tiny.toml",
        ",".join(f"{n}=folder:{run.parent / n}" for n in ("same", "grey")),
    )
    parts = [tmp_path / "2", tmp_path / "1"]
    for part in parts:
        assert tiny.run(page, part, "--shard", f"{part.name}/2", methods=methods) == 0
    assert tiny.merge(parts, tmp_path / "merged") == 0
    assert tiny.outcome(tmp_path / "merged") == tiny.outcome(run)


def test_a_line_holds_boxes_and_counts(run: Path) -> None:
    _, *lines = (run / "same" / "objects.nanodet.jsonl").read_text().splitlines()
    row = json.loads(lines[0])
    assert (row["pair"], row["sample"], len(row["picture"])) == ("00000", None, 16)
    assert set(row["detections"]) == {"boxes", "scores", "labels"}
    assert set(row["tally"]) == {"pictures", "hole", "edge", "away"}
