"""Scores read all at once: what a reader of rows gives to the bit, and the same refusals in the same words."""

import csv
import io
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.errors import InputError
from inpaint_bench.runner import score_table
from inpaint_bench.runner.score_table import ScoreTable, read_table
from inpaint_bench.runner.scores import COLUMNS, NO_SAMPLE, SCHEMA, number

PATH = Path("run/method/scores.csv")
PAIRS = Pairs([Pair("00000", "a.png", "b.png")])
METRICS = ["psnr", "ssim", "known_error", "lpips_alex"]
words = st.sampled_from(["", "NA", "nan", "True", "1e3", "007", "#", " a ", "ä", "a\u2028b", "null"]) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=5
)
rows = st.tuples(
    st.sampled_from(["00000", "00001", "00010", "123456"]) | words,
    st.sampled_from(["", "0", "1", "4"]),
    st.sampled_from(METRICS),
    st.sampled_from(["psnr:rgb:u8r:comp:v1", "x:1,2"]) | words,
    st.sampled_from(["0" * 16, "00000000000000e5", "deadbeefdeadbeef"]) | words,
    st.floats().map(number),
)


def written(some_rows: Iterable[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    out.write(SCHEMA + "\n")
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *some_rows])
    return out.getvalue().encode()


def pairs_of(some_rows: Iterable[tuple[str, ...]]) -> Pairs:
    return Pairs(Pair(name, "a.png", "b.png") for name in dict.fromkeys(row[0] for row in some_rows))


def read(data: bytes, pairs: Pairs) -> ScoreTable:
    return read_table(io.BytesIO(data), PATH, pairs)


def read_by_rows(data: bytes, pairs: Pairs) -> ScoreTable:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score_table, "HEAD", b"another schema")
        return read(data, pairs)


def outcome(reader: Callable[[bytes, Pairs], ScoreTable], data: bytes, pairs: Pairs) -> Any:
    """The columns that are read, values as bits; or the sentence with which they are refused."""
    try:
        table = reader(data, pairs)
    except InputError as error:
        return str(error)
    texts = [one.tolist() for one in (table.metric, table.signature, table.composite)]
    values = np.where(np.isnan(table.value), np.nan, table.value)  # one of the many bit patterns of nan
    names = [pairs.names[number] for number in table.pair.tolist()]
    return names, table.sample.tolist(), *texts, values.view(np.int64).tolist()


@given(st.lists(rows, max_size=8))
def test_both_readers_give_the_same_scores_to_the_bit(some_rows: list[tuple[str, ...]]) -> None:
    data, pairs = written(some_rows), pairs_of(some_rows)
    names, samples, *texts, values = outcome(read, data, pairs)
    assert (names, samples, *texts, values) == outcome(read_by_rows, data, pairs)
    assert [names, *texts] == [[row[number] for row in some_rows] for number in (0, 2, 3, 4)]
    assert samples == [int(row[1] or NO_SAMPLE) for row in some_rows]
    assert [number(value) for value in np.array(values, np.int64).view(np.float64).tolist()] == [
        row[5] for row in some_rows
    ]


@given(st.lists(rows, min_size=1, max_size=4), st.data())
def test_both_readers_accept_and_refuse_the_same_broken_files(
    some_rows: list[tuple[str, ...]], draw: st.DataObject
) -> None:
    data, pairs = written(some_rows), pairs_of(some_rows)
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 3)))
    put = draw.draw(
        st.sampled_from([b"", b",", b"\n", b"\r", b'"', b"\0", b"\xff", b"x", b"-", b"_", b"1", b" ", b"\n\n"])
    )
    broken = data[:start] + put + data[end:]
    assert outcome(read, broken, pairs) == outcome(read_by_rows, broken, pairs)


@given(st.lists(st.floats(), min_size=1, max_size=9), st.integers(1, 400), st.booleans())
def test_a_file_as_runs_write_it_is_read_at_once_in_any_number_of_blocks(
    values: list[float], size: int, shuffled: bool
) -> None:
    some = [(f"{n:05d}", "", "psnr", "psnr:rgb", f"{n // 2:016x}", number(one)) for n, one in enumerate(values)]
    data, pairs = written(some), pairs_of(reversed(some) if shuffled else some)
    whole = outcome(read_by_rows, data, pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score_table, "BLOCK", max(size, 1 + max(map(len, data.splitlines()))))
        patch.setattr(score_table, "scores_in", None)  # no row is read by itself
        assert outcome(read, data, pairs) == whole


@given(st.lists(rows, max_size=8))
def test_the_scores_in_a_metric_are_its_rows_in_their_order(some_rows: list[tuple[str, ...]]) -> None:
    pairs = pairs_of(some_rows)
    table = read(written(some_rows), pairs)
    assert table.metrics == tuple(dict.fromkeys(row[2] for row in some_rows))
    for name in METRICS:
        found, expected = table.of(name), [row for row in some_rows if row[2] == name]
        assert (found is None) == (not expected)
        if found is not None:
            names = [pairs.names[number] for number in found.pair.tolist()]
            assert [*zip(names, found.signature.tolist(), found.composite.tolist(), strict=True)] == [
                (row[0], row[3], row[4]) for row in expected
            ]


def test_scores_of_other_pairs_are_refused() -> None:
    data = written([(name, "", "psnr", "psnr:rgb", "0" * 16, "1.5") for name in ("00000", "00007", "000000", "0000")])
    for reader in (read, read_by_rows):
        with pytest.raises(InputError, match=r"that the run does not have: 0000, 000000, 00007\. Delete it\."):
            reader(data, PAIRS)


def test_a_score_in_memory_takes_less_than_40_bytes_and_its_file_is_not_held() -> None:
    count = 20_000
    pairs = Pairs(Pair(f"{n:05d}", f"{n}.png", f"{n}.png") for n in range(count))
    kinds = ("psnr", "known_error")
    data = written(
        [(p.pair, "", kind, f"{kind}:rgb", f"{n:016x}", repr(n / 7)) for n, p in enumerate(pairs) for kind in kinds]
    )
    read(data, pairs)  # what is made only once is not counted
    tracemalloc.start()
    table = read(data, pairs)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 40 * len(table)
    assert most < 40 * len(table) + 16 * score_table.BLOCK


GOOD = "00000,,psnr,psnr:rgb,0123456789abcdef,"


@pytest.mark.parametrize("value", ["True", "1.5.2", "0x10", "1d5", "--1", "1,", "infi", '"1"2"'])
def test_what_is_no_number_is_refused_with_its_line(value: str) -> None:
    data = written([]) + f"{GOOD}1.5\n{GOOD}{value}\n".encode()
    with pytest.raises(InputError, match=r"scores\.csv: line 4 is no score\. Delete the file and score again\."):
        read(data, PAIRS)


@pytest.mark.parametrize("sample", ["-1", "x", "1.0", "1000000", "9" * 30])
def test_a_wrong_number_of_a_sample_is_refused_with_its_line(sample: str) -> None:
    data = written([]) + f"{GOOD}1.5\n".encode() + GOOD.replace(",,", f",{sample},").encode() + b"2\n"
    with pytest.raises(InputError, match=r"scores\.csv: line 4 is no score\. Delete the file and score again\."):
        read(data, PAIRS)


@pytest.mark.parametrize("composite", ["0" * 17, "0123456789abcde\0"])
def test_what_is_no_composite_is_refused_with_its_line(composite: str) -> None:
    data = written([]) + f"{GOOD}1.5\n00000,,psnr,psnr:rgb,{composite},1.5\n".encode()
    with pytest.raises(InputError, match=r"scores\.csv: line 4 is no score\. Delete the file and score again\."):
        read(data, PAIRS)


def test_a_file_without_scores_is_a_table_without_any() -> None:
    table = read(written([]), PAIRS)
    assert (len(table), table.metrics, table.of("psnr")) == (0, (), None)
    assert list(table.frame().columns) == ["pair", "sample", "metric", "signature", "value"]
