"""Images resized for a method: sizes, holes that stay empty, nothing mixed into what is known, predictions back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.methods.resized import resized, target_size
from inpaint_bench.methods.sizes import Sizes

some_examples = settings(max_examples=60, database=None)


@some_examples
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 16), st.integers(1, 128))
def test_the_new_size_is_one_that_the_method_takes_and_near_the_shape(
    height: int, width: int, multiple: int, min_size: int
) -> None:
    sizes = Sizes(multiple, min_size)
    tall, wide = target_size(sizes, height, width)
    assert sizes.fit(tall, wide)
    scale = max(1, min_size / min(height, width))
    assert abs(tall - height * scale) <= max(multiple, sizes.at_least(1) - height * scale)
    assert abs(wide - width * scale) <= max(multiple, sizes.at_least(1) - width * scale)
    if sizes.fit(height, width):
        assert (tall, wide) == (height, width)


def test_one_square_size_takes_squares_only() -> None:
    assert target_size(Sizes(exact_size=64), 24, 24) == (64, 64)
    with pytest.raises(InputError, match="images of 24x30 cannot be resized to a square"):
        target_size(Sizes(exact_size=64), 24, 30)


@some_examples
@given(st.integers(0, 2**32 - 1), st.sampled_from([(24, 24), (20, 33), (50, 17)]))
def test_a_flat_image_stays_flat_whatever_the_hole(seed: int, shape: tuple[int, int]) -> None:
    torch.manual_seed(seed)
    mask = (torch.rand(1, 1, *shape) > 0.5).float()
    mask[..., 0, 0] = 0
    shown: list[Tensor] = []

    def inpaint(image: Tensor, hole: Tensor) -> Tensor:
        shown.extend([image, hole])
        return image + 0.7 * hole

    found = resized(inpaint, Sizes(multiple=8, min_size=40))(0.7 * (1 - mask).expand(1, 3, *shape), mask)
    image, hole = shown
    assert {*hole.flatten().tolist()} <= {0.0, 1.0}
    assert image[hole.expand_as(image) > 0].abs().max() == 0 if hole.any() else True
    known = image[hole.expand_as(image) == 0]
    assert bool(((known - 0.7).abs() < 1e-5).logical_or(known == 0).all())
    assert bool((known > 0).any())
    assert found.shape == (1, 3, *shape)


def test_samples_keep_their_axis_and_an_image_that_fits_is_left_alone() -> None:
    def inpaint(image: Tensor, mask: Tensor, seeds: Tensor) -> Tensor:
        return torch.stack([image + 0.1 * seed for seed in seeds[0]], dim=1)

    call = resized(inpaint, Sizes(multiple=8, min_size=16))
    image, mask, seeds = torch.full((2, 3, 12, 12), 0.5), torch.zeros(2, 1, 12, 12), torch.tensor([[1, 2]] * 2)
    found = call(image, mask, seeds)
    assert found.shape == (2, 2, 3, 12, 12)
    torch.testing.assert_close(found[:, 1], image + 0.2)
    exact = torch.rand(1, 3, 24, 24)
    assert torch.equal(call(exact, torch.zeros(1, 1, 24, 24), seeds)[:, 0], exact + 0.1)


def test_what_a_method_does_wrong_is_not_resized_away() -> None:
    image, mask = torch.full((1, 3, 12, 12), 0.5), torch.zeros(1, 1, 12, 12)
    sizes = Sizes(multiple=8, min_size=16)
    with pytest.raises(MethodError, match=r"it returned shape \(1, 3, 8, 8\) for images of 16x16"):
        resized(lambda image, mask: image[..., :8, :8], sizes)(image, mask)
    assert resized(lambda image, mask: image * 255, sizes)(image, mask).max() > 100
    assert resized(lambda image, mask: (image * 255).byte(), sizes)(image, mask).dtype == torch.uint8
