"""`check` replays golden files, a baseline's own or others of the schema, and ends with 1 when a stage differs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
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


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "size = 60000": lambda golden: golden["cases"][0].update(size=60000),
    "size = 'large'": lambda golden: golden["cases"][0].update(size="large"),
    "no cases": lambda golden: golden.pop("cases"),
    "a stage without values": lambda golden: golden["cases"][0]["output"].pop("values"),
    "a shape of numbers below 0": lambda golden: golden["cases"][0]["output"].update(shape=[-1, 3]),
    "a rule of text": lambda golden: golden["cases"][0].update(rules={"output": {"absolute": "much"}}),
    "a need elsewhere": lambda golden: golden.update(needs=["../../golden.json"]),
    "a need of itself": lambda golden: golden.update(needs=["outside.json"]),
    "an unknown step": lambda golden: golden["cases"][0]["inputs"].update(x=["image", "sharpen"]),
    "an unknown source": lambda golden: golden["cases"][0]["inputs"].update(x=[{"file": "/etc/passwd"}, "float"]),
    "a recipe of too many pixels": lambda golden: golden["cases"][0]["inputs"].update(x=["image", {"enlarge": 10**6}]),
    "an image of 60,000 pixels": lambda golden: golden["cases"][0]["inputs"].update(
        x=[{"image": {"size": 60000, "seed": 0}}, "float"]
    ),
    "noise of 2**40 values": lambda golden: golden["cases"][0].update(
        noise={"generator": "numpy default_rng", "distribution": "random", "seed": 0, "draws": [[2**20, 2**20]]}
    ),
    "noise of another kind": lambda golden: golden["cases"][0].update(
        noise={"generator": "numpy default_rng", "distribution": "bytes", "seed": 0, "draws": [[2**40]]}
    ),
    "packed zeros": lambda golden: golden["cases"][0]["inputs"].update(
        x=[{"packed": {"dtype": "<f4", "shape": [2**40], "data": ""}}, "float"]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_golden_file_out_of_bounds_ends_in_a_sentence(change: str, tmp_path: Path, terminal: Terminal) -> None:
    golden = json.loads((BASELINE / "golden.json").read_text())
    CHANGES[change](golden)
    path = tmp_path / "outside.json"
    path.write_text(json.dumps(golden))
    terminal("check", "rn", "--golden", path).refuses(2, "outside.json: ")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"schema": ' + "9" * 5000 + "}", "\xff", '{"schema": 1e999}'])
def test_a_golden_file_that_is_no_json_of_its_schema_ends_in_a_sentence(
    text: str, tmp_path: Path, terminal: Terminal
) -> None:
    path = tmp_path / "outside.json"
    path.write_bytes(text.encode("latin-1"))
    terminal("check", "rn", "--golden", path).refuses(2, "outside.json: ")


def test_a_method_without_a_network_takes_no_golden_file(terminal: Terminal) -> None:
    answer = terminal("check", "telea", "--golden", BASELINE / "golden.json")
    answer.refuses(2, "golden.json: classical has no networks to compare with reference activations.")


def test_a_wrong_question_is_refused(terminal: Terminal) -> None:
    terminal("check").refuses(2, "name a METHOD, or give --all")
    terminal("check", "rn", "--all").refuses(2, "name a METHOD, or give --all")
    terminal("check", "tela").refuses(2, "Did you mean 'telea'?")
