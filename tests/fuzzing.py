"""Breaks one file in a copy of a small workspace and runs what reads it, in this process.

It must end with the numbers of the undamaged file, or in one sentence with exit code 2, 3 or 5 (4 where files are
compared). Time, memory, writes outside and sockets are bounded as `watching` says. `fuzz_formats` lists the files.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import stand_ins
from breakage import Break
from watching import Fault, watched

from inpaint_bench.cli import run_cli
from inpaint_bench.errors import BenchError

CODES = {2, 3, 4, 5}
REPLACED = 0.06  # the share of inputs where something that is no file stands in its place
LONGEST = 2500  # characters of a sentence
Numbers = Any
OTHER_PAIRS = "other pairs"  # another valid page or list, whose numbers bear another fingerprint


@dataclass(frozen=True)
class Format:
    """A kind of file: a valid one, how it is broken, and what is computed from it.

    `read` is called in the workspace. It raises BenchError, or Refused where a command line ended in a sentence.
    """

    name: str
    file: str
    breaks: tuple[Break, ...]
    read: Callable[[], Numbers]
    hashed: bool = True  # any change of a value is found; else another valid value gives other numbers
    codes: frozenset[int] = frozenset({2, 3, 5})
    slow: bool = False  # only in the acceptance tests
    share: float = 1.0  # of the inputs that others get: of what takes long, fewer


class Refused(Exception):
    """A command line ended with an exit code other than 0 and one sentence."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.exit_code = code


def command(*arguments: str, good: tuple[int, ...] = (0,)) -> Callable[[], str]:
    """A command line; what it prints on stdout where its exit code is a good one."""

    def run() -> str:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run_cli(list(arguments))
        if code in good and not (code and err.getvalue()):
            return out.getvalue()
        last = (err.getvalue().strip().splitlines() or [""])[-1]
        if code not in CODES or not last.startswith(("Error: ", "Usage")) or "Traceback" in err.getvalue():
            raise Fault(f"exit {code}: {err.getvalue()[-2000:]}")
        raise Refused(last, code)

    return run


def try_seed(form: Format, workspace: Path, scratch: Path, seed: int) -> str:
    """Break one file and read it. What came of it: 'same', 'unbroken', or the sentence; raises Fault."""
    expected = expected_numbers(form, workspace)
    chance = random.Random(f"{form.name}:{seed}")
    copy = _copied(workspace, scratch / "workspace")
    if not _break(form, copy / form.file, chance):
        return "unbroken"
    try:
        with _inside(copy), watched([copy, _cache(workspace)]):
            found = form.read()
    except (Refused, BenchError) as error:
        return _sentence(form, error)
    finally:
        _refuse_left(workspace, scratch)
    if form.hashed and found not in (OTHER_PAIRS, expected):
        raise Fault(f"other numbers: {str(found)[:600]}")
    return "same"


def _break(form: Format, file: Path, chance: random.Random) -> bool:
    """Break a file; whether it is another one now. It is a hard link: what it was is not to be written over."""
    valid = file.read_bytes()
    file.unlink()
    if chance.random() < REPLACED:
        chance.choice(stand_ins.STAND_INS)(file, valid)
        return True
    broken = chance.choice(form.breaks)(valid, chance)
    file.write_bytes(broken)
    return broken != valid


def _sentence(form: Format, error: Refused | BenchError) -> str:
    text = str(error)
    if error.exit_code not in form.codes:
        raise Fault(f"exit code {error.exit_code}: {text[:600]}") from error
    if not text.strip() or len(text) > LONGEST or (isinstance(error, Refused) and not text.isprintable()):
        raise Fault(f"no sentence: {text[:600]!r} ({len(text)} characters)") from error
    return text


def _refuse_left(workspace: Path, scratch: Path) -> None:
    """Raise Fault for what lies outside the copy, which C code may have written without a word to Python."""
    left = [path for path in scratch.iterdir() if path.name != "workspace"]
    left += [path for folder in ("home", "temporary") for path in (workspace.parent / folder).iterdir()]
    if left:
        for path in left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise Fault(f"written outside: {', '.join(path.name for path in left)}")


_expected: dict[tuple[Path, Callable[[], Numbers]], Numbers] = {}


def expected_numbers(form: Format, workspace: Path) -> Numbers:
    """What the valid file gives; libraries make what they keep in the home folder now, if they do."""
    if (workspace, form.read) not in _expected:
        copy = _copied(workspace, workspace.with_name("valid"))
        with _inside(copy):
            _expected[workspace, form.read] = form.read()
        for folder in ("home", "temporary"):
            shutil.rmtree(workspace.parent / folder)
            (workspace.parent / folder).mkdir()
    return _expected[workspace, form.read]


def _copied(workspace: Path, copy: Path) -> Path:
    """A copy in hard links. Of an earlier one only what differs is made again: folders take long to remove."""
    copy.mkdir(parents=True, exist_ok=True)
    with os.scandir(workspace) as valid, os.scandir(copy) as found:
        wanted, there = ({entry.name: entry for entry in entries} for entries in (valid, found))
    for name, entry in there.items():
        if name not in wanted or not _alike(entry, wanted[name]):
            path = copy / name
            shutil.rmtree(path) if entry.is_dir(follow_symlinks=False) else path.unlink()
    for name, entry in wanted.items():
        if entry.is_dir(follow_symlinks=False):
            _copied(workspace / name, copy / name)
        elif not os.path.lexists(copy / name):
            os.link(entry.path, copy / name, follow_symlinks=False)
    return copy


def _alike(one: "os.DirEntry[str]", other: "os.DirEntry[str]") -> bool:
    """Whether both are folders, or one file."""
    folders = [entry.is_dir(follow_symlinks=False) for entry in (one, other)]
    return all(folders) or (not any(folders) and one.inode() == other.inode())


def _cache(workspace: Path) -> Path:
    return workspace.parent / "cache"


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a copy of the workspace; home, cache and temporary files lie beside the workspace."""
    beside = folder.parent if (folder.parent / "home").is_dir() else None
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("INPAINT_BENCH_WEIGHTS", str(folder / "weights"))
        if beside:
            patch.setenv("HOME", str(beside / "home"))
        yield


def faults(form: Format, workspace: Path, scratch: Path, first: int, count: int) -> list[str]:
    """What must not happen and did, each with the seed that shows it again; of `count` seeds the format's share."""
    before, found = _stamps(workspace), list[str]()
    seeds = range(first, first + max(1, round(count * form.share)))
    with surroundings(workspace):
        for seed in seeds:
            try:
                try_seed(form, workspace, scratch, seed)
            except Fault as fault:
                found.append(f"{form.name}, seed {seed}: {fault}")
            except Exception as error:
                found.append(f"{form.name}, seed {seed}: traceback of {type(error).__name__}: {str(error)[:200]}")
        if (now := _stamps(workspace)) != before:
            found.append(f"{form.name}: written in place, not whole: {sorted(now ^ before)}")
    return found


def _stamps(workspace: Path) -> set[tuple[str, int, int]]:
    """The files of the workspace, which the copies share; but for locks, which are empty, and opened for writing."""
    found = ((path, path.stat()) for path in workspace.rglob("*") if path.is_file() and path.name != ".lock")
    return {(str(path), status.st_size, status.st_mtime_ns) for path, status in found}


@contextmanager
def surroundings(workspace: Path) -> Iterator[None]:
    """The home folder, the folder of temporary files and the cache lie beside the workspace."""
    home, temporary = workspace.parent / "home", workspace.parent / "temporary"
    with pytest.MonkeyPatch.context() as patch:
        for folder in (home, temporary, _cache(workspace)):
            folder.mkdir(exist_ok=True)
        patch.setenv("HOME", str(home))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setenv("INPAINT_BENCH_CACHE", str(_cache(workspace)))
        yield
