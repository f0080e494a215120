"""A pair of an image and a mask, and many of them in little memory."""

import dataclasses
import functools
import itertools
import operator
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import SupportsIndex, overload

import msgspec


@dataclass(frozen=True, slots=True)
class Pair:
    """One image with one mask. The fields from `image_sha256` on are set once the pixels have been read.

    Those of a drawn mask may be known before: its list ships with them.
    """

    pair: str  # five digits
    image: str
    mask: str
    image_sha256: str = ""  # of the prepared RGB pixels
    mask_sha256: str = ""  # of the prepared mask, 255 in the hole
    hole_pixels: int = 0
    ratio: str = ""  # for readers; buckets are computed from hole_pixels
    bucket: str = ""
    prompt: str = ""  # what the hole should show, for methods that take a text; '' where the list gives none

    @property
    def seen(self) -> bool:
        """Whether the pixels have been read."""
        return bool(self.image_sha256)


FIELDS = [field.name for field in dataclasses.fields(Pair)]
VALUES = attrgetter(*FIELDS)
_HASH, _HASHES = re.compile("[0-9a-f]{64}"), slice(3, 5)


class Pairs(Sequence[Pair]):
    """Pairs held as bytes, some 130 each where objects take 700; a Pair is made of them when it is read."""

    __slots__ = ("_ends", "_held", "_numbers")

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._held, self._ends = bytearray(), array("Q")
        for pair in pairs:
            self._held += _row(pair)
            self._ends.append(len(self._held))
        self._numbers: Sequence[int] = range(len(self._ends))  # of the pairs that are held, which are in the list

    def __len__(self) -> int:
        return len(self._numbers)

    def _rows(self) -> Iterator[memoryview]:
        """The bytes of each pair."""
        held = memoryview(self._held)
        return (held[self._start(number) : self._ends[number]] for number in self._numbers)

    def _start(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def __iter__(self) -> Iterator[Pair]:
        return map(_pair, self._rows())

    @property
    def names(self) -> list[str]:
        """The name of every pair, in order."""
        return list(self.each_name())

    def each_name(self) -> Iterator[str]:
        """The name of every pair, one after the other."""
        return (msgspec.msgpack.decode(row)[0] for row in self._rows())

    def only(self, numbers: Iterable[int]) -> "Pairs":
        """The pairs of these numbers, which are held once."""
        found = Pairs()
        found._held, found._ends = self._held, self._ends
        found._numbers = array("Q", (self._numbers[number] for number in numbers))
        return found

    @overload
    def __getitem__(self, index: SupportsIndex) -> Pair: ...

    @overload
    def __getitem__(self, index: slice) -> "Pairs": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Pair | Pairs":
        if isinstance(index, slice):
            return Pairs(self[number] for number in range(*index.indices(len(self))))
        number = self._numbers[operator.index(index)]
        return _pair(memoryview(self._held)[self._start(number) : self._ends[number]])

    def by_name(self) -> Iterator[Pair]:
        """Every pair, in the order of their names."""
        if self.ascending():
            return iter(self)
        names = self.names
        return (self[number] for number in sorted(range(len(self)), key=names.__getitem__))

    def ascending(self) -> bool:
        """Whether every name is greater than the one before it."""
        return all(itertools.starmap(operator.lt, itertools.pairwise(self.each_name())))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pairs):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self._rows(), other._rows()))

    def __hash__(self) -> int:
        return functools.reduce(lambda known, row: zlib.crc32(row, known), self._rows(), len(self))

    def __repr__(self) -> str:
        return f"<{len(self)} pairs>"


def _row(pair: Pair) -> bytes:
    """The bytes of a pair; a hash takes half of its digits."""
    values = [*VALUES(pair)]
    values[_HASHES] = [bytes.fromhex(one) if _HASH.fullmatch(one) else one for one in values[_HASHES]]
    return msgspec.msgpack.encode(values)


def _pair(row: memoryview) -> Pair:
    """The pair of its bytes."""
    values = msgspec.msgpack.decode(row)
    values[_HASHES] = [one.hex() if isinstance(one, bytes) else one for one in values[_HASHES]]
    return Pair(*values)
