"""Calls of other people's code, which may raise anything: what it raised becomes one sentence that names it."""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from inpaint_bench.errors import BenchError, InputError, MethodError, Stopped

MEMORY = ("MemoryError", "OutOfMemoryError")  # of Python, and of torch on a GPU


@contextlib.contextmanager
def blamed(name: str, doing: str, kind: type[BenchError] = MethodError) -> Iterator[None]:
    """Whatever is raised inside becomes an error of this kind: 'NAME: DOING failed: …'.

    Ctrl-C and signals stay what they are, and so do our own errors that say more than that a method failed. What the
    code prints goes to stderr: stdout is for results. A copy of this process that it made by fork() ends here.
    """
    process = os.getpid()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except BaseException as error:
        raise_stop(error)
        raise failure(name, doing, error, kind) from error
    finally:
        if os.getpid() != process:
            os._exit(1)


def imported(entry: str, target: str, example: str = "load") -> tuple[ModuleType, Callable[..., Any]]:
    """The module and the function that MODULE:FUNCTION names; modules of the working folder are found.

    Raises InputError, which begins with the user's `entry`, for what cannot be imported or is no function.
    """
    module_name, _, function = target.partition(":")
    if not module_name or not function:
        raise InputError(f"{entry}: give python:MODULE:FUNCTION, as in python:mine:{example}.")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    with blamed(entry, f"importing {module_name}", InputError):
        module = importlib.import_module(module_name)
        found = getattr(module, function, None)
    if not callable(found):
        raise InputError(f"{entry}: {module_name} has no function '{function}'.")
    return module, found


def raise_stop(error: BaseException) -> None:
    """Raise Ctrl-C and signals again. A subclass that somebody derived from KeyboardInterrupt is neither."""
    if type(error) in (KeyboardInterrupt, Stopped):
        raise error


def failure(name: str, doing: str, error: BaseException, kind: type[BenchError] = MethodError) -> BenchError:
    """What other people's code raised as one sentence about it; our own errors stay, but for a bare MethodError."""
    if isinstance(error, BenchError) and not isinstance(error, MethodError):
        return error
    return kind(f"{name}: {doing} failed: {described(error)}")


def described(error: BaseException) -> str:
    """The kind of an error and its text as the end of a sentence, at most 300 letters of it."""
    try:
        text = " ".join(str(error).split())
    except BaseException as another:
        raise_stop(another)
        text = "its text cannot be shown"
    if type(error).__name__ in MEMORY or any(words in text for words in ("can't allocate memory", " out of memory")):
        return "out of memory. Give a smaller --batch, --offload (diffusion models), or --device cpu."
    text = text if len(text) <= 300 else text[:300] + "…"
    return text if isinstance(error, BenchError) else f"{type(error).__name__}: {text}".rstrip(": ") + "."
