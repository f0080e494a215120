"""JSON, TOML and arrays of files. Whatever a broken file makes a decoder raise is one msgspec.DecodeError."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from inpaint_bench import files

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 1 << 28  # of one text
MAX_ARRAY = 1 << 34
MOST_REASON = 300  # letters


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A type whose values are stored in files; unknown keys are refused."""


def json(data: bytes | str, kind: Any = Any) -> Any:
    """A JSON text as a value of a type. Raises msgspec.DecodeError with the reason where it is none."""
    return _decoded(msgspec.json.decode, data, kind)


def toml(data: bytes | str, kind: Any = Any) -> Any:
    """A TOML text as a value of a type. Raises msgspec.DecodeError with the reason where it is none."""
    return _decoded(msgspec.toml.decode, data, kind)


def npy(path: Path) -> "np.ndarray[Any, Any]":
    """The array of an .npy file, mapped and not read. Raises msgspec.DecodeError where it is none, else OSError."""
    import numpy as np

    size = files.size_of(path, MAX_ARRAY)
    try:
        found = np.lib.format.open_memmap(path, mode="r")
    except OSError:
        raise
    except Exception as error:  # numpy parses the header as Python, and raises whatever that raises
        raise msgspec.DecodeError(f"{type(error).__name__}: {str(error)[:80]}") from error
    if (ends := found.offset + found.nbytes) != size:
        raise msgspec.DecodeError(f"its array ends after {ends:,} bytes, and the file has {size:,}")
    return found


def _decoded(decode: Callable[..., Any], data: bytes | str, kind: Any) -> Any:
    if len(data) > MAX_BYTES:
        raise msgspec.DecodeError(f"it has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        return decode(data, type=kind)
    except UnicodeError as error:
        raise msgspec.DecodeError("it is not UTF-8") from error
    except RecursionError as error:
        raise msgspec.DecodeError("it is nested too deeply") from error
    except msgspec.DecodeError as error:
        if len(text := str(error)) <= MOST_REASON:
            raise
        raise msgspec.DecodeError(f"{text[:MOST_REASON]}…") from error  # it repeats the name of an unknown key
    except (ValueError, OverflowError) as error:  # such as an integer of thousands of digits
        raise msgspec.DecodeError(f"a value cannot be read ({str(error)[:60]})") from error
