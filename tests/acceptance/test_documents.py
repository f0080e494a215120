"""What the documentation shows, run as it is written."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

pytestmark = pytest.mark.acceptance


def test_the_page_on_the_python_api_runs_as_written() -> None:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    found = doctest.testfile(str(DOCS / "python.md"), module_relative=False, optionflags=options, encoding="utf-8")
    assert found.attempted > 20
    assert found.failed == 0


def test_a_script_of_fifteen_lines_evaluates_a_function_and_prints_latex() -> None:
    script = DOCS / "evaluate_your_function.py"
    lines = [line for line in script.read_text().splitlines() if line.strip()]
    assert len(lines) <= 15
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert "\\begin{tabular}" in done.stdout
    assert "mine" in done.stdout
