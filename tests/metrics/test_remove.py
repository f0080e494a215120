"""Background similarity: closed forms on a tiny network, the crop, patches of the hole, weights, the cache."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm_weights
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import save_file
from terminal import OUT, Terminal
from timm_weights import TINY
from torch_threads import with_threads

from inpaint_bench.metrics import METRICS, cache, remove
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.timm_files import TimmFile
from inpaint_bench.metrics.features.timm_models import open_network
from inpaint_bench.metrics.features.timm_specs import SPECS, Preprocessing, TimmFeatures
from inpaint_bench.metrics.pixel_stats import PerImage
from inpaint_bench.metrics.registry import absent, network_signature, signature

SIDE = 160  # pixels of the tiny network's input, which has 10x10 patches
HALF = (0.5, 0.5, 0.5)
WANTED = TimmFeatures(TINY, preprocessing=Preprocessing((SIDE, SIDE), "bicubic", "squash", 1.0, HALF, HALF))
REMOVE = METRICS["remove_dinov2"]
MIDDLE = np.zeros((SIDE, SIDE), bool)
MIDDLE[32:112, 48:128] = True  # whole patches, a quarter of the picture


@pytest.fixture(scope="module")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return timm_weights.write_synthetic(TINY, tmp_path_factory.mktemp("weights"))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tiny_file: Path) -> Path:
    """The tiny network in place of DINOv2."""
    for model in (TINY, SPECS["dinov2_b"].model):
        monkeypatch.setenv(timm_weights.variable(model), str(tiny_file))
    monkeypatch.setattr(remove, "WANTED", WANTED)
    return tiny_file


@pytest.fixture
def plain(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network whose features of a patch are a linear function of its pixels, normed; positions count nothing."""
    state = timm_weights.synthetic_state(TINY)
    for name, tensor in state.items():
        if name == "pos_embed" or name.endswith(("attn.proj.weight", "mlp.fc2.weight", ".bias")):
            tensor.zero_()
    save_file(state, tmp_path / "plain.safetensors")
    monkeypatch.setenv(timm_weights.variable(TINY), str(tmp_path / "plain.safetensors"))


def batch(composites: NDArray[np.uint8], hole: NDArray[np.bool_] = MIDDLE) -> Batch:
    return Batch(composites, composites, np.broadcast_to(hole, composites.shape[:3]).copy())


def two_levels(inside: int, outside: int) -> NDArray[np.uint8]:
    """A picture whose hole has one grey level and whose surroundings have another."""
    return np.repeat(np.where(MIDDLE, inside, outside).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.usefixtures("plain")
def test_equal_patches_are_alike_and_opposite_ones_are_opposite() -> None:
    """The mean of (0, 255) is what the network sees as 0, so that black is white with another sign."""
    pictures = np.stack([two_levels(200, 200), two_levels(255, 0), two_levels(0, 255)])
    np.testing.assert_allclose(REMOVE.of(batch(pictures)), [1, -1, -1], atol=1e-6)


@pytest.mark.usefixtures("here")
def test_one_colour_is_alike_wherever_positions_count_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = timm_weights.synthetic_state(TINY)
    state["pos_embed"].zero_()
    save_file(state, tmp_path / "alike.safetensors")
    monkeypatch.setenv(timm_weights.variable(TINY), str(tmp_path / "alike.safetensors"))
    assert REMOVE.of(batch(two_levels(90, 90)[None])) == pytest.approx([1], abs=1e-6)


def pictures(count: int = 3, side: int = SIDE) -> NDArray[np.uint8]:
    return np.stack([tiny.picture(number, side) for number in range(count)])


@pytest.mark.usefixtures("here")
def test_the_value_is_the_cosine_of_mean_patch_features() -> None:
    network = open_network(WANTED, tiny.CPU).network
    found = REMOVE.of(batch(pictures()))
    for value, picture in zip(found, pictures(), strict=True):
        inputs = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.inference_mode():
            patches = network.forward_features(inputs)[0, 1:].reshape(10, 10, -1).numpy()
        inside = np.zeros((10, 10), bool)
        inside[2:7, 3:8] = True
        hole, rest = patches[inside].mean(axis=0), patches[~inside].mean(axis=0)
        assert value == pytest.approx(hole @ rest / np.linalg.norm(hole) / np.linalg.norm(rest), abs=1e-5)
    assert len(set(found)) == 3


@pytest.mark.usefixtures("here")
def test_a_value_does_not_depend_on_the_batch_or_on_threads() -> None:
    hole = np.zeros((200, 180), bool)
    hole[150:171, 20:60] = True
    whole = batch(np.stack([np.resize(tiny.picture(number, 200), (200, 180, 3)) for number in range(2)]), hole)
    alone = [REMOVE.of(whole.part([number]))[0] for number in range(2)]
    assert all(found == alone for found in with_threads(lambda: REMOVE.of(whole).tolist(), 1, 2))


@pytest.mark.usefixtures("here")
def test_without_patches_of_the_hole_or_of_surroundings_there_is_no_value() -> None:
    none, every, thin, most = (np.zeros((SIDE, SIDE), bool) for _ in range(4))
    every[:], thin[::16], most[:, :152] = True, True, True
    found = REMOVE.of(dataclasses.replace(batch(pictures(4)), holes=np.stack([none, every, thin, most])))
    assert np.isnan(found).tolist() == [True, True, True, True]
    most[:, 151] = False  # less than half of each patch of the last column is hole now
    assert np.isfinite(REMOVE.of(batch(pictures(1), most))).all()


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)), st.data(), st.sampled_from(["box", "points"]),
)  # fmt: skip
def test_the_crop_holds_the_hole_and_is_as_large_as_is_said(
    shape: tuple[int, int], data: st.DataObject, kind: str
) -> None:
    hole = np.zeros(shape, bool)
    ends = [sorted(data.draw(st.tuples(*[st.integers(0, length - 1)] * 2))) for length in shape]
    (top, bottom), (left, right) = ends
    if kind == "box":
        hole[top : bottom + 1, left : right + 1] = True
    else:
        hole[top, left] = hole[bottom, right] = True
    rows, columns = remove.window(hole)
    assert hole[rows, columns].sum() == hole.sum()
    area = 4 * int(hole.sum())
    side = max(112, bottom - top + 1, right - left + 1)
    side = side if side**2 >= area else next(n for n in range(side, 1000) if n**2 >= area)
    assert hole[rows, columns].shape == (min(side, shape[0]), min(side, shape[1]))


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.integers(1, 4), st.integers(1, 4)), st.data())
def test_a_patch_is_of_the_hole_where_half_of_its_area_is(
    shape: tuple[int, int], grid: tuple[int, int], data: st.DataObject
) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    hole = np.array(flags).reshape(shape)
    fine = np.kron(hole, np.ones(grid, bool))  # every pixel as grid pixels: a patch has `shape` of them
    parts = fine.reshape(grid[0], shape[0], grid[1], shape[1]).sum(axis=(1, 3))
    assert (remove.patches_in_hole(hole, grid)[..., 0] == (2 * parts >= hole.size)).all()


def test_without_weights_a_sentence_says_what_fetches_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path))
    assert "inpaint-bench weights fetch timm/vit_base_patch14_dinov2.lvd142m" in absent(REMOVE)
    assert network_signature(REMOVE) == ""


def test_the_signature_says_crop_preprocessing_patches_and_weights(here: Path) -> None:
    sha256 = TimmFile(SPECS["dinov2_b"].model).sha256
    assert signature(REMOVE, "round", False, network_signature(REMOVE)) == (
        "remove_dinov2:vit_base_patch14_dinov2.lvd142m:crop4-min112:224-bicubic-squash:mean0.485-0.456-0.406:"
        f"std0.229-0.224-0.225:dinov2-positions:patches-half:{sha256[:8]}:u8r:comp:v1"
    )


@pytest.mark.usefixtures("here")
def test_the_cache_knows_the_hole_and_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def values(hole: NDArray[np.bool_]) -> PerImage:
        return cache.cached_values([REMOVE], batch(pictures(1), hole))["remove_dinov2"]

    first = values(MIDDLE)
    assert values(MIDDLE).tolist() == first.tolist()
    assert values(MIDDLE.T) != first
    other = str(timm_weights.write_synthetic(TINY, tmp_path, gain=0.9))
    for model in (TINY, SPECS["dinov2_b"].model):
        monkeypatch.setenv(timm_weights.variable(model), other)
    assert values(MIDDLE) != first


@pytest.mark.usefixtures("here")
def test_a_run_without_a_ground_truth_has_it(terminal: Terminal, tmp_path: Path) -> None:
    none: dict[str, Any] = {"reference": "none", "samples": 1, "choose": "known_error", "metrics": ["remove_dinov2"]}
    tiny.make_dataset(tmp_path, 1, **none)
    terminal.run("mean-fill").does()
    found = tiny.result(OUT, "mean-fill", "remove_dinov2")
    assert -1 <= found["value"] <= 1
    assert ":dinov2-positions:" in found["signature"]
