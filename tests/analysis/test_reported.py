"""Reported numbers: read to the digit, and refused where a column does not say what it should."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from inpaint_bench import files
from inpaint_bench.analysis.reported import (
    COLUMNS,
    MOST_CELLS,
    SCHEMA,
    Reported,
    read_all,
    read_reported,
    reported_files,
)
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.registry import CHOOSABLE

SHIPPED = read_all()
LINE = {
    "paper": "Mine 2024",
    "table": "1",
    "dataset": "tiny",
    "row": "telea",
    "method": "telea",
    "bucket": "all",
    "metric": "mae",
    "value": "0.880",
    "unit": "10^-1",
    "over": "pairs",
    "better": "lower",
    "ours": "mae_spn",
    "eight_bit": "truncate",
    "samples": "",
    "n": "4",
    "note": "",
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of one line, with some columns changed."""

    def write(first: str = SCHEMA, **changes: str) -> Path:
        path = tmp_path / "mine.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(first + "\n")
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerow(LINE | changes)
        return path

    return write


def cell(table: str, row: str, dataset: str, bucket: str, metric: str) -> Reported:
    """One printed cell of the shipped paper."""
    key = (table, row, dataset, bucket, metric)
    (found,) = [one for one in SHIPPED if (one.table, one.row, one.dataset, one.bucket, one.metric) == key]
    return found


def test_digits_are_as_printed() -> None:
    ec = cell("1", "ec", "paris", "0.2-0.4", "ssim")
    assert (str(ec.value), ec.low, ec.high) == ("0.880", Decimal("0.8795"), Decimal("0.8805"))
    assert cell("6", "dsi", "", "", "seconds").half == Decimal("0.5")


def test_the_paper_has_all_its_numbers() -> None:
    counts = {table: sum(one.table == table for one in SHIPPED) for table in "123456"}
    assert counts == {"1": 276, "2": 80, "3": 12, "4": 15, "5": 8, "6": 22}
    assert {one.paper for one in SHIPPED} == {"SPN 2023"}


def test_each_column_of_the_paper_names_the_metric_of_ours_that_it_means() -> None:
    assert {(one.metric, one.ours) for one in SHIPPED} == {
        ("ssim", "ssim"),
        ("psnr", "psnr"),
        ("mae", "mae_spn"),
        ("fid", ""),
        ("params_m", ""),
        ("seconds", ""),
    }
    assert all(one.note for one in SHIPPED if one.metric == "fid")
    assert all(CHOOSABLE[one.ours].better == one.better for one in SHIPPED if one.ours)
    assert {one.unit_size for one in SHIPPED if one.metric == "mae"} == {Decimal("0.1")}


def test_a_signature_is_that_of_a_result_of_ours() -> None:
    assert cell("1", "spn", "paris", "all", "psnr").signature == "psnr:rgb:u8t:comp:v1"
    assert cell("2", "pic", "paris", "all", "psnr").signature == "psnr:rgb:u8t:comp:v1:best-psnr-of-5"
    assert cell("1", "spn", "paris", "all", "fid").signature == ""
    assert cell("2", "pic", "paris", "all", "psnr").source == "SPN 2023, Table 2"


@pytest.mark.parametrize(
    ("changes", "value", "heading"),
    [
        ({}, "0.0880", "mae (10^-1) ↓"),  # 0.880 in 10^-1 of mae_spn
        ({"metric": "ssim", "ours": "ssim", "better": "higher", "unit": "percent", "value": "88.0"}, "0.880", None),
        ({"metric": "quality", "ours": "", "eight_bit": "", "unit": ""}, "0.880", "quality ↓"),
        ({"metric": "params_m", "ours": "", "eight_bit": "", "unit": "million", "value": "50"}, "50", None),
        ({"metric": "seconds", "ours": "", "eight_bit": "", "unit": "ms", "value": "50"}, "0.050", "seconds (ms) ↓"),
    ],
)
def test_a_value_in_our_unit_has_the_printed_digits(
    write: Write, changes: dict[str, str], value: str, heading: str | None
) -> None:
    (one,) = read_reported(write(**changes))
    assert f"{one.our_value:f}" == value
    assert heading is None or one.heading == heading
    assert one.cost == {"params_m": "parameters", "seconds": "time"}.get(one.metric, "")


def test_what_ships_lies_with_the_results() -> None:
    assert reported_files() == [files.shipped("results") / "reported" / "spn_paper.csv"]


def test_a_file_of_ones_own_is_read_in_place_of_what_ships(write: Write) -> None:
    (one,) = read_all([write()])
    assert (one.paper, str(one.value), one.n, one.where.rpartition(":")[2]) == ("Mine 2024", "0.880", 4, "3")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": ".88"}, "value is '.88'. Give the digits as printed, as in 0.880."),
        ({"value": "nan"}, "value is 'nan'"),
        ({"value": "8.8e-1"}, "value is '8.8e-1'"),
        ({"bucket": "20-40%"}, "bucket is '20-40%'. Give all, an interval"),
        ({"n": "0"}, "n is '0'. Give a number of pairs, or nothing."),
        ({"samples": "best"}, "samples is 'best'. Give which sample"),
        ({"over": "images"}, "over is 'images'. Allowed: pairs or set or method."),
        ({"better": ""}, "better is ''. Allowed: higher or lower."),
        ({"eight_bit": "floor"}, "eight_bit is 'floor'. Allowed: round or truncate or nothing."),
        ({"paper": ""}, "paper is ''. It may not be empty."),
        ({"bucket": "0.4-0.2"}, "bucket is '0.4-0.2'. Mask ratios rise, up to 1.0, as in 0.2-0.4."),
        ({"bucket": "0.6-1.2"}, "bucket is '0.6-1.2'. Mask ratios rise, up to 1.0"),
        ({"bucket": "0.20-0.40"}, "bucket is '0.20-0.40'. Give all, an interval of mask ratios as in 0.2-0.4"),
        ({"samples": "best-psnr-of-0"}, "samples is 'best-psnr-of-0'. Give which sample"),
        ({"unit": "db"}, "unit is 'db'. Allowed: dB, s, ms"),
        ({"unit": "dB"}, "unit is 'dB'. Allowed of mae_spn: percent, 10^-1, 10^-2, 10^-3, or nothing."),
        ({"unit": "ms", "ours": "psnr"}, "unit is 'ms'. Allowed of psnr: dB, or nothing."),
        ({"ours": "mae_spm"}, "no metric is called 'mae_spm'. Did you mean 'mae_spn'?"),
        ({"over": "set"}, "mae_spn is not over 'set'."),
        ({"better": "higher"}, "better is 'higher', but of mae_spn lower is."),
        ({"eight_bit": ""}, "eight_bit is given where ours is, and only there"),
        ({"dataset": ""}, "a number over pairs or a set needs a dataset and a bucket."),
    ],
)
def test_a_wrong_column_is_refused_by_line_and_name(write: Write, changes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_reported(write(**changes))
    assert str(refused.value).startswith(f"{Path('mine.csv').resolve()}:3: ")
    assert message in str(refused.value)


def test_another_file_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match="begins with the line '# inpaint-bench reported 1'; this begins 'a,b'"):
        read_reported(write(first="a,b"))
    with pytest.raises(InputError, match="no reported numbers can be read here"):
        read_reported(Path("none.csv"))


def test_a_first_line_without_an_end_is_shown_in_part(write: Write) -> None:
    with pytest.raises(InputError, match=r"this begins 'a{60}'"):
        read_reported(write(first="a" * 100_000))


def test_more_lines_than_any_paper_has_are_refused(write: Write) -> None:
    path = write()
    with open(path, "a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, COLUMNS).writerows([LINE] * MOST_CELLS)
    with pytest.raises(InputError, match=r"mine\.csv: more than 10,000 numbers"):
        read_reported(path)


def test_a_file_of_other_columns_or_of_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"{SCHEMA}\npaper,tabel\n")
    with pytest.raises(InputError, match=r"Missing or unknown: .*tabel"):
        read_reported(path)
    path.write_text(f"{SCHEMA}\n{','.join(COLUMNS)}\n")
    with pytest.raises(InputError, match="there is no number in it"):
        read_reported(path)
    path.write_text(f"{SCHEMA}\n{','.join(COLUMNS)}\n{','.join(LINE.values())},more\n")
    with pytest.raises(InputError, match=r"mine\.csv:3: a line has 16 cells"):
        read_reported(path)
    path.write_text(f'{SCHEMA}\n{",".join(COLUMNS)}\n{",".join(LINE.values())}\n"open')
    with pytest.raises(InputError, match=r"mine\.csv:4: not a line of CSV"):
        read_reported(path)


def test_a_cell_that_stands_twice_is_refused(write: Write) -> None:
    path = write()
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")
    with pytest.raises(InputError, match=r"mine\.csv:4: the cell .*0\.880 is in .*mine\.csv:3 already"):
        read_reported(path)
    read_all([write(), write()])  # the same file twice is one file
