"""What a release is made of: one version everywhere, and workflows, images and templates that name what is there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.requirements import Requirement

from inpaint_bench import __version__

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    jobs = yaml.safe_load(path.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_the_version_is_the_same_everywhere() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__
    assert f"\n## {__version__} (" in (ROOT / "CHANGELOG.md").read_text()
    assert f"Version {__version__}," in (ROOT / "README.md").read_text()


def test_the_newest_changes_are_those_of_the_version() -> None:
    assert re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == __version__


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_names_files_and_targets_that_are_there(path: Path) -> None:
    commands = "\n".join(step.get("run", "") for step in steps(path))
    named = re.findall(r"(?<![\w/.-])((?:docker|inpaint_bench|\.ci)/[\w./-]+)", commands)
    assert all((ROOT / name).is_file() for name in named), named
    assert set(re.findall(r"\bmake ([a-z-]+)", commands)) <= TARGETS
    assert ".ci/run" in named or path.name != "ci.yml"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_ends_in_time(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 45 for job in workflow["jobs"].values())
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@\S+", step["uses"]) for step in steps(path) if "uses" in step)


def test_ci_runs_on_every_python_that_the_package_declares() -> None:
    declared = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    ci = yaml.safe_load((GITHUB / "workflows/ci.yml").read_text())
    assert ci["jobs"]["test"]["strategy"]["matrix"]["python"] == declared


def test_every_python_that_the_package_declares_has_one_version_of_each_package() -> None:
    declared = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    for python in declared:
        here = [pin.name for pin in pins if pin.marker is None or pin.marker.evaluate({"python_version": python})]
        assert len(here) == len(set(here))
        assert {pin.name for pin in pins} - set(here) <= {"tomli"}  # in the standard library from 3.11 on


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is installed here")
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_scripts_of_a_workflow_are_bash(path: Path) -> None:
    for step in steps(path):
        script = re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", ""))
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_gets_what_its_installation_needs_and_nobody_is_root_in_it(path: Path) -> None:
    text = path.read_text()
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    assert set(re.search(r"'\.\[([\w,]+)\]'", text)[1].split(",")) <= extras  # type: ignore[index]
    assert re.findall(r"^(?:FROM|USER|ENTRYPOINT) (.*)", text, re.MULTILINE) == [
        "python:3.12-slim", "1000", '["inpaint-bench"]',
    ]  # fmt: skip
    assert path.relative_to(ROOT).as_posix() in text
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    assert {"constraints.txt", "pyproject.toml", "README.md", "LICENSE", "inpaint_bench"} <= set(kept)


@pytest.mark.parametrize("path", sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.name)
def test_a_template_is_a_form(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    if path.name == "config.yml":
        assert form == {"blank_issues_enabled": True}
        return
    assert {"name", "description", "labels", "body"} == form.keys()
    names = [one["id"] for one in form["body"]]
    assert len(set(names)) == len(names)
    assert {one["type"] for one in form["body"]} <= {"textarea", "input", "checkboxes"}
