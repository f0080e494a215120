"""What the pickle of a model file of ultralytics may hold, read without building anything.

Such a file holds a network with its layers, not its tensors alone. `torch.save` writes a layer as an empty object whose
attributes are then set from a dictionary; its constructor is not called. So a class of layers may be named only to make
an empty object of it, and the only functions that may be called make tensors, containers, numbers and paths: it is
constructors that fetch files, read paths and allocate memory without bounds.
"""

import re
from io import BufferedIOBase
from typing import Any

from inpaint_bench.errors import InputError
from inpaint_bench.weights.pickles import OTHER, Dictionary, Global, Outline, Reading

CLASSES = re.compile(
    r"(torch\.nn\.modules(\.\w+)?|ultralytics\.(nn\.modules(\.\w+)?|nn\.tasks|nn\.distill_model|utils\.loss|utils\.tal))"
    r"\.[A-Za-z]\w*"
)
NAMESPACES = {"ultralytics.utils.IterableSimpleNamespace", "ultralytics.yolo.utils.IterableSimpleNamespace"}
PATHS = {f"{module}.{kind}" for module in ("pathlib", "pathlib._local") for kind in ("PosixPath", "WindowsPath")}
SCALARS = {"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"}
GETATTR = {"builtins.getattr", "__builtin__.getattr"}
BOUND = ("forward", "forward_fuse")  # the methods that ultralytics stores as attributes
NUMBER = re.compile("[fiub][1248]")  # a type of numpy
ITS_STATE = ((3, "<", None, None, None, -1, -1, 0), (3, "|", None, None, None, -1, -1, 0))
OBJECT, TYPE = object(), object()  # an object of a class that may be named, a type of numpy
AFTER_A_CLASS = {"BINPUT", "LONG_BINPUT", "EMPTY_TUPLE"}  # instructions
AFTER_NO_ARGUMENTS = {"BINPUT", "LONG_BINPUT", "NEWOBJ", "REDUCE"}


class Class(Global):
    """A class that may be named to make an empty object of it; it is not stored."""


def outline_network(file: BufferedIOBase, where: str) -> Outline:
    """Read one pickle of a model file of ultralytics, up to its end.

    Raises InputError where it names what no detector holds, and DamagedError where it is none.
    """
    return _NetworkReading(where).read(file)


class _NetworkReading(Reading):
    remedy = "Give a detector that ultralytics saved."

    def follow(self, name: str, argument: Any) -> None:
        """One instruction. A class is followed by no arguments, and these by the instruction that makes the object."""
        for place, allowed in ((-1, AFTER_A_CLASS), (-2, AFTER_NO_ARGUMENTS)):
            if len(self.stack) >= -place and isinstance(self.stack[place], Class) and name not in allowed:
                raise self._not_a_detectors(self.stack[place].name)
        if name == "REDUCE" and isinstance(self.stack[-2], Class) and self.stack[-2].name not in NAMESPACES:
            raise self._not_a_detectors(self.stack[-2].name)
        if name == "NEWOBJ" and isinstance(self.stack[-2], Class):
            self.stack[-2:] = [OBJECT]
        else:
            super().follow(name, argument)

    def _other_global(self, name: str) -> None:
        if CLASSES.fullmatch(name) or name in NAMESPACES:
            self._push(Class(name))
        elif name in {*PATHS, *SCALARS, *GETATTR, "numpy.dtype"}:
            self._push(Global(name))
        else:
            raise self._not_a_detectors(name)

    def _not_a_detectors(self, name: str) -> InputError:
        return InputError(
            f"{self.where}: refused: it uses {name[:80]} as no detector does, and opening it may run code. "
            f"{self.remedy}"
        )

    def _made_by(self, function: str, arguments: tuple[Any, ...]) -> object:
        if function in NAMESPACES:
            return OBJECT
        if function == "numpy.dtype" and NUMBER.fullmatch(arguments[0]):
            return TYPE
        known = (
            function in PATHS
            or (function in SCALARS and arguments[0] is TYPE)
            or (function in GETATTR and arguments[0] is OBJECT and arguments[1] in BOUND)
        )
        return OTHER if known else super()._made_by(function, arguments)

    def _build(self, _: object) -> None:
        state, built = self.stack[-1], self.stack[-2]
        if (built is OBJECT and isinstance(state, Dictionary)) or (built is TYPE and state in ITS_STATE):
            self._copy(self.stack.pop())
        else:
            super()._build(_)
