"""The summary of a run: what `run` prints first, and what fits a screen."""

import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import tiny

from inpaint_bench import files
from inpaint_bench.analysis import significance as tests
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.significance import key_of, ranks, ranks_of, significance
from inpaint_bench.cli import run_cli
from inpaint_bench.errors import InputError
from inpaint_bench.tables import summary
from inpaint_bench.tables.formats import cell_text
from inpaint_bench.tables.summary import summary_table

ABSENT = {"fid": "no file {x}", "kid": "no file {x}"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """A run of two methods and a stochastic one, which the tests only read."""
    folder = tmp_path_factory.mktemp("summary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        page = tiny.make_dataset(folder / "dataset", count=7, metrics=["ssim", "psnr", "mae", "fd_lite0"])
        assert tiny.run(page, folder / "run", methods=f"telea,mean-fill,{tiny.NOISE}") == 0
    return RunData.open(folder / "run")


def test_a_row_is_a_method_and_a_column_a_metric_over_all_pairs(run: RunData) -> None:
    table = summary_table(run)
    assert list(table.heads("row")["name"]) == ["mean-fill", "telea", "noise (best of 3)"]
    assert list(table.heads("column")["title"]) == ["ssim ↑", "psnr ↑", "mae ↓", "fd_lite0 ↓", "kid_lite0 ↓"]
    wanted = {(one.method, one.metric): one.value for one in run.result_list if one.bucket == "all" and one.main}
    found = table.numbers.set_index(["method", "metric"])["value"].to_dict()
    assert len(found) == 15
    assert found.items() <= dict[Any, Any](wanted).items()


def test_stochastic_methods_stand_in_a_block_of_their_own(run: RunData) -> None:
    lines = str(summary_table(run, metrics=["psnr"])).splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("---")]
    assert len(rules) == 2
    assert lines[rules[1] + 1].startswith("noise (best of 3)")


def test_methods_and_metrics_stand_in_the_order_in_which_they_are_named(run: RunData) -> None:
    table = summary_table(run, ["noise", "telea", "mean-fill"], ["mae", "ssim"])
    assert list(table.heads("row")["method"]) == ["telea", "mean-fill", "noise"]
    assert list(table.heads("column")["metric"]) == ["mae", "ssim"]


def test_its_marks_are_those_of_the_full_table(run: RunData) -> None:
    plain = (run.path / "tables" / "plain.txt").read_text()
    for one in summary_table(run, metrics=["psnr", "ssim", "mae"]).numbers.itertuples():
        end = {"best": "*", "not separable": "~", "": ""}[str(one.rank)]
        assert re.search(rf"{one.method} .*  {re.escape(cell_text(one))}{re.escape(end)}\n", plain)


def test_ranks_that_results_state_are_those_of_the_tests_which_are_not_made_again(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [one for one in run.result_list if one.main and one.metric in ("psnr", "ssim", "mae")]
    tested = ranks_of(significance([(RunData(run.folder), shown)]))
    monkeypatch.setattr(tests, "significance_of", None)
    stated = ranks([(run, shown)])
    assert {key: rank for key, rank in stated.items() if rank} == {key: rank for key, rank in tested.items() if rank}
    assert {*stated.values()} >= {"not separable", "worse"}


def test_fewer_methods_and_methods_of_two_runs_are_tested(run: RunData) -> None:
    apart, again = RunData(run.folder), RunData(run.folder)  # the same pairs
    two = [one for one in run.result_list if one.method in ("telea", "mean-fill")]
    first, second = ([one for one in two if one.method == method] for method in ("telea", "mean-fill"))
    for runs in ([(run, two)], [(apart, first), (again, second)], [(run, two), (apart, [])]):
        assert ranks(runs) == ranks_of(significance(runs)) != {}


def test_at_most_three_notes_and_the_paths_follow(run: RunData) -> None:
    text = str(summary_table(run, absent=ABSENT))
    *_, first, second, third, paths = text.splitlines()
    assert first.startswith("*: ")
    assert second.startswith("‡ ")
    assert third == "not measured here: fid, kid (`inpaint-bench doctor` says why)"
    assert str(run.path / "tables") in paths
    assert str(run.path / "results.jsonl") in paths
    assert text.splitlines()[-5] == ""
    assert "no file" not in text


def test_the_title_has_dataset_fingerprint_pixels_and_number_of_pairs(run: RunData) -> None:
    marks = f"pairs {run.info.fingerprint}, pixels {run.info.pixels[:12]}"
    assert str(summary_table(run)).startswith(f"tiny, {marks} · All (n=7)\n\n")


def test_a_metric_over_fewer_pairs_says_so_in_its_heading_once(run: RunData) -> None:
    fewer = RunData(run.folder)
    four = {"n": 4, "infinite": 3}
    changed = [msgspec.structs.replace(one, **four) if one.metric == "psnr" else one for one in run.result_list]
    fewer.set_results([one for one in changed if one.bucket == "all"])
    table = summary_table(fewer, metrics=["psnr", "ssim"])
    assert list(table.heads("column")["title"]) == ["psnr ↑ (n=4)", "ssim ↑"]
    assert not table.numbers["n"].any()


def test_columns_that_do_not_fit_continue_below_under_the_same_rows(run: RunData) -> None:
    whole = summary_table(run)
    names = list(whole.heads("row")["name"])
    text = str(replace(whole, width=45))
    heads = [line for line in text.splitlines() if line.startswith("method ")]
    assert [head.split()[1::2] for head in heads] == [["ssim", "psnr", "mae"], ["fd_lite0", "kid_lite0"]]
    assert all(len(line) <= 45 for line in text.splitlines()[2 : -len(whole.notes) - 2])
    assert [line.split("  ")[0] for line in text.splitlines() if line.startswith(tuple(names))] == names * 2
    narrow = str(replace(whole, width=1))  # narrower than a name and a number: a column each
    assert narrow.count("\nmethod ") == 5


def test_the_summary_of_the_sample_fits_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The expected results of the shipped sample, with a mark in every cell that can have one."""

    def every_method_is_like_the_best(runs: Any) -> dict[Any, str]:
        return {(key_of(one), one.method): "not separable" for _, results in runs for one in results}

    monkeypatch.setattr(summary, "ranks", every_method_is_like_the_best)
    expected = RunData.open(files.shipped("results") / "expected" / "sample")
    metrics = {one.metric for one in expected.result_list}
    assert {"lpips_alex", "fd_lite0", "kid_lite0", "det_conf", "det_spurious"} <= metrics
    lines = str(summary_table(expected, absent=ABSENT)).splitlines()
    assert sum(line.startswith("spn-prob-small (best of 5) ") for line in lines) == 2
    assert max(map(len, lines[:-5])) <= 102
    assert len(lines) <= 30
    assert "~" in lines[4]


def test_unknown_names_and_runs_without_results_are_refused(run: RunData) -> None:
    with pytest.raises(InputError, match=r"no metric is called 'pnsr'. Did you mean 'psnr'\?"):
        summary_table(run, metrics=["pnsr"])
    with pytest.raises(InputError, match=r"no method here is called 'tela'. Did you mean 'telea'\?"):
        summary_table(run, methods=["tela"])
    with pytest.raises(InputError, match="no results of these methods and metrics"):
        summary_table(run, metrics=["lpips_alex"])


def test_run_prints_it(run: RunData, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.path.parent)
    page = run.path.parent / "dataset" / "tiny.toml"
    capsys.readouterr()
    assert run_cli(["run", "--dataset", str(page), "--methods", "telea", "--out", str(run.path), "--quiet"]) == 0
    assert "\nmethod  " in capsys.readouterr().out
