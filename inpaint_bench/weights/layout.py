"""How the weights files that authors publish are laid out, as cards state it: networks, names, synthetic values."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from inpaint_bench.decode import Schema

Read: TypeAlias = Callable[[Path], Mapping[str, Any]]  # the content of one of the authors' files by name


class Change(Schema, frozen=True):
    """One change to synthetic weights, in the vocabulary of the reference activations."""

    match: str  # a pattern on tensor names
    op: Literal["set", "multiply", "normal", "abs_normal", "keep"]  # keep: constants that the network is made with
    value: float | tuple[float, float] = 0.0  # offset and scale for the normal ones
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
    inert: tuple[str, ...] = ()  # full names of other people's classes in the file, of which nothing is built
