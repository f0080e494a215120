"""A small run with a study of it and the answers of nine raters, made once and used by every test of studies."""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import raters
import tiny
from finished import finished_run
from reported_run import working_in

from inpaint_bench.cli import run_cli
from inpaint_bench.study.key import Key, read_key

METHODS = ["telea", "mean-fill", "biharmonic"]
METRICS = ["psnr", "mae"]
QUESTION = "Which looks more natural?"
RANKED = ("telea", "biharmonic", "mean-fill")


@dataclass(frozen=True)
class Studied:
    """A run, its study with the key, and a folder of answers."""

    run: Path
    data: Path
    study: Path
    answers: Path

    @property
    def key(self) -> Key:
        """The key."""
        return read_key(self.study)

    def copied(self, folder: Path) -> "Studied":
        """A copy that may be changed."""
        found = [shutil.copytree(old, folder / old.name) for old in (self.run, self.study, self.answers)]
        return Studied(found[0], self.data, found[1], found[2])

    def read(self, *answers: Path) -> list[str]:
        """The command that reads answers, by default all of them."""
        named = [str(one) for one in answers or (self.answers,)]
        return ["study", "read", str(self.study), *named, "--run", str(self.run)]

    def make(self, *options: str) -> list[str]:
        """The command that makes a study of the run."""
        return ["study", "make", str(self.run), "--question", QUESTION, "--data", str(self.data), *options]

    def results(self) -> list[dict[str, Any]]:
        """The results of preference."""
        return [one for one in tiny.results(self.run) if one["metric"] == "preference"]


@functools.cache
def studied_run(base: Path, compiled: Path) -> Studied:
    """A run of three methods on nine pairs with a study of six; read only. `base` is the folder of the session."""
    folder = base / "studied"
    page = tiny.make_dataset(folder / "dataset", count=9, metrics=METRICS)
    made = Studied(folder / "run", page.parent / "data", folder / "run.study", folder / "answers")
    with working_in(folder, compiled):
        finished_run(page, made.run, METHODS)
        assert run_cli(made.make("--seed", "s", "--pairs", "6", "--raters", "9", "--votes-per-rater", "9")) == 0
        chooses = raters.prefers(made.key, *RANKED)
        raters.write(made.answers, *(raters.answers(made.key, number, chooses) for number in range(9)))
        assert run_cli(made.read()) == 0
    return made
