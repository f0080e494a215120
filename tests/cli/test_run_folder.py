"""The run folder: whatever goes wrong, what was finished stays, and the same command goes on."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tiny
from terminal import OUT, TINY, Terminal, composites, pngs, write_method

from inpaint_bench import files

FIRST_TWO = {"kind": "first", "index": 1, "count": 2}


@contextmanager
def a_full_disk(monkeypatch: pytest.MonkeyPatch, baseline_for: int) -> Iterator[None]:
    """Baseline for so many composites; then every write ends as on a full disk."""
    real = tempfile.mkstemp
    written: list[str] = []

    def mkstemp(*arguments: Any, **named: Any) -> tuple[int, str]:
        if len(written) >= baseline_for:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if Path(named["dir"]).name == "composites":
            written.append(named["dir"])
        handle, path = real(*arguments, **named)
        return handle, path

    with monkeypatch.context() as changed:
        changed.setattr(tempfile, "mkstemp", mkstemp)
        yield


def change_run(key: str, value: object) -> None:
    path = OUT / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))


@pytest.mark.parametrize("baseline_for", [1, 3])
def test_a_full_disk_keeps_what_is_finished_and_the_same_command_goes_on(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch, baseline_for: int
) -> None:
    with a_full_disk(monkeypatch, baseline_for):
        answer = terminal.run("mean-fill", "--jobs", 1)
    answer.refuses(3, "the disk is full. Free some space and run the same command again.")
    assert len(composites("mean-fill")) == baseline_for
    before = tiny.state(OUT / "mean-fill/composites")
    terminal.run("mean-fill").does("psnr")
    after = tiny.state(OUT / "mean-fill/composites")
    assert len(after) == 4
    assert before.items() <= after.items()
    assert not list(Path().rglob(".writing-*"))


def test_a_disk_that_is_full_before_the_first_composite_is_told(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_full_disk(monkeypatch, 0):
        terminal.run("mean-fill").refuses(3, "the disk is full")
    terminal.run("mean-fill").does("psnr")


def test_a_file_in_place_of_the_run_folder_is_refused(terminal: Terminal, page: Path) -> None:
    Path("runs").touch()
    terminal.run("mean-fill").refuses(2, "runs/tiny: this is a file, and a folder is needed. Choose another --out.")
    terminal.run("mean-fill", "--out", "runs").refuses(2, "runs: this is a file, and a folder is needed.")


def test_a_folder_that_cannot_be_written_to_is_refused(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tempfile.mkstemp

    def mkstemp(*arguments: Any, **named: Any) -> tuple[int, str]:
        if "runs" in str(named["dir"]):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        handle, path = real(*arguments, **named)
        return handle, path

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    terminal.run("mean-fill").refuses(2, "runs/tiny/pairs.csv: cannot write here (Read-only file system)", "--out")


def test_a_cache_that_cannot_be_written_to_is_told_by_its_variable(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("taken").touch()
    monkeypatch.setenv("INPAINT_BENCH_CACHE", "taken")
    terminal.run("mean-fill").refuses(2, "taken", "INPAINT_BENCH_CACHE")


def test_a_second_run_in_one_folder_is_refused(terminal: Terminal, page: Path) -> None:
    with files.only_one(OUT):
        for command in ("run", "predict"):
            answer = terminal(command, *TINY, "--methods", "mean-fill")
            answer.refuses(2, "runs/tiny: another run is using this folder. Wait for it, or choose another --out.")
    terminal.run("mean-fill").does("psnr")
    with files.only_one(OUT):
        terminal("score", OUT, "--data", "data").refuses(2, "another run is using this folder")


def test_a_run_of_another_process_is_seen(terminal: Terminal, page: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from inpaint_bench.files import only_one\n"
        "with only_one(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    root = str(Path(files.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", code, str(OUT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        terminal.run("mean-fill").refuses(2, "runs/tiny: another run is using this folder.")
        holder.kill()  # the hold ends with the process, however it ends
    terminal.run("mean-fill").does("psnr")


def test_a_run_of_another_protocol_is_refused(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does()
    page.write_text(page.read_text().replace('"tiny"', '"other"', 1))
    terminal.run("mean-fill", "--out", OUT).refuses(2, "this run folder is of another protocol: tiny, not other.")


def test_a_run_of_a_changed_page_is_refused(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does()
    page.write_text(page.read_text().replace("count", "seed = 7\ncount"))
    terminal.run("mean-fill").refuses(
        2, "runs/tiny: this run folder is of another fingerprint: ", "Choose another --out"
    )


def test_a_part_and_the_whole_are_not_mixed(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does()
    answer = terminal.run("mean-fill", "--limit", 2, "--out", OUT)
    answer.refuses(2, "this run folder is of another part: the whole, not first 2.")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema", 1, "runs/tiny/run.json: of schema 1; this version reads 2."),
        ("schema", "new", "runs/tiny/run.json: of schema new; this version reads 2."),
        ("colour", "blue", "runs/tiny/run.json: broken: Object contains unknown field `colour`"),
        ("pairs", 7, "runs/tiny/pairs.csv: 4 pairs, run.json counts 7."),
    ],
)
def test_a_run_of_another_version_is_refused(
    terminal: Terminal, page: Path, key: str, value: object, message: str
) -> None:
    terminal.run("mean-fill").does()
    change_run(key, value)
    terminal.run("mean-fill").refuses(2, message)
    terminal("score", OUT, "--data", "data").refuses(2, message)
    assert len(composites("mean-fill")) == 4


def test_a_broken_run_is_refused(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does()
    (OUT / "run.json").write_bytes(b"\xff")
    terminal.run("mean-fill").refuses(2, "runs/tiny/run.json: broken: ")


def test_a_folder_that_is_no_run_is_refused(terminal: Terminal, page: Path) -> None:
    Path("holiday").mkdir()
    Path("holiday/photo.png").touch()
    terminal.run("mean-fill", "--out", "holiday").refuses(2, "holiday: this folder holds something else than a run.")
    terminal("score", "holiday").refuses(2, "holiday: not a run folder: it has no run.json.")
    terminal("merge", "holiday", "--out", "merged").refuses(2, "holiday: not a run folder: it has no run.json.")
    assert {path.name for path in Path("holiday").iterdir()} <= {".lock", "photo.png"}


def test_the_nearest_run_is_proposed(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill").does()
    terminal("score", "runs/tniy").refuses(2, "runs/tniy: not a run folder", "Did you mean 'runs/tiny'?")


def test_limit_marks_a_run_as_partial(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("mean-fill", "--limit", 2)
    answer.does("tiny, only the first 2 pairs", "A part of the protocol: not comparable with the whole.")
    partial = Path("runs/tiny.first2")
    assert json.loads((partial / "run.json").read_text())["part"] == FIRST_TWO
    assert all(result["part"] == FIRST_TWO for result in tiny.results(partial))
    assert composites("mean-fill", partial) == pngs(["00000", "00001"])
    terminal.run("mean-fill").does("tiny, pairs ")
    assert len({json.loads((out / "run.json").read_text())["fingerprint"] for out in (partial, OUT)}) == 2


def test_a_limit_of_every_pair_is_the_whole(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--limit", 4).does("tiny, pairs ")
    assert len(composites("mean-fill")) == 4


def test_a_composite_that_was_changed_is_told(terminal: Terminal, page: Path) -> None:
    terminal.run(write_method("return image + 0.5 * mask")).does()
    path = OUT / "mine/composites/00001.png"
    tiny.save_png(path, tiny.picture(5))
    answer = terminal.run(write_method("return image + 0.5 * mask"))
    answer.refuses(5, f"{path}: not what was scored: sha256 ")
    path.unlink()
    terminal.run(write_method("return image + 0.5 * mask")).does("psnr")
