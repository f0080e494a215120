"""A run that holds a study keeps it when shards are merged into it."""

from pathlib import Path

import raters
import tiny
from terminal import Terminal

from inpaint_bench.cli import run_cli
from inpaint_bench.study.key import read_key


def shards(page: Path, methods: str) -> list[Path]:
    """Two shards of the methods, finished."""
    folders = [Path(f"{methods}.{number}") for number in (1, 2)]
    for number, folder in enumerate(folders, start=1):
        assert tiny.run(page, folder, "--shard", f"{number}/2", "--quiet", methods=methods) == 0
    return folders


def test_shards_merged_into_a_run_with_a_study_leave_its_votes_and_preference(
    tmp_path: Path, terminal: Terminal
) -> None:
    page = tiny.make_dataset(tmp_path, count=4, metrics=["psnr"])
    whole, parts = Path("whole"), shards(page, "telea,mean-fill")
    assert tiny.merge(parts, whole) == 0
    assert run_cli(["study", "make", "whole", "--question", "Which?", "--pairs", "3", "--data", "data"]) == 0
    key = read_key(Path("whole.study"))
    chooses = raters.prefers(key, "telea", "mean-fill")
    folder = raters.write(Path("answers"), *(raters.answers(key, number, chooses) for number in range(4)))
    terminal("study", "read", "whole.study", folder).does()
    votes = (whole / "_study" / "votes.json").read_bytes()
    before = [one for one in tiny.results(whole) if one["metric"] == "preference"]
    assert {one["method"] for one in before} == {"telea", "mean-fill"}
    for merged in (parts, shards(page, "biharmonic")):
        assert tiny.merge(merged, whole) == 0
        assert (whole / "_study" / "votes.json").read_bytes() == votes
        assert "  _study/votes.json\n" in (whole / "SHA256SUMS").read_text()
        assert [one for one in tiny.results(whole) if one["metric"] == "preference"] == before
    assert {one["method"] for one in tiny.results(whole)} >= {"telea", "mean-fill", "biharmonic"}
    terminal("metrics", "compare", "whole").does("with people", "psnr")
