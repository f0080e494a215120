"""`leaderboard`: a run becomes a file whose every number its scores give again, and a forged one is refused by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import gate_runs
import pytest
import tiny
from selection import quick
from submitted import forge, forge_pairs, forge_results, forge_scores, packed, submitted, write_card
from terminal import Terminal

from inpaint_bench.data.pair_lists import fingerprint
from inpaint_bench.report.leaderboard.submission import read_submission

FILE = Path("leaderboard/tiny/telea.jsonl")
FIRST = "00000"


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gate_runs.copy(gate_runs.finished_run(tmp_path_factory), "run")


@pytest.fixture
def file(run: Path) -> Path:
    return submitted(run)


# --- submit ---------------------------------------------------------------------------------------


def test_a_submission_is_checked_as_its_author_types_it(terminal: Terminal, run: Path) -> None:
    write_card()
    terminal("leaderboard", "submit", run, "--method", "telea", "--card", "card.toml").does(
        "results/leaderboard/tiny/telea.jsonl"
    )
    terminal("leaderboard", "check", "results/leaderboard").does(
        "telea.jsonl: submitted; 8 results derived again from the scores of 24 pairs of tiny\n"
    )


def test_a_submission_holds_the_results_and_scores_of_the_run(run: Path, file: Path) -> None:
    found = read_submission(file)
    kept = [one for one in tiny.results(run) if one["method"] == "telea" and one["metric"] != "known_error"]
    assert [(one.metric, one.bucket, one.value, one.low) for one in found.results] == [
        (one["metric"], one["bucket"], one["value"], one["low"]) for one in kept
    ]
    scores = found.run.scores_of("telea")
    assert scores is not None
    assert scores.table.value.tolist()
    assert str(Path.cwd()) not in file.read_text()


@pytest.mark.acceptance
def test_the_same_run_and_card_give_the_same_bytes(run: Path, file: Path) -> None:
    assert submitted(run, name="telea@other").read_bytes() == file.read_bytes()


@pytest.mark.acceptance
def test_a_method_with_samples_is_derived_again_in_every_reduction(terminal: Terminal, run: Path) -> None:
    path = submitted(run, "noise")
    terminal("leaderboard", "check", path).does("32 results derived again")


def test_the_card_of_an_earlier_submission_is_taken_again(terminal: Terminal, run: Path, file: Path) -> None:
    before = file.read_bytes()
    terminal("leaderboard", "submit", run, "--method", "telea", "--card", file, "--out", file).does(str(file))
    assert file.read_bytes() == before


def test_an_edited_run_is_refused(terminal: Terminal, run: Path) -> None:
    gate_runs.edit_results(run, lambda one: one["metric"] == "psnr", value=99.0)
    answer = terminal("leaderboard", "submit", run, "--method", "telea", "--card", write_card())
    answer.refuses(5, "results.jsonl", "never edited")


def test_a_composite_that_was_not_scored_is_refused(terminal: Terminal, run: Path) -> None:
    shutil.copy(run / "mean-fill/composites/00003.png", run / "telea/composites/00003.png")
    answer = terminal("leaderboard", "submit", run, "--method", "telea", "--card", write_card())
    answer.refuses(5, "00003.png", "not the composite that was scored")


def test_an_incomplete_run_is_refused(terminal: Terminal, run: Path) -> None:
    (run / "telea/composites/00003.png").unlink()
    answer = terminal("leaderboard", "submit", run, "--method", "telea", "--card", write_card())
    answer.refuses(3, "1 of 24 pairs", "00003")


def test_synthetic_weights_are_refused(terminal: Terminal, run: Path) -> None:
    said_to_be = json.loads((run / "run.json").read_text())
    said_to_be["methods"]["telea"]["weights"] = "synthetic"
    (run / "run.json").write_text(json.dumps(said_to_be))
    answer = terminal("leaderboard", "submit", run, "--method", "telea", "--card", write_card())
    answer.refuses(2, "synthetic weights")


def test_a_file_of_someone_else_is_not_written_over(terminal: Terminal, run: Path, file: Path) -> None:
    card = write_card(measured_by="Another lab")
    before = file.read_bytes()
    answer = terminal("leaderboard", "submit", run, "--method", "telea", "--card", card, "--out", file)
    answer.refuses(2, "measured by A lab", "telea@WHO.jsonl")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"authors": []}, "authors"),
        ({"measured_by": None}, "measured_by"),
        ({"year": 20004}, "year"),
        ({"paper": "javascript:alert(1)"}, "paper"),
        ({"composites": "https://example.org/\"onload='x'"}, "composites"),
        ({"title": "a\u202eb"}, "title has control characters"),
        ({"title": "x" * 301}, "title"),
        ({"bibtex": "x" * 5001}, "bibtex"),
        ({"mine": 1}, "mine"),
    ],
)
def test_a_card_that_is_none_is_refused_with_its_key(
    terminal: Terminal, run: Path, changes: dict[str, object], words: str
) -> None:
    answer = terminal("leaderboard", "submit", run, "--method", "telea", "--card", write_card(**changes))
    answer.refuses(2, "card.toml", words)


# --- forged ---------------------------------------------------------------------------------------


def test_a_forged_mean_is_refused(terminal: Terminal, file: Path) -> None:
    forge_results(file, value=40.0)
    terminal("leaderboard", "check", file).refuses(5, "telea.jsonl", "psnr", "value 40.0", "It was edited.")


@pytest.mark.parametrize("fact", quick(["low", "high"], ["low"]))
def test_a_forged_interval_is_refused(terminal: Terminal, file: Path, fact: str) -> None:
    forge_results(file, **{fact: 1.0})
    terminal("leaderboard", "check", file).refuses(5, f"the {fact} 1.0")


def test_a_forged_score_is_refused_where_the_results_are_not_forged_with_it(terminal: Terminal, file: Path) -> None:
    forge_scores(file, lambda rows: [rows[0].rpartition(",")[0] + ",60.0", *rows[1:]])
    terminal("leaderboard", "check", file).refuses(5, "but its scores give")


def test_scores_whose_hash_does_not_fit_are_refused(terminal: Terminal, file: Path) -> None:
    forge(file, lambda lines: lines[2]["scores"].update(packed(b"other")) or lines[2]["scores"].update(sha256="0" * 64))
    terminal("leaderboard", "check", file).refuses(5, "the scores of line 3", "it was edited")


def test_a_dropped_pair_is_refused(terminal: Terminal, file: Path) -> None:
    forge_scores(file, lambda rows: [row for row in rows if not row.startswith(FIRST)])
    terminal("leaderboard", "check", file).refuses(4, f"no score of {FIRST}", "23 of 24 pairs")


def test_a_result_over_fewer_pairs_is_refused(terminal: Terminal, file: Path) -> None:
    forge_results(file, n=3)
    terminal("leaderboard", "check", file).refuses(4, "of 3 pairs", "the bucket holds")


@pytest.mark.acceptance
def test_a_dropped_result_is_refused(terminal: Terminal, file: Path) -> None:
    forge(file, lambda lines: lines.pop())
    terminal("leaderboard", "check", file).refuses(5, "does not state the result")


@pytest.mark.acceptance
def test_a_result_without_scores_is_refused(terminal: Terminal, file: Path) -> None:
    forge_scores(file, lambda rows: [row for row in rows if ",psnr," not in row])
    terminal("leaderboard", "check", file).refuses(5, "states psnr", "without the scores")


@pytest.mark.acceptance
def test_a_second_score_of_a_pair_is_refused(terminal: Terminal, file: Path) -> None:
    forge_scores(file, lambda rows: [*rows, rows[0]])
    terminal("leaderboard", "check", file).refuses(5, "two scores of one pair")


def test_another_fingerprint_is_refused(terminal: Terminal, file: Path) -> None:
    def swap(lines: list[dict[str, Any]]) -> None:
        lines[0]["run"]["fingerprint"] = "0" * 12
        for line in lines[3:]:
            line["fingerprint"] = "0" * 12

    forge(file, swap)
    terminal("leaderboard", "check", file).refuses(5, "have the fingerprint", "0" * 12)


def test_other_pixels_are_refused(terminal: Terminal, file: Path) -> None:
    sha256 = read_submission(file).run.pairs[0].image_sha256
    forge_pairs(file, sha256, "0" * 64)
    terminal("leaderboard", "check", file).refuses(5, "pixel digest")


def test_a_pair_in_another_bucket_is_refused(terminal: Terminal, file: Path) -> None:
    forge_pairs(file, "0.4-0.6", "0.2-0.4")
    terminal("leaderboard", "check", file).refuses(5, "in bucket 0.4-0.6")


def test_a_changed_signature_is_refused(terminal: Terminal, file: Path) -> None:
    forge_results(file, signature="psnr:rgb:u8r:raw:v1")
    terminal("leaderboard", "check", file).refuses(4, "psnr has the signature", "psnr:rgb:u8r:raw:v1")


def test_a_signature_that_is_changed_in_the_scores_too_is_refused(terminal: Terminal, file: Path) -> None:
    old = next(one.signature for one in read_submission(file).results if one.metric == "psnr")
    forge_scores(file, lambda rows: [row.replace(old, "psnr:y:u8r:comp:v1") for row in rows])
    forge_results(file, signature="psnr:y:u8r:comp:v1")
    terminal("leaderboard", "check", file).refuses(4, f"here it is '{old}'")


@pytest.mark.parametrize("fact", quick(["weights", "code", "dataset", "pixels"], ["code"]))
def test_a_result_of_other_facts_than_the_first_line_is_refused(terminal: Terminal, file: Path, fact: str) -> None:
    forge_results(file, **{fact: "0.1.0+other"})
    terminal("leaderboard", "check", file).refuses(5, f"is of {fact}")


def test_a_protocol_that_ships_is_not_taken_with_another_page(terminal: Terminal, file: Path) -> None:
    def rename(lines: list[dict[str, Any]]) -> None:
        lines[0]["run"]["protocol"]["name"] = "sample"
        for line in lines[3:]:
            line["dataset"] = "sample"

    path = forge(file, rename).rename("telea.jsonl")
    found = read_submission(path)
    mark = fingerprint(found.header.run.protocol, found.run.pairs)
    forge(path, lambda lines: [line.update(fingerprint=mark) for line in (lines[0]["run"], *lines[3:])])
    terminal("leaderboard", "check", path).refuses(4, "another page than the sample that ships")


# --- several files --------------------------------------------------------------------------------


def test_a_name_that_is_taken_is_refused(terminal: Terminal, run: Path, file: Path) -> None:
    Path("other").mkdir()
    shutil.copy(file, "other/telea.jsonl")
    terminal("leaderboard", "check", file, "other/telea.jsonl").refuses(2, "two submissions of telea")


def test_a_file_bears_the_name_of_its_method_and_lies_in_the_folder_of_its_protocol(
    terminal: Terminal, file: Path
) -> None:
    other = shutil.copy(file, "leaderboard/tiny/lama.jsonl")
    terminal("leaderboard", "check", other).refuses(2, "call it telea.jsonl")
    Path("leaderboard/paris").mkdir()
    moved = shutil.copy(file, "leaderboard/paris/telea.jsonl")
    terminal("leaderboard", "check", moved).refuses(2, "put it into leaderboard/tiny")


def test_someone_else_makes_a_submission_re_measured(terminal: Terminal, run: Path, file: Path) -> None:
    again = submitted(run, name="telea@other", measured_by="Another lab")
    terminal("leaderboard", "check", "leaderboard").does(
        "telea.jsonl: re-measured;", "telea@other.jsonl: measured again;"
    )
    again.unlink()
    submitted(run, name="telea@self", measured_by=" a LAB")
    terminal("leaderboard", "check", "leaderboard").refuses(2, "telea@self.jsonl", "has measured telea already")


def test_a_re_measurement_that_does_not_agree_is_refused(terminal: Terminal, run: Path, file: Path) -> None:
    gate_runs.shift(run, "telea", "psnr", lambda score, bucket: 0.02)
    submitted(run, name="telea@other", measured_by="Another lab")
    terminal("leaderboard", "check", "leaderboard").refuses(4, "telea@other.jsonl", "psnr", "more than half a unit")


@pytest.mark.acceptance
def test_a_re_measurement_within_half_a_printed_unit_agrees(terminal: Terminal, run: Path, file: Path) -> None:
    gate_runs.shift(run, "telea", "psnr", lambda score, bucket: 0.004)
    submitted(run, name="telea@other", measured_by="Another lab")
    terminal("leaderboard", "check", "leaderboard").does("re-measured")


def test_a_re_measurement_of_other_code_or_of_nothing_is_refused(terminal: Terminal, run: Path, file: Path) -> None:
    def other_code(lines: list[dict[str, Any]]) -> None:
        lines[0]["run"]["methods"]["telea"]["code"] = "0" * 12
        for line in lines[3:]:
            line["code"] = f"0.1.0+{'0' * 12}"

    again = forge(submitted(run, name="telea@other", measured_by="Another lab"), other_code)
    terminal("leaderboard", "check", "leaderboard").refuses(4, "ran other code")
    terminal("leaderboard", "check", again).refuses(2, "no file submits it")
