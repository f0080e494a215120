"""Composites: nothing is made twice, and nothing but the pair, the method and the seed decides a byte of one."""

from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from PIL import Image

from inpaint_bench.cli import run_cli
from inpaint_bench.data import datasets, pair_lists, tensors
from inpaint_bench.data.prepare import prepare
from inpaint_bench.errors import InputError
from inpaint_bench.methods.devices import open_device
from inpaint_bench.runner.runtime import RuntimeOptions

METHODS = f"{tiny.COUNTING},{tiny.NOISE},telea"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tiny.make_dataset(tmp_path / "dataset")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run of all three methods makes."""
    folder = tmp_path_factory.mktemp("usual")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert tiny.run(tiny.make_dataset(folder / "dataset"), folder / "out", methods=METHODS) == 0
    return tiny.outcome(folder / "out")


def test_the_same_command_again_computes_nothing_and_touches_no_file(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert tiny.run(page, out, methods=METHODS) == 0
    calls, before = tiny.calls(), tiny.state(out)
    assert len(calls) == 6 + 2  # every pair, and the probe
    assert tiny.run(page, out, methods=METHODS) == 0
    assert tiny.calls() == calls
    assert tiny.state(out) == before


def test_the_same_command_again_prints_the_same_table(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    tiny.run(page, out, "--by", "bucket")
    first = capsys.readouterr().out
    tiny.run(page, out, "--by", "bucket")
    assert capsys.readouterr().out == first == (out / "tables" / "plain.txt").read_text()


def test_only_the_pair_whose_composite_is_missing_is_made_again(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    tiny.run(page, out, methods=tiny.COUNTING)
    done, before = len(tiny.calls()), tiny.state(out)
    (out / "counting" / "composites" / "00003.png").unlink()
    assert tiny.run(page, out, methods=tiny.COUNTING) == 0
    dataset = datasets.open_dataset(str(page), None)
    missing = prepare(dataset.page, dataset.data, dataset.pairs[3])
    image, mask = tensors.to_images([missing.target]), tensors.to_masks([missing.hole])
    assert tiny.calls()[done + 2 :] == [tiny.seen_as(tensors.emptied(image, mask)[0], mask[0])]
    after = tiny.state(out)
    assert {name: data for name, (data, _) in after.items()} == {name: data for name, (data, _) in before.items()}
    assert {name for name in after if after[name] != before[name]} == {"counting/composites/00003.png"}


def test_a_pair_with_a_sample_missing_is_made_again_whole(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    tiny.run(page, out, methods=tiny.NOISE)
    before = tiny.outcome(out)
    (out / "noise" / "composites" / "00002.s1.png").unlink()
    assert tiny.run(page, out, methods=tiny.NOISE) == 0
    assert tiny.outcome(out) == before


@pytest.mark.parametrize("runtime", [("--batch", "1"), ("--batch", "5", "--jobs", "1"), ("--jobs", "7")], ids=" ".join)
def test_batch_size_and_jobs_change_no_byte(
    page: Path, tmp_path: Path, usual: dict[str, bytes], runtime: tuple[str, ...]
) -> None:
    assert tiny.run(page, tmp_path / "other", *runtime, methods=METHODS) == 0
    assert tiny.outcome(tmp_path / "other") == usual


def test_the_order_of_methods_changes_no_byte(page: Path, tmp_path: Path, usual: dict[str, bytes]) -> None:
    tiny.run(page, tmp_path / "ba", methods=",".join(reversed(METHODS.split(","))))
    assert tiny.outcome(tmp_path / "ba") == usual


def test_finished_pairs_do_not_change_those_that_follow(page: Path, tmp_path: Path, usual: dict[str, bytes]) -> None:
    out = tmp_path / "other"
    tiny.run(page, out, methods=METHODS)
    for name in ("noise/composites/00000.s0.png", "noise/composites/00004.s2.png", "telea/composites/00001.png"):
        (out / name).unlink()
    tiny.run(page, out, "--batch", "3", methods=METHODS)
    assert tiny.outcome(out) == usual


def test_a_method_added_later_leaves_the_others_as_they_were(page: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    tiny.run(page, out, methods="telea")
    before = {name: entry for name, entry in tiny.state(out).items() if name.startswith("telea/")}
    old_results = tiny.results(out)
    assert tiny.run(page, out, methods=tiny.NOISE) == 0
    assert {name: entry for name, entry in tiny.state(out).items() if name.startswith("telea/")} == before
    assert [one for one in tiny.results(out) if one["method"] == "telea"] == old_results
    tiny.run(page, tmp_path / "together", methods=f"telea,{tiny.NOISE}")
    assert tiny.outcome(out) == tiny.outcome(tmp_path / "together")


def test_each_sample_has_the_noise_of_its_own_seed(page: Path, tmp_path: Path) -> None:
    tiny.run(page, tmp_path / "out", methods=tiny.NOISE)
    composites = sorted((tmp_path / "out" / "noise" / "composites").iterdir())
    assert [path.name for path in composites[:4]] == ["00000.s0.png", "00000.s1.png", "00000.s2.png", "00001.s0.png"]
    assert len({path.read_bytes() for path in composites}) == 18
    seeds = {pair_lists.sample_seed(0, f"{pair:05d}", sample) for pair in range(6) for sample in range(3)}
    assert len(seeds) == 18
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_known_region_of_a_composite_is_that_of_the_target(page: Path, tmp_path: Path) -> None:
    tiny.run(page, tmp_path / "out", methods="mean-fill")
    for pair in datasets.open_dataset(str(page), None).pairs:
        target = np.array(Image.open(page.parent / "data" / "images" / pair.image))
        hole = np.array(Image.open(page.parent / "data" / "masks" / pair.mask)) == 255
        composite = np.array(Image.open(tmp_path / "out" / "mean-fill" / "composites" / f"{pair.pair}.png"))
        assert (composite[~hole] == target[~hole]).all()
        assert (composite[hole] != target[hole]).any()


def test_a_device_that_is_named_is_looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert RuntimeOptions("cuda").metric_device == torch.device("cuda")
    with pytest.raises(InputError, match="--device cuda:1: 1 GPUs are visible here"):
        RuntimeOptions("cuda:1")


def test_the_device_that_auto_chose_is_noted(page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "--dataset", str(page), "--methods", "telea", "--out", str(tmp_path / "out")]
    assert run_cli(command) == 0
    assert f"device: {open_device('auto')}, chosen by --device auto." in capsys.readouterr().err
