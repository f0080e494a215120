"""`gate`: what moved is drift, what cannot be compared is reported, expected results are accepted with a reason."""

import json
import shutil
from pathlib import Path

import gate_runs
import pytest
import tiny
from gate_runs import COUNT, EXPECTED, RESULTS, edit_results, shift
from terminal import Terminal

ACCEPT = ("--expected", EXPECTED, "--accept", "--reason")


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose results were made here."""
    return gate_runs.copy(gate_runs.finished_run(tmp_path_factory), "run")


@pytest.fixture
def expected(terminal: Terminal, run: Path) -> Path:
    """The results of the run as the expected ones."""
    terminal("gate", run, *ACCEPT, "the first").does(f"expected: {RESULTS} results accepted, {RESULTS} new, 0 changed")
    return EXPECTED


def history(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


# --- states ---------------------------------------------------------------------------------------


def test_a_run_that_is_as_expected_passes(terminal: Terminal, run: Path, expected: Path) -> None:
    answer = terminal("gate", run, "--expected", expected)
    answer.does(f"tiny: run, expected expected\n\n{RESULTS} of {RESULTS} results pass.\n")
    assert answer.err == ""


def test_a_method_that_got_worse_in_one_bucket_is_drift(terminal: Terminal, run: Path, expected: Path) -> None:
    moves = {"00008": -1.0, "00011": 0.4}  # two of the eight pairs of that bucket
    shift(run, "telea", "psnr", lambda one, bucket: moves.get(one.pair, -0.3) if bucket == "0.2-0.4" else 0)
    answer = terminal("gate", run, "--expected", expected)
    answer.refuses(1, "run: 34 of 36 results pass, 2 drifted. telea, psnr, bucket 0.2-0.4: worse by 0.3 dB: ")
    answer.refuses(1, "; worst pairs 00008 (-1), 00", " (-0.3). And 1 more.")
    assert "telea, psnr, all pairs: worse by 0.1 dB: " in answer.out


def test_one_pair_that_fails_is_drift_though_no_test_is_significant(
    terminal: Terminal, run: Path, expected: Path
) -> None:
    shift(run, "telea", "psnr", lambda score, bucket: -2.4 if score.pair == "00007" else 0)
    terminal("gate", run, "--expected", expected).refuses(
        1, "bucket 0.4-0.6: worse by 0.3 dB", "worst pairs 00007 (-2.4)."
    )


def test_what_got_better_passes_and_is_reported(terminal: Terminal, run: Path, expected: Path) -> None:
    shift(run, "telea", "mae", lambda score, bucket: -0.001 if bucket == "0.4-0.6" else 0)
    answer = terminal("gate", run, "--expected", expected)
    answer.does("telea, mae, bucket 0.4-0.6: better by 0.001: ", "best pairs ", "2 improved", "--accept --reason TEXT")
    Path("policy.toml").write_text('schema = 1\n[[rules]]\nmetric = "mae"\nimproved = "drift"\n')
    terminal("gate", run, "--expected", expected, "--policy", "policy.toml").refuses(1, "2 drifted. telea, mae, ")


def test_the_last_digits_of_another_processor_are_no_drift(terminal: Terminal, run: Path, expected: Path) -> None:
    shift(run, "telea", "psnr", lambda score, bucket: 1e-9 * (1 + int(score.pair)))
    answer = terminal("gate", run, "--expected", expected)
    answer.does("36 of 36 results pass.\n4 moved within their tolerance, the farthest telea, psnr, ")


def test_digits_that_chance_moves_are_no_drift(terminal: Terminal, run: Path, expected: Path) -> None:
    shift(run, "telea", "psnr", lambda score, bucket: (-1) ** (int(score.pair) // 3) * 0.008 - 0.0012)
    answer = terminal("gate", run, "--expected", expected)
    answer.does(
        "36 of 36 results pass.\n4 moved beyond their tolerance, but no more than chance allows: telea, psnr, ",
        " (p 1)",
    )
    Path("policy.toml").write_text("schema = 1\n[[rules]]\nnoise = 0.005\n")
    terminal("gate", run, "--expected", expected, "--policy", "policy.toml").refuses(1, "3 drifted, 1 improved")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": COUNT - 1}, f"telea, psnr, all pairs: not comparable: n is {COUNT - 1}, not {COUNT}."),
        (
            {"signature": "psnr:x:u8r:comp:v1"},
            "not comparable: signature is psnr:x:u8r:comp:v1, not psnr:rgb:u8r:comp:v1.",
        ),
        ({"weights": "abc"}, "telea, 12 results (psnr 0.0-0.2, psnr 0.2-0.4, psnr 0.4-0.6, psnr all and 8 more): "),
    ],
)
def test_another_number_is_not_comparable_and_that_wins(
    terminal: Terminal, run: Path, expected: Path, changes: dict[str, object], message: str
) -> None:
    shutil.rmtree(expected / "telea")  # its scores: the results alone are compared
    shift(run, "mean-fill", "psnr", lambda score, bucket: -1)
    place = ("telea", "psnr", "all")
    assert edit_results(run, lambda one: (one["method"], one["metric"], one["bucket"]) == place, **changes) == 1
    (run / "telea" / "scores.csv").unlink()
    if "weights" in changes:
        edit_results(run, lambda one: one["method"] == "telea", **changes)
        info = json.loads((run / "run.json").read_text())
        info["methods"]["telea"]["weights"] = changes["weights"]
        (run / "run.json").write_text(json.dumps(info))
    answer = terminal("gate", run, "--expected", expected)
    counts = "20 of 36 results pass, 12" if "weights" in changes else "31 of 36 results pass, 1"
    answer.refuses(4, f"{counts} not comparable, 4 drifted. ", message)


def test_a_part_of_the_pairs_is_not_comparable(terminal: Terminal, run: Path, expected: Path) -> None:
    page = tiny.make_dataset(Path("again"), count=COUNT, metrics=["psnr", "mae"])
    assert tiny.run(page, Path("part"), "--limit", "12", methods="telea") == 0
    answer = terminal("gate", "part", "--expected", expected, "--methods", "telea")
    answer.refuses(4, "telea, 12 results (psnr 0.0-0.2, psnr 0.2-0.4, psnr 0.4-0.6, psnr all and 8 more): ")
    answer.refuses(4, "not comparable: fingerprint is ")


def test_a_run_that_lacks_a_result_is_incomplete(terminal: Terminal, run: Path, expected: Path) -> None:
    tiny.forget_hashes(run)
    path = run / "results.jsonl"
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines() if '"telea"' not in line))
    answer = terminal("gate", run, "--expected", expected)
    answer.refuses(3, "24 of 36 results pass, 12 missing. telea, 12 results (psnr 0.0-0.2, ", "missing from the run.")
    answer.refuses(3, "Run what is missing, or check a part with --methods or --metrics.")
    terminal("gate", run, "--expected", expected, "--methods", "noise,mean-fill").does("24 of 24 results pass.")
    terminal("gate", run, "--expected", expected, "--metrics", "mae", "--methods", "noise").does("4 of 4 results pass.")


def test_results_without_an_expected_value_are_reported_and_not_checked(terminal: Terminal, run: Path) -> None:
    terminal("gate", run, *ACCEPT, "one method", "--methods", "telea").does("12 results accepted")
    answer = terminal("gate", run, "--expected", EXPECTED)
    answer.does(
        "12 of 12 results pass.\n24 results of the run have no expected value and were not checked: mean-fill psnr, "
    )


# --- policy ---------------------------------------------------------------------------------------


def test_a_policy_beside_the_expected_results_holds_unless_one_is_given(
    terminal: Terminal, run: Path, expected: Path
) -> None:
    shift(run, "telea", "psnr", lambda score, bucket: -0.3)
    (expected / "policy.toml").write_text('schema = 1\n[[rules]]\nmetric = "psnr"\nabsolute = 0.5\n')
    terminal("gate", run, "--expected", expected).does("36 of 36 results pass.")
    Path("strict.toml").write_text("schema = 1\n")
    terminal("gate", run, "--expected", expected, "--policy", "strict.toml").refuses(1, "4 drifted")


def test_a_rule_for_what_nobody_expects_is_refused(terminal: Terminal, run: Path, expected: Path) -> None:
    Path("policy.toml").write_text('schema = 1\n[[rules]]\nmetric = "pnsr"\n')
    answer = terminal("gate", run, "--expected", expected, "--policy", "policy.toml")
    answer.refuses(2, "policy.toml: rule 1: no expected metric matches 'pnsr'. Did you mean 'psnr'?")


# --- what is accepted -----------------------------------------------------------------------------


def test_what_is_accepted_states_no_machine_and_keeps_its_reasons(
    terminal: Terminal, run: Path, expected: Path
) -> None:
    names = {str(path.relative_to(expected)) for path in expected.rglob("*") if path.is_file()}
    scores = {f"{method}/scores.csv" for method in gate_runs.METHODS}
    assert names == {"run.json", "pairs.csv", "results.jsonl", "history.jsonl", "SHA256SUMS", *scores}
    info = json.loads((expected / "run.json").read_text())["methods"]["telea"]
    assert {key: value for key, value in info.items() if value} == {"code": info["code"]}
    shift(run, "telea", "psnr", lambda score, bucket: -0.3 if bucket == "0.0-0.2" else 0)
    terminal("gate", run, *ACCEPT, "Telea looks farther").does(
        "36 results accepted, 0 new, 2 changed: Telea looks farther\ntelea, psnr, 0.0-0.2: "
    )
    terminal("gate", run, "--expected", expected).does("36 of 36 results pass.\n")
    first, second = history(expected)
    assert (first["reason"], first["new"], first["changes"]) == ("the first", RESULTS, [])
    assert (second["reason"], second["new"]) == ("Telea looks farther", 0)
    assert [(one["metric"], one["bucket"]) for one in second["changes"]] == [("psnr", "0.0-0.2"), ("psnr", "all")]  # type: ignore[attr-defined]


def test_accepting_the_same_again_writes_nothing(terminal: Terminal, run: Path, expected: Path) -> None:
    before = tiny.state(expected)
    terminal("gate", run, *ACCEPT, "again").does("expected: holds exactly these results already; nothing is written.")
    assert tiny.state(expected) == before


def test_no_expected_result_is_lost_by_accepting(terminal: Terminal, run: Path, expected: Path) -> None:
    before = tiny.state(expected)
    answer = terminal("gate", run, *ACCEPT, "one method", "--methods", "telea")
    answer.refuses(3, "expected: 24 expected results would be lost: mean-fill psnr 0.0-0.2, ", "start over")
    assert tiny.state(expected) == before


@pytest.mark.parametrize(
    "options", [("--accept",), ("--reason", "x"), ("--accept", "--reason", "x"), ("--accept", "--reason", " ")]
)
def test_accepting_needs_a_folder_and_a_reason(terminal: Terminal, run: Path, options: tuple[str, ...]) -> None:
    terminal("gate", run, *options).refuses(2, "--accept needs --expected DIR and --reason TEXT")


@pytest.mark.parametrize(
    "option", [("--policy", "p.toml"), ("--junit", "j.xml"), ("--summary", "s.md"), ("--annotations",)]
)
def test_accepting_compares_nothing(terminal: Terminal, run: Path, option: tuple[str, ...]) -> None:
    terminal("gate", run, *ACCEPT, "why", *option).refuses(2, "--accept compares nothing: leave out --policy, ")
    assert not EXPECTED.exists()


# --- files ----------------------------------------------------------------------------------------


def test_without_scores_of_both_sides_the_tolerance_decides(terminal: Terminal, run: Path, expected: Path) -> None:
    (expected / "telea" / "scores.csv").unlink()
    shift(run, "telea", "psnr", lambda score, bucket: -0.3)
    answer = terminal("gate", run, "--expected", expected)
    answer.refuses(1, "worse by 0.3 dB", ", expected 2", " (tolerance 0.001). And 3 more.")


@pytest.mark.parametrize("side", ["run", "expected"])
def test_scores_that_changed_since_are_refused(terminal: Terminal, run: Path, expected: Path, side: str) -> None:
    path = Path(side) / "telea" / "scores.csv"
    path.write_bytes(path.read_bytes().replace(b"0.0", b"0.1", 1))
    answer = terminal("gate", run, "--expected", expected)
    answer.refuses(5, f"{side}/telea/scores.csv: not what the results of ")


@pytest.mark.parametrize("side", ["run", "expected"])
def test_a_result_that_was_edited_is_refused_though_its_scores_did_not_move(
    terminal: Terminal, run: Path, expected: Path, side: str
) -> None:
    place = ("telea", "psnr", "all")
    edit_results(Path(side), lambda one: (one["method"], one["metric"], one["bucket"]) == place, value=99.0)
    answer = terminal("gate", run, "--expected", expected)
    answer.refuses(
        5, f"{side}/results.jsonl: telea, psnr, all is 99.0 of 24 pairs, but its scores give ", "never edited"
    )


def test_two_results_of_one_number_are_refused(terminal: Terminal, run: Path, expected: Path) -> None:
    path = run / "results.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0].replace('"value":', '"value":1') + "\n")
    terminal("gate", run, "--expected", expected).refuses(5, "run/results.jsonl: holds two results of mean-fill, ")


def test_a_gate_that_checks_nothing_does_not_pass(terminal: Terminal, run: Path, expected: Path) -> None:
    path = expected / "results.jsonl"
    tiny.forget_hashes(expected)
    kept = [line for line in path.read_text().splitlines() if '"telea"' not in line or '"psnr"' not in line]
    path.write_text("".join(f"{line}\n" for line in kept))
    answer = terminal("gate", run, "--expected", expected, "--methods", "telea", "--metrics", "psnr")
    answer.refuses(
        2, "expected: there is no expected result of these methods and metrics here, so there is nothing to check."
    )
    path.write_text("")
    terminal("gate", run, "--expected", expected, "--summary", "s.md").refuses(
        2, "expected: there is no expected result here"
    )


def test_where_nothing_is_expected_the_error_names_the_command_that_writes_it(terminal: Terminal, run: Path) -> None:
    answer = terminal("gate", run, "--expected", "nowhere")
    answer.refuses(
        2, "nowhere: there are no expected results here. `inpaint-bench gate RUN --expected nowhere --accept"
    )
    terminal("gate", run).refuses(
        2, "no expected results of tiny ship, only those of sample. Give yours with --expected."
    )
    terminal("gate", "nowhere").refuses(2, "nowhere: not a run folder")


def test_a_name_that_is_not_expected_is_refused_with_the_nearest(terminal: Terminal, run: Path, expected: Path) -> None:
    terminal("gate", run, "--expected", expected, "--methods", "tela").refuses(2, "Did you mean 'telea'?")
    terminal("gate", run, "--expected", expected, "--metrics", "pnsr").refuses(2, "no metric here is called 'pnsr'.")


def test_every_report_is_written_though_the_gate_fails(terminal: Terminal, run: Path, expected: Path) -> None:
    shift(run, "telea", "psnr", lambda score, bucket: -0.3)
    files = ("--junit", "out/junit.xml", "--summary", "out/summary.md", "--annotations")
    answer = terminal("gate", run, "--expected", expected, *files)
    answer.refuses(1, "4 drifted")
    assert "## inpaint-bench gate: drift" in Path("out/summary.md").read_text()
    assert 'failures="4"' in Path("out/junit.xml").read_text()
    assert answer.out.count("\n::error title=inpaint-bench gate::telea, psnr, ") == 4
