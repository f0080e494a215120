"""Masks after LaMa's and MAT's: their shares are the published ones, and a seed means the same bytes everywhere."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_bench.data.images import hole_sha256
from inpaint_bench.data.masks import draw as bucketed
from inpaint_bench.data.masks import lama_mat
from inpaint_bench.data.masks.lama_mat import KINDS, LAMA_MOST, draw
from inpaint_bench.data.protocols import MOST_RATIO, SMALLEST_DRAWN, DrawnKind
from inpaint_bench.errors import InputError

GOLDEN = {  # (kind, size, seed, low, high); made by this code, and no version of anything may change them
    ("thin", 24, 3, 1, 60): "5b8166e46af5caaa9ef89ac5f26565402392d6617e155231bf3edba00a07987a",
    ("thin", 256, 2023, 1, 60): "4068517b79f75a6529f23b01d58884f0f2045c38fd5697e45d43da676e8facc1",
    ("thin", 512, 2023, 1, 60): "e044b2df7fab1cdb8ee7f038c3da7dfa0bc5de78b5ddb3164bddbf93d9b3f1ed",
    ("medium", 24, 3, 1, 60): "47e97ecf1231b455eea525ec07a4bc5751194fbd9bff011b06bf7565117149ff",
    ("medium", 256, 2023, 1, 60): "a3c94f7b3e7540980daeeacc73a59201496c1ca3a53594c343bc60b1103a2b68",
    ("medium", 512, 2023, 1, 60): "a4cecece79928e393179a5843506321942419465aeb9d68c355cf4577687f4f6",
    ("thick", 24, 3, 1, 60): "227004f8e1509de86edb30e4a0ae19c22298599beb0dfeace429958fb24af322",
    ("thick", 256, 2023, 1, 60): "36fde398ce02992c46656d3628ba30464860ed1c414b2c3a9dbed67840f1c009",
    ("thick", 512, 2023, 1, 60): "a1fd7652a007ba94b82464d35ffe44e18a6d8ea474b6c664409662cd7ed3940a",
    ("free-form", 24, 3, 1, 60): "c95bcdda97b26b8f56e991657454cdfe4179798b6c783e472ccfd675e669d198",
    ("free-form", 256, 2023, 1, 60): "be6cbfc63e7adc4909c51bc4431d10b438ed2c9f49574a3752cbb4412273c7de",
    ("free-form", 512, 2023, 1, 60): "eee31c83027d6239b64af9c1c97ab876688b1210ee1bc165c8ad445bb2007b52",
}
# The mean share of hole pixels of 400 masks of LaMa's code after those over one half were dropped, and of 600 of MAT's,
# as drawn with OpenCV, Pillow and NumPy's random numbers.
SHARES = {
    ("thin", 256): 0.30, ("medium", 256): 0.25, ("thick", 256): 0.27, ("free-form", 256): 0.419,
    ("thin", 512): 0.28, ("medium", 512): 0.27, ("thick", 512): 0.27, ("free-form", 512): 0.413,
}  # fmt: skip

kinds = st.sampled_from(sorted(KINDS))


@pytest.mark.parametrize("recipe", GOLDEN, ids=str)
def test_holes_are_the_stored_ones(recipe: tuple[str, int, int, int, int]) -> None:
    assert hole_sha256(draw(*recipe)) == GOLDEN[recipe]


@pytest.mark.parametrize(("kind", "size"), SHARES)
def test_the_mean_share_of_the_hole_is_that_of_the_published_code(kind: str, size: int) -> None:
    shares = [draw(kind, size, seed, 0, 100).mean() for seed in range(40)]
    assert float(np.mean(shares)) == pytest.approx(SHARES[kind, size], abs=0.05)


@settings(max_examples=30, derandomize=True)
@given(kinds, st.integers(SMALLEST_DRAWN, 96), st.integers(0, 2**40))
def test_any_seed_and_size_lies_in_the_interval(kind: str, size: int, seed: int) -> None:
    hole = draw(kind, size, seed, 1, 60)
    assert hole.shape == (size, size)
    assert size * size < 100 * int(hole.sum()) <= (LAMA_MOST if kind != "free-form" else 60) * size * size


points = st.tuples(st.integers(0, 20), st.integers(0, 20))


@settings(max_examples=30, derandomize=True)
@given(points, points, st.integers(1, 13))
def test_a_segment_is_the_pixels_within_half_a_width_of_it(
    start: tuple[int, int], end: tuple[int, int], width: int
) -> None:
    hole = np.zeros((20, 20), np.bool_)
    lama_mat._segment(hole, start, end, width)
    wanted = np.zeros_like(hole)
    down, right = end[0] - start[0], end[1] - start[1]
    squared = down * down + right * right
    for row in range(20):
        for column in range(20):
            ahead = (row - start[0]) * down + (column - start[1]) * right
            across = (row - start[0]) * right - (column - start[1]) * down
            ends = min((row - r) ** 2 + (column - c) ** 2 for r, c in (start, end))
            beside = squared > 0 and 0 <= ahead <= squared and 4 * across**2 <= width**2 * squared
            wanted[row, column] = beside or 4 * ends <= width**2
    assert (hole == wanted).all()


def test_another_seed_draws_another_hole() -> None:
    for kind in KINDS:
        assert len({draw(kind, 64, seed, 1, 60).tobytes() for seed in range(6)}) == 6


def test_a_page_knows_every_kind_and_how_far_it_goes() -> None:
    assert set(get_args(DrawnKind)) == bucketed.KINDS.keys() | KINDS.keys()
    assert dict.fromkeys(bucketed.KINDS, bucketed.LARGEST_RATIO) == MOST_RATIO


def test_what_cannot_be_drawn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lama_mat, "MOST_TRIES", 5)
    for arguments, message in (
        (("thn", 64, 0, 1, 60), r"No kind of mask is called 'thn'. Did you mean 'thin'\? Known: free-form, medium, "),
        (("thin", 15, 0, 1, 60), "A mask of 15 pixels a side is too small. Allowed: 16 and more"),
        (("thin", 64, 0, 60, 20), r"The interval \(60, 20\] is none"),
        (("thin", 64, 0, 50, 60), r"None of 5 masks of the kind 'thin' has a ratio in \(50, 60\] percent. Widen the"),
    ):
        with pytest.raises(InputError, match=message):
            draw(*arguments)
