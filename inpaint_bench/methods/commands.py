"""A user's command line, run until it ends, in a folder of files for it."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from inpaint_bench.errors import MethodError
from inpaint_bench.methods import supervise
from inpaint_bench.methods.entries import PARSER

LAST = 1 << 14  # bytes of a program's output that are looked at for its last line


def run_command(name: str, command: Sequence[str], log: Path, timeout: float | None) -> MethodError | None:
    """Run a command until it ends; its failure, if any, as one sentence. Nothing that it started is left."""
    with open(log, "w+b") as output:
        try:
            answer = _supervised(command, output.fileno(), timeout)
        except subprocess.TimeoutExpired:
            return MethodError(
                f"{name}: the program exceeded its time limit of {timeout:g} seconds and was stopped. See --timeout."
            )
        except OSError as error:
            answer = f"errno {error.errno}"
        output.seek(max(0, output.seek(0, os.SEEK_END) - LAST))
        printed = output.read(LAST).decode(errors="replace").strip().splitlines()[-1:]
    if answer.startswith("errno"):
        reason = os.strerror(int(answer.split()[1]))
        return MethodError(f"{name}: the program cannot be started: {reason}: {command[0]}.")
    if answer != "0":
        code = f"ended with code {answer}" if answer else "was stopped from outside"
        return MethodError(f"{name}: the program {code}{f': {printed[0][:300]}' if printed else ''}.")
    return None


def _supervised(command: Sequence[str], output: int, timeout: float | None) -> str:
    """What `supervise.py` answers about the command. Raises TimeoutExpired, and OSError where it cannot start."""
    packages = str(Path(psutil.__file__).parents[1])
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", supervise.__file__, packages, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=output,
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    with supervisor.stdin, supervisor.stdout:
        try:
            supervisor.wait(timeout)
        finally:  # the program's end, a time-out, Ctrl-C or a signal
            supervisor.stdin.close()
            supervisor.wait()
        return supervisor.stdout.read().decode().strip()


def words_of(template: str, values: Mapping[str, str]) -> list[str]:
    """The words of a command line with its placeholders replaced by values, whatever characters these contain."""
    return [
        "".join(text + (values[field] if field else "") for text, field, _, _ in PARSER.parse(word))
        for word in map(os.path.expanduser, shlex.split(template))
    ]


def empty(scratch: Path) -> None:
    """Remove what a program was given and what it wrote."""
    if scratch.is_symlink():  # by the program: what it leads to is not ours
        scratch.unlink()
    shutil.rmtree(scratch, ignore_errors=True)
