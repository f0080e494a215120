"""A run measured in a distance on a model of timm: scored, read back in a new process, merged, shown in tables."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm_weights
import tiny
from terminal import Terminal
from timm_weights import TINY

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import CHOOSABLE, KNOWN, ORDER, companion, find
from inpaint_bench.metrics.sets.frechet import frechet_distance

FD, KID = f"fd:timm/{TINY}", f"kid:timm/{TINY}"


@pytest.fixture(autouse=True)
def _weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Weights of the tiny model, and nothing known of it before or after a test."""
    monkeypatch.setenv(timm_weights.variable(TINY), str(timm_weights.write_synthetic(TINY, tmp_path)))
    with timm_weights.as_new():
        yield


def test_a_distance_on_a_model_is_known_by_its_name_and_brings_a_kernel_distance() -> None:
    assert FD not in list(KNOWN)
    assert FD in ORDER
    assert ORDER[FD] < ORDER[KID]
    assert (find(FD).better, KNOWN[KID].better, companion(FD)) == ("lower", "lower", KID)
    assert [name for name in CHOOSABLE if "timm" in name] == [FD, KID]


@pytest.mark.parametrize("name", ["fd:timm/../x", "fd:inception", "psnr:timm/resnet18", "fd:timm/", "fd:timm/x,y"])
def test_other_names_are_no_metrics(name: str) -> None:
    assert name not in KNOWN
    with pytest.raises(InputError, match="no metric is called"):
        find(name)


def test_a_run_is_measured_merged_and_read_back(terminal: Terminal, tmp_path: Path) -> None:
    page, joined = tiny.make_dataset(tmp_path, 4, metrics=["psnr"]), tmp_path / "joined"
    for shard in ("1/2", "2/2"):
        assert tiny.run(page, tmp_path / shard[0], "--metrics", FD, "--shard", shard, methods="mean-fill") == 0
    with timm_weights.as_new():
        assert tiny.merge([tmp_path / "1", tmp_path / "2"], joined) == 0
    files = [joined / folder / f"features.timm-{TINY}.npy" for folder in ("mean-fill", "_targets")]
    with timm_weights.as_new():
        terminal("score", joined, "--metrics", FD, "--data", tmp_path / "data").does()
    found = tiny.result(joined, "mean-fill", FD)
    assert found["value"] == pytest.approx(frechet_distance(*(np.load(path) for path in files)), rel=1e-9)
    assert found["signature"].startswith(f"{FD}:frechet:ddof1:timm/{TINY}:")
    with timm_weights.as_new():
        terminal("table", joined).does(FD, KID, "‡")
    with timm_weights.as_new():
        terminal("score", joined, "--metrics", "psnr", "--data", tmp_path / "data").does()
        assert tiny.result(joined, "mean-fill", FD) == found


def test_without_its_weights_a_distance_that_was_named_is_refused(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.make_dataset(tmp_path, 2)
    monkeypatch.delenv(timm_weights.variable(TINY))
    command = f"inpaint-bench weights fetch timm/{TINY}"
    terminal.run("telea", "--metrics", FD).refuses(2, f"{FD} cannot be measured here", command)
    terminal.run("telea", "--metrics", "fd:timm/vit_tiny_nonsense").refuses(2, "has no model 'vit_tiny_nonsense'")
