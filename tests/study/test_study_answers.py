"""What answers to a study do to the results of its run, and which files are refused."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import raters
import tiny
from finished import finished_run
from studied import QUESTION, RANKED, Studied, studied_run
from terminal import Terminal

from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.scores import scores_path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Studied:
    return studied_run(tmp_path_factory.getbasetemp(), compiled)


@pytest.fixture
def studied(written: Studied, tmp_path: Path) -> Studied:
    return written.copied(tmp_path / "copy")


def test_answers_become_results_with_intervals_ranks_and_a_signature_of_the_question(written: Studied) -> None:
    of_all = {one["method"]: one for one in written.results() if one["bucket"] == "all"}
    assert sorted(of_all, key=lambda name: -of_all[name]["value"]) == list(RANKED)
    for one in of_all.values():
        assert 0 < one["low"] < one["value"] < one["high"] < 1
        assert (one["n"], one["undefined"], one["reduction"], one["source"]) == (6, 3, "none", "measured")
        assert one["signature"].startswith("preference:2afc:bt-jeffreys:q")
        assert ":show-masked:m" in one["signature"]
    assert sum(one["value"] for one in of_all.values()) == pytest.approx(1.5, abs=1e-8)
    assert [of_all[name]["significance"] for name in RANKED] == ["best", "worse", "worse"]
    assert {one["bucket"] for one in written.results()} == {"all", "0.0-0.2", "0.2-0.4", "0.4-0.6"}


def test_the_choices_are_counted_as_they_were_made(written: Studied, terminal: Terminal) -> None:
    key = written.key
    won: Counter[tuple[str, str]] = Counter()
    for path in written.answers.iterdir():
        read = json.loads(path.read_text())
        for trial, answer in zip(key.blocks[read["block"]], read["answers"], strict=True):
            if not trial.right_answer:
                sides = (trial.left, trial.right) if answer["choice"] == "left" else (trial.right, trial.left)
                won[key.methods[sides[0]], key.methods[sides[1]]] += 1
    a, b = won["telea", "biharmonic"], won["biharmonic", "telea"]
    words = (f"telea over biharmonic: {a} of {a + b}", "81 votes of 9 raters on 6 pairs", "Krippendorff's alpha 0.")
    terminal(*written.read()).does(QUESTION, *words, "0 raters left out")


@pytest.mark.acceptance
def test_tables_the_report_and_compare_show_it_like_any_metric(studied: Studied, terminal: Terminal) -> None:
    shown = terminal("table", str(studied.run), "--metrics", "preference")
    shown.does("preference ↑", f"preference: '{QUESTION}': 81 votes of 9 raters on 6 pairs", "leaves out pairs")
    terminal("compare", "telea", "mean-fill", str(studied.run)).does("preference", "over raters and pairs")
    terminal("report", str(studied.run), "--data", str(studied.data), "--quiet").does("index.html")
    text = (studied.run / "report" / "data.js").read_text().partition("window.REPORT = ")[2].rstrip().removesuffix(";")
    assert QUESTION in text
    plot = next(one for one in json.loads(text)["plots"] if one["metric"] == "people")
    assert (plot["kind"], plot["title"]) == ("metrics", "with people")
    assert any("share of votes" in note for note in plot["notes"])


def test_it_stays_when_results_are_derived_again_and_its_file_is_in_the_sums(
    studied: Studied, terminal: Terminal
) -> None:
    before = studied.results()
    terminal("score", str(studied.run), "--data", str(studied.data), "--metrics", "ssim", "--quiet").does()
    assert studied.results() == before
    assert any(one["metric"] == "ssim" for one in tiny.results(studied.run))
    assert "  _study/votes.json\n" in (studied.run / "SHA256SUMS").read_text()


@pytest.mark.acceptance
def test_reading_the_same_answers_again_changes_nothing(studied: Studied, terminal: Terminal) -> None:
    before = tiny.outcome(studied.run)
    terminal(*studied.read()).does()
    assert tiny.outcome(studied.run) == before


def test_edited_votes_and_edited_results_are_refused(studied: Studied, terminal: Terminal) -> None:
    results = studied.run / "results.jsonl"
    value = next(one["value"] for one in studied.results() if one["method"] == "biharmonic" and one["bucket"] == "all")
    whole = results.read_text()
    results.write_text(whole.replace(f"{value}", "0.99", 1))
    terminal("table", str(studied.run)).refuses(5, "results.jsonl", "biharmonic, preference, all is 0.99")
    results.write_text(whole)
    votes = studied.run / "_study" / "votes.json"
    votes.write_text(votes.read_text().replace('"left_out":0', '"left_out":1'))
    terminal("table", str(studied.run)).refuses(5, "votes.json", "not what was written here")


def test_of_other_composites_than_people_saw_there_is_no_preference(studied: Studied, terminal: Terminal) -> None:
    run, seen = open_run(studied.run), studied.key.pairs[0]
    shutil.copyfile(run.composite("mean-fill", seen, None), run.composite("telea", seen, None))
    scores_path(run, "telea").unlink()
    scored = terminal("score", str(studied.run), "--data", str(studied.data), "--quiet")
    scored.does()
    assert "people saw other composites of telea" in scored.err
    assert studied.results() == []
    assert tiny.results(studied.run)
    terminal(*studied.read()).refuses(5, "no longer those that raters saw")


def test_a_rater_who_fails_the_checks_is_left_out_and_one_slip_is_forgiven(
    studied: Studied, terminal: Terminal
) -> None:
    key = studied.key
    chooses = raters.prefers(key, *reversed(RANKED))
    failing = raters.answers(key, 100, chooses, attentive=False)
    slipped = raters.answers(key, 101, chooses)
    check = next(place for place, trial in enumerate(key.blocks[slipped["block"]]) if trial.right_answer)
    other = {"left": "right", "right": "left"}
    slipped["answers"][check]["choice"] = other[slipped["answers"][check]["choice"]]
    raters.write(studied.answers, failing, slipped)
    read = terminal(*studied.read())
    read.does("90 votes of 10 raters", "1 raters left out, who failed the attention checks")
    assert "left out: 6 of 6 attention checks answered wrongly" in read.err


def test_a_file_twice_counts_once_and_one_rater_has_one_set_of_answers(studied: Studied, terminal: Terminal) -> None:
    first = sorted(studied.answers.iterdir())[0]
    copy = Path("copy.json")
    shutil.copyfile(first, copy)
    read = terminal(*studied.read(studied.answers, copy))
    read.does("81 votes of 9 raters")
    assert "counted once" in read.err
    changed = json.loads(first.read_text())
    changed["answers"][0]["ms"] += 1
    copy.write_text(json.dumps(changed))
    terminal(*studied.read(studied.answers, copy)).refuses(2, "different answers of one rater")


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda one: one | {"schema": 2}, 2, "not answers as the page of a study writes them"),
        (lambda one: one | {"name": "me"}, 2, "unknown field"),
        (lambda one: one | {"study": "0" * 16}, 4, "answers to another study"),
        (lambda one: one | {"rater": "../../x"}, 2, "rater"),
        (lambda one: one | {"block": 9}, 2, "block 9 of a study that has 9 blocks"),
        (lambda one: one | {"block": -1}, 2, "block"),
        (lambda one: one | {"block": 1e300}, 2, "block"),
        (lambda one: one | {"answers": one["answers"] * 2}, 2, "30 answers to the 15 trials"),
        (lambda one: one | {"answers": [{"choice": "both", "ms": 1}]}, 2, "choice"),
        (lambda one: one | {"answers": [{"choice": "left", "ms": -1}]}, 2, "ms"),
        (lambda one: one | {"answers": [{"choice": "left", "ms": 1.5}]}, 2, "ms"),
        (lambda one: [one], 2, "not answers"),
        (lambda one: "[" * 100_000, 2, "not answers"),
    ],
)
def test_a_file_that_is_no_answers_to_this_study_ends_in_one_sentence(
    studied: Studied, terminal: Terminal, change: Change, code: int, words: str
) -> None:
    before = tiny.outcome(studied.run)
    changed = change(raters.answers(studied.key, 0, raters.prefers(studied.key, *RANKED)))
    Path("bad.json").write_text(changed if isinstance(changed, str) else json.dumps(changed))
    terminal(*studied.read(Path("bad.json"))).refuses(code, "bad.json", words)
    assert tiny.outcome(studied.run) == before


def test_an_unfinished_session_is_left_out_and_nobody_left_is_incomplete(studied: Studied, terminal: Terminal) -> None:
    one = raters.answers(studied.key, 50, raters.prefers(studied.key, *RANKED))
    one["answers"] = one["answers"][:-1]
    folder = raters.write(Path("few"), one)
    read = terminal(*studied.read(folder))
    read.refuses(3, "no rater answered every trial")
    assert "not every trial is answered" in read.err
    terminal(*studied.read(Path("nowhere.json"))).refuses(2, "nowhere.json")


@pytest.mark.acceptance
def test_the_answers_of_one_rater_give_values_without_intervals_or_say_what_they_lack(
    studied: Studied, terminal: Terminal
) -> None:
    one = raters.answers(studied.key, 0, raters.prefers(studied.key, *RANKED))
    read = terminal(*studied.read(raters.write(Path("one"), one)))
    read.does("[no interval]", "9 votes of 1 raters", "no comparison has two votes")
    assert {(entry["low"], entry["high"]) for entry in studied.results()} == {(None, None)}


@pytest.mark.parametrize("change", ["a pair twice", "a method with itself"])
def test_a_key_that_was_edited_is_refused_before_anything_is_written(
    studied: Studied, terminal: Terminal, change: str
) -> None:
    path, before = studied.study / "key.json", tiny.outcome(studied.run)
    key = json.loads(path.read_text())
    if change == "a pair twice":
        key["pairs"][1] = key["pairs"][0]
    else:
        trial = next(one for one in key["blocks"][0] if not any(one[3:]))
        trial[1] = trial[2]
    path.write_text(json.dumps(key))
    terminal(*studied.read()).refuses(2, "key.json", "it was edited")
    assert tiny.outcome(studied.run) == before


def test_a_run_of_other_pairs_or_without_the_methods_is_refused(
    studied: Studied, terminal: Terminal, tmp_path: Path
) -> None:
    page = tiny.make_dataset(tmp_path / "other", count=3, metrics=["psnr"])
    finished_run(page, tmp_path / "other-run", ["telea"])
    command = ["study", "read", str(studied.study), str(studied.answers), "--run", str(tmp_path / "other-run")]
    terminal(*command).refuses(4, "not the pairs of this study")
    terminal("study", "read", str(tmp_path), str(studied.answers)).refuses(2, "no study is here")
    (studied.study / "key.json").write_text("{}")
    terminal(*studied.read()).refuses(2, "not the key of a study")


def test_preference_is_a_metric_that_no_run_computes(terminal: Terminal, page: Path) -> None:
    terminal("run", "--dataset", str(page), "--methods", "telea", "--metrics", "preference").refuses(
        2, "preference cannot be measured here", "study make"
    )
    terminal("metrics", "show", "preference").does("higher is better", "Bradley and Terry", "study make")
    terminal("metrics", "list").does("preference")
