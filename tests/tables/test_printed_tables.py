"""Tables of a run: what is printed is what the results hold, with the number of pairs behind every column."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny

from inpaint_bench.analysis.statistics import separable
from inpaint_bench.cli import run_cli
from inpaint_bench.metrics import METRICS
from inpaint_bench.runner.scores import read_scores
from inpaint_bench.tables.formats import SUFFIX

COUNTS = {"0.0-0.2": 3, "0.2-0.4": 2, "0.4-0.6": 2, "all": 7}
DIRECTIONS = {"ssim": "↑", "psnr": "↑", "mae": "↓"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run for all tests here, which only read it; its dataset lies beside."""
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        page = tiny.make_dataset(folder / "dataset", count=7)
        assert tiny.run(page, folder / "run", methods=f"telea,mean-fill,{tiny.NOISE}") == 0
    return folder / "run"


def printed(run: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run_cli(["table", str(run), *arguments]) == 0
    return capsys.readouterr().out


def as_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def heading(bucket: str) -> str:
    return f"{'All' if bucket == 'all' else bucket} (n={COUNTS[bucket]})"


def test_every_printed_number_is_a_result_to_the_digit(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = as_rows(printed(run, capsys, "--format", "csv"))
    cells = {(row["method"], row["signature"], bucket): row[heading(bucket)] for row in rows for bucket in COUNTS}
    shown = [one for one in tiny.main_results(run) if one["metric"] != "known_error"]
    assert len(cells) == len(shown) == 3 * 3 * 4
    for one in shown:
        decimals = METRICS[one["metric"]].decimals
        assert cells[one["method"], one["signature"], one["bucket"]] == f"{one['value']:.{decimals}f}"


def test_the_three_formats_hold_the_same_cells(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [
        [cell for name, cell in row.items() if name not in ("metric", "signature", "method")]
        for row in as_rows(printed(run, capsys, "--format", "csv"))
    ]
    markdown = printed(run, capsys, "--format", "markdown")
    body = [line.strip("| ").split("|") for line in markdown.splitlines() if line.startswith("| ")][1:]
    assert [[re.sub(r"[*]{2}|</?u>", "", cell).strip() for cell in line[2:]] for line in body] == cells
    text = printed(run, capsys)
    lines = [line.split() for line in text.splitlines()[1:] if re.search(r"[0-9][*~]?$", line) and "n=" not in line]
    assert [[cell.rstrip("*~") for cell in line[-4:]] for line in lines if len(line) >= 5] == cells


@pytest.mark.parametrize("format_", ["text", "markdown", "csv"])
def test_every_column_is_headed_by_its_bucket_and_its_number_of_pairs(
    run: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    (header,) = [line for line in printed(run, capsys, "--format", format_).splitlines() if "(n=3)" in line]
    positions = [header.index(heading(bucket)) for bucket in COUNTS]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("style", "buckets"),
    [
        ("plain", ["0.0-0.2", "0.2-0.4", "0.4-0.6", "all"]),
        ("table1", ["0.2-0.4", "0.4-0.6", "all"]),
        ("table2", ["0.0-0.2", "0.2-0.4", "0.4-0.6", "all"]),
    ],
)
def test_a_style_has_the_columns_of_the_papers_table(
    run: Path, capsys: pytest.CaptureFixture[str], style: str, buckets: list[str]
) -> None:
    (first, *_) = as_rows(printed(run, capsys, "--style", style, "--format", "csv"))
    assert list(first) == ["metric", "signature", "method", *map(heading, buckets)]


def test_best_of_k_and_a_single_output_never_share_a_group(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = as_rows(printed(run, capsys, "--format", "csv"))
    signatures = {row["method"]: row["signature"] for row in rows if row["metric"] == "psnr"}
    assert signatures["noise"] == f"{signatures['telea']}:best-psnr-of-3"
    assert signatures["mean-fill"] == signatures["telea"]
    groups = printed(run, capsys).split("\n---")[1:]
    assert [group.count(" noise ") for group in groups] == [0, 1, 0, 1, 0, 1]


def test_a_table_says_how_each_metric_was_computed_and_which_way_is_better(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(run, capsys)
    for metric, arrow in DIRECTIONS.items():
        (result_,) = {
            one["signature"] for one in tiny.results(run) if one["metric"] == metric and one["method"] == "telea"
        }
        better = "higher" if arrow == "↑" else "lower"
        assert f"\n{metric} {arrow}: {result_}, {better} is better\n" in text


def test_a_table_is_titled_by_its_dataset_and_fingerprint(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = json.loads((run / "run.json").read_text())
    title = f"tiny, pairs {info['fingerprint']}, pixels {info['pixels'][:12]}"
    assert printed(run, capsys).startswith(f"{title}\n\n")
    assert printed(run, capsys, "--format", "markdown").startswith(f"{title}\n\n| metric ")


def test_the_tables_of_a_run_folder_are_what_table_prints(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for format_, suffix in SUFFIX.items():
        on_disk = (run / "tables" / f"plain.{suffix}").read_text()
        assert printed(run, capsys, "--format", format_) == on_disk


def test_methods_and_metrics_can_be_chosen(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = as_rows(printed(run, capsys, "--methods", "telea,noise", "--metrics", "mae", "--format", "csv"))
    assert [(row["metric"], row["method"]) for row in rows] == [("mae", "telea"), ("mae", "noise")]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            ["--methods", "tela"],
            "no method here is called 'tela'. Did you mean 'telea'? Known: mean-fill, noise, telea.",
        ),
        (["--metrics", "fid"], "no metric here is called 'fid'. Known: known_error, mae, psnr, ssim."),
    ],
)
def test_what_was_not_measured_is_not_printed(
    run: Path, capsys: pytest.CaptureFixture[str], option: list[str], message: str
) -> None:
    capsys.readouterr()
    assert run_cli(["table", str(run), *option]) == 2
    assert f"Error: {message}" in capsys.readouterr().err


def test_known_error_is_printed_when_it_is_requested(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "known_error" not in printed(run, capsys)
    assert "known_error ↓" in printed(run, capsys, "--metrics", "known_error")


def test_two_datasets_stand_side_by_side_in_the_order_in_which_they_are_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tiny.make_dataset(tmp_path / "other", count=4, name="other")
    assert tiny.run(other, tmp_path / "run2", methods="telea") == 0
    capsys.readouterr()
    assert run_cli(["table", str(run), str(tmp_path / "run2"), "--format", "csv"]) == 0
    rows = as_rows(capsys.readouterr().out)
    assert list(rows[0])[3:] == [
        *[f"tiny {heading(bucket)}" for bucket in COUNTS],
        *[f"other {bucket} (n={n})" for bucket, n in (("0.0-0.2", 2), ("0.2-0.4", 1), ("0.4-0.6", 1), ("All", 4))],
    ]
    assert [row["other All (n=4)"] for row in rows if row["method"] == "mean-fill"] == ["-"] * 3


def test_runs_of_one_protocol_with_other_pairs_share_no_table(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tiny.run(run.parent / "dataset" / "tiny.toml", tmp_path / "part", "--limit", "3", methods="telea") == 0
    capsys.readouterr()
    assert run_cli(["table", str(run), str(tmp_path / "part")]) == 4
    assert "Error: two runs of tiny have other pairs: fingerprints " in capsys.readouterr().err


def test_the_same_run_twice_is_the_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run_cli(["table", str(run), str(run)]) == 0
    assert capsys.readouterr().out == (run / "tables" / "plain.txt").read_text()


def test_two_numbers_for_one_cell_are_refused(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    assert (
        tiny.run(run.parent / "dataset" / "tiny.toml", other, methods=f"telea={tiny.COUNTING.partition('=')[2]}") == 0
    )
    capsys.readouterr()
    assert run_cli(["table", str(run), str(other)]) == 2
    assert "two runs of tiny hold different numbers for telea. Make a table of each" in capsys.readouterr().err


def test_a_result_of_a_metric_that_is_not_known_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shutil.copytree(run, tmp_path / "copy") / "results.jsonl"
    path.write_text(path.read_text().replace('"metric":"mae"', '"metric":"mea"'))
    capsys.readouterr()
    assert run_cli(["table", str(path.parent)]) == 2
    assert f"{path}: no metric is called 'mea'. Did you mean 'mse'?" in capsys.readouterr().err


def test_the_marks_of_a_run_are_those_of_the_paired_tests(run: Path) -> None:
    scores = {method: read_scores(run / method / "scores.csv") for method in ("telea", "mean-fill")}
    values = {m: np.array([one.value for one in some if one.metric == "psnr"]) for m, some in scores.items()}
    found = separable(values, "higher", "psnr:all")
    lines = [line.split("|") for line in (run / "tables" / "plain.md").read_text().splitlines()]
    (row,) = [line for line in lines if [cell.strip() for cell in line[1:3]] == ["psnr ↑", "telea"]]
    assert found.best == "telea"
    assert row[-2].strip().startswith("**" if found.alone else "<u>")


def test_other_samples_are_shown_when_they_are_requested(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "mean of 3" not in printed(run, capsys)
    text = printed(run, capsys, "--samples", "all", "--metrics", "psnr")
    for heading_ in ("psnr best of 3 ↑", "psnr mean of 3 ↑", "psnr first of 3 ↑", "psnr best of 2 from 3 ↑"):
        assert heading_ in text
