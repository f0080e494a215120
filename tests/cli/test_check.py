"""`check` replays golden files, a baseline's own or others of the schema, and ends with 1 when a stage differs."""

import json
from pathlib import Path

from terminal import Terminal

from inpaint_bench.methods.baselines import find_baselines

BASELINE = find_baselines()["rn"][0].folder


def test_a_method_without_a_network_is_checked_as_a_whole(terminal: Terminal) -> None:
    terminal("check", "telea").does("golden_adapter.json", "1 of 1 stages agree")


def test_a_golden_file_from_outside_is_replayed_and_one_changed_value_differs(
    tmp_path: Path, terminal: Terminal
) -> None:
    golden = json.loads((BASELINE / "golden.json").read_text())
    path = tmp_path / "outside.json"
    path.write_text(json.dumps(golden))
    terminal("check", "rn", "--golden", path).does("outside.json", "output", "14 of 14 stages agree")
    golden["cases"][0]["stages"]["encoder_in2"]["values"][3] += 0.01
    path.write_text(json.dumps(golden))
    answer = terminal("check", "rn", "--golden", path)
    assert answer.code == 1
    assert "13 of 14 stages agree" in answer.out
    (line,) = [line for line in answer.out.splitlines() if "DIFFERS" in line]
    assert line.endswith("encoder_in2")


def test_a_golden_file_of_another_network_is_refused(terminal: Terminal) -> None:
    path = BASELINE.parent / "ec" / "ec_edge.json"
    terminal("check", "rn", "--golden", path).refuses(2, "which is not a network of rn")


def test_what_is_no_golden_file_is_refused(tmp_path: Path, terminal: Terminal) -> None:
    path = tmp_path / "none.json"
    for text in ("", "{}", "[1]"):
        path.write_text(text)
        terminal("check", "rn", "--golden", path).refuses(2, "none.json: ")


def test_a_wrong_question_is_refused(terminal: Terminal) -> None:
    terminal("check").refuses(2, "name a METHOD, or give --all")
    terminal("check", "rn", "--all").refuses(2, "name a METHOD, or give --all")
    terminal("check", "tela").refuses(2, "Did you mean 'telea'?")
