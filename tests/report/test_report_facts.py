"""The data of a report are those of the run, to the digit, and hold no path of the machine."""

import re
from pathlib import Path

import numpy as np
import pytest
import tiny
from reported_run import STRANGE, ReportedRun, reported_run

from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.metrics import METRICS
from inpaint_bench.report.pages import json_values
from inpaint_bench.report.redact_paths import redact_paths, redacted_command
from inpaint_bench.report.summary import reduction_title
from inpaint_bench.report.write import data_script
from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.scores import read_scores, scores_path


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> ReportedRun:
    return reported_run(tmp_path_factory.getbasetemp(), compiled, 20)


def test_every_number_of_the_summary_is_a_result_to_the_digit(written: ReportedRun) -> None:
    data = written.data()
    shown = {}
    for group in data["groups"]:
        for row in group["rows"]:
            for bucket, cells in row["cells"].items():
                for number, cell in cells.items():
                    shown[row["method"], group["columns"][int(number)]["signature"], bucket] = cell
    results = [one for one in tiny.results(written.run) if one["metric"] != "known_error"]
    assert len(results) == len(shown) == 48
    for one in results:
        cell = shown[one["method"], one["signature"], one["bucket"]]
        assert cell["value"] == one["value"]
        if isinstance(one["value"], float):
            assert cell["text"].startswith(f"{one['value']:.{data['metrics'][one['metric']]['decimals']}f}")
        if one.get("low") is not None:
            digits = data["metrics"][one["metric"]]["decimals"]
            assert cell["interval"] == f"{one['low']:.{digits}f} to {one['high']:.{digits}f}"


def test_unlike_signatures_share_no_column(written: ReportedRun) -> None:
    groups = written.data()["groups"]
    titles = [group["title"] for group in groups]
    assert titles[:2] == ["One output per pair", "Best of 3 samples by psnr"]
    assert {"Mean of 3 samples", "First of 3 samples", "Best of 2 samples by psnr, expected over 3"} == {*titles[2:]}
    assert [group["main"] for group in groups] == [True, True, False, False, False]
    by_name = {group["title"]: [row["method"] for row in group["rows"]] for group in groups}
    assert by_name["One output per pair"] == ["mean-fill", "telea"]
    assert by_name["Best of 3 samples by psnr"] == ["noise"]


def test_every_score_of_a_pair_is_that_of_the_scores_file(written: ReportedRun) -> None:
    data, run = written.data(), open_run(written.run)
    for method in ("telea", "noise"):
        scores = read_scores(scores_path(run, method))
        for number, pair in enumerate(run.pairs):
            chosen = data["samples"]["noise"]["chosen"][number] if method == "noise" else None
            for metric in ("psnr", "ssim"):
                (one,) = [s.value for s in scores if (s.pair, s.metric, s.sample) == (pair.pair, metric, chosen)]
                assert data["scores"][metric][method][number] == one


def test_the_chosen_sample_is_the_best_by_psnr(written: ReportedRun) -> None:
    samples = written.data()["samples"]["noise"]
    assert samples["chosen"] == np.argmax(samples["scores"]["psnr"], axis=1).tolist()
    assert {*samples["chosen"]} != {0}


def test_an_infinite_score_is_inf_and_an_undefined_one_null() -> None:
    assert json_values([1.5, float("inf"), float("nan")]) == [1.5, "inf", None]


def test_the_pairs_are_those_of_the_run(written: ReportedRun) -> None:
    data, run = written.data(), open_run(written.run)
    assert [one["pair"] for one in data["pairs"]] == [pair.pair for pair in run.pairs]
    assert [one["image"] for one in data["pairs"]] == [pair.image for pair in run.pairs]
    assert STRANGE in [one["image"] for one in data["pairs"]]
    assert {(one["height"], one["width"]) for one in data["pairs"]} == {(tiny.SIZE, tiny.SIZE)}
    assert {bucket["name"]: bucket["n"] for bucket in data["buckets"]} == {
        "all": 20,
        **{name: sum(pair.bucket == name for pair in run.pairs) for name in ("0.0-0.2", "0.2-0.4", "0.4-0.6")},
    }


def test_no_file_contains_a_path_of_the_machine(written: ReportedRun) -> None:
    folders = {str(written.page.parents[1]), str(Path.home()), str(Path(__file__).parents[2])}
    paths = [path for path in written.out.rglob("*") if path.is_file()]
    assert {path.suffix for path in paths} == {".js", ".html", ".css", ".svg", ".png"}
    for path in paths:
        assert not [folder for folder in folders if folder.encode() in path.read_bytes()], path
    assert "…/run" in written.data()["commands"][-1]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("--out /home/me/runs/paris --jobs 1", "--out …/paris --jobs 1"),
        ("mine=folder:/home/me/results", "mine=folder:…/results"),
        ("mine=exec:python /opt/x/infer.py --in {images}", "mine=exec:python …/infer.py --in {images}"),
        (r"mine=folder:C:\Users\me\results", "mine=folder:…/results"),
        ("a=/x/one,b=folder:/y/two/", "a=…/one,b=folder:…/two"),
        ("runs/paris.2of8 ../data 2/8", "runs/paris.2of8 ../data 2/8"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("~/data/paris", "…/paris"),
    ],
)
def test_an_absolute_path_is_reduced_to_its_last_name(text: str, kept: str) -> None:
    assert redact_paths(text) == kept


def test_a_command_is_quoted_where_a_shell_needs_it() -> None:
    words = ["inpaint-bench", "run", "--methods", "a,b=exec:it's me {images}", "--out", "/tmp/my runs/x"]
    assert redacted_command(words) == """inpaint-bench run --methods 'a,b=exec:it'"'"'s me {images}' --out …/x"""


def test_the_data_contain_nothing_that_html_interprets() -> None:
    script = data_script({"name": "</script><b>&\u2028"}).decode()
    assert not re.search("[<>&\u2028]", script.split("\n", 1)[1])
    assert r"\u003c/script\u003e\u003cb\u003e\u0026\u2028" in script


@pytest.mark.parametrize(
    ("reduction", "title"),
    [
        ("none", "One output per pair"),
        ("best-psnr-of-5", "Best of 5 samples by psnr"),
        ("best-mae_spn-of-2-from-5", "Best of 2 samples by mae_spn, expected over 5"),
        ("mean-of-5", "Mean of 5 samples"),
        ("first-of-5", "First of 5 samples"),
    ],
)
def test_a_reduction_has_a_title(reduction: str, title: str) -> None:
    assert reduction_title(Reduction.parse(reduction)) == title


def test_the_notes_explain_how_the_page_marks_ranks_and_leave_the_signatures_out(written: ReportedRun) -> None:
    data = written.data()
    ranks = [note for note in data["notes"] if "bold" in note]
    assert len(ranks) == 1
    assert "underlined" in ranks[0]
    signatures = {column["signature"] for group in data["groups"] for column in group["columns"]}
    assert not [note for note in data["notes"] for signature in signatures if signature in note]


def test_the_part_of_a_whole_run_is_not_listed(written: ReportedRun) -> None:
    facts = written.data()["protocol"]["facts"]
    assert "part" not in facts
    assert facts["pairs"] == "20"


def test_directions_and_digits_are_those_of_the_metrics(written: ReportedRun) -> None:
    metrics = written.data()["metrics"]
    assert {name: (one["better"], one["decimals"]) for name, one in metrics.items() if name in METRICS} == {
        name: (METRICS[name].better, METRICS[name].decimals) for name in ("psnr", "ssim")
    }
