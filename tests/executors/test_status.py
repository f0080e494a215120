"""What `status` says of a run, from its files."""

import json
import time
from pathlib import Path

import msgspec
import pytest
import tiny
from terminal import OUT, Terminal

from inpaint_bench.api.planning import Plan, units_folder, write_plan
from inpaint_bench.executors.units import Attempt

UNITS = units_folder(OUT)


def attempt(name: str, **facts: object) -> None:
    """What a try of a unit says of itself."""
    given = Attempt("7_0", "node1", 1, time.time() - 100)
    (UNITS / f"{name}.attempt").write_bytes(msgspec.json.encode(msgspec.structs.replace(given, **facts)))


@pytest.fixture
def _begun(terminal: Terminal, page: Path) -> None:
    """A run of four pairs in four units: one done, one at work, one that failed and one that nobody has begun."""
    terminal.run("mean-fill", "--metrics", "psnr").does()
    UNITS.mkdir()
    write_plan(UNITS, Plan(3, 1, "cpu", "cpu", False, {"mine": [(1, 1, 4), (2, 2, 4), (3, 3, 4), (4, 4, 4)]}))
    attempt("mine.1of4", ended=time.time() - 50)
    (UNITS / "mine.1of4.done").touch()
    tiny.save_png(UNITS / "mine.1of4/mine/composites/00000.png", tiny.picture(0))
    attempt("mine.2of4")
    attempt("mine.3of4", ended=time.time(), code=3)
    (UNITS / "mine.3of4.log").write_text("before\nError: it is broken.\n")
    noted = {
        "mine.2of4": {"state": "running", "tries": 1, "code": 0, "where": "job 7_1"},
        "mine.3of4": {"state": "failed", "tries": 3, "code": 3, "where": "job 7_2"},
    }
    (UNITS / "states.json").write_text(json.dumps(noted))


@pytest.mark.usefixtures("_begun")
def test_each_unit_is_a_row_and_what_failed_shows_its_log(terminal: Terminal) -> None:
    answer = terminal("status", OUT)
    answer.does(
        "runs/tiny: 4 units: 1 done, 1 running, 1 waiting, 1 failed; 1 of 4 pairs",
        "mine.3of4: before Error: it is broken. Its log: ",
    )
    rows = [line.split() for line in answer.out.splitlines()[2:6]]
    assert rows[0] == ["mine.1of4", "done", "0", "node1", "-", "1", "of", "1", "0.02"]
    assert rows[1][:6] == ["mine.2of4", "running", "1", "node1", "job", "7_1"]
    assert rows[2][:6] == ["mine.3of4", "failed", "3", "node1", "job", "7_2"]
    assert rows[3] == ["mine.4of4", "waiting", "0", "-", "-", "0", "of", "1", "-"]


@pytest.mark.usefixtures("_begun")
@pytest.mark.parametrize("name", ["states.json", "plan.json"])
def test_a_damaged_file_is_one_sentence(name: str, terminal: Terminal) -> None:
    (UNITS / name).write_text('{"mine.1of4": 3}')
    terminal("status", OUT).refuses(2, name)


@pytest.mark.usefixtures("_begun")
def test_a_damaged_word_of_a_try_hides_no_unit(terminal: Terminal) -> None:
    (UNITS / "mine.2of4.attempt").write_text("{")
    terminal("status", OUT).does("mine.2of4  running")


@pytest.mark.usefixtures("_begun")
def test_a_try_that_has_ended_since_is_not_at_work(terminal: Terminal) -> None:
    attempt("mine.2of4", ended=time.time(), code=3)
    terminal("status", OUT).does("mine.2of4  waiting")


def test_the_folder_of_a_run_has_a_name_however_it_is_given() -> None:
    assert units_folder(Path()) == Path.cwd().with_name(f"{Path.cwd().name}.units")
    assert units_folder(Path("runs/..")) == Path.cwd().with_name(f"{Path.cwd().name}.units")


def test_a_run_without_units(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--metrics", "psnr").does()
    terminal("status", OUT).does("no unit is at work or waiting; 4 pairs.", "mean-fill: 4 of 4 pairs are finished.")
    terminal("status", "runs/other").refuses(2, "not a run folder")
