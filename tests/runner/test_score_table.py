"""Scores read all at once: what a reader of rows gives to the bit, and the same refusals in the same words."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_bench.errors import InputError
from inpaint_bench.runner import scores
from inpaint_bench.runner.scores import COLUMNS, SCHEMA, number, scores_frame

PATH = Path("run/method/scores.csv")
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


def written(some_rows: list[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    out.write(SCHEMA + "\n")
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *some_rows])
    return out.getvalue().encode()


def outcome(read: Any, data: bytes) -> Any:
    """The columns that are read, values as bits; or the sentence with which they are refused."""
    try:
        frame: pd.DataFrame = read(data, PATH)
    except InputError as error:
        return str(error)
    values = frame["value"].to_numpy(np.float64)
    values = np.where(np.isnan(values), np.nan, values)  # one of the many bit patterns of nan
    kinds = [str(kind) for kind in frame.dtypes]
    return kinds, *(frame[name].tolist() for name in COLUMNS[:-1]), values.view(np.int64).tolist()


@settings(deadline=None)
@given(st.lists(rows, max_size=8))
def test_both_readers_give_the_same_scores_to_the_bit(some_rows: list[tuple[str, ...]]) -> None:
    data = written(some_rows)
    found = outcome(scores_frame, data)
    assert found == outcome(scores._read_by_rows, data)
    assert found[1] == [row[0] for row in some_rows]


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=4), st.data())
def test_both_readers_accept_and_refuse_the_same_broken_files(
    some_rows: list[tuple[str, ...]], draw: st.DataObject
) -> None:
    data = written(some_rows)
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 3)))
    put = draw.draw(
        st.sampled_from([b"", b",", b"\n", b"\r", b'"', b"\0", b"\xff", b"x", b"-", b"_", b"1", b" ", b"\n\n"])
    )
    broken = data[:start] + put + data[end:]
    assert outcome(scores_frame, broken) == outcome(scores._read_by_rows, broken)


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=9))
def test_a_file_as_runs_write_it_is_read_at_once_in_any_number_of_parts(values: list[float]) -> None:
    data = written([(f"{n:05d}", "", "psnr", "psnr:rgb", f"{n:016x}", number(one)) for n, one in enumerate(values)])
    whole = outcome(lambda data, path: scores._read_at_once(data), data)
    assert whole == outcome(scores_frame, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "ROWS", 2)
        assert outcome(scores_frame, data) == whole


GOOD = "00000,,psnr,psnr:rgb,0123456789abcdef,"


@pytest.mark.parametrize("value", ["True", "1.5.2", "0x10", "1d5", "--1", "1,", "infi", '"1"2"'])
def test_what_is_no_number_is_refused_with_its_line(value: str) -> None:
    data = written([]) + f"{GOOD}1.5\n{GOOD}{value}\n".encode()
    with pytest.raises(InputError, match=r"scores\.csv: line 4 is no score\. Delete the file and score again\."):
        scores_frame(data, PATH)


@pytest.mark.parametrize("sample", ["-1", "x", "1.0", "1000000", "9" * 30])
def test_a_wrong_number_of_a_sample_is_refused_with_its_line(sample: str) -> None:
    data = written([]) + f"{GOOD}1.5\n".encode() + GOOD.replace(",,", f",{sample},").encode() + b"2\n"
    with pytest.raises(InputError, match=r"scores\.csv: line 4 is no score\. Delete the file and score again\."):
        scores_frame(data, PATH)


def test_a_file_without_scores_has_the_same_columns() -> None:
    frame = scores_frame(written([]), PATH)
    assert (len(frame), list(frame.columns)) == (0, COLUMNS)
