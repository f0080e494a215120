"""JSON and TOML of files as typed values. Whatever a broken file makes a decoder raise is one msgspec.DecodeError."""

from collections.abc import Callable
from typing import Any

import msgspec

MAX_BYTES = 1 << 28  # of one text


def json(data: bytes | str, kind: Any = Any) -> Any:
    """A JSON text as a value of a type. Raises msgspec.DecodeError with the reason where it is none."""
    return _decoded(msgspec.json.decode, data, kind)


def toml(data: bytes | str, kind: Any = Any) -> Any:
    """A TOML text as a value of a type. Raises msgspec.DecodeError with the reason where it is none."""
    return _decoded(msgspec.toml.decode, data, kind)


def _decoded(decode: Callable[..., Any], data: bytes | str, kind: Any) -> Any:
    if len(data) > MAX_BYTES:
        raise msgspec.DecodeError(f"it has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        return decode(data, type=kind)
    except UnicodeError as error:
        raise msgspec.DecodeError("it is not UTF-8") from error
    except RecursionError as error:
        raise msgspec.DecodeError("it is nested too deeply") from error
    except msgspec.DecodeError:
        raise
    except (ValueError, OverflowError) as error:  # such as an integer of thousands of digits
        raise msgspec.DecodeError(f"a value cannot be read ({str(error)[:60]})") from error
