"""A run in units measures metrics of one's own, and says once what is wrong with one."""

from pathlib import Path

import pytest
from terminal import OUT, Terminal

from inpaint_bench.runner.scores import read_scores

pytestmark = pytest.mark.acceptance
FUNCTION = "def score(composite, target, mask):\n    {}\n    return mask.mean()\nscore.better = 'lower'\n"


def test_units_give_the_scores_of_one_process_and_a_failure_is_one_sentence(terminal: Terminal, page: Path) -> None:
    Path("mine.py").write_text(FUNCTION.format("pass"))
    metrics = ("--metrics", "psnr,mine=python:mine:score")
    terminal.run("mean-fill", *metrics, "--processes", 2).does("mine ↓")
    terminal.run("mean-fill", *metrics, "--out", "one").does("mine ↓")
    assert (OUT / "mean-fill/scores.csv").read_bytes() == Path("one/mean-fill/scores.csv").read_bytes()
    Path("bad.py").write_text(FUNCTION.format("raise ValueError('no face')"))
    answer = terminal.run("mean-fill", "--metrics", "psnr,bad=python:bad:score", "--processes", 2, "--out", "two")
    answer.refuses(3, "bad: pair 00000 of mean-fill failed: ValueError: no face.")
    assert answer.err.count("no face") == 1
    assert {one.metric for one in read_scores(Path("two/mean-fill/scores.csv"))} == {"psnr", "known_error"}
