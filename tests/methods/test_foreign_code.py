"""Other people's code may do anything: its method fails in one sentence, the others go on, and nothing is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from selection import quick
from terminal import OUT, TINY, Terminal, composites, pngs, write_method, write_program

from inpaint_bench import files
from inpaint_bench.methods.foreign import blamed

ALL = pngs(["00000", "00001", "00002", "00003"])
SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL]
COPY = "for name in names: shutil.copy(images / name, out / name)\n"
SILENT = "class Silent(BaseException):\n    def __str__(self): raise SystemExit(1)\n"
KIN = "class Kin(KeyboardInterrupt): pass\n"
RAISED = [
    ("raise SystemExit(3)", "SystemExit: 3."),
    ("raise GeneratorExit", "GeneratorExit."),
    ("raise BaseException('no')", "BaseException: no."),
    ("raise StopIteration('over')", "StopIteration: over."),
    (KIN + "raise Kin", "Kin."),
    (SILENT + "raise Silent", "Silent: its text cannot be shown."),
]
CARD = """schema = 1
title = "Mine"
[[methods]]
name = "mine"
title = "Mine"
paper = "none"
year = 2026
repository = "none"
licence = "none"
learned = false
"""
WAITS = """
if not probing and not Path('mended').exists():
    import time
    Path('waits').touch()
    time.sleep(1000)
"""
LEAVES = "import os, subprocess, sys\nleft = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"


@pytest.mark.parametrize(("raised", "sentence"), RAISED, ids=[sentence.split(":")[0] for _, sentence in RAISED])
def test_whatever_a_function_raises_is_its_methods_failure_and_the_others_run(
    terminal: Terminal, page: Path, raised: str, sentence: str
) -> None:
    answer = terminal.run(f"{write_method(raised)},mean-fill")
    answer.refuses(3, f"mine: the probe of two images failed: {sentence}")
    assert composites("mean-fill") == ALL


@pytest.mark.parametrize(("raised", "sentence"), RAISED, ids=[sentence.split(":")[0] for _, sentence in RAISED])
def test_whatever_a_module_or_a_plug_in_raises_at_import_is_reported(
    terminal: Terminal, page: Path, raised: str, sentence: str
) -> None:
    Path("broken.py").write_text(raised)
    terminal.run("mine=python:broken:load").refuses(2, f"importing broken failed: {sentence}")
    Path("own/mine").mkdir(parents=True)
    Path("own/mine/card.toml").write_text(CARD)
    Path("own/mine/adapter.py").write_text(raised)
    terminal.run("mine", "--baselines", "own").refuses(2, "own/mine/adapter.py: importing it failed: ", sentence)


def test_ctrl_c_within_a_function_is_the_users() -> None:
    with pytest.raises(KeyboardInterrupt), blamed("mine", "it"):
        raise KeyboardInterrupt


def test_what_a_function_prints_is_no_result(terminal: Terminal, page: Path) -> None:
    answer = terminal.run(write_method("print('layer 3')\nreturn image + 0.5 * mask"), "--format", "csv")
    answer.does("mine")
    assert "layer 3" not in answer.out
    assert "layer 3" in answer.err


def test_a_copy_of_the_process_that_a_function_makes_does_not_go_on(terminal: Terminal, page: Path) -> None:
    body = "import os\nwith open('lines.txt', 'a') as log: log.write(f'{os.fork() > 0}\\n')\nreturn image + 0.5 * mask"
    terminal.run(write_method(body), "--batch", "1").does("mine")
    assert sorted(Path("lines.txt").read_text().split()) == ["False"] * 5 + ["True"] * 5  # of the probe and four pairs


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("shutil.rmtree(out)", "mine/program/out: the program removed this folder, or replaced it."),
        ("shutil.rmtree(images.parent)", "mine/program/out: the program removed this folder, or replaced it."),
        ("shutil.rmtree(out); out.symlink_to(images)", "the program removed this folder, or replaced it."),
        (
            "for name in names: (out / name).symlink_to(Path('away.png').absolute())",
            "wrote 00000.png, 00001.png, 00002.png and 1 more, which is a link or no file.",
        ),
        ("import os; os.mkfifo(out / names[0])", "the program wrote 00000.png, which is a link or no file."),
        ("shutil.rmtree(images); shutil.rmtree(masks); sys.exit(3)", "mine: the program ended with code 3."),
        ("for _ in range(100): print('x' * 10**6)\nsys.exit('the end')", "the program ended with code 1: the end."),
    ],
    ids=["no folder", "nothing left", "folder a link", "links", "a pipe", "no input", "prints 100 MB"],
)
def test_whatever_a_program_does_is_its_methods_failure_and_the_others_run(
    terminal: Terminal, page: Path, body: str, sentence: str
) -> None:
    program = "if probing:\n    " + COPY + "else:\n" + "\n".join(f"    {line}" for line in body.splitlines())
    answer = terminal.run(f"{write_program(program)},mean-fill")
    answer.refuses(3, sentence)
    assert composites("mean-fill") == ALL


def left_over() -> list[psutil.Process]:
    """The processes of a test's working folder, other than this one."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.pid != os.getpid() and one.status() != "zombie" and one.cwd() == str(Path.cwd()):
                found.append(one)
        except psutil.Error:
            continue
    return found


@pytest.mark.acceptance
def test_nothing_that_a_program_started_outlives_its_end_or_a_time_out(terminal: Terminal, page: Path) -> None:
    terminal.run(write_program(LEAVES + COPY)).does("mine")
    assert left_over() == []
    sleeps = LEAVES + COPY + "import time\nif not probing: time.sleep(1000)"
    terminal.run(write_program(sleeps).replace("mine=", "other="), "--timeout", 2).refuses(3, "time limit")
    assert left_over() == []


@pytest.mark.parametrize("number", quick(SIGNALS, [signal.SIGTERM]))
def test_a_signal_ends_the_run_and_everything_that_a_program_started(
    terminal: Terminal, page: Path, number: signal.Signals
) -> None:
    entry = write_program(LEAVES + COPY + WAITS)
    process = start(f"mean-fill,{entry}")
    while not Path("waits").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    if number != signal.SIGKILL:
        assert (process.returncode, out) == (128 + number, "")
        line = f"Stopped by {number.name}. What was finished is kept; run the same command again to go on."
        assert err.splitlines()[-1] == line
    while left_over():
        time.sleep(0.01)
    assert composites("mean-fill") == ALL
    Path("mended").touch()
    terminal.run(f"mean-fill,{entry}").does("mine")


def start(methods: str) -> "subprocess.Popen[str]":
    """A run in a process of its own."""
    command = [sys.executable, "-m", "inpaint_bench", "run", *TINY, "--device", "cpu", "--methods", methods]
    environment = {**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.acceptance
def test_a_process_that_a_function_leaves_ends_with_the_command(page: Path) -> None:
    process = start(write_method(LEAVES + "left.returncode = 0\nreturn image + 0.5 * mask"))
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert (OUT / "mine/composites" / ALL[3]).is_file()
    assert left_over() == []
