"""Functions compiled by numba, whose machine code is kept in the cache folder.

The cache only saves time. What cannot be kept, on a full disk say, is compiled again by the next process; so is what
was damaged: a file begins with the SHA-256 of the rest.
"""

import contextlib
import inspect
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import caching, serialize

from inpaint_bench import disk, files
from inpaint_bench.errors import BenchError

Compiled = TypeVar("Compiled", bound=Callable[..., Any])

SEAL = 64  # bytes of a SHA-256 in hexadecimal
FUNCTION_CACHE: Any = caching.FunctionCache  # numba has no types


def compiled(function: Compiled) -> Compiled:
    """Compile a function at its first call; keep the machine code in the cache folder if that is writable.

    By default numba would keep it next to the source. Its cache is invalidated when the file of the function changes,
    not when another file does, so constants of other files are passed as arguments.
    """
    source = inspect.unwrap(function)  # numba compiles no wrappers, such as type checkers
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(source)
    settings = vars(numba.config)
    before = settings["CACHE_DIR"]
    try:
        settings["CACHE_DIR"] = str(before or files.cache_folder("numba"))
        if os.access(settings["CACHE_DIR"], os.W_OK):
            dispatcher._cache = _Cache(source)  # as `njit(cache=True)` does
    except (BenchError, OSError, RuntimeError):  # RuntimeError: of numba, where no folder will do
        pass
    finally:
        settings["CACHE_DIR"] = before
    return cast(Compiled, dispatcher)


class _Cache(FUNCTION_CACHE):  # type: ignore[misc]
    """numba's, which ends nothing."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _Files(Path(self._cache_path), self._impl.locator.get_source_stamp())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The machine code for some types of arguments; None where there is none."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # of another version of numba, say
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, if that can be done."""
        with contextlib.suppress(BenchError, OSError):
            super().save_overload(sig, data)


class _Files:
    """Where machine code lies: a file for each source, version of numba, processor and types of arguments."""

    def __init__(self, folder: Path, stamp: object) -> None:
        self.folder, self.stamp = folder, stamp

    def path(self, key: object) -> Path:
        return self.folder / f"{files.sha256(repr((numba.__version__, self.stamp, key)).encode())[:32]}.code"

    def load(self, key: object) -> Any:
        """What was kept by a key; None where it is missing or damaged."""
        try:
            data = self.path(key).read_bytes()
        except OSError:
            return None
        whole = data[:SEAL] == files.sha256(data[SEAL:]).encode()
        return pickle.loads(data[SEAL:]) if whole else None

    def save(self, key: object, content: Any) -> None:
        """Keep something by a key. Raises as `files.write_whole` does."""
        dump: Callable[[Any], bytes] = serialize.dumps
        data = dump(content)
        with disk.passing(self.folder):
            files.write_whole(self.path(key), files.sha256(data).encode() + data)

    def flush(self) -> None:
        """Nothing: other versions do not come under the same key."""
