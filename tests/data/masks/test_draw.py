"""Drawn holes: every bucket is hit, and a seed means the same bytes everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_bench.data.images import hole_sha256
from inpaint_bench.data.masks.draw import KINDS, Bits, draw, hole_counts
from inpaint_bench.data.protocols import SMALLEST_DRAWN
from inpaint_bench.errors import InputError

BUCKETS = [(0, 1), (0, 20), (1, 2), (1, 10), (20, 40), (40, 60), (49, 50), (50, 51), (50, 60), (59, 60)]

kinds = st.sampled_from(sorted(KINDS))
seeds = st.integers(0, 2**64)
sizes = st.integers(SMALLEST_DRAWN, 96)
buckets = st.tuples(st.integers(0, 59), st.integers(1, 60)).filter(lambda ends: ends[0] < ends[1])

GOLDEN = {  # (kind, size, seed, low, high); made by this code, and no version of anything may change them
    ("strokes", 16, 0, 59, 60): "1dd668bb3512083fae2924ea19864488092c4b5f0144649f14e421222818668e",
    ("strokes", 64, 1, 0, 20): "6fe92a77e20b789bd57415b0b7c802903b042dc712eb0e6ce3e8a70a7637f572",
    ("strokes", 256, 2023, 20, 40): "1b8bd3b5081d7aba0c9a3639295ff1e3ff86546fe448ff3aa2b063de24d83255",
    ("walks", 16, 5, 1, 2): "1852c306e3bf5a23342d73d6e0b7e0e8b8969183dbf79c900259640ecc2f0546",
    ("walks", 64, 0, 40, 60): "07bc108c9c5c1b6c9f19d51b8bc5cd1a12f9c1133165b767a3ec5e635ed9c97c",
    ("walks", 256, 2023, 1, 10): "a95340893d3a41117a5b18b98e0af787a6978ef6e6bb794a4391093a21ecc60f",
    ("boxes", 64, 3, 20, 40): "0a09098037533edf925dd3a85c035d2839339ceeaf5a76fb5df717f6bd9d95bc",
    ("boxes", 256, 2023, 50, 60): "f8eac660c7f9b0a4a053be8974d60c8f6e2e55e610d5eeff8d516579cc959980",
    ("boxes", 16, 9, 59, 60): "32ac7cfa6a42ad598d82a7b616c697841445d68227ed130ba4a2214a7fd65ca2",
    ("half", 64, 0, 40, 60): "ba179205f289f758f96672f471738a67038b9c084786438a0e3e949bebe68c06",
    ("half", 256, 2023, 10, 20): "64b6ab4224ad750095a9ce7509bb53df02a43be0cf44fd51dc33815adb11c6c0",
    ("half", 33, 4, 1, 2): "de1a2dee3772a2522f14692e3180564a5bbbb9dca1db51d484c726beec3f40a4",
    ("strokes", 512, 2023, 40, 50): "8b221457a6c97cc3efe512e31498276357d996fb84c390605b6c1cdeda8fe4ce",
    ("walks", 512, 2023, 50, 60): "2d5d29f1a6ebbcdc3869376a589a07613bb7da295d3bcf80150e24401ffa29a9",
}


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("size", [16, 64, 256])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_hits_the_bucket(kind: str, size: int, bucket: tuple[int, int]) -> None:
    low, high = bucket
    for seed in range(2):
        hole = draw(kind, size, seed, low, high)
        assert hole.shape == (size, size)
        assert hole.dtype == np.bool_
        assert hole.any()
        assert low * size * size < 100 * int(hole.sum()) <= high * size * size


@settings(max_examples=150, derandomize=True)
@given(kinds, sizes, seeds, buckets)
def test_any_seed_size_and_bucket_hits_the_bucket(kind: str, size: int, seed: int, bucket: tuple[int, int]) -> None:
    low, high = bucket
    hole = draw(kind, size, seed, low, high)
    assert low * size * size < 100 * int(hole.sum()) <= high * size * size


@settings(max_examples=40, derandomize=True)
@given(kinds, sizes, seeds, buckets)
def test_the_same_seed_draws_the_same_bytes(kind: str, size: int, seed: int, bucket: tuple[int, int]) -> None:
    assert draw(kind, size, seed, *bucket).tobytes() == draw(kind, size, seed, *bucket).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_different_seeds_draw_different_holes(kind: str) -> None:
    holes = {draw(kind, 64, seed, 10, 30).tobytes() for seed in range(30)}
    assert len(holes) == 30 if kind != "half" else len(holes) > 15  # whole rows of four sides: some repeat


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_and_sizes_have_bits_of_their_own(kind: str) -> None:
    first = {Bits(f"{kind}:{size}:0").below(2**64) for size in (64, 128, 256)}
    others = {Bits(f"{other}:64:0").below(2**64) for other in KINDS if other != kind}
    assert len(first | others) == 3 + len(KINDS) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_ratios_spread_over_the_bucket(kind: str) -> None:
    ratios = [float(draw(kind, 64, seed, 0, 40).mean()) for seed in range(60)]
    counts, _ = np.histogram(ratios, bins=[0, 0.1, 0.2, 0.3, 0.4])
    assert counts.min() >= 6


def test_a_target_is_hit_to_the_pixel_by_strokes_and_walks() -> None:
    for kind in ("strokes", "walks"):
        wanted = [Bits(f"{kind}:100:{seed}").between(*hole_counts(100, 20, 40)) for seed in range(5)]
        assert [int(draw(kind, 100, seed, 20, 40).sum()) for seed in range(5)] == wanted


@pytest.mark.parametrize("bucket", [(40, 50), (40, 60), (49, 50), (0, 60)])
@pytest.mark.parametrize("size", [16, 64, 250])
def test_half_is_exactly_one_half_where_the_bucket_holds_it(size: int, bucket: tuple[int, int]) -> None:
    assert 2 * int(draw("half", size, 7, *bucket).sum()) == size * size


def test_half_hides_each_side_for_some_seed() -> None:
    sides = set()
    for seed in range(40):
        hole = draw("half", 64, seed, 40, 60)
        lines = {"top": hole[0], "bottom": hole[-1], "left": hole[:, 0], "right": hole[:, -1]}
        whole = [name for name, line in lines.items() if line.all()]
        assert len(whole) == 1
        sides.update(whole)
    assert sides == {"top", "bottom", "left", "right"}


def test_half_hides_whole_rows_where_they_fit() -> None:
    for seed in range(20):
        hole = draw("half", 256, seed, 10, 20)
        assert (hole == hole[:1]).all() or (hole == hole[:, :1]).all()


def test_boxes_are_a_few_rectangles() -> None:
    for seed in range(20):
        hole = draw("boxes", 256, seed, 10, 30).astype(np.int8)
        corners = np.abs(np.diff(np.diff(np.pad(hole, 1), axis=0), axis=1)) > 0
        assert corners.sum() <= 5 * 4 * 3


def test_a_larger_size_works_too() -> None:
    for kind in KINDS:
        assert 0.5 < draw(kind, 512, 3, 50, 60).mean() <= 0.6


@pytest.mark.parametrize("recipe", GOLDEN, ids=str)
def test_holes_are_the_stored_ones(recipe: tuple[str, int, int, int, int]) -> None:
    assert hole_sha256(draw(*recipe)) == GOLDEN[recipe]


def test_the_generator_is_splitmix64() -> None:
    bits = Bits("")
    bits._state = 1234567  # the published sequence of this seed
    assert [bits.below(2**64) for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_counts_of_a_bucket_are_exact() -> None:
    assert hole_counts(256, 20, 40) == (13108, 26214)
    assert hole_counts(100, 20, 40) == (2001, 4000)  # the upper edge is in, the lower one is not
    assert hole_counts(16, 0, 1) == (1, 2)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError) as error:
        draw("stroke", 64, 0, 0, 20)
    assert str(error.value) == (
        "No kind of mask is called 'stroke'. Did you mean 'strokes'? Known: boxes, half, strokes, walks."
    )


@pytest.mark.parametrize(("low", "high"), [(20, 20), (30, 20), (-1, 20), (50, 61)])
def test_a_bucket_that_cannot_be_drawn_is_refused(low: int, high: int) -> None:
    with pytest.raises(InputError) as error:
        draw("walks", 64, 0, low, high)
    assert str(error.value) == (
        f"The bucket ({low}, {high}] cannot be drawn. Allowed: whole percents with 0 <= low < high <= 60."
    )


@pytest.mark.parametrize("size", [15, 0, -4])
def test_a_size_too_small_is_refused(size: int) -> None:
    with pytest.raises(InputError) as error:
        draw("walks", size, 0, 0, 20)
    assert str(error.value) == f"A mask of {size} pixels a side is too small. Allowed: 16 and more."
