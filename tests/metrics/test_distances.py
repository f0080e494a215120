"""LPIPS in parts of an image, and DISTS: the packages agree, and what is computed together is computed once."""

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from photos import DATA, batch_of, in_their_range, noisy, photo, square, their_lpips

from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import METRICS, dists
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.batch import band as band_of
from inpaint_bench.metrics.cache import cached_values
from inpaint_bench.metrics.distances import lpips_network, on_alex, on_vgg
from inpaint_bench.metrics.features.trunks import convolutions
from inpaint_bench.metrics.features.weight_files import DISTS_WEIGHTS, Trunk

CPU = torch.device("cpu")
ON_VGG = ["lpips_vgg", "lpips_vgg_hole", "lpips_vgg_band", "dists"]
ON_ALEX = ["lpips_alex", "lpips_alex_hole", "lpips_alex_band"]


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Pixels, Pixels]]:
    """Composites, from the target with a little noise to another picture, with their targets; 70x57 pixels."""
    one, other = (photo(name, 70)[:, :57] for name in ("coffee", "astronaut"))
    flat = np.full_like(one, 128)
    return [(noisy(one, 3), one), (cv2.GaussianBlur(one, (0, 0), 2), one), (other, one), (one, flat), (one, one)]


def batched(pairs: list[tuple[Pixels, Pixels]]) -> Batch:
    composites, targets = (np.stack(pictures) for pictures in zip(*pairs, strict=True))
    return Batch(composites, targets, np.stack([square(70)[:, :57]] * len(pairs)))


@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_lpips_in_the_hole_and_the_band_is_the_packages_map_averaged(
    pairs: list[tuple[Pixels, Pixels]], trunk: Trunk
) -> None:
    batch = batched(pairs)
    images = [in_their_range(list(pictures)) for pictures in zip(*pairs, strict=True)]
    with torch.inference_mode():
        maps = their_lpips(trunk, True)(*images, normalize=True)[:, 0].numpy()
    assert maps.shape == batch.holes.shape
    for part, inside in (("hole", batch.holes), ("band", band_of(batch.holes))):
        expected = [one[where].mean() for one, where in zip(maps, inside, strict=True)]
        found = METRICS[f"lpips_{trunk}_{part}"].of(batch)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@functools.cache
def their_dists() -> Any:
    """The package dists-pytorch as its own documentation loads it, but for the trunk, which it would download."""
    import DISTS_pytorch.DISTS_pt

    def vgg16(pretrained: bool) -> Any:
        assert pretrained
        with torch.device("meta"):
            network = build(init_weights=False)
        layers = [layer for layer in network.features if isinstance(layer, torch.nn.Conv2d)]
        for layer, (kernel, bias) in zip(layers, convolutions("vgg"), strict=True):
            layer.load_state_dict({"weight": kernel, "bias": bias}, assign=True)
        return network

    models = DISTS_pytorch.DISTS_pt.models
    build = models.vgg16
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "vgg16", vgg16)
        return DISTS_pytorch.DISTS_pt.DISTS()


def test_the_package_dists_agrees(pairs: list[tuple[Pixels, Pixels]]) -> None:
    images = [in_their_range(list(pictures)) for pictures in zip(*pairs, strict=True)]
    with torch.inference_mode():
        expected = their_dists()(*images).numpy()
    assert expected.max() > 0.3
    np.testing.assert_allclose(METRICS["dists"].of(batched(pairs)), expected, rtol=0, atol=1e-6)


def test_dists_scales_the_weights_to_a_sum_of_1_of_which_an_eighth_is_of_the_structure() -> None:
    weights = dists.load_weights(CPU)
    assert [
        alpha.shape == beta.shape == (channels,)
        for channels, (alpha, beta) in zip(dists.CHANNELS, weights, strict=True)
    ]
    alpha, beta = (float(sum(stage[number].double().sum() for stage in weights)) for number in (0, 1))
    assert alpha + beta == pytest.approx(1, abs=1e-6)
    assert beta == pytest.approx(0.124, abs=5e-4)
    assert all(bool((one >= 0).all()) for stage in weights for one in stage)


@pytest.mark.parametrize(("compute", "names"), [(on_alex, ON_ALEX), (on_vgg, ON_VGG)])
def test_what_else_is_computed_changes_no_bit_of_a_value(
    pairs: list[tuple[Pixels, Pixels]], compute: Any, names: list[str]
) -> None:
    batch = batched(pairs[1:3])
    together = compute(batch, names)
    assert {name: values.tolist() for name, values in together.items()} == {
        name: METRICS[name].of(batch).tolist() for name in names
    }


@pytest.fixture
def passes() -> Iterator[Counter[str]]:
    """How many images went through the first convolution of each stage of VGG16."""
    network, counted, hooks = lpips_network("vgg", CPU), Counter[str](), []
    for number in range(1, 6):
        layers = getattr(network.net, f"slice{number}")
        first = next(layer for layer in layers if isinstance(layer, torch.nn.Conv2d))
        hooks.append(first.register_forward_hook(lambda *_, n=number: counted.update([f"stage{n}"])))
    yield counted
    for hook in hooks:
        hook.remove()


def test_lpips_and_its_parts_take_one_pass_and_dists_its_own_from_the_second_stage_on(
    pairs: list[tuple[Pixels, Pixels]], passes: Counter[str]
) -> None:
    batch = batched(pairs[:3])
    both = 2 * 3  # composites and targets
    cached_values([METRICS[name] for name in ("lpips_vgg", "lpips_vgg_hole", "lpips_alex")], batch)
    assert passes == {f"stage{number}": 3 + 1 for number in range(1, 6)}  # of one target
    passes.clear()
    other = Batch(batch.targets, batch.composites, batch.holes)
    values = cached_values([METRICS[name] for name in ON_VGG], other)
    assert passes == {"stage1": both, **{f"stage{number}": 2 * both for number in range(2, 6)}}
    passes.clear()
    assert {name: one.tolist() for name, one in cached_values([METRICS[n] for n in ON_VGG], other).items()} == {
        name: one.tolist() for name, one in values.items()
    }
    assert not passes


def test_the_features_of_a_target_are_computed_once_for_all_samples_of_a_pair(
    pairs: list[tuple[Pixels, Pixels]], passes: Counter[str]
) -> None:
    samples = pairs[:4]  # three of one target, one of another
    alone = [on_vgg(batched([sample]), ON_VGG) for sample in samples]
    passes.clear()
    together = on_vgg(batched(samples), ON_VGG)
    assert passes == {"stage1": 4 + 2, **{f"stage{number}": 2 * (4 + 2) for number in range(2, 6)}}
    for name, values in together.items():
        assert values.tolist() == [found[name].item() for found in alone]


def test_without_a_hole_or_an_edge_lpips_in_it_is_not_defined() -> None:
    picture = photo("coffee", 40)
    shown = np.stack([noisy(picture, 9)] * 2)
    batch = Batch(shown, np.stack([picture] * 2), np.stack([np.zeros((40, 40), bool), np.ones((40, 40), bool)]))
    values = on_alex(batch, ON_ALEX)
    assert np.isnan(values["lpips_alex_hole"]).tolist() == [True, False]
    assert np.isnan(values["lpips_alex_band"]).tolist() == [True, True]
    assert values["lpips_alex_hole"][1] == pytest.approx(values["lpips_alex"][1], rel=0.2)


def test_what_differs_beside_the_hole_counts_in_it_a_little() -> None:
    picture = photo("coffee", 96)
    inside, beside = picture.copy(), picture.copy()
    inside[24:48, 24:48] = noisy(picture, 60)[24:48, 24:48]
    beside[24:48, 50:74] = noisy(picture, 60)[24:48, 50:74]
    in_it, beside_it = METRICS["lpips_vgg_hole"].of(batch_of((inside, picture), (beside, picture)))
    assert 0 < beside_it < in_it / 3


def test_dists_forgives_a_texture_drawn_anew_and_lpips_does_not() -> None:
    gravel = np.repeat(DATA.gravel()[..., None], 3, axis=2)
    patch, elsewhere = gravel[:128, :128], gravel[200:328, 200:328]
    batch = batch_of((elsewhere, patch), (cv2.GaussianBlur(patch, (0, 0), 1), patch))
    values = on_vgg(batch, ["dists", "lpips_vgg"])
    anew, blurred = values["dists"]
    assert anew < blurred
    anew, blurred = values["lpips_vgg"]
    assert anew > 1.5 * blurred


def test_dists_says_what_installs_its_weights_and_refuses_others(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = replace(DISTS_WEIGHTS, package="no_such_package")
    monkeypatch.setattr(dists, "DISTS_WEIGHTS", elsewhere)
    with pytest.raises(InputError, match=r"^weights.pt is not here. Install it: pip install dists-pytorch==0.1$"):
        dists.load_weights.__wrapped__(CPU)  # type: ignore[attr-defined]  # past what is loaded already
    monkeypatch.setattr(dists, "DISTS_WEIGHTS", replace(elsewhere, package="DISTS_pytorch", sha256="0" * 64))
    with pytest.raises(HashError, match=r"hash f5e65c96230b instead of 000000000000"):
        dists.load_weights.__wrapped__(CPU)  # type: ignore[attr-defined]
