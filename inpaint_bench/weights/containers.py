"""Reading the weights files that authors publish: safely, and with every name accounted for."""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from torch import Tensor

from inpaint_bench.errors import InputError, some
from inpaint_bench.weights.layout import Container, Part, Read
from inpaint_bench.weights.tensor_files import read_tensors
from inpaint_bench.weights.torch_files import by_name, read_torch
from inpaint_bench.weights.unzipped import unzipped
from inpaint_bench.weights.wrappers import Shapes, unwrapped

Contents: TypeAlias = dict[Path, Mapping[str, Any]]


def read_container(paths: Sequence[Path], container: Container, read: Read | None = None) -> dict[str, Tensor]:
    """The tensors of every part in the authors' files, under the names of our file. A safetensors file is our own.

    `read` returns the content of one of the authors' files by name; by default they are torch files.
    Raises InputError for a file that is missing, truncated, of another network, or that would run code when opened;
    for a part without a file or tensors; and for tensors that belong to no part and are not listed in `leave_out`.
    """
    with _opened(paths, read, container.inert) as contents:
        return _as_described(contents, container)


def read_fitting(
    paths: Sequence[Path], container: Container, read: Read | None, wanted: Shapes | None
) -> tuple[dict[str, Tensor], list[str]]:
    """`read_container`, and where that does not give the wanted names and shapes, the tensors without a wrapper.

    With a sentence about each wrapper that was taken off. Raises InputError as `read_container` does.
    """
    with _opened(paths, read, container.inert) as contents:
        refusal = None
        try:
            state = _as_described(contents, container)
        except InputError as error:
            state, refusal = {}, error
        if wanted is None or {name: tuple(tensor.shape) for name, tensor in state.items()} == dict(wanted):
            found = None
        else:
            found = _without_wrappers(contents, container, wanted)
        if found is not None:
            return found
        if refusal is not None:
            raise refusal
        return state, []


def _as_described(contents: Contents, container: Container) -> dict[str, Tensor]:
    """The tensors as the card says that they lie in the files; those of our own file as they are."""
    if _ours(contents):
        return {name: tensor for content in contents.values() for name, tensor in content.items()}
    state: dict[str, Tensor] = {}
    for part in container.parts:
        for path in _files_of(part, list(contents)):
            found = _take(contents[path], part, path, container.leave_out)
            _refuse_clash(state, found, path)
            state |= found
    for path, content in contents.items():
        _refuse_unknown(path, content, container)
    return state


def _without_wrappers(
    contents: Contents, container: Container, wanted: Shapes
) -> tuple[dict[str, Tensor], list[str]] | None:
    """The tensors of every part with a wrapper taken off each file; None unless all that is wanted is there."""
    state: dict[str, Tensor] = {}
    notes = []
    for part in container.parts:
        names = {name.removeprefix(part.name): shape for name, shape in wanted.items() if name.startswith(part.name)}
        for path in list(contents) if _ours(contents) else _files_of(part, list(contents)):
            fit = unwrapped(contents[path], names, container.leave_out, str(path))
            if fit is None:
                return None
            found = {part.name + name: tensor.detach().contiguous() for name, tensor in fit.state.items()}
            _refuse_clash(state, found, path)
            state |= found
            notes.append(f"{path}: {fit.note()}")
    return (state, notes) if state.keys() == wanted.keys() else None


def _ours(contents: Contents) -> bool:
    return [path.suffix for path in contents] == [".safetensors"]


def _refuse_clash(state: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    if clash := sorted(state.keys() & found.keys()):
        raise InputError(f"{path}: contains {some(clash)}, as another file does. Give each file once.")


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
    return by_name(inner)


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
        names |= {f"{key}/{name}" for name in by_name(inner)} if isinstance(inner, Mapping) else set()
    for part in parts:
        start = f"{part.key}/{part.prefix}" if part.key else part.prefix
        names = {name for name in names if not name.startswith(start)}
    unknown = sorted(name for name in names if not _left_out(name, container.leave_out))
    if unknown:
        raise InputError(f"{path}: contains {len(unknown)} names that do not belong to this network: {some(unknown)}.")


def _left_out(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@contextmanager
def _opened(paths: Sequence[Path], read: Read | None, inert: Sequence[str]) -> Iterator[Contents]:
    """The content of every file; a zip archive stands for the files in it, unpacked in the cache meanwhile."""
    with ExitStack() as stack:
        contents: Contents = {}
        for path in paths:
            if not path.is_file():
                raise InputError(f"{path}: there is no such file.")
            if path.suffix == ".safetensors":
                contents[path] = read_tensors(path)
            elif read is None:
                for name, file in stack.enter_context(unzipped(path)).items():
                    contents[name] = read_torch(file, where=str(name), inert=inert)
            else:
                contents[path] = read(path)
        yield contents
