"""An ONNX file made to take pictures of any size, by taking the sizes out of the description of its inputs.

An ONNX file is a protocol buffer: a message is a row of fields, each a number, a kind and a value, and a value may
be a message itself. Only the path to the sizes is taken apart and written again; every other byte stays.
"""

from collections.abc import Callable, Iterator

from inpaint_bench.errors import InputError

VARINT, EIGHT_BYTES, MESSAGE, FOUR_BYTES = 0, 1, 2, 5
GRAPH, INPUT, OUTPUT, BETWEEN, TYPE, TENSOR, SHAPE = 7, 11, 12, 13, 2, 1, 2  # numbers of fields, as onnx.proto has them
DIMENSION = 1

Change = Callable[[bytes], bytes]


def any_size(model: bytes) -> bytes:
    """The model with no sizes in its inputs and outputs, and no result of sizes between. Raises InputError."""

    def sizeless(value: bytes) -> bytes:
        return changed(value, {TYPE: within(TENSOR, within(SHAPE, within(DIMENSION, lambda _: b"")))})

    def graph(value: bytes) -> bytes:
        return changed(value, {INPUT: sizeless, OUTPUT: sizeless, BETWEEN: sizeless})

    return changed(model, {GRAPH: graph})


def within(number: int, change: Change) -> Change:
    """The change of a message's field of that number, as a change of the message."""
    return lambda message: changed(message, {number: change})


def changed(message: bytes, changes: dict[int, Change]) -> bytes:
    """A message with some of its fields, by their number, changed and the others as they are."""
    parts = []
    for number, kind, whole, value in fields(message):
        if number in changes and kind == MESSAGE:
            new = changes[number](value)
            parts.append(varint(number << 3 | MESSAGE) + varint(len(new)) + new)
        else:
            parts.append(whole)
    return b"".join(parts)


def fields(message: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Each field's number, its kind, all its bytes, and, of a message or a text, its value."""
    at = 0
    while at < len(message):
        start = at
        key, at = read_varint(message, at)
        kind, value = key & 7, b""
        if kind == VARINT:
            _, at = read_varint(message, at)
        elif kind == MESSAGE:
            length, at = read_varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            at += 8 if kind == EIGHT_BYTES else 4
        else:
            raise _broken()
        if at > len(message):
            raise _broken()
        yield key >> 3, kind, message[start:at], value


def read_varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte and the lowest first, and where it ends."""
    number = shift = 0
    while at < len(message):
        number |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if message[at - 1] < 0x80:
            return number, at
    raise _broken()


def varint(number: int) -> bytes:
    """A number as `read_varint` reads it."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _broken() -> InputError:
    return InputError("the model is no whole ONNX file. Install the package that it comes from again.")
