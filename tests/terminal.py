"""The command line as a test uses it, and methods of a user's own, written for one test."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import pytest

from inpaint_bench.cli import run_cli

TINY = ("--dataset", "tiny.toml")
OUT = Path("runs/tiny")
Once = Callable[[Callable[[], int | None]], None]  # of the fixture `once`


@dataclass(frozen=True)
class Answer:
    """What a command line gave back."""

    code: int
    out: str
    err: str

    def refuses(self, code: int, *words: str) -> None:
        """It ended with this exit code and with one sentence on stderr, the last line, that holds these words."""
        *before, last = self.err.strip().splitlines() or [""]
        assert last.startswith("Error: "), self.err or self.out
        assert "Traceback" not in self.err
        assert not any(line.startswith("Error") for line in before), self.err
        assert last.endswith((".", "'", ")", "?")), last
        for word in words:
            assert word in last, (word, last)
        assert self.code == code

    def does(self, *words: str) -> None:
        """It ended well, and stdout holds these words."""
        assert self.code == 0, self.err
        for word in words:
            assert word in self.out, (word, self.out)


class Terminal:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Answer:
        self.capsys.readouterr()
        code = run_cli([str(argument) for argument in arguments])
        message = self.capsys.readouterr()
        return Answer(code, message.out, message.err)

    def run(self, methods: str, *arguments: object) -> Answer:
        """`run` on the tiny dataset of the working folder."""
        return self("run", *TINY, "--methods", methods, *arguments)

    def predict(self, methods: str, *arguments: object) -> Answer:
        """`predict` on the tiny dataset of the working folder."""
        return self("predict", *TINY, "--methods", methods, *arguments)


def write_method(body: str, parameters: str = "image, mask", module: str = "mine") -> str:
    """A module of the working folder whose `inpaint` has this body; the entry of --methods for it."""
    lines = [
        "import torch",
        "import numpy as np",
        "def load(weights, device):",
        f"    def inpaint({parameters}):",
        indent(dedent(body).strip(), " " * 8),
        "    return inpaint",
    ]
    Path(f"{module}.py").write_text("\n".join(lines) + "\n")
    return f"mine=python:{module}:load"


def write_program(body: str, placeholders: str = "{images} {masks} {out}") -> str:
    """A program of the working folder that sees `images`, `masks` and `out`; the entry of --methods for it."""
    lines = [
        "import shutil, sys",
        "from pathlib import Path",
        "images, masks, out, *others = [Path(word) for word in sys.argv[1:]]",
        "names = sorted(path.name for path in images.iterdir())",
        "probing = images.parent.name.endswith('-probe')",
        dedent(body).strip(),
    ]
    Path("program.py").write_text("\n".join(lines) + "\n")
    return f"mine=exec:{sys.executable} -S program.py {placeholders}"


def composites(method: str = "mine", out: Path = OUT) -> list[str]:
    """The names of a method's composites in a run folder."""
    return sorted(path.name for path in (out / method / "composites").glob("*.png"))


def pngs(names: Sequence[str]) -> list[str]:
    """The names as PNG files."""
    return [f"{name}.png" for name in names]
