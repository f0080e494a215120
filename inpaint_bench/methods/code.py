"""The code of a user's own method as a hash, as far as it can be known: what changed is not mixed with what it was."""

import ast
import contextlib
import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from inpaint_bench import files
from inpaint_bench.errors import InputError


def only_known(where: str) -> str:
    """A note of what a method's code is known from; '' where a user named its folder."""
    return f"its code is known from {where}; other files that it reads are not, --code DIR names them" if where else ""


def hash_of(paths: Iterable[Path], root: Path) -> str:
    """Twelve hexadecimal digits for the names and bytes of files; '' for none."""
    lines = [f"{os.path.relpath(path, root)} {files.file_sha256(path)}\n" for path in sorted(paths)]
    return files.sha256(os.fsencode("".join(lines)))[:12] if lines else ""


def folder_code(folder: Path) -> str:
    """The hash of every file below a folder, less hidden ones, __pycache__, run folders and the cache.

    Raises InputError if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"--code {folder}: there is no such folder. Give the folder that holds the method's code.")
    return hash_of(_files_below(folder), folder)


def _files_below(folder: Path) -> Iterable[Path]:
    cache = files.cache_dir().resolve()
    for here, inner, names in os.walk(folder):
        inner[:] = [one for one in inner if not one.startswith(".") and one != "__pycache__"]
        if "run.json" in names or Path(here).resolve() == cache:  # what the code made
            inner.clear()
            continue
        yield from (path for name in names if not name.startswith(".") and (path := Path(here, name)).is_file())


def module_code(module: ModuleType) -> tuple[str, str]:
    """The hash of a module's Python files, and where they are: its whole package, or else the folder that it is in.

    Of a folder these are the files beside the module, and the packages below it that one of them imports.
    """
    top = sys.modules[module.__name__.partition(".")[0]]
    if hasattr(top, "__path__"):
        folder = Path(next(iter(top.__path__)))
        return hash_of(folder.rglob("*.py"), folder), f"the Python files of {folder}"
    if not module.__file__:  # built into Python
        return "", "nothing"
    folder = Path(module.__file__).parent
    found = {*folder.glob("*.py")}
    unread = list(found)
    while unread:
        for name in _imported(unread.pop().read_bytes()):
            if (package := folder / name).is_dir() and package.resolve() != files.PACKAGE:
                unread += {*package.rglob("*.py")} - found
                found |= {*unread}
    return hash_of(found, folder), f"the Python files of {folder}"


@functools.lru_cache(1024)
def _imported(source: bytes) -> frozenset[str]:
    """The first parts of the names that Python source imports, wherever in it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # not a file that is imported
        return frozenset()
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    return frozenset(name.partition(".")[0] for name in names) - {""}


def function_code(function: Callable[..., Any]) -> str:
    """The hash of a function's source, with its defaults and the values that it is bound to where these are plain.

    Of one without source (typed at a prompt) its compiled code counts, of another object the source of its class. What
    it refers to otherwise, globals say, is not covered.
    """
    facts: list[object] = []
    while isinstance(function, functools.partial):
        facts += [function.args, sorted(function.keywords.items())]
        function = function.func
    target: Any = function if hasattr(function, "__qualname__") else type(function)
    facts += [getattr(target, "__defaults__", None), getattr(target, "__kwdefaults__", None)]
    for cell in getattr(target, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # empty: it is bound later
            facts.append(cell.cell_contents)
    try:
        source = inspect.getsource(target)
    except (OSError, TypeError):
        compiled = getattr(target, "__code__", None)
        source = f"{compiled.co_code.hex()} {compiled.co_names}" if compiled else repr(target)
        facts += [compiled.co_consts] if compiled else []
    return files.sha256("\n".join([source, *map(_plain, facts)]).encode())[:12]


def _plain(fact: object) -> str:
    """A value as text that is the same in every process: its type alone where it is neither plain nor made of such."""
    if isinstance(fact, (list, tuple)):
        return f"({', '.join(map(_plain, fact))})"
    if isinstance(fact, dict):
        return f"{{{', '.join(f'{key!r}: {_plain(value)}' for key, value in sorted(fact.items(), key=repr))}}}"
    return repr(fact) if isinstance(fact, (str, bytes, int, float, type(None))) else type(fact).__qualname__


def program_code(template: str) -> tuple[str, str]:
    """The hash of the files that a command line names, and their names."""
    words = [word for whole in shlex.split(template) for word in (whole, whole.rpartition("=")[2])]
    named = {path for word in words if word and (path := files.expanded(word)).is_file()}
    return hash_of(named, Path()), ", ".join(sorted(path.name for path in named)) or "nothing"
