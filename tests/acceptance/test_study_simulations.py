"""What studies promise, in simulations: intervals hold what was planted, equal methods are equal, guessing is seen."""

import numpy as np
import pytest

from inpaint_bench.analysis.people import _agreeing, _shares
from inpaint_bench.analysis.statistics import ALPHA, holm
from inpaint_bench.study.agreement import at_random
from inpaint_bench.study.design import Plan, blocks
from inpaint_bench.study.key import CHECKS
from inpaint_bench.study.model import Fit, Votes, fit
from inpaint_bench.study.power import needed

pytestmark = pytest.mark.acceptance

RATERS, PAIRS, TRIALS = 20, 40, 500
FIVE = np.array([0.8, 0.4, 0.0, -0.4, -0.8])


def voted(rng: np.random.Generator, s: np.ndarray, raters: int, pairs: int, votes: int | None = None) -> Votes:
    """Independent votes by a planted Bradley-Terry model, in a design of `study make`."""
    shown = blocks(Plan(pairs, len(s), votes or pairs, raters), "simulation")
    trials = np.array([(rater, *trial) for rater, block in enumerate(shown) for trial in block], dtype=np.int64)
    rater, pair, left, right = trials.T
    chosen = rng.random(len(trials)) < 1 / (1 + np.exp(s[right] - s[left]))
    names = tuple("abcdefgh"[: len(s)])
    return Votes(names, np.where(chosen, left, right), np.where(chosen, right, left), rater, pair)


def fitted(votes: Votes, trial: int) -> Fit:
    found = fit(votes, f"simulation {trial}")
    assert found is not None
    return found


def tastes(rng: np.random.Generator, votes: Votes, s: np.ndarray, spread: float) -> Votes:
    """The same comparisons by raters, and on pairs, that have preferences of their own."""
    m = len(s)
    of_raters = rng.normal(0, spread, (votes.rater.max() + 1, m))
    of_pairs = rng.normal(0, spread, (votes.pair.max() + 1, m))
    a, b = votes.winner, votes.loser
    logits = s[a] - s[b] + of_raters[votes.rater, a] - of_raters[votes.rater, b]
    logits += of_pairs[votes.pair, a] - of_pairs[votes.pair, b]
    kept = rng.random(len(a)) < 1 / (1 + np.exp(-logits))
    return Votes(votes.methods, np.where(kept, a, b), np.where(kept, b, a), votes.rater, votes.pair)


def test_the_intervals_hold_planted_strengths() -> None:
    held = np.zeros((TRIALS, len(FIVE)))
    for trial in range(TRIALS):
        found = fitted(voted(np.random.default_rng([1, trial]), FIVE, RATERS, PAIRS), trial)
        ends = np.array(found.strength_intervals(), dtype=float)
        held[trial] = (ends[:, 0] <= FIVE) & (ends[:, 1] >= FIVE)
    print(f"each: {held.mean(axis=0)}, all: {100 * held.mean():.2f}%")
    assert 0.93 <= held.mean() <= 0.97
    assert (held.mean(axis=0) >= 0.925).all()


@pytest.mark.parametrize("spread", [0.0, 0.5], ids=["independent votes", "raters and pairs with tastes of their own"])
def test_some_two_of_identical_methods_differ_in_at_most_one_study_of_twenty(spread: float) -> None:
    differ = 0
    for trial in range(TRIALS):
        rng = np.random.default_rng([2, trial])
        votes = voted(rng, np.zeros(5), RATERS, PAIRS)
        p = fitted(tastes(rng, votes, np.zeros(5), spread) if spread else votes, trial).p
        differ += min(holm(p[np.triu_indices(5, 1)].tolist())) <= ALPHA
    print(f"{differ} of {TRIALS} studies")
    assert differ <= ALPHA * TRIALS


def test_raters_at_random_are_seen_by_the_checks_or_by_their_agreement_and_others_are_not() -> None:
    seen = wrongly = guessing = honest = passed_seen = passed = 0
    for trial in range(60):
        rng = np.random.default_rng([3, trial])
        votes = voted(rng, 2 * FIVE, RATERS, PAIRS)
        random = votes.rater < 2
        turned = random & (rng.random(len(votes)) < 0.5)
        votes = Votes(
            votes.methods,
            np.where(turned, votes.loser, votes.winner),
            np.where(turned, votes.winner, votes.loser),
            votes.rater,
            votes.pair,
        )
        failed = {rater for rater in range(2) if rng.binomial(CHECKS, 0.5) > CHECKS // 6}
        named = at_random(votes)
        for rater in range(RATERS):
            if rater < 2:
                guessing, seen = guessing + 1, seen + (rater in failed or rater in named)
                passed, passed_seen = (
                    passed + (rater not in failed),
                    passed_seen + (rater in named and rater not in failed),
                )
            else:
                honest, wrongly = honest + 1, wrongly + (rater in named)
    print(
        f"seen: {seen} of {guessing}; of {passed} who passed the checks {passed_seen}; wrongly: {wrongly} of {honest}"
    )
    assert seen >= 0.95 * guessing
    assert wrongly <= 0.01 * honest


@pytest.mark.parametrize("share", [0.6, 0.65])
def test_a_study_of_the_estimated_size_finds_the_difference_as_often_as_it_should(share: float) -> None:
    planned = needed(share, 40, 3, 0.8, ALPHA, 1.0, 40)
    s = np.array([np.log(share / (1 - share)), 0.0, 0.0])
    trials, found = 200, 0
    for trial in range(trials):
        votes = voted(np.random.default_rng([4, trial]), s, planned.raters, 40, 40)
        p = fitted(votes, trial).p
        found += holm(p[np.triu_indices(3, 1)].tolist())[0] <= ALPHA
    print(f"{found} of {trials}, {planned.votes} votes of {planned.raters} raters")
    assert 0.7 <= found / trials <= 0.92


@pytest.mark.parametrize("weight", [0.0, 1.5], ids=["a metric that says nothing", "a metric that people half follow"])
def test_the_intervals_of_agreement_hold_the_share_among_all_raters_and_pairs(weight: float) -> None:
    """Raters have tastes of their own; what the metric reaches is known from very many votes."""
    methods, held, trials = 3, 0, 300

    def agreeing(rng: np.random.Generator, raters: int, pairs: int) -> tuple[Votes, np.ndarray]:
        votes = voted(rng, np.zeros(methods), raters, pairs)
        scores = rng.normal(size=(methods, pairs))
        of_raters = rng.normal(1, 0.5, raters)[votes.rater]  # how much of the score a rater sees
        apart = scores[votes.winner, votes.pair] - scores[votes.loser, votes.pair]
        turned = rng.random(len(votes)) > 1 / (1 + np.exp(-weight * of_raters * apart))
        sides = np.where(turned, votes.loser, votes.winner), np.where(turned, votes.winner, votes.loser)
        seen = Votes(votes.methods, *sides, votes.rater, votes.pair)
        return seen, _agreeing(seen, "higher", scores)[:, None]

    truth = float(agreeing(np.random.default_rng(5), 300, 600)[1].mean())
    for trial in range(trials):
        votes, found = agreeing(np.random.default_rng([5, trial]), RATERS, PAIRS)
        (one,) = _shares(["metric"], votes, found, f"simulation {trial}")
        assert one.low is not None
        assert one.high is not None
        held += one.low <= truth <= one.high
    print(f"{truth:.3f}: {100 * held / trials:.1f}%")
    assert 0.92 <= held / trials <= 0.985
