"""Consoles that cannot show every letter, and pipes that nobody reads: never a traceback, and the same exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from selection import quick
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.cli.console import in_one_line
from inpaint_bench.data import images
from inpaint_bench.data.masks.draw import draw

RUN = "run --targets images --masks masks --methods mean-fill --metrics psnr --device cpu"


@pytest.fixture
def folders() -> None:
    """Two pictures with masks, one of a Cyrillic name."""
    for number, name in enumerate(("plain", "фото")):
        tiny.save_png(Path(f"images/{name}.png"), tiny.picture(number))
        tiny.save_png(Path(f"masks/{name}.png"), images.mask_values(draw("boxes", tiny.SIZE, number, 20, 40)))


def call(command: str, then: str = "", **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """The command line in a shell, its output followed by `then`, as `| true`."""
    line = f"set -o pipefail; {sys.executable} -m inpaint_bench {command} {then}"
    found = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    found |= {"PYTHONPATH": str(Path(files.__file__).parents[1]), **environment}
    return subprocess.run(["bash", "-c", line], capture_output=True, env=found, check=False)


@pytest.mark.parametrize(
    ("encoding", "environment"),
    [
        ("ascii", {"PYTHONIOENCODING": "ascii"}),
        ("latin-1", {"PYTHONIOENCODING": "latin-1"}),
        ("cp1252", {"PYTHONIOENCODING": "cp1252"}),
        ("ascii", {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    ],
    ids=["ascii", "latin-1", "cp1252", "C"],
)
def test_a_console_that_is_not_utf_8_gets_ascii_for_what_it_cannot_show(
    terminal: Terminal, folders: None, encoding: str, environment: dict[str, str]
) -> None:
    terminal(*RUN.split(), "--out", "a").does("psnr ↑")
    expected, shown = terminal("table", "a").out.replace("↑", "^"), call("table a", **environment)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.decode(encoding) == (expected.replace("·", ".") if encoding == "ascii" else expected)


@pytest.mark.acceptance
def test_a_run_under_a_locale_that_is_not_utf_8_is_the_same_run(terminal: Terminal, folders: None) -> None:
    terminal(*RUN.split(), "--out", "a").does()
    shown = call(f"{RUN} --out b", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert shown.returncode == 0, shown.stderr
    assert tiny.outcome(Path("a")) == tiny.outcome(Path("b"))


def test_a_name_that_a_console_cannot_show_is_escaped(folders: None) -> None:
    Path("masks/фото.png").unlink()
    answer = call(RUN, PYTHONIOENCODING="ascii")
    assert answer.returncode == 2
    assert answer.stderr.decode("ascii").splitlines()[-1].startswith("Error: ")
    assert r"\u0444\u043e\u0442\u043e" in answer.stderr.decode("ascii")
    assert "Traceback" not in answer.stderr.decode("ascii")


@pytest.mark.parametrize("then", quick(["| true", "| head -c 1", "2>&1 | true"], ["| true"]))
def test_a_pipe_that_closes_changes_no_exit_code_and_says_nothing(then: str) -> None:
    listed = call("metrics list", then)
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert call("table nowhere", then).returncode == 2


def test_a_name_does_not_move_the_cursor(terminal: Terminal, page: Path) -> None:
    terminal.run("mine=folder:no\x1b[2Jwhere\nat all").refuses(2, r"no\x1b[2Jwhere\nat all: there is no such folder")


def test_an_error_is_one_short_line_that_turns_nothing_around() -> None:
    assert in_one_line("a\nb\x1b[31m\u202ec\u2066\udcff") == r"a\nb\x1b[31m\u202ec\u2066\udcff"
    assert in_one_line("25\ufeff5\u00a0") == r"25\ufeff5\xa0"
    assert in_one_line("plain, ф") == "plain, ф"
    long = in_one_line("start " + "a" * 100_000 + " end")
    assert len(long) < 2000
    assert long.startswith("start ")
    assert long.endswith(" end")
