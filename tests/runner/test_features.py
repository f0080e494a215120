"""Features of a run: a row a picture, computed once whatever it is called, and anew when it changes."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

import inpaint_bench as ib
from inpaint_bench.cli import run_cli
from inpaint_bench.data import images
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics.features import EXTRACTORS, Extract
from inpaint_bench.runner.stored import read_features

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def looked_at() -> Iterator[list[int]]:
    """How many pictures the network was given, call by call."""
    counts: list[int] = []
    real = EXTRACTORS["lite0"]

    def counting(device: torch.device) -> Extract:
        extract = real.open(device)

        def counted(pictures: Sequence[Pixels]) -> np.ndarray:
            counts.append(len(pictures))
            return extract(pictures)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EXTRACTORS, "lite0", replace(real, opened_by=counting))
        yield counts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, looked_at: list[int]) -> tuple[Path, int]:
    """A dataset, a run of two methods and its cache; and how many pictures the network was given."""
    folder = tmp_path_factory.mktemp("made")
    page = tiny.make_dataset(folder / "dataset", count=9, metrics=["psnr", "fd_lite0"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        assert tiny.run(page, folder / "run", methods=f"telea,{tiny.NOISE}") == 0
    return folder, sum(looked_at)


@pytest.fixture
def run(made: tuple[Path, int], tmp_path: Path) -> Path:
    """A copy of the run, its dataset and its cache."""
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"


def best_samples(run: Path) -> dict[str, int]:
    """By pair the sample of `noise` with the best PSNR."""
    scores = ib.load_run(run).scores.query("method == 'noise' and metric == 'psnr'")
    best = scores.loc[scores.groupby("pair")["value"].idxmax()]
    return dict(zip(best["pair"].tolist(), best["sample"].tolist(), strict=True))


def rows_of(run: Path) -> list[tuple[str, int | None]]:
    """The pairs and samples of `noise` that have features."""
    return [(row.pair, row.sample) for row in read_features(run / "noise" / "features.lite0.npy").index.rows]


def numbers(run: Path) -> list[dict[str, object]]:
    """The results without the hash of what they were made from."""
    return [{key: value for key, value in one.items() if key != "scores"} for one in tiny.results(run)]


def test_a_row_is_what_the_network_makes_of_the_saved_picture(run: Path) -> None:
    extract = EXTRACTORS["lite0"].open(CPU)
    kept = read_features(run / "noise" / "features.lite0.npy")
    assert [(row.pair, row.sample) for row in kept.index.rows] == list(best_samples(run).items())
    for row, features in zip(kept.index.rows, kept.features, strict=True):
        pixels, _ = images.read_png(run / "noise" / "composites" / f"{row.pair}.s{row.sample}.png")
        assert np.array_equal(extract([pixels])[0], features)


def test_no_picture_is_looked_at_twice_whatever_it_is_called(
    run: Path, tmp_path: Path, made: tuple[Path, int], looked_at: list[int]
) -> None:
    assert made[1] == 9 + 9 + 9  # of the samples the chosen one
    before = sum(looked_at)
    page = tmp_path / "dataset" / "tiny.toml"
    assert tiny.run(page, tmp_path / "again", methods="again=python:tiny:load_noise,telea") == 0
    targets = tmp_path / "again" / "_targets" / "features.lite0.npy"
    assert targets.read_bytes() == (run / "_targets" / "features.lite0.npy").read_bytes()
    assert sum(looked_at) == before


def test_a_changed_composite_gets_a_row_of_its_own_and_its_number_moves(run: Path, tmp_path: Path) -> None:
    before, old = read_features(run / "telea" / "features.lite0.npy"), tiny.result(run, "telea", "fd_lite0")
    path = run / "telea" / "composites" / "00002.png"
    pixels, texts = images.read_png(path)
    mask = (run / "pairs.csv").read_text().splitlines()[4].split(",")[2]
    hole = tiny.read(tmp_path / "dataset" / "data" / "masks" / mask) == 255
    path.write_bytes(images.png_bytes(np.where(hole, 255 - pixels, pixels), texts))
    (run / "telea" / "scores.csv").unlink()
    assert run_cli(["score", str(run), "--data", str(tmp_path / "dataset" / "data"), "--quiet"]) == 0
    after = read_features(run / "telea" / "features.lite0.npy")
    assert [a == b for a, b in zip(before.index.rows, after.index.rows, strict=True)].index(False) == 2
    moved = (before.features != after.features).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [2]
    new = tiny.result(run, "telea", "fd_lite0")
    assert new["value"] != old["value"]
    assert new["scores"] != old["scores"]


def test_features_that_were_changed_are_refused_and_made_anew(run: Path, tmp_path: Path) -> None:
    path = run / "telea" / "features.lite0.npy"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(HashError, match=r"features\.lite0\.npy: not the features that features\.lite0\.json lists"):
        read_features(path)
    capture = run_cli(["score", str(run), "--data", str(tmp_path / "dataset" / "data"), "--quiet"])
    assert (capture, path.read_bytes()) == (0, good)


def test_features_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no features can be read here"):
        read_features(tmp_path / "features.lite0.npy")


def test_the_number_is_the_distance_of_the_rows_that_it_names(run: Path) -> None:
    from inpaint_bench.metrics.sets.frechet import frechet_distance

    composites, targets = (read_features(run / name / "features.lite0.npy").features for name in ("telea", "_targets"))
    assert tiny.result(run, "telea", "fd_lite0")["value"] == frechet_distance(composites, targets)
    buckets = {line.split(",")[0]: line.split(",")[-1] for line in (run / "pairs.csv").read_text().splitlines()[2:]}
    some = np.array([bucket == "0.2-0.4" for bucket in buckets.values()])
    found = tiny.result(run, "telea", "fd_lite0", "0.2-0.4")
    assert (found["value"], found["n"]) == (frechet_distance(composites[some], targets[some]), 3)


def test_of_samples_the_chosen_one_is_compared(run: Path) -> None:
    found = tiny.result(run, "noise", "fd_lite0")
    assert found["signature"].endswith(":u8r:comp:v1:best-psnr-of-3")
    assert found["n"] == 9


def test_a_kernel_distance_and_a_floor_stand_beside_a_frechet_distance(run: Path) -> None:
    metrics = {one["metric"] for one in tiny.results(run) if one["method"] == "telea"}
    assert {"fd_lite0", "kid_lite0"} <= metrics
    lower_bounds = [one for one in tiny.results(run) if one["method"] == "real vs real (split half)"]
    whole = {one["metric"]: one for one in lower_bounds if one["bucket"] == "all" and "best" not in one["signature"]}
    assert (whole["fd_lite0"]["n"], whole["fd_lite0"]["source"]) == (4, "reference")
    assert "real vs real (split half)" in (run / "tables" / "plain.txt").read_text()


def test_an_interval_holds_the_value(run: Path) -> None:
    for metric in ("fd_lite0", "kid_lite0"):
        found = tiny.result(run, "telea", metric)
        assert found["low"] < found["value"] < found["high"]
        assert tiny.result(run, "telea", metric, "0.2-0.4")["low"] is None  # three pairs say nothing of it


def test_a_metric_that_was_not_requested_has_no_result_and_keeps_it_once_it_has(run: Path, tmp_path: Path) -> None:
    assert "uids_lite0" not in {one["metric"] for one in tiny.results(run)}
    command = ["score", str(run), "--data", str(tmp_path / "dataset" / "data"), "--quiet"]
    assert run_cli([*command, "--metrics", "uids_lite0"]) == 0
    assert run_cli(command) == 0
    assert "uids_lite0" in {one["metric"] for one in tiny.results(run)}


def test_shards_merge_to_the_same_bytes(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "dataset" / "tiny.toml"
    parts = [tmp_path / "2", tmp_path / "1"]
    for part in parts:
        assert tiny.run(page, part, "--shard", f"{part.name}/2", methods=f"telea,{tiny.NOISE}") == 0
    assert tiny.merge(parts, tmp_path / "merged") == 0
    assert tiny.outcome(tmp_path / "merged") == tiny.outcome(run)
    before = tiny.state(tmp_path / "merged")
    assert tiny.merge(parts, tmp_path / "merged") == 0
    assert tiny.state(tmp_path / "merged") == before


def test_the_list_of_rows_says_what_made_them(run: Path) -> None:
    index = json.loads((run / "telea" / "features.lite0.json").read_text())
    assert index["signature"] == EXTRACTORS["lite0"].signature()
    assert len(index["rows"]) == 9


def test_features_of_all_samples_are_computed_on_request_move_no_number_and_are_kept(run: Path, tmp_path: Path) -> None:
    score = ["score", str(run), "--data", str(tmp_path / "dataset" / "data"), "--quiet"]
    before = numbers(run)
    assert run_cli([*score, "--samples", "all"]) == 0
    assert rows_of(run) == [(f"{pair:05d}", sample) for pair in range(9) for sample in range(3)]
    assert numbers(run) == before
    everything = tiny.state(run)
    assert run_cli(score) == 0
    assert tiny.state(run) == everything


def test_where_another_sample_is_chosen_its_features_are_computed(run: Path, tmp_path: Path) -> None:
    best = best_samples(run)
    path = run / "noise" / "composites" / f"00002.s{best['00002']}.png"
    pixels, texts = images.read_png(path)
    mask = (run / "pairs.csv").read_text().splitlines()[4].split(",")[2]
    hole = tiny.read(tmp_path / "dataset" / "data" / "masks" / mask) == 255
    path.write_bytes(images.png_bytes(np.where(hole, 255 - pixels, pixels), texts))
    (run / "noise" / "scores.csv").unlink()
    assert run_cli(["score", str(run), "--data", str(tmp_path / "dataset" / "data"), "--quiet"]) == 0
    now = best_samples(run)
    assert [pair for pair in best if best[pair] != now[pair]] == ["00002"]
    assert rows_of(run) == list(now.items())
    assert tiny.result(run, "noise", "fd_lite0")["n"] == 9


def test_other_words_for_the_samples_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples is 'best'\. Allowed: chosen, all\."):
        ib.run(str(tmp_path / "dataset" / "tiny.toml"), ["telea"], out=str(run), samples="best", quiet=True)
