"""A study of a run: what is written, what answers do to results, and which files are refused."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import raters
import tiny
from finished import finished_run
from reported_run import working_in
from terminal import Terminal

from inpaint_bench.cli import run_cli
from inpaint_bench.data.images import read_png
from inpaint_bench.runner.folder import open_run
from inpaint_bench.study.key import Key, read_key

METHODS = ["telea", "mean-fill", "biharmonic"]
QUESTION = "Which looks more natural?"
RANKED = ("telea", "biharmonic", "mean-fill")


@dataclass(frozen=True)
class Studied:
    """A run, its study with the key, and a folder of answers."""

    run: Path
    data: Path
    study: Path
    answers: Path

    @property
    def key(self) -> Key:
        """The key."""
        return read_key(self.study)

    def copied(self, folder: Path) -> "Studied":
        """A copy that may be changed."""
        found = [shutil.copytree(old, folder / old.name) for old in (self.run, self.study, self.answers)]
        return Studied(found[0], self.data, found[1], found[2])

    def read(self, *answers: Path) -> list[str]:
        """The command that reads answers, by default all of them."""
        named = [str(one) for one in answers or (self.answers,)]
        return ["study", "read", str(self.study), *named, "--run", str(self.run)]

    def make(self, *options: str) -> list[str]:
        """The command that makes a study of the run."""
        return ["study", "make", str(self.run), "--question", QUESTION, "--data", str(self.data), *options]

    def results(self) -> list[dict[str, Any]]:
        """The results of preference."""
        return [one for one in tiny.results(self.run) if one["metric"] == "preference"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Studied:
    folder = tmp_path_factory.mktemp("studied")
    page = tiny.make_dataset(folder / "dataset", count=9, metrics=["psnr"])
    made = Studied(folder / "run", page.parent / "data", folder / "run.study", folder / "answers")
    with working_in(folder, compiled):
        finished_run(page, made.run, METHODS)
        assert run_cli(made.make("--seed", "s", "--pairs", "6", "--raters", "9", "--votes-per-rater", "9")) == 0
        chooses = raters.prefers(made.key, *RANKED)
        raters.write(made.answers, *(raters.answers(made.key, number, chooses) for number in range(9)))
        assert run_cli(made.read()) == 0
    return made


@pytest.fixture
def studied(written: Studied, tmp_path: Path) -> Studied:
    return written.copied(tmp_path / "copy")


# --- what is written ------------------------------------------------------------------------------


def page_data(study: Path) -> dict[str, Any]:
    """The data of the page."""
    text = (study / "public" / "data.js").read_text().removeprefix("window.STUDY = ")
    found = json.loads(text.rstrip().removesuffix(";"))
    assert isinstance(found, dict)
    return found


def test_the_public_folder_says_nowhere_which_method_is_which(written: Studied) -> None:
    public = written.study / "public"
    assert sorted(path.name for path in written.study.iterdir() if path.name != ".lock") == ["key.json", "public"]
    for path in public.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for word in (*METHODS, "seed", str(written.run)):
            assert word.encode() not in content, (path, word)
            assert word not in path.name
    for path in (public / "pictures").iterdir():
        assert len(path.stem) == 16
        assert read_png(path)[1] == {}  # no text fields


def test_the_pictures_of_every_trial_are_those_that_the_key_says(written: Studied) -> None:
    key, data, run = written.key, page_data(written.study), open_run(written.run)
    for block, trials in zip(key.blocks, data["blocks"], strict=True):
        for one, (*sides, _) in zip(block, trials, strict=True):
            shown = [read_png(written.study / "public" / "pictures" / data["pictures"][number])[0] for number in sides]
            if one.right_answer:
                right, wrong = shown if one.right_answer == "left" else shown[::-1]
                assert (wrong == 128).all(axis=2).any()
                assert not (right == 128).all(axis=2).any()
            else:
                for picture, method in zip(shown, (one.left, one.right), strict=True):
                    path = run.composite(key.methods[method], key.pairs[one.pair], None)
                    assert np.array_equal(picture, read_png(path)[0])
    used = {data["pictures"][number] for trials in data["blocks"] for trial in trials for number in trial[:2]}
    used |= {data["pictures"][number] for context in data["contexts"] for _, number in context}
    assert {path.name for path in (written.study / "public" / "pictures").iterdir()} == used


def test_a_page_may_ask_nothing_of_a_network_and_one_that_posts_only_its_address(
    written: Studied, terminal: Terminal, tmp_path: Path
) -> None:
    page = (written.study / "public" / "index.html").read_text()
    assert "default-src 'none'" in page
    assert "connect-src 'none'" in page
    terminal(*written.make("--post", "https://example.org/a?b=c", "--out", "posts", "--pairs", "2")).does("index.html")
    assert "connect-src https://example.org/a;" in (tmp_path / "posts" / "public" / "index.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--post", "https://example.org/; script-src *"], "--post"),
        (["--post", "javascript:alert(1)"], "--post"),
        (["--question", " "], "--question"),
        (["--question", "why " * 100], "1 to 300 letters"),
        (["--pairs", "10"], "the run has 9 pairs"),
        (["--methods", "telea"], "two methods or more"),
        (["--methods", "telea,tela"], "Did you mean 'telea'?"),
        (["--consent", "x" * 20_001], "--consent"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    written: Studied, terminal: Terminal, options: list[str], words: str, tmp_path: Path
) -> None:
    terminal(*written.make("--out", "new", *options)).refuses(2, words)
    assert not (tmp_path / "new" / "key.json").exists()


def test_a_study_never_replaces_a_key_or_strange_files(studied: Studied, terminal: Terminal, tmp_path: Path) -> None:
    terminal(*studied.make("--out", str(studied.study))).refuses(2, "a study is here already")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    terminal(*studied.make("--out", "mine")).refuses(2, "something other than a study")


def test_texts_of_the_organiser_and_what_is_shown_are_those_of_the_options(
    written: Studied, terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "consent.txt").write_text("You may stop.\n\nAlways.</script>")
    for show, beside in (("both", ["masked", "target"]), ("none", [])):
        terminal(*written.make("--consent", "consent.txt", "--show", show, "--out", show, "--pairs", "2")).does()
        data = page_data(tmp_path / show)
        assert data["consent"] == "You may stop.\n\nAlways.</script>"
        assert "</script>" not in (tmp_path / show / "public" / "data.js").read_text()
        assert all([kind for kind, _ in context] == beside for context in data["contexts"])


def test_a_composite_that_was_not_scored_is_not_shown(studied: Studied, terminal: Terminal) -> None:
    path = open_run(studied.run).composite("telea", "00001", None)
    tiny.save_png(path, tiny.picture(5))
    terminal(*studied.make("--out", "new")).refuses(5, "not the image that was scored")


# --- what answers come to -------------------------------------------------------------------------


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
    assert QUESTION in (studied.run / "report" / "data.js").read_text()


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
