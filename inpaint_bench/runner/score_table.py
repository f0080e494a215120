"""The scores in a file as arrays of numbers: some 30 bytes each, whatever their texts are."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from jaxtyping import Bool, Float64, Integer, Shaped

from inpaint_bench.data.pairs import Pairs
from inpaint_bench.errors import InputError, some
from inpaint_bench.metrics.registry import ORDER
from inpaint_bench.runner.scores import COLUMNS, HEAD, MOST_COMPOSITE, NO_SAMPLE, cells, number_of, scores_in, value_of

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 1 << 19  # bytes that are read at once
ROWS = 5_000  # that are, where they are read one by one
NO_ENDS = bytes(byte for byte in range(256) if byte not in b",\n")  # all that ends neither a cell nor a line

Numbers = Integer[np.ndarray, "scores"]
Values = Float64[np.ndarray, "scores"]
Where = Bool[np.ndarray, "scores"]
Of = Integer[np.ndarray, "texts"]  # a number of each of some texts
Encoded = Shaped[np.ndarray, "texts"]  # the UTF-8 of each


@dataclass(frozen=True, eq=False)
class Texts:
    """A text of each score: the number of it in a list of texts."""

    number: Numbers
    texts: Sequence[str] | Encoded  # str, or their UTF-8; composites may be there twice

    def of(self, where: Where) -> "Texts":
        """The texts of some scores."""
        return Texts(self.number[where], self.texts)

    def tolist(self) -> list[str]:
        """The text of each."""
        texts = self.texts
        if isinstance(texts, np.ndarray):
            texts = [text.decode() for text in texts.tolist()]
        return [texts[number] for number in self.number.tolist()]


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores by column, in the order of the file."""

    pairs: Pairs  # of the run
    pair: Numbers  # in that list, from 0
    sample: Numbers  # NO_SAMPLE for a method with one output a pair
    metric: Texts
    signature: Texts
    composite: Texts  # the first 16 digits of the SHA-256 of the file that was scored
    value: Values  # NaN where the metric is not defined for the pair

    def __len__(self) -> int:
        return len(self.value)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it has scores in, in the order in which they appear."""
        numbers, first = np.unique(self.metric.number, return_index=True)
        return tuple(str(self.metric.texts[number]) for number in numbers[np.argsort(first)])

    def of(self, metric: str) -> "ScoreTable | None":
        """The scores in a metric; None where there are none."""
        if metric not in self.metric.texts:
            return None
        found = self.where(self.metric.number == list(self.metric.texts).index(metric))
        return found if len(found) else None

    def where(self, where: Where) -> "ScoreTable":
        """Some of the scores."""
        return ScoreTable(
            self.pairs,
            self.pair[where],
            self.sample[where],
            self.metric.of(where),
            self.signature.of(where),
            self.composite.of(where),
            self.value[where],
        )

    def frame(self) -> "pd.DataFrame":
        """The scores as a DataFrame, without their composites; columns of text are categories."""
        import pandas as pd

        texts = {"pair": Texts(self.pair, self.pairs.names), "metric": self.metric, "signature": self.signature}
        categories: Any = {name: pd.Index(list(one.texts)) for name, one in texts.items()}
        columns: dict[str, Any] = {
            name: pd.Categorical.from_codes(one.number, categories[name]) for name, one in texts.items()
        }
        columns |= {"sample": self.sample.astype(np.int64), "value": self.value}
        return pd.DataFrame({name: columns[name] for name in COLUMNS if name in columns})


def read_table(file: BinaryIO, path: Path, pairs: Pairs) -> ScoreTable:
    """The scores in a file, which are of those pairs; it is not held. `path` names it in errors.

    Raises InputError for another schema, a file that was cut, a line that is no score, and scores of other pairs.
    """
    try:
        columns = _Columns(pairs)
        for block in _blocks(file):
            columns.add(_parsed(block))
    except (ValueError, KeyError):  # not as this program writes it: read row by row, which names the line in error
        file.seek(0)
        columns = _read_by_rows(file, path, pairs)
    if columns.others:
        others = some(sorted(columns.others))
        raise InputError(f"{path}: scores of pairs that the run does not have: {others}. Delete it.")
    return columns.table()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that is as `write_sorted` writes it, some at a time. Raises ValueError for another."""
    if file.read(len(HEAD)) != HEAD:
        raise ValueError("another schema")
    rest = b""
    while read := file.read(BLOCK):
        *lines, rest = (rest + read).rpartition(b"\n")
        if block := b"".join(lines):
            yield block
        if len(rest) > BLOCK:
            raise ValueError("a line is too long")
    if rest:
        raise ValueError("its last line does not end")


def _parsed(block: bytes) -> "pd.DataFrame":
    """Lines by column, each a text. Raises ValueError for what may not be as `write_sorted` writes it."""
    import pandas as pd

    if any(letter in block for letter in (b'"', b"\r", b"\0")):
        raise ValueError("quoted texts")
    if block.translate(None, NO_ENDS) != block.count(b"\n") * (b"," * (len(COLUMNS) - 1) + b"\n"):
        raise ValueError("a line has more or fewer columns")
    options: Any = {"na_filter": False, "quoting": csv.QUOTE_NONE, "skip_blank_lines": False, "engine": "c"}
    options |= {"header": None, "names": COLUMNS, "dtype": dict.fromkeys(COLUMNS[:-1], str)}
    options |= {"converters": {"value": value_of}}  # its own parsers of floats round otherwise, or take 'True' for 1
    parsed: pd.DataFrame = pd.read_csv(io.BytesIO(block), **options)
    return parsed


def _read_by_rows(file: BinaryIO, path: Path, pairs: Pairs) -> "_Columns":
    """The scores in any file that `each_score` can read."""
    import pandas as pd

    columns, scores = _Columns(pairs), scores_in(file, path)
    while rows := [cells(one) for one in islice(scores, ROWS)]:
        block = pd.DataFrame(rows, columns=COLUMNS).astype({"sample": str})
        columns.add(block.assign(value=[value_of(text) for text in block["value"]]))
    return columns


class _Columns:
    """The columns of a table, to which blocks of rows are added."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs, self.numbers = pairs, _PairNumbers(pairs)
        self.others = set[str]()  # the names of pairs that the run does not have
        self.texts: dict[str, dict[str, int]] = {"metric": {}, "signature": {}}
        self.composites, self.count = [np.empty(0, "S16")], 0
        self.blocks: dict[str, list[np.ndarray]] = {name: [np.empty(0, np.uint8)] for name in COLUMNS[:-1]}
        self.values = [np.empty(0, np.float64)]

    def add(self, block: "pd.DataFrame") -> None:
        """Add rows. Raises KeyError for an unknown metric and ValueError for what is no number of a sample."""
        import pandas as pd

        for name, added in self.blocks.items():
            codes, texts = pd.factorize(block[name])
            added.append(_small(self._numbers(name, texts.tolist())[codes]))
        self.values.append(block["value"].to_numpy(np.float64))

    def _numbers(self, column: str, texts: list[str]) -> Of:
        """The number of each text of a column; -1 for the name of a pair that the run does not have."""
        if column == "sample":
            samples = [number_of(text) for text in texts]
            return np.array([NO_SAMPLE if sample is None else sample for sample in samples], np.int64)
        if column == "pair":
            numbers = self.numbers.of(texts)
            self.others.update(texts[row] for row in np.flatnonzero(numbers < 0).tolist())
            return numbers
        if column == "composite":
            if any(len(text) > MOST_COMPOSITE for text in texts):
                raise ValueError("this is no composite")
            self.composites.append(np.array([text.encode() for text in texts], np.bytes_))
            self.count += len(texts)
            return np.arange(self.count - len(texts), self.count)
        if column == "metric":
            for text in texts:
                ORDER[text]
        known = self.texts[column]
        return np.array([known.setdefault(text, len(known)) for text in texts], np.int64)

    def table(self) -> ScoreTable:
        """All that was added."""
        numbers = {name: np.concatenate(self.blocks.pop(name)) for name in [*self.blocks]}
        return ScoreTable(
            self.pairs,
            numbers["pair"],
            numbers["sample"],
            Texts(numbers["metric"], tuple(self.texts["metric"])),
            Texts(numbers["signature"], tuple(self.texts["signature"])),
            Texts(numbers["composite"], np.concatenate(self.composites)),
            np.concatenate(self.values),
        )


class _PairNumbers:
    """The number of each pair of a list by its name, in the bytes of the name and 8 more."""

    def __init__(self, pairs: Pairs) -> None:
        self.longest = max((len(name.encode()) for name in pairs.each_name()), default=0)
        self.names = self._array(pairs.each_name())
        self.order = None if pairs.ascending() else np.argsort(self.names, kind="stable")
        if self.order is not None:
            self.names = self.names[self.order]

    def of(self, names: Iterable[str]) -> Of:
        """The number of each name, from 0; -1 for one that is not there."""
        wanted = self._array(names)
        if not len(self.names):
            return np.full(len(wanted), -1)
        near = np.minimum(np.searchsorted(self.names, wanted), len(self.names) - 1)
        number = near if self.order is None else self.order[near]
        return np.where(self.names[near] == wanted, number, -1)

    def _array(self, names: Iterable[str]) -> Encoded:
        """Names as their UTF-8, of which the first byte more than the longest name tells any longer one from it."""
        return np.fromiter((name.encode()[: self.longest + 1] for name in names), f"S{self.longest + 1}")


def _small(numbers: Numbers) -> Numbers:
    """The same numbers in as few bytes as they need."""
    if not len(numbers):
        return numbers.astype(np.uint8)
    return numbers.astype(np.result_type(*map(np.min_scalar_type, (numbers.min(), numbers.max()))))
