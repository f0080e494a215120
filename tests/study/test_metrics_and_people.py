"""`metrics compare` of a run with votes: how often each metric prefers what people preferred."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import raters
from hypothesis import given, settings
from hypothesis import strategies as st
from studied import RANKED, Studied, studied_run
from terminal import Terminal

import inpaint_bench as ib
from inpaint_bench.analysis.metric_agreement import MetricAgreement
from inpaint_bench.analysis.people import MAJORITY, _agreeing, _shares
from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.scores import scores_path
from inpaint_bench.study.agreement import with_majority
from inpaint_bench.study.model import Votes
from inpaint_bench.study.stored import as_numbers, read_votes, votes_path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Studied:
    return studied_run(tmp_path_factory.getbasetemp(), compiled)


@pytest.fixture(scope="module")
def run(written: Studied) -> ib.Run:
    return ib.load_run(written.run)


@pytest.fixture
def studied(written: Studied, tmp_path: Path) -> Studied:
    return written.copied(tmp_path / "copy")


def agreement(run: ib.Run) -> MetricAgreement:
    """How far the metrics of the run agree, computed once."""
    assert run.metric_agreement is not None
    return run.metric_agreement


def votes_of(run: ib.Run) -> tuple[Votes, tuple[str, ...]]:
    """The votes as they lie in the run, and the names of their pairs."""
    stored = read_votes(votes_path(run.path))[0]
    return as_numbers(stored), stored.pairs


THREE = st.integers(0, 2)
SOME = st.lists(st.tuples(THREE, st.integers(1, 2), st.integers(0, 4), THREE), min_size=1, max_size=30)


def as_votes(numbers: list[tuple[int, int, int, int]]) -> Votes:
    """Votes of 5 raters on 3 pairs of 3 methods."""
    winner, other, rater, pair = np.array(numbers).T
    return Votes(("a", "b", "c"), winner, (winner + other) % 3, rater, pair)


# --- agreement of metrics -------------------------------------------------------------------------


def test_a_metric_agrees_with_the_votes_whose_preferred_composite_it_scores_better(run: ib.Run) -> None:
    votes, pairs = votes_of(run)
    frame = agreement(run).people.set_index("metric")
    for metric, sign in (("psnr", 1), ("mae", -1)):
        scores = run.scores.query("metric == @metric").set_index(["method", "pair"])["value"]
        agreed = []
        for winner, loser, pair in zip(votes.winner, votes.loser, votes.pair, strict=True):
            apart = sign * (scores[votes.methods[winner], pairs[pair]] - scores[votes.methods[loser], pairs[pair]])
            agreed.append((1 + np.sign(apart)) / 2)
        row = frame.loc[metric]
        assert row["agreement"] == pytest.approx(np.mean(agreed))
        assert (row["votes"], row["raters"], row["pairs"]) == (81, 9, 6)
        assert row["low"] < row["agreement"] < row["high"]


def test_the_best_metric_stands_first_and_one_rater_last(run: ib.Run) -> None:
    frame = agreement(run).people
    assert frame["agreement"][:-1].is_monotonic_decreasing
    assert frame["metric"].tolist()[-1] == MAJORITY
    assert {*frame["metric"]} == {"psnr", "mae", MAJORITY}
    assert frame["agreement"].between(0, 1).all()


@given(SOME, st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_opposite_directions_of_opposite_values_agree_alike_and_equal_scores_count_half(
    numbers: list[tuple[int, int, int, int]], seed: int
) -> None:
    votes = as_votes(numbers)
    values = np.random.default_rng(seed).choice([0.0, 1.0, 2.0, np.inf, np.nan], (3, 3))
    higher = _agreeing(votes, "higher", values)
    np.testing.assert_array_equal(higher, _agreeing(votes, "lower", -values))
    np.testing.assert_array_equal(higher, 1 - _agreeing(votes, "lower", values))
    for vote, found in enumerate(higher):
        a, b = (float(values[of[vote], votes.pair[vote]]) for of in (votes.winner, votes.loser))
        if np.isnan(a) or np.isnan(b):
            assert np.isnan(found)
        else:
            assert found == (0.5 if a == b else float(a > b))


@given(SOME)
@settings(max_examples=40)
def test_the_majority_of_the_others_is_that_of_the_other_votes_on_the_same_comparison(
    numbers: list[tuple[int, int, int, int]],
) -> None:
    votes = as_votes(numbers)
    found = with_majority(votes)
    for one in range(len(votes)):
        same = others = 0
        for other in range(len(votes)):
            sides = {votes.winner[other], votes.loser[other]}
            if other != one and votes.pair[other] == votes.pair[one] and sides == {votes.winner[one], votes.loser[one]}:
                others += 1
                same += int(votes.winner[other] == votes.winner[one])
        if others:
            assert found[one] == (0.5 if 2 * same == others else float(2 * same > others))
        else:
            assert np.isnan(found[one])


def test_a_metric_that_always_agrees_has_an_interval_below_one_and_a_series_without_votes_has_no_row() -> None:
    rater, pair = (one.reshape(-1).astype(np.int64) for one in np.indices((6, 8)))
    votes = Votes(("a", "b"), np.zeros(48, dtype=np.int64), np.ones(48, dtype=np.int64), rater, pair)
    agreeing = np.stack([np.ones(48), np.full(48, np.nan), np.where(pair < 4, 0.5, np.nan)], axis=1)
    always, even = _shares(["always", "never there", "even"], votes, agreeing, "text")
    assert (always.label, always.share, always.high, always.votes) == ("always", 1.0, 1.0, 48)
    assert always.low is not None
    assert 0.9 < always.low < 1
    assert (even.label, even.share, even.votes, even.raters, even.pairs) == ("even", 0.5, 24, 6, 4)


def test_one_rater_or_one_pair_gives_shares_without_intervals() -> None:
    votes = Votes(("a", "b"), *(np.array(one) for one in ([0, 0, 1], [1, 1, 0], [0, 0, 0], [0, 1, 2])))
    (found,) = _shares(["m"], votes, np.array([[1.0], [1.0], [0.0]]), "text")
    assert (found.share, found.low, found.high, found.interval) == (round(2 / 3, 9), None, None, "-")


# --- what is printed ------------------------------------------------------------------------------


def test_text_markdown_csv_json_and_the_figure_hold_the_agreement(run: ib.Run, terminal: Terminal) -> None:
    found = agreement(run)
    text = terminal("metrics", "compare", run.path)
    text.does("with people: the share of votes", "over pairs, within each method", "one rater: how often a vote agrees")
    assert text.out == found.to_text()
    assert "| one rater |" in found.to_markdown()
    written = pd.read_csv(io.StringIO(found.to_csv()))
    of_people = written.query("over == 'people'")
    assert (
        of_people[["a", "agreement", "votes"]].values.tolist()
        == found.people[["metric", "agreement", "votes"]].values.tolist()
    )
    assert written.query("over != 'people'")["rho"].tolist() == found.frame["rho"].tolist()
    rows = json.loads(found.to_json())
    assert [row["a"] for row in rows if row["over"] == "people"] == found.people["metric"].tolist()
    assert all((row["rho"] is None) == (row["over"] == "people") for row in rows)
    terminal("figure", "metrics", run.path, "--over", "people", "--out", "people.png").does("people.png")


def test_methods_that_are_named_choose_the_votes(run: ib.Run) -> None:
    votes, _ = votes_of(run)
    two = {votes.methods.index(name) for name in RANKED[:2]}
    count = sum(
        {winner, loser} == two for winner, loser in zip(votes.winner.tolist(), votes.loser.tolist(), strict=True)
    )
    found = run.compare_metrics(RANKED[:2]).people.set_index("metric")
    assert found["votes"]["psnr"] == count
    assert run.compare_metrics(metrics=["psnr"]).people["metric"].tolist() == ["psnr", MAJORITY]
    assert run.compare_metrics(RANKED[:1]).people.empty


# --- where votes come from ------------------------------------------------------------------------


def test_answers_that_are_named_are_read_first(studied: Studied, terminal: Terminal) -> None:
    chooses = raters.prefers(studied.key, *RANKED)
    raters.write(studied.answers, raters.answers(studied.key, 77, chooses))
    compare = ("metrics", "compare", str(studied.run))
    terminal(*compare, "--study", str(studied.study)).refuses(2, "--answers")
    named = terminal(*compare, "--answers", str(studied.answers), "--format", "csv")
    named.does()
    assert pd.read_csv(io.StringIO(named.out)).query("a == 'psnr' and over == 'people'")["votes"].tolist() == [90]
    again = terminal(*compare, "--format", "csv")
    assert again.out == named.out
    terminal(*compare, "--answers", "nowhere.json").refuses(2, "nowhere.json")


def test_a_run_without_votes_says_nothing_of_people(studied: Studied, terminal: Terminal) -> None:
    votes_path(studied.run).unlink()
    terminal("score", str(studied.run), "--data", str(studied.data), "--quiet").does()
    found = ib.compare_metrics(studied.run)
    assert found.people.empty
    assert "people" not in found.to_text() + found.to_csv()
    terminal("figure", "metrics", str(studied.run), "--over", "people", "--out", "a.png").refuses(
        2, "no votes of people"
    )


def test_votes_on_other_composites_are_refused(studied: Studied, terminal: Terminal) -> None:
    run, seen = open_run(studied.run), studied.key.pairs[0]
    shutil.copyfile(run.composite("mean-fill", seen, None), run.composite("telea", seen, None))
    scores_path(run, "telea").unlink()
    terminal("score", str(studied.run), "--data", str(studied.data), "--quiet").does()
    terminal("metrics", "compare", str(studied.run)).refuses(5, "people saw other composites of telea")
    terminal("metrics", "compare", str(studied.run), "--answers", str(studied.answers)).refuses(5, "raters saw")
    votes_path(studied.run).unlink()
    terminal("metrics", "compare", str(studied.run)).does("over pairs")
