"""The files of a user study in the workspace of `fuzz_workspace`, and what reads them."""

import json
import shutil
from pathlib import Path

import raters
from fuzzing import Numbers, command

from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.study_summary import summarise
from inpaint_bench.api.study import make_study, read_study

RUN, STUDY, ANSWERS = Path("voted"), Path("voted.study"), Path("answers")


def make_files() -> None:
    """A copy of the run with a study, its key, the answers of three raters, and their votes."""
    shutil.copytree("run", RUN)
    key = make_study(RUN, "Which?", pairs=2, raters=3, seed="s", out=STUDY, data="data").key
    chooses = raters.prefers(key, *key.methods, slips=3)
    raters.write(ANSWERS, *(raters.answers(key, number, chooses) for number in range(3)))
    read_study(STUDY, [ANSWERS], RUN)
    shutil.rmtree(STUDY / "public")  # nothing reads it here


def answered() -> Numbers:
    """The answers read again: what they come to, and the results."""
    printed = command("study", "read", str(STUDY), str(ANSWERS), "--run", str(RUN))()
    results = [json.loads(line) for line in (RUN / "results.jsonl").read_text().splitlines()]
    return printed, [(one["method"], one["bucket"], one["value"]) for one in results if one["metric"] == "preference"]


def counted() -> Numbers:
    """What votes come to, whatever the results say of them."""
    study = RunData.open(RUN).study
    return "other composites" if study is None else summarise(study).to_text()


COMPARED = command("metrics", "compare", str(RUN), "--format", "csv")
