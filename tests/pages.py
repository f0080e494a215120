"""Pages of the documentation, run: their blocks in order, in a folder of their own."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

from site_blocks import ROOT, Block, read_blocks

AS_SHOWN = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
OPTIONS = ("ELLIPSIS", "NORMALIZE_WHITESPACE", "IGNORE_EXCEPTION_DETAIL")


def environment(folder: Path, cache: Path) -> dict[str, str]:
    """An environment in which `inpaint-bench` and `python` are those of the tests, with no data and no weights."""
    programs = folder / "programs"
    programs.mkdir()
    for name, module in (("inpaint-bench", "-m inpaint_bench "), ("python", "")):
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        path.chmod(0o755)
    own = {name: str(folder / name) for name in ("INPAINT_BENCH_DATA", "INPAINT_BENCH_WEIGHTS")}
    own["INPAINT_BENCH_CACHE"] = str(cache)
    paths = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, **paths, "COLUMNS": "200"}


def run_page(page: Path, folder: Path, variables: dict[str, str]) -> list[str]:
    """Run a page's blocks in a folder; what went otherwise than the page says."""
    blocks = read_blocks(page.read_text(encoding="utf-8"), page.name)
    wrong, printed = [], ""
    doctests = [block for block in blocks if block.language == "pycon" and block.mark == "run"]
    for block in blocks:
        if block.mark == "file":
            (folder / block.argument).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.argument).write_text(block.text, encoding="utf-8")
        elif block.mark == "output" and not doctest.OutputChecker().check_output(block.text, printed, AS_SHOWN):
            wrong.append(f"{block.where}: it printed\n{printed}")
        elif block.mark == "run" and block not in doctests[1:]:
            done = _run(block, doctests, folder, variables)
            code = int(block.argument.removeprefix("exit=") or 0)
            printed = done.stdout if code == done.returncode == 0 or not done.stderr else done.stdout + done.stderr
            if done.returncode != code:
                wrong.append(f"{block.where}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return wrong


def _run(
    block: Block, doctests: list[Block], folder: Path, variables: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    if block.language == "bash":
        command = ["bash", "-euo", "pipefail", "-c", block.text]
    elif block.language == "python":
        command = ["python", "-c", block.text]
    else:  # the examples of a page are one session
        (folder / "session.txt").write_text("\n\n".join(one.text for one in doctests), encoding="utf-8")
        command = ["python", "-m", "doctest", *(part for name in OPTIONS for part in ("-o", name)), "session.txt"]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
