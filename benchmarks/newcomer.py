"""A newcomer's way in a fresh clone, timed step by step: install, the sample, a function of one's own, LaTeX; the site.

    python benchmarks/newcomer.py                           both
    python benchmarks/newcomer.py path                      `make demo`, docs/tutorials/evaluate.md, a table as LaTeX
    python benchmarks/newcomer.py docs                      `make docs`: 300 s are wanted
    PYTHON=python3.12 python benchmarks/newcomer.py path    with another Python in the new environment

The checkout is cloned as it was last committed, into a folder and with caches of its own: everything is installed and
compiled anew, which takes 7 GB on Linux. It stops at the first step that fails, with what the step printed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "docs" / "builder"), str(ROOT / "tests")]

CLONE = f"git clone --quiet '{ROOT}' inpaint-bench"
LATEX = "inpaint-bench table runs/mine --style table1 --format latex --out table1.tex"
UNSET = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV", "INPAINT_BENCH_CACHE")  # what a newcomer has not set
Step = Callable[[Path, dict[str, str]], str]  # folder, environment → what went wrong, or nothing


def command(line: str) -> Step:
    """A step that is a command line, run in the folder."""

    def run(folder: Path, variables: dict[str, str]) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line], cwd=folder, env=variables, capture_output=True, text=True
        )
        return f"exit code {done.returncode}\n{done.stdout}{done.stderr}" if done.returncode else ""

    return run


def tutorial(folder: Path, variables: dict[str, str]) -> str:
    """The blocks of the clone's tutorial, run as they are marked; they must print what the page shows."""
    from pages import run_page

    page = folder / "inpaint-bench" / "docs" / "tutorials" / "evaluate.md"
    return "\n".join(run_page(page, folder, variables))


def latex(folder: Path, variables: dict[str, str]) -> str:
    """The tutorial's table as LaTeX, typeset where there is a pdflatex."""
    if wrong := command(LATEX)(folder, variables):
        return wrong
    names = ["table1.tex", *(["table1.pdf"] if shutil.which("pdflatex") else [])]
    return "\n".join(f"no {name} was written" for name in names if not (folder / name).is_file())


PATHS: dict[str, dict[str, Step]] = {
    "path": {
        "git clone": command(CLONE),
        "make .venv/demo (what `make demo` installs)": command("cd inpaint-bench && make .venv/demo"),
        "make demo (the sample, every default method)": command("cd inpaint-bench && make demo"),
        "docs/tutorials/evaluate.md, as written": tutorial,
        "the table as LaTeX and PDF" if shutil.which("pdflatex") else "the table as LaTeX": latex,
    },
    "docs": {"git clone": command(CLONE), "make docs": command("cd inpaint-bench && make docs")},
}


def environment(folder: Path) -> dict[str, str]:
    """This environment, but for caches of its own and the clone's programs before all others."""
    variables = {name: value for name, value in os.environ.items() if name not in UNSET}
    programs = folder / "inpaint-bench" / ".venv" / "bin"
    return variables | {"PATH": f"{programs}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(folder / "cache")}


def processor_seconds() -> float:
    """What the commands that ended have used of the processor."""
    used = os.times()
    return used.children_user + used.children_system


def walk(steps: dict[str, Step]) -> None:
    """Take the steps in a new folder, and print a row for each. Exits with 1 at the first one that fails."""
    print("| step | seconds | processor seconds |\n| --- | ---: | ---: |", flush=True)
    total = [0.0, 0.0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, step in steps.items():
            start, before = time.perf_counter(), processor_seconds()
            wrong = step(folder, environment(folder))
            spent = (time.perf_counter() - start, processor_seconds() - before)
            print(f"| {name} | {spent[0]:.0f} | {spent[1]:.0f} |", flush=True)
            if wrong:
                raise SystemExit(f"{name}: {wrong}")
            total = [all_of_them + one for all_of_them, one in zip(total, spent, strict=True)]
    print(f"| all of it | {total[0]:.0f} | {total[1]:.0f} |", flush=True)


def main(names: list[str]) -> None:
    """Walk the paths that are named, or both."""
    for name in names or PATHS:
        if name not in PATHS:
            raise SystemExit(f"'{name}' is no path. Known: {', '.join(PATHS)}.")
        print(f"\nload at the start: {os.getloadavg()[0]:.2f}, cores: {len(os.sched_getaffinity(0))}\n")
        walk(PATHS[name])


if __name__ == "__main__":
    main(sys.argv[1:])
