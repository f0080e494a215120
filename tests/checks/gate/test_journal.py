"""Expected results that are accepted by a process that dies at any moment are the old ones or the new ones."""

import json
import os
from pathlib import Path

import gate_runs
import pytest
from dying import dying_after
from gate_runs import EXPECTED, shift
from power_cut import power_cut_after
from terminal import Terminal

from inpaint_bench.checks.gate import journal
from inpaint_bench.errors import IncompleteError, InputError

OLD = {"results": b"1", "kept": b"same", "telea/scores": b"a"}
NEW = {"results": b"2", "kept": b"same", "telea/scores": b"b", "noise/scores": b"c"}
ACCEPT = ("--expected", EXPECTED, "--accept", "--reason")
FOLDER = Path("folder")


def start() -> None:
    """The folder as it was before."""
    for name, data in OLD.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(data)


def change() -> None:
    with journal.alone(FOLDER):
        journal.write_together(FOLDER, NEW)


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def clear() -> None:
    for parent, folders, names in os.walk(FOLDER, topdown=False):
        for name in names:
            (Path(parent) / name).unlink()
        for name in folders:
            (Path(parent) / name).rmdir()


def test_whenever_a_process_dies_the_next_reader_finds_the_old_files_or_the_new_ones() -> None:
    found, moment, alive = set(), 0, False
    while not alive:
        clear()
        start()
        with dying_after(moment) as death:
            change()
        alive = not death.died
        journal.finish(FOLDER)
        state = held(FOLDER)
        assert state in (OLD, NEW), moment
        found.add(state == NEW)
        change()
        assert held(FOLDER) == NEW
        moment += 1
    assert found == {False, True}
    assert moment > 20


def test_after_a_power_cut_at_any_moment_the_next_reader_finds_the_old_files_or_the_new_ones() -> None:
    found, syncs, cut = [], 0, True
    while cut:
        clear()
        start()
        with power_cut_after(syncs, FOLDER.absolute()) as disk:
            change()
        left = Path(f"left{syncs}")
        disk.restore(FOLDER, left)
        journal.finish(left)
        assert held(left) in (OLD, NEW), syncs
        found.append(held(left))
        syncs, cut = syncs + 1, disk.cut
    assert found[0] == OLD
    assert found[-1] == NEW


def test_a_reader_that_dies_while_it_finishes_leaves_the_rest_to_the_next() -> None:
    for moment in range(24, 40, 5):
        again, alive = 0, False
        while not alive:
            clear()
            start()
            with dying_after(moment):
                change()
            with dying_after(again) as death:
                journal.finish(FOLDER)
            alive = not death.died
            journal.finish(FOLDER)
            assert held(FOLDER) in (OLD, NEW), (moment, again)
            again += 1


def test_a_folder_that_nothing_came_into_is_not_left_behind() -> None:
    with pytest.raises(IncompleteError), journal.alone(FOLDER):
        raise IncompleteError("nothing to accept")
    assert not FOLDER.exists()


def test_a_folder_is_changed_by_one_process_at_a_time() -> None:
    start()
    with journal.alone(FOLDER):
        with pytest.raises(InputError, match=r"folder/\.accepting: another run is using this folder"):
            change()
        with pytest.raises(InputError, match="another run is using this folder"):
            journal.finish(FOLDER)
    change()
    assert held(FOLDER) == NEW


def test_where_an_interrupted_change_counts_and_cannot_be_finished_nothing_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start()
    with dying_after(1, since=FOLDER / ".accepting" / "complete"):
        change()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        with pytest.raises(
            InputError, match=r"folder: accepting results was interrupted here\. Run `inpaint-bench gate"
        ):
            journal.finish(FOLDER)
    journal.finish(FOLDER)
    assert held(FOLDER) == NEW


def test_links_are_not_followed(tmp_path: Path) -> None:
    start()
    (tmp_path / "elsewhere").mkdir()
    (FOLDER / "noise").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="folder/noise/scores: a link leads from "):
        change()
    assert not list((tmp_path / "elsewhere").iterdir())
    assert held(FOLDER) == OLD
    (FOLDER / ".accepting").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link, and a folder is needed"):
        journal.finish(FOLDER)


@pytest.mark.parametrize(("changes", "since"), [(5, "writing"), (0, "complete"), (3, "complete")])
def test_the_reason_of_an_interrupted_acceptance_is_kept_once(
    terminal: Terminal, tmp_path_factory: pytest.TempPathFactory, changes: int, since: str
) -> None:
    run = gate_runs.copy(gate_runs.finished_run(tmp_path_factory), "run")
    terminal("gate", run, *ACCEPT, "the first").does("36 results accepted, 36 new")
    shift(run, "telea", "psnr", lambda score, bucket: -0.3)
    names = held(EXPECTED).keys()
    with dying_after(changes, EXPECTED / ".accepting" / since) as death:
        terminal("gate", run, *ACCEPT, "it moved")
    assert death.died
    terminal("gate", run, *ACCEPT, "it moved")
    terminal("gate", run, "--expected", EXPECTED).does("36 of 36 results pass.")
    lines = (EXPECTED / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["the first", "it moved"]
    assert held(EXPECTED).keys() == names
