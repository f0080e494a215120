"""A finished run on small images that tests of the gate copy, and ways to move its numbers."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import finished
import pytest
import tiny

from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import write_results
from inpaint_bench.analysis.run import RunData
from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.scores import Score, read_scores, scores_path, write_scores

COUNT = 24  # eight pairs a bucket
METHODS = ("mean-fill", "noise", "telea")
RESULTS = 3 * 3 * 4  # methods, metrics with known_error, buckets with all
EXPECTED = Path("expected")


def finished_run(factory: pytest.TempPathFactory) -> Path:
    """The run, made once a session: two deterministic methods and a stochastic one, psnr and mae."""
    folder = factory.getbasetemp() / "gate-run"
    if not (folder / "run" / "results.jsonl").is_file():
        page = tiny.make_dataset(folder, count=COUNT, metrics=["psnr", "mae"])
        finished.finished_run(page, folder / "run", ["mean-fill", "telea", tiny.NOISE])
    return folder / "run"


def shift(run: Path, method: str, metric: str, change: Callable[[Score, str], float]) -> None:
    """Add `change` of the score and its bucket to every score of a metric, and compute the results again."""
    opened = open_run(run)
    bucket = {pair.pair: pair.bucket for pair in opened.pairs}
    moved = [
        dataclasses.replace(one, value=one.value + change(one, bucket[one.pair])) if one.metric == metric else one
        for one in read_scores(scores_path(opened, method))
    ]
    write_scores(opened, method, moved)
    write_results(opened, derive_results(RunData(opened)))


def edit_results(folder: Path, wanted: Callable[[dict[str, object]], bool], **changes: object) -> int:
    """Change fields of some results of a folder; returns how many."""
    tiny.forget_hashes(folder)
    path = folder / "results.jsonl"
    listed = [json.loads(line) for line in path.read_text().splitlines()]
    chosen = [one for one in listed if wanted(one)]
    for one in chosen:
        one.update(changes)
    path.write_text("".join(json.dumps(one) + "\n" for one in listed))
    return len(chosen)


def copy(run: Path, to: str) -> Path:
    """A copy of a run in the working folder."""
    shutil.copytree(run, to)
    return Path(to)
