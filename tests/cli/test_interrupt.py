"""Ctrl-C ends a run with one line and 130; what was finished stays, and the same command goes on."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny
from terminal import OUT, TINY, Terminal, composites, write_method, write_program

from inpaint_bench import files

COMMAND = (  # a shell may have told us to ignore SIGINT, when it put the tests into the background
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from inpaint_bench.cli import run_cli; sys.exit(run_cli(sys.argv[1:]))"
)
STOPS = """
import os, time
if len(image) == 1 and not os.path.exists("mended"):
    with open("count.txt", "a") as log: log.write(".")
    if os.path.getsize("count.txt") == 4:
        os.write(os.open("stopped.fifo", os.O_WRONLY), b"stopped")
        time.sleep(1000)
return image + 0.5 * mask
"""
STOPS_AT_THE_THIRD = """
import os, time
if not probing and Path("mended").exists(): assert names == ["00002.png", "00003.png"]
for name in names:
    if name == "00002.png" and not Path("mended").exists():
        Path("pid.txt").write_text(str(os.getpid()))
        os.write(os.open("stopped.fifo", os.O_WRONLY), b"stopped")
        time.sleep(1000)
    shutil.copy(images / name, out / name)
"""
MESSAGE = "\nInterrupted. What was finished is kept; run the same command again to go on.\n"  # after the line of ^C


@contextmanager
def running(entry: str) -> Iterator["subprocess.Popen[str]"]:
    """A run in a process of its own, once its method has said that it stopped."""
    os.mkfifo("stopped.fifo")
    fifo = os.open("stopped.fifo", os.O_RDWR)
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            COMMAND,
            "run",
            *TINY,
            "--quiet",
            "--device",
            "cpu",
            "--methods",
            entry,
            "--batch",
            "1",
            "--jobs",
            "1",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])},
    )
    try:
        assert select.select([fifo], [], [], 120)[0], "it never came to the pair where it stops"
        yield process
    finally:
        os.close(fifo)
        process.kill()
        process.communicate()


def interrupt(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """The exit code and what was printed after Ctrl-C."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_an_interrupted_run_says_so_in_one_line_and_goes_on(terminal: Terminal, page: Path) -> None:
    entry = write_method(STOPS)
    with running(entry) as process:
        assert interrupt(process) == (130, "", MESSAGE)
    before = tiny.state(OUT / "mine/composites")
    assert 1 <= len(before) < 4
    Path("mended").touch()
    terminal.run(entry).does("psnr")
    assert before.items() <= tiny.state(OUT / "mine/composites").items()
    assert len(composites()) == 4


@pytest.mark.acceptance
def test_an_interrupted_program_is_stopped_and_what_it_finished_is_used(terminal: Terminal, page: Path) -> None:
    entry = write_program(STOPS_AT_THE_THIRD)
    with running(entry) as process:
        assert interrupt(process) == (130, "", MESSAGE)
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid.txt").read_text()), 0)
    Path("mended").touch()
    terminal.run(entry).does("psnr")
    assert len(composites()) == 4


def test_an_interrupt_anywhere_ends_in_130(terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("inpaint_bench.data.datasets.see", stop)
    answer = terminal.run("mean-fill", "--device", "cpu")
    assert (answer.code, answer.out, answer.err) == (130, "", MESSAGE)
