"""A run in units that goes on in a run with a study keeps the votes."""

from pathlib import Path

import pytest
import raters
import tiny
from terminal import OUT, Terminal

from inpaint_bench.study.key import read_key

pytestmark = pytest.mark.acceptance


def test_units_brought_into_a_run_with_a_study_leave_its_votes_and_preference(terminal: Terminal, page: Path) -> None:
    terminal.run("telea,mean-fill", "--metrics", "psnr").does()
    terminal("study", "make", OUT, "--question", "Which?", "--pairs", "3", "--data", page.parent / "data").does()
    study = OUT.with_name("tiny.study")
    key = read_key(study)
    chooses = raters.prefers(key, "telea", "mean-fill")
    folder = raters.write(Path("answers"), *(raters.answers(key, number, chooses) for number in range(4)))
    terminal("study", "read", study, folder).does()
    votes = (OUT / "_study" / "votes.json").read_bytes()
    before = [one for one in tiny.results(OUT) if one["metric"] == "preference"]
    terminal.run("telea,mean-fill,biharmonic", "--metrics", "psnr", "--processes", 2).does("preference")
    assert (OUT / "_study" / "votes.json").read_bytes() == votes
    assert [one for one in tiny.results(OUT) if one["metric"] == "preference"] == before
    assert "biharmonic" in {one["method"] for one in tiny.results(OUT)}
