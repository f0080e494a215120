"""What the pickle in a torch file would build, found without building it.

`torch.load(weights_only=True)` runs no code of a file, yet it allocates whatever the file asks for, and enlarges a
storage that is smaller than a tensor says, with values from nowhere. So the instructions are read first, as data: which
storages there are, how large, and whether every tensor lies within its own. What `torch.save` writes for tensors,
numbers, texts and containers of them passes; anything else is refused.
"""

import math
import pickletools
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import IO, Any, cast

from inpaint_bench.errors import InputError

MOST_STEPS = 500_000  # instructions; a checkpoint of 6,000 tensors has about 150,000
MOST_COPIED = 32 << 20  # items of lists, texts and dictionaries that it asks to copy
MOST_AXES = 16
PIECE = 1 << 20
MOST_MEMORY = 1 << 30  # bytes that tensors may take beyond the size of their file, since they may share values
ITEM_SIZES = {  # bytes of one value
    "Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2, "Char": 1, "Byte": 1,
    "Bool": 1, "ComplexDouble": 16, "ComplexFloat": 8,
}  # fmt: skip
STORAGES = {f"torch.{kind}Storage": size for kind, size in ITEM_SIZES.items()}
TENSORS = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"}
PARAMETER = "torch._utils._rebuild_parameter"
VALUES = {
    *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in ("set", "complex")),
    *("collections.OrderedDict", "torch.Size", "torch.device", "_codecs.encode"),
}
TYPES = tuple(f"torch.{kind}" for kind in ("float", "bfloat", "int", "uint", "complex", "bool"))  # torch.float32, …
NOT_READ = {  # harmless, but of no use as weights, or without bounds
    "torch._utils._rebuild_qtensor": "quantised tensors",
    "torch._utils._rebuild_sparse_tensor": "sparse tensors",
    "torch._utils._rebuild_meta_tensor_no_storage": "tensors without values (of the device 'meta')",
    "torch._utils._rebuild_nested_tensor": "nested tensors",
    "torch._utils._rebuild_tensor_v3": "tensors of a rare type, such as 8-bit floats",
    "builtins.bytearray": "a bytearray",
    "__builtin__.bytearray": "a bytearray",
}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING"}
SAVE_AGAIN = "Where you trust it, save its tensors alone: torch.save(network.state_dict(), FILE)."
OTHER, TENSOR, MARK = object(), object(), object()  # a value of no interest, a tensor, the start of a group


class DamagedError(ValueError):
    """The pickle is not one that `torch.save` writes."""


@dataclass(frozen=True)
class Global:
    """Something that is named: a type or a function."""

    name: str


@dataclass(frozen=True)
class Storage:
    """Memory of one or more tensors: its key, and its size in values and in bytes each."""

    key: str
    values: int
    item_size: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.values * self.item_size


@dataclass
class Dictionary:
    """A dictionary, of which only the size counts."""

    length: int = 0


@dataclass
class Outline:
    """What a pickle would build."""

    result: object = OTHER  # a list where it is one, for the keys of an old file
    storages: dict[str, Storage] = field(default_factory=dict)
    size: int = 0  # bytes of all tensors, had each its own memory


def outline(file: BufferedIOBase, where: str, inert: Collection[str] = ()) -> Outline:
    """Read one pickle of tensors from a file, up to its end, without building anything.

    `inert` are the full names of classes and functions that may be named as well, since nothing of them will be built.
    Raises InputError where it names what is not read here, and DamagedError where it is none.
    """
    return Reading(where, inert).read(file)


class InPieces:
    """A file as pickletools reads it: a text that is said to be longer than the file takes no memory."""

    def __init__(self, file: BufferedIOBase) -> None:
        self.file = file
        self.readline, self.tell = file.readline, file.tell

    def read(self, count: int) -> bytes:
        """So many bytes, fewer at the end of the file."""
        pieces: list[bytes] = []
        while count > 0 and (piece := self.file.read(min(count, PIECE))):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


class Reading:
    """A pickle that is followed step by step: its stack, its memo, and what it would build."""

    remedy = SAVE_AGAIN

    def __init__(self, where: str, inert: Collection[str] = ()) -> None:
        self.where = where
        self.inert = {*inert, *(name.replace("builtins.", "__builtin__.", 1) for name in inert)}  # of Python 2
        self.outline = Outline()
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0
        self.steps: dict[str, Callable[[Any], None]] = {
            "PROTO": self._protocol, "GLOBAL": self._global, "BINPERSID": self._storage, "REDUCE": self._call,
            "NEWOBJ": self._call, "BUILD": self._build, "TUPLE": lambda _: self._push(tuple(self._group())),
            "TUPLE1": lambda _: self._tuple(1), "TUPLE2": lambda _: self._tuple(2), "TUPLE3": lambda _: self._tuple(3),
            "EMPTY_LIST": lambda _: self._push([]), "EMPTY_DICT": lambda _: self._push(Dictionary()),
            "EMPTY_SET": lambda _: self._push(OTHER), "MARK": lambda _: self._push(MARK),
            "APPEND": lambda _: self._append([self.stack.pop()]), "APPENDS": lambda _: self._append(self._group()),
            "SETITEM": lambda _: self._set([self.stack.pop(), self.stack.pop()]),
            "SETITEMS": lambda _: self._set(self._group()),
            "BINPUT": self._remember, "LONG_BINPUT": self._remember, "BINGET": self._recall,
            "LONG_BINGET": self._recall, "STOP": self._stop,
        }  # fmt: skip

    def read(self, file: BufferedIOBase) -> Outline:
        """Follow one pickle to its end. Raises InputError and DamagedError as `outline` does."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of pickletools, for texts with odd escapes
                for step, (opcode, argument, _) in enumerate(pickletools.genops(cast("IO[bytes]", InPieces(file)))):
                    if step > MOST_STEPS:
                        raise InputError(
                            f"{self.where}: its pickle has more than {MOST_STEPS} instructions. {self.remedy}"
                        )
                    self.follow(opcode.name, argument)
        except InputError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
            raise DamagedError(str(error)[:200] or type(error).__name__) from error
        return self.outline

    def follow(self, name: str, argument: Any) -> None:
        """One instruction."""
        if name in LITERALS:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in self.steps:
            self.steps[name](argument)
        elif name == "STACK_GLOBAL" or name == "FRAME":
            raise self._refused("a pickle of a protocol other than 2")
        else:
            raise DamagedError(f"instruction {name}")

    def _refused(self, what: str) -> InputError:
        return InputError(f"{self.where}: holds {what}, which is not read here. {self.remedy}")

    def _push(self, value: object) -> None:
        self.stack.append(value)

    def _group(self) -> list[Any]:
        """What was pushed since the last mark."""
        group = []
        while (value := self.stack.pop()) is not MARK:
            group.append(value)
        return group[::-1]

    def _tuple(self, count: int) -> None:
        values = tuple(self.stack[-count:])
        self._drop(count)
        self._push(values)

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self.stack.pop()

    def _append(self, values: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)

    def _set(self, keys_and_values: list[Any]) -> None:
        self.stack[-1].length += len(keys_and_values) // 2

    def _copy(self, value: object) -> None:
        """Count what a call copies: a small file can ask for the same copy a million times."""
        if isinstance(value, Dictionary):
            self.copied += value.length
        elif isinstance(value, list | tuple | str | bytes):
            self.copied += len(value)
        if self.copied > MOST_COPIED:
            raise self._refused("too many copies of one object")

    def _remember(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def _recall(self, place: int) -> None:
        self._push(self.memo[place])

    def _stop(self, _: object) -> None:
        self.outline.result = self.stack.pop()

    def _protocol(self, number: int) -> None:
        if number != 2:
            raise self._refused(f"a pickle of protocol {number}")

    def _global(self, argument: str) -> None:
        name = argument.replace(" ", ".", 1)
        if name in NOT_READ:
            raise self._refused(NOT_READ[name])
        if name in {*STORAGES, *TENSORS, PARAMETER, *VALUES, *self.inert} or name.startswith(TYPES):
            self._push(Global(name))
        else:
            self._other_global(name)

    def _other_global(self, name: str) -> None:
        raise InputError(
            f"{self.where}: refused: it holds more than tensors ({name[:80]}), and opening it would run code. "
            f"{self.remedy}"
        )

    def _storage(self, _: object) -> None:
        kind, of, key, _location, values, *views = self.stack.pop()
        if kind != "storage" or not isinstance(key, str) or type(values) is not int or values < 0 or any(views):
            raise DamagedError("a storage is not described as it should be")
        storage = Storage(key, values, STORAGES[of.name])
        if self.outline.storages.setdefault(key, storage) != storage:
            raise DamagedError(f"storage {key} has two sizes")
        self._push(storage)

    def _call(self, _: object) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        for value in arguments:
            self._copy(value)
        self._push(self._made_by(function.name, arguments))

    def _made_by(self, function: str, arguments: tuple[Any, ...]) -> object:
        """What a call returns."""
        if function in TENSORS:
            self.outline.size += _size(*arguments[:4])
            return TENSOR
        if function in self.inert:
            return Dictionary()
        if function == PARAMETER and arguments[0] is TENSOR:
            return TENSOR
        if function == "torch.Size":
            return tuple(*arguments)
        if function in VALUES:
            return Dictionary() if function == "collections.OrderedDict" else OTHER
        raise DamagedError(f"{function} is called")

    def _build(self, _: object) -> None:
        self._copy(self.stack.pop())
        if not isinstance(self.stack[-1], Dictionary):
            raise DamagedError("a tensor is changed")


def _size(storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """The bytes of a tensor with memory of its own; it must lie within its storage."""
    numbers = (offset, *shape, *strides)
    if (
        len(shape) != len(strides)
        or len(shape) > MOST_AXES
        or not all(type(number) is int and number >= 0 for number in numbers)
    ):
        raise DamagedError("a tensor has a shape that is none")
    count = math.prod(shape)
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if count and last >= storage.values:
        raise DamagedError("a tensor is larger than its values")
    return count * storage.item_size
