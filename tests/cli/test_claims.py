"""`claims check`: what it prints, its exit codes, and reported numbers against a run's."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import tiny
from terminal import OUT, Terminal

from inpaint_bench.analysis.reported import COLUMNS, SCHEMA

LINE = {
    "paper": "Mine 2024",
    "table": "1",
    "dataset": "tiny",
    "row": "telea",
    "method": "telea",
    "bucket": "all",
    "metric": "psnr",
    "unit": "dB",
    "over": "pairs",
    "better": "higher",
    "ours": "psnr",
    "eight_bit": "round",
    "samples": "",
    "n": "4",
    "note": "",
}


def write(*lines: dict[str, str], name: str = "mine.csv") -> Path:
    """A file of reported numbers, each line with what differs from the one above."""
    path = Path(name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(SCHEMA + "\n")
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([LINE | line for line in lines])
    return path


@pytest.fixture
def run(terminal: Terminal, page: Path) -> dict[str, Any]:
    """A run of telea; its psnr over all pairs."""
    terminal.run("telea").does()
    return tiny.result(OUT, "telea", "psnr")


def test_shares_that_nothing_binds_are_no_negative_zero(terminal: Terminal) -> None:
    buckets = [{"bucket": bucket, "value": "0.00"} for bucket in ("0.0-0.2", "0.2-0.4", "all")]
    answer = terminal("claims", "check", "--reported", write(*buckets))
    answer.does("0.0-0.2 0.0% to 100.0%, 0.2-0.4 0.0% to 100.0%\n")


def test_the_paper_that_ships_contradicts_itself_in_table_5(terminal: Terminal) -> None:
    answer = terminal("claims", "check")
    assert answer.code == 1
    assert answer.out.count("contradiction: ") == 2
    for message in (
        "Table 5 spl (asl), paris all: ssim 0.886\n",
        "Table 5 spl (asl), paris all: mae 0.154\n",
        "413 reported numbers: 2 contradictions, 2 suspicions\n",
        "an equation among printed numbers checks 86 of 413 (21%): 26 ssim, 26 psnr, 26 mae, 6 fid, 2 params_m\n",
        "bounds alone check 213 of 413 (52%)",
        "no check covers 114 of 413 (28%): 91 fid, 12 params_m, 11 seconds\n",
    ):
        assert message in answer.out


def test_json_holds_the_same(terminal: Terminal) -> None:
    found = json.loads(terminal("claims", "check", "--format", "json").out)
    assert [one["level"] for one in found["findings"]] == ["contradiction"] * 2 + ["suspicion"] * 2
    assert found["findings"][0]["cells"][0]["value"] == "0.886"
    assert found["coverage"] == {"all": 413, "exact": 86, "bounds": 213, "none": 114}


def test_numbers_that_fit_end_well(terminal: Terminal) -> None:
    path = write({"value": "25.00"}, {"value": "25.0", "table": "2"})
    terminal("claims", "check", "--reported", path).does("2 reported numbers: 0 contradictions, 0 suspicions")


def test_a_measured_number_agrees_within_rounding_and_its_interval(terminal: Terminal, run: dict[str, Any]) -> None:
    inside, outside = (run["value"] + run["high"]) / 2, run["high"] + 0.02
    path = write({"value": f"{inside:.2f}"}, {"value": f"{outside:.2f}", "table": "2", "method": "telea", "row": "t"})
    found = json.loads(terminal("claims", "check", "--reported", path, "--run", OUT, "--format", "json").out)[
        "measured"
    ]
    assert [one["says"].split(" by ")[0] for one in found] == ["agrees", "differs"]
    assert found[1]["says"] == f"differs by {run['value'] - float(found[1]['value']):+.3f}: measured is worse"
    assert (found[0]["measured"], found[0]["low"], found[0]["high"]) == (run["value"], run["low"], run["high"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n": "5"}, "not comparable because n: measured 4, reported 5"),
        (
            {"eight_bit": "truncate"},
            "not comparable because signature: measured psnr:rgb:u8r:comp:v1, reported psnr:rgb:u8t:comp:v1",
        ),
        (
            {"samples": "best-psnr-of-5"},
            "not comparable because signature: measured psnr:rgb:u8r:comp:v1, reported "
            "psnr:rgb:u8r:comp:v1:best-psnr-of-5",
        ),
        (
            {"ours": "", "eight_bit": "", "note": "which network is not known"},
            "not comparable because metric: which network is not known",
        ),
        ({"ours": "ssim", "metric": "ssim", "value": "0.9", "unit": ""}, "not measured"),
        ({"bucket": "0.6-0.8", "n": ""}, "not measured"),
    ],
)
def test_what_is_not_the_same_number_is_not_compared(
    terminal: Terminal, run: dict[str, Any], change: dict[str, str], says: str
) -> None:
    path = write({"value": f"{run['value']:.2f}"} | change)
    terminal("claims", "check", "--reported", path, "--run", OUT).does(says)


def test_a_part_of_a_run_is_not_compared(terminal: Terminal, page: Path) -> None:
    terminal.run("telea", "--limit", "3").does()
    folder = Path("runs/tiny.first3")
    path = write({"value": "25.00"})
    message = "not comparable because part: measured first 3, reported the whole"
    terminal("claims", "check", "--reported", path, "--run", folder).does(message)


def test_units_are_those_of_the_paper(terminal: Terminal, page: Path) -> None:
    terminal.run("telea", "--metrics", "mae").does()
    value = tiny.result(OUT, "telea", "mae")["value"]
    path = write({"metric": "mae", "ours": "mae", "unit": "10^-1", "better": "lower", "value": f"{value * 10:.3f}"})
    answer = terminal("claims", "check", "--reported", path, "--run", OUT)
    answer.does(f"measured {value * 10:.4f} [", "agrees", "1 agrees")


def test_a_run_without_reported_numbers_is_refused(terminal: Terminal, run: dict[str, Any]) -> None:
    answer = terminal("claims", "check", "--run", OUT)
    answer.refuses(2, "no reported number is of telea on tiny. Reported: ctsdg on celeba")


def test_a_wrong_file_is_refused(terminal: Terminal) -> None:
    terminal("claims", "check", "--reported", write({"value": "about 25"})).refuses(
        2, "mine.csv:3: value is 'about 25'."
    )
    terminal("claims", "check", "--reported", "none.csv").refuses(2, "none.csv: no reported numbers can be read here")
    terminal("claims", "check", "--run", "none", "--reported", write({"value": "25.0"})).refuses(2, "not a run folder")
