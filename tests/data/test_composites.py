"""Pixels as tensors and back, composites, and pictures that are cropped or made smaller."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaint_bench.data import images, tensors


@given(arrays(np.uint8, (3, 5, 3)))
def test_8_bits_survive_the_way_to_images_and_back(pixels: images.Pixels) -> None:
    batch = tensors.to_images([pixels])
    assert (tensors.eight_bit(batch, "round")[0] == pixels).all()


def test_truncation_and_rounding_differ_where_they_should() -> None:
    halves = torch.full((1, 3, 1, 1), 100.6 / 255)
    assert tensors.eight_bit(halves, "round")[0].max() == 101
    assert tensors.eight_bit(halves, "truncate")[0].min() == 100


@given(arrays(np.bool_, (4, 4)), st.integers(0, 2**32 - 1))
def test_a_composite_is_the_image_outside_the_hole_and_the_prediction_inside(hole: images.Hole, seed: int) -> None:
    image, prediction = torch.rand(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    mask = tensors.to_masks([hole])
    composite = tensors.composite(prediction, image, mask)
    inside = mask.expand_as(image) == 1
    assert torch.equal(composite[inside], prediction[inside])
    assert torch.equal(composite[~inside], image[~inside])
    assert not tensors.emptied(image, mask)[inside].any()


@given(arrays(np.bool_, (8, 9)), st.integers(0, 2**32))
def test_a_composite_in_8_bits_and_the_error_of_its_known_region_are_those_of_numpy(
    hole: images.Hole, seed: int
) -> None:
    x, y = np.random.default_rng(seed).integers(0, 256, (2, 8, 9, 3), np.uint8)
    assert np.array_equal(images.composite_pixels(x, y, hole), np.where(hole[..., None], x, y))
    assert images.absolute_difference(x, y, ~hole) == np.abs(x.astype(int) - y)[~hole].sum()


@pytest.mark.parametrize(("height", "width", "top", "left"), [(6, 4, 1, 0), (4, 7, 0, 1), (5, 5, 0, 0)])
def test_the_centre_square_leaves_an_odd_pixel_at_the_end(height: int, width: int, top: int, left: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    square = images.centre_square(pixels)
    side = min(height, width)
    assert (square == pixels[top : top + side, left : left + side]).all()


def test_nearest_halving_keeps_the_top_left_of_every_four_pixels() -> None:
    values = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    assert (images.resize_nearest(values, 4) == values[::2, ::2]).all()


def test_bilinear_halving_averages_four_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 64, (8, 8, 3), dtype=np.uint8) * np.uint8(4)
    means = pixels.astype(int).reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert (np.abs(images.resize_bilinear(pixels, 4) - means) <= 0.5).all()
