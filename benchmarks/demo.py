"""`inpaint-bench run` on the sample, as after an installation: seconds until the first table and until the end.

    python benchmarks/demo.py
    python benchmarks/demo.py --methods telea,mean-fill

The command runs in a folder and with a cache of its own, in a pseudo-terminal: it prints what a user sees. Stages are
timed, by the clock and in processor time. Goals on two idle cores: the first table within 60 s, the end within 180 s.
"""

import json
import os
import pty
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

FIRST, END = 60, 180  # seconds
TITLE = b"(n="  # in the first line of a table
STAGES: list[tuple[str, str, str, int | None]] = [  # its name, module, function, position of what it is of
    ("predict", "inpaint_bench.runner.predict", "predict_pairs", 2),
    ("image metrics", "inpaint_bench.api.stages", "score_run", 2),
    ("image metrics", "inpaint_bench.runner.score", "score_run", 2),
    ("features", "inpaint_bench.runner.score", "measure_features", 2),
    ("objects", "inpaint_bench.runner.score", "measure_objects", 2),
    ("results and tables", "inpaint_bench.api.stages", "write_results_of", None),
    ("results and tables", "inpaint_bench.api.writing", "write_results_of", None),
]
Spent = defaultdict[str, list[float]]


def timed(function: Callable[..., Any], what: str, position: int | None, spent: Spent) -> Callable[..., Any]:
    """The function, with its seconds of wall clock and of processor time added up under its name."""

    def call(*arguments: Any, **named: Any) -> Any:
        of = "" if position is None else f": {getattr(arguments[position], 'name', arguments[position])}"
        start = (time.perf_counter(), time.process_time())
        try:
            return function(*arguments, **named)
        finally:
            for one, (now, before) in enumerate(zip((time.perf_counter(), time.process_time()), start, strict=True)):
                spent[what + of][one] += now - before

    return call


def child(path: Path, arguments: list[str]) -> int:
    """Run the command in this process, with its stages timed; write the times to a file."""
    import importlib

    spent: Spent = defaultdict(lambda: [0.0, 0.0])
    from inpaint_bench.cli import run_cli

    for what, module, name, position in STAGES:
        owner = importlib.import_module(module)
        setattr(owner, name, timed(getattr(owner, name), what, position, spent))
    code = run_cli(["run", *arguments])
    path.write_text(json.dumps(spent))
    return code


def watch(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command in a pseudo-terminal; the seconds until its first table and its end, and its processor time."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "INPAINT_BENCH_CACHE": str(folder / "cache"), "COLUMNS": "120"}
    start, first, seen = time.perf_counter(), 0.0, b""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    while True:
        try:
            read = os.read(ours, 1 << 16)
        except OSError:  # nobody writes any more
            break
        os.write(1, read)
        seen = (seen + read)[-(1 << 16) :]
        if not first and TITLE in seen:
            first = time.perf_counter() - start
    if code := process.wait():
        raise SystemExit(code)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return first, time.perf_counter() - start, used.ru_utime + used.ru_stime


def main() -> None:
    """Run the command, and print what it took."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        times = folder / "times.json"
        command = [sys.executable, str(Path(__file__).absolute()), "--child", str(times), *sys.argv[1:]]
        first, end, processor = watch(command, folder)
        spent: dict[str, list[float]] = json.loads(times.read_text())
    print(f"first table after {first:.1f} s (goal: {FIRST}), end after {end:.1f} s (goal: {END})")
    print(f"{processor:.1f} s of processor time, of which:")
    rest = processor - sum(seconds for _, seconds in spent.values())
    for what, (wall, seconds) in spent.items():
        print(f"  {what:45} {wall:7.1f} s, {seconds:7.1f} s of processor time")
    print(f"  {'imports, reading the pairs, and the rest':45} {'':9}  {rest:7.1f} s of processor time")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(Path(sys.argv[2]), sys.argv[3:]))
    main()
