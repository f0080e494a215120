"""The weights files that authors publish: which networks they hold, under which names, and how to read them safely."""

import fnmatch
import pickle
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from inpaint_bench.data.protocols import Schema
from inpaint_bench.errors import InputError, some

Read = Callable[[Path], Mapping[str, Any]]


class Change(Schema, frozen=True):
    """One change to synthetic weights, in the vocabulary of the reference activations."""

    match: str  # a pattern on tensor names
    op: Literal["set", "multiply", "normal", "abs_normal"]
    value: float | tuple[float, float]  # offset and scale for the normal ones
    ndim: int | None = None


class Synthetic(Schema, frozen=True):
    """How synthetic weights are made from tensor names."""

    gain: float = 1.0
    fan_in: Literal["all axes but the first", "all axes but the last"] = "all axes but the first"
    ops: tuple[Change, ...] = ()


class Part(Schema, frozen=True):
    """One network of a system, and where its tensors lie in the authors' files."""

    file: str = ""  # a pattern on the file's name, where the authors publish several files
    key: str = ""  # the key of the file's dictionary that holds the state dict; '' if the file is the state dict
    prefix: str = ""  # the part's names start with this, which is removed
    strip: tuple[str, ...] = ()  # further prefixes that are removed where present, as 'module.'
    name: str = ""  # the prefix of the part's names in our file, with its dot; '' if there is only one network
    synthetic: Synthetic = Synthetic()


class Container(Schema, frozen=True):
    """The authors' weights file: its parts, and patterns on the names of tensors that are ignored."""

    reader: str = ""  # MODULE:FUNCTION of the baseline's package that reads one file; '' for a torch file
    parts: tuple[Part, ...] = (Part(),)
    leave_out: tuple[str, ...] = ()


def read_container(paths: Sequence[Path], container: Container, read: Read | None = None) -> dict[str, Tensor]:
    """The tensors of every part in the authors' files, under the names of our file. A safetensors file is our own.

    `read` returns the content of one of the authors' files by name; by default they are torch files.
    Raises InputError for a file that is missing, truncated, of another network, or that would run code when opened;
    for a part without a file or tensors; and for tensors that belong to no part and are not listed in `leave_out`.
    """
    if [path.suffix for path in paths] == [".safetensors"]:
        return _open_ours(paths[0])
    opened = {path: _open(path, read or read_torch) for path in paths}
    state: dict[str, Tensor] = {}
    for part in container.parts:
        for path in _files_of(part, paths):
            found = _take(opened[path], part, path, container.leave_out)
            if clash := sorted(state.keys() & found.keys()):
                raise InputError(f"{path}: contains {some(clash)}, as another file does. Give each file once.")
            state |= found
    for path, content in opened.items():
        _refuse_unknown(path, content, container)
    return state


def _files_of(part: Part, paths: Sequence[Path]) -> list[Path]:
    chosen = [path for path in paths if not part.file or fnmatch.fnmatchcase(path.name, part.file)]
    if not chosen:
        raise InputError(
            f"none of the files is {part.file}, which holds {part.name or 'the network'}. Give every file."
        )
    return chosen


def _take(content: Mapping[str, Any], part: Part, path: Path, leave_out: Sequence[str]) -> dict[str, Tensor]:
    names = _state(content, part, path)
    found = {}
    for name, tensor in names.items():
        if not part.prefix and _left_out(f"{part.key}/{name}" if part.key else name, leave_out):
            continue  # names with the part's prefix are never left out
        if name.startswith(part.prefix) and isinstance(tensor, Tensor):
            found[part.name + _stripped(name.removeprefix(part.prefix), part.strip)] = tensor.detach().contiguous()
    if not found:
        where = part.prefix or part.key or "tensors"
        raise InputError(f"{path}: has no {where}: not the file of this network. It contains {some(map(str, names))}.")
    return found


def _state(content: Mapping[str, Any], part: Part, path: Path) -> Mapping[str, Any]:
    if not part.key:
        return content
    inner = content.get(part.key)
    if not isinstance(inner, Mapping):
        raise InputError(f"{path}: has no '{part.key}': not the file of this network. It contains {some(content)}.")
    return inner


def _stripped(name: str, prefixes: Sequence[str]) -> str:
    for prefix in prefixes:
        name = name.removeprefix(prefix)
    return name


def _refuse_unknown(path: Path, content: Mapping[str, Any], container: Container) -> None:
    """Raise InputError unless every name in the file belongs to a part or is listed in `leave_out`."""
    parts = [part for part in container.parts if not part.file or fnmatch.fnmatchcase(path.name, part.file)]
    keys = {part.key for part in parts}
    names = {name for name in content if name not in keys} if "" not in keys else set(content)
    for key in keys - {""}:
        inner = content.get(key)
        names |= {f"{key}/{name}" for name in inner} if isinstance(inner, Mapping) else set()
    for part in parts:
        start = f"{part.key}/{part.prefix}" if part.key else part.prefix
        names = {name for name in names if not name.startswith(start)}
    unknown = sorted(name for name in names if not _left_out(name, container.leave_out))
    if unknown:
        raise InputError(f"{path}: contains {len(unknown)} names that do not belong to this network: {some(unknown)}.")


def _left_out(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _open(path: Path, read: Read) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    return read(path)


def _open_ours(path: Path) -> dict[str, Tensor]:
    """A file written by training or added before: it has our names already."""
    try:
        return load(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file.") from error
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a whole safetensors file ({error}).") from error


def read_torch(path: Path) -> Mapping[str, Any]:
    """The content of a torch file by name.

    Raises InputError for a file that is truncated, holds no mapping, or would run code when opened.
    """
    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{path}: refused: it contains more than tensors, and opening it would run code.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a whole torch file. Fetch it again.") from error
    if not isinstance(content, Mapping):
        raise InputError(f"{path}: contains a {type(content).__name__}, not tensors by name.")
    return content
