"""Snapshots of StyleGAN2-type training, read as data: MAT's files, which their authors' loader runs as programs.

Such a pickle holds modules whose source text is in it, and is meant to be executed. Here the instructions are followed
step by step and nothing of them is built, imported or called: objects become dictionaries of their state, tensors the
places of their values in the file. Only the names that MAT's files have are known; any other ends the reading.
"""

import math
import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import IO, Any, cast

from inpaint_bench.errors import InputError
from inpaint_bench.weights.pickles import CONSTANTS, DamagedError, InPieces

MOST_STEPS = 3_000_000  # instructions; a snapshot of three networks has about 300,000
MOST_COPIED = 32 << 20  # items of lists, texts and dictionaries that it asks to copy
MOST_TEXT = 1 << 12  # characters of a text that is kept: no name is longer, only source text, of which no use is made
OBJECT = "torch_utils.persistence._reconstruct_persistent_obj"
TENSOR = "torch._utils._rebuild_tensor_v2"
PARAMETER = "torch._utils._rebuild_parameter"
STORAGE = "torch.storage._load_from_bytes"
CLASSES = {  # made without arguments, then given a state
    *(f"torch.nn.modules.container.{name}" for name in ("ModuleList", "Sequential")),
    *(f"torch.nn.modules.activation.{name}" for name in ("Softmax", "GELU")),
    *("torch.nn.modules.normalization.LayerNorm", "torch.nn.modules.pooling.AdaptiveAvgPool2d", "dnnlib.util.EasyDict"),
}
VALUES = {"builtins.set", "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"}  # not needed
KNOWN = {OBJECT, TENSOR, PARAMETER, STORAGE, "collections.OrderedDict", *CLASSES, *VALUES}
LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
TEXTS = {"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
BYTES = {
    "BINBYTES": 5,
    "SHORT_BINBYTES": 2,
    "BINBYTES8": 9,
}  # and how many bytes before them are instruction and length
MARK, OTHER = object(), object()  # the start of a group, a value of no interest


@dataclass(frozen=True)
class Global:
    """A class or function that is named."""

    name: str


@dataclass(frozen=True)
class Span:
    """Bytes in the file, which are not kept."""

    start: int
    length: int


@dataclass(frozen=True)
class Placed:
    """A tensor of values that lie one after another in the file."""

    values: Span
    shape: tuple[int, ...]


@dataclass
class Thing:
    """An object by its state; what it would do is not known here."""

    state: dict[Any, Any] = field(default_factory=dict)


def outline(file: BufferedIOBase, where: str) -> object:
    """What a snapshot holds: dictionaries, lists, things, and the places of tensors.

    Raises InputError where it names what MAT's files do not have, and DamagedError where it is no pickle.
    """
    return Reading(where).read(file)


class Reading:
    """A pickle of protocol 3 to 5 that is followed step by step: its stack and its memo."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0
        self.steps: dict[str, Callable[[Any], None]] = {
            "PROTO": lambda _: None, "FRAME": lambda _: None, "GLOBAL": self._global, "STACK_GLOBAL": self._from_stack,
            "REDUCE": self._call, "NEWOBJ": self._call, "BUILD": self._build, "MARK": lambda _: self._push(MARK),
            "TUPLE": lambda _: self._push(tuple(self._group())), "TUPLE1": lambda _: self._tuple(1),
            "TUPLE2": lambda _: self._tuple(2), "TUPLE3": lambda _: self._tuple(3),
            "EMPTY_LIST": lambda _: self._push([]), "EMPTY_DICT": lambda _: self._push({}),
            "EMPTY_SET": lambda _: self._push(OTHER), "ADDITEMS": self._skip,
            "APPEND": lambda _: self._append([self.stack.pop()]), "APPENDS": lambda _: self._append(self._group()),
            "SETITEM": lambda _: self._set([self.stack.pop(), self.stack.pop()][::-1]),
            "SETITEMS": lambda _: self._set(self._group()),
            "BINPUT": self._remember, "LONG_BINPUT": self._remember, "MEMOIZE": self._remember,
            "BINGET": self._recall, "LONG_BINGET": self._recall, "STOP": lambda _: None,
        }  # fmt: skip

    def read(self, file: BufferedIOBase) -> object:
        """Follow one pickle to its end. Raises InputError and DamagedError as `outline` does."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of pickletools, for texts with odd escapes
                for step, (opcode, argument, at) in enumerate(pickletools.genops(cast("IO[bytes]", InPieces(file)))):
                    if step > MOST_STEPS:
                        raise self.refused(f"more than {MOST_STEPS} instructions")
                    self.follow(opcode.name, argument, at or 0)
            return self.stack.pop()
        except InputError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
            raise DamagedError(str(error)[:200] or type(error).__name__) from error

    def follow(self, name: str, argument: Any, at: int) -> None:
        """One instruction, which begins at a place in the file."""
        if name in BYTES:
            self._push(Span(at + BYTES[name], len(argument)))
        elif name in TEXTS:
            self._push(argument if len(argument) <= MOST_TEXT else OTHER)
        elif name in LITERALS:
            self._push(argument)
        elif name in CONSTANTS:
            self._push(CONSTANTS[name])
        elif name in self.steps:
            self.steps[name](argument)
        else:
            raise DamagedError(f"instruction {name}")

    def refused(self, what: str) -> InputError:
        """The refusal of a file that holds something."""
        return InputError(
            f"{self.where}: refused: its pickle holds {what}, which MAT's files do not, and opening it otherwise would "
            "run code. Give the file that the authors publish, or one of torch.save(G_ema.state_dict(), FILE)."
        )

    def _push(self, value: object) -> None:
        self.stack.append(value)

    def _group(self) -> list[Any]:
        """What was pushed since the last mark."""
        group = []
        while (value := self.stack.pop()) is not MARK:
            group.append(value)
        return group[::-1]

    def _skip(self, _: object) -> None:
        """Of a set only that it is there counts."""
        self._group()

    def _tuple(self, count: int) -> None:
        values = [self.stack.pop() for _ in range(count)]
        self._push(tuple(values[::-1]))

    def _append(self, values: list[Any]) -> None:
        self._list().extend(values)

    def _list(self) -> list[Any]:
        if not isinstance(self.stack[-1], list):
            raise DamagedError("something is appended to what is no list")
        return self.stack[-1]

    def _set(self, keys_and_values: list[Any]) -> None:
        keys, values = keys_and_values[::2], keys_and_values[1::2]
        into = self.stack[-1].state if isinstance(self.stack[-1], Thing) else self.stack[-1]
        into.update((key, value) for key, value in zip(keys, values, strict=True) if isinstance(key, str))

    def _remember(self, place: int | None) -> None:
        self.memo[len(self.memo) if place is None else place] = self.stack[-1]

    def _recall(self, place: int) -> None:
        self._push(self.memo[place])

    def _global(self, argument: str) -> None:
        self._named(argument.replace(" ", ".", 1))

    def _from_stack(self, _: object) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._named(f"{module}.{name}")

    def _named(self, name: str) -> None:
        if name not in KNOWN:
            raise self.refused(f"{name[:80]!r}")
        self._push(Global(name))

    def _call(self, _: object) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise DamagedError("something is called that is no function")
        self._push(self._made_by(function.name, arguments))

    def _made_by(self, function: str, arguments: tuple[Any, ...]) -> object:
        """What stands for the result of a call."""
        if function == OBJECT:
            (meta,) = arguments
            return Thing(meta["state"])
        if function == STORAGE:
            (span,) = arguments
            return span
        if function == TENSOR:
            return _placed(*arguments[:4])
        if function == PARAMETER:
            return arguments[0]
        return OTHER if function in VALUES else Thing()

    def _build(self, _: object) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Thing):
            self._copy(len(state))
            self.stack[-1].state.update(state)
        elif self.stack[-1] is not OTHER:
            raise DamagedError("a tensor is changed")

    def _copy(self, count: int) -> None:
        """Count what is copied: a small file can ask for the same copy a million times."""
        self.copied += count
        if self.copied > MOST_COPIED:
            raise self.refused("too many copies of one object")


def _placed(span: object, offset: object, shape: Any, strides: Any) -> Placed:
    """A tensor with memory of its own, in which its values lie row by row."""
    plain = type(shape) is tuple and all(type(length) is int and 0 <= length < 1 << 32 for length in shape)
    if not isinstance(span, Span) or offset != 0 or not plain or len(shape) > 8:
        raise DamagedError("a tensor is not described as it should be")
    expected = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    if strides != expected and math.prod(shape) > 1 and 1 not in shape:
        raise DamagedError("the values of a tensor do not lie one after another")
    return Placed(span, shape)
