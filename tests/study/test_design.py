"""The design of a study: what is balanced, and what a rater sees."""

from collections import Counter
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_bench.study.design import Comparison, blocks, plan, sides
from inpaint_bench.study.key import CHECKS
from inpaint_bench.study.write import blocks_of

SIZES = st.tuples(st.integers(1, 9), st.integers(2, 5), st.none() | st.integers(1, 40), st.integers(1, 12))


def unordered(trial: Comparison) -> tuple[int, int, int]:
    """A comparison without its sides."""
    pair, left, right = trial
    return pair, min(left, right), max(left, right)


def uneven(counts: Counter[object], over: int) -> int:
    """The largest difference of counts, over so many things that are counted."""
    return max(counts.values()) - (min(counts.values()) if len(counts) == over else 0)


@settings(max_examples=40)
@given(SIZES, st.text(max_size=3))
def test_comparisons_sides_pairs_and_methods_are_balanced(
    given_sizes: tuple[int, int, int | None, int], seed: str
) -> None:
    sizes = plan(*given_sizes)
    drawn = blocks(sizes, seed)
    assert len(drawn) == sizes.blocks
    whole: Counter[object] = Counter(unordered(trial) for block in drawn for trial in block)
    assert uneven(whole, sizes.comparisons) <= 1
    for block in drawn:
        assert len({unordered(trial) for trial in block}) == len(block) == sizes.votes_per_rater
        left, right = (Counter(trial[side] for trial in block) for side in (1, 2))
        assert all(abs(left[method] - right[method]) <= 1 for method in range(sizes.methods))
        assert uneven(Counter(trial[0] for trial in block), sizes.pairs) <= 1
    assert blocks(sizes, seed) == drawn


def test_by_default_every_comparison_is_shown_twice_with_its_sides_changed() -> None:
    sizes = plan(40, 5, None, None)
    drawn = [trial for block in blocks(sizes, "seed") for trial in block]
    counts = Counter(drawn)
    assert sizes.blocks == 20
    assert len(counts) == 2 * sizes.comparisons == len(drawn)
    for block in blocks(sizes, "seed"):
        two = Counter(unordered(trial)[1:] for trial in block)
        assert set(two) == set(combinations(range(5), 2))
        assert set(two.values()) == {4}


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 4)).filter(lambda one: one[1] != one[2]))
)
def test_any_comparisons_can_be_given_sides_that_are_even(comparisons: list[Comparison]) -> None:
    sided = sides(comparisons, "seed")
    assert [unordered(one) for one in sided] == [unordered(one) for one in comparisons]
    left, right = (Counter(trial[side] for trial in sided) for side in (1, 2))
    assert all(abs(left[method] - right[method]) <= 1 for method in range(5))


def test_checks_are_spread_over_a_block_and_have_half_of_their_answers_on_each_side() -> None:
    for block in blocks_of(plan(40, 5, None, None), "seed"):
        places = [place for place, trial in enumerate(block) if trial.right_answer]
        assert len(places) == CHECKS
        assert places[0] > 0
        assert places[-1] < len(block) - 1
        assert max(b - a for a, b in pairwise(places)) <= 8
        assert Counter(block[place].right_answer for place in places) == {"left": 3, "right": 3}
        assert {block[place].pair for place in places} == set(range(CHECKS))
