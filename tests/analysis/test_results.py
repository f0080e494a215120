"""Results: one number a bucket, metric and method, with everything that is needed to know what it is."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from terminal import Once

from inpaint_bench import __version__, files
from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.per_pair import average
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import read_results
from inpaint_bench.analysis.run import RunData
from inpaint_bench.cli import run_cli
from inpaint_bench.data.protocols import About, Protocol, bucket_of
from inpaint_bench.errors import InputError
from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.scores import Score, read_scores

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "metrics.json").read_text())
PAGE = Protocol(schema=1, name="golden", about=About(title="", licence="", get=""), count=4)


def test_every_pair_counts_once_in_the_mean() -> None:
    golden = GOLDEN["aggregation"]
    found = average(map(float, golden["psnr"]))
    assert found.value == golden["per_image_mean"] != golden["spn_eval_bs3"]
    assert found.n == 7


@given(st.lists(st.floats()))
def test_an_average_counts_every_value_once(values: list[float]) -> None:
    found = average(value for value in values if abs(value) < 1e300 or not math.isfinite(value))
    mean, infinite = found.value, found.infinite
    kept = [value for value in values if abs(value) < 1e300]
    assert (found.n, infinite) == (len(kept), sum(map(math.isinf, values)))
    assert found.undefined == sum(map(math.isnan, values))
    if kept:
        assert isinstance(mean, float)
        assert min(kept) <= mean or math.isclose(min(kept), mean)
        assert mean <= max(kept) or math.isclose(max(kept), mean)
    else:
        assert mean == ("inf" if infinite else None)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1).flatmap(
        lambda values: st.tuples(st.just(values), st.permutations(values))
    )
)
def test_the_order_of_pairs_changes_no_digit_of_a_mean(orders: tuple[list[float], list[float]]) -> None:
    assert average(orders[0]) == average(orders[1])


@pytest.mark.parametrize("case", GOLDEN["buckets"]["cases"], ids=lambda case: f"{case['holes']}of{case['total']}")
def test_a_mask_lies_in_its_golden_bucket(case: dict[str, Any]) -> None:
    assert bucket_of(PAGE, case["holes"], case["total"]) == (case["(lo,hi]"] or "")


# --- of a run -------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, once: Once) -> Path:
    methods = f"telea,{tiny.NOISE}"
    once(lambda: tiny.run(tiny.make_dataset(tmp_path / "dataset", count=7), tmp_path / "run", methods=methods))
    return tmp_path / "run"


def chosen(scores: list[Score]) -> list[Score]:
    """The scores of the sample of each pair whose PSNR is best; all of a method without samples."""
    psnr = {(score.pair, score.sample): score.value for score in scores if score.metric == "psnr"}
    best = {pair: max(value for (other, _), value in psnr.items() if other == pair) for pair, _ in psnr}
    return [score for score in scores if psnr[score.pair, score.sample] == best[score.pair]]


def test_a_result_is_the_mean_of_the_scores_that_it_names(run: Path) -> None:
    opened = open_run(run)
    for method in ("telea", "noise"):
        scores = chosen(read_scores(run / method / "scores.csv"))
        for bucket in ("0.0-0.2", "0.2-0.4", "0.4-0.6", "all"):
            inside = {pair.pair for pair in opened.pairs if bucket in (pair.bucket, "all")}
            for metric in ("ssim", "psnr", "mae"):
                values = [one.value for one in scores if one.pair in inside and one.metric == metric]
                found = tiny.result(run, method, metric, bucket)
                assert (found["value"], found["n"]) == (math.fsum(values) / len(values), len(inside))
                assert found["scores"] == files.file_sha256(run / method / "scores.csv")


def test_all_is_the_mean_of_the_buckets_weighted_by_their_pairs(run: Path) -> None:
    for metric in ("ssim", "psnr", "mae"):
        parts = [tiny.result(run, "telea", metric, bucket) for bucket in ("0.0-0.2", "0.2-0.4", "0.4-0.6")]
        whole = tiny.result(run, "telea", metric)
        assert sum(part["n"] for part in parts) == whole["n"] == 7
        assert math.fsum(part["n"] * part["value"] for part in parts) / 7 == pytest.approx(whole["value"], rel=1e-14)


def test_a_result_says_where_it_comes_from(run: Path) -> None:
    found = tiny.result(run, "telea", "psnr")
    info = json.loads((run / "run.json").read_text())
    assert found["fingerprint"] == info["fingerprint"]
    assert (found["dataset"], found["source"], found["weights"], found["reduction"]) == ("tiny", "measured", "", "none")
    assert found["part"] == {"kind": "whole", "index": 1, "count": 1}
    assert found["code"] == f"{__version__}+{info['methods']['telea']['code']}"
    assert found["signature"] == "psnr:rgb:u8r:comp:v1"
    assert tiny.result(run, "noise", "psnr")["signature"] == "psnr:rgb:u8r:comp:v1:best-psnr-of-3"


def test_further_reductions_of_samples_are_not_main_results(run: Path) -> None:
    scores = [one for one in read_scores(run / "noise" / "scores.csv") if one.metric == "psnr"]
    by_pair = [[one.value for one in scores if one.pair == pair] for pair in sorted({one.pair for one in scores})]
    expected = {
        "best-psnr-of-3": [max(values) for values in by_pair],
        "mean-of-3": [sum(values) / 3 for values in by_pair],
        "first-of-3": [values[0] for values in by_pair],
        "best-psnr-of-2-from-3": [sum(max(two) for two in itertools.combinations(values, 2)) / 3 for values in by_pair],
    }
    found = {result.reduction: result for result in read_results(run / "results.jsonl")
             if (result.method, result.metric, result.bucket) == ("noise", "psnr", "all")}  # fmt: skip
    assert found.keys() == expected.keys()
    for which, values in expected.items():
        assert found[which].value == pytest.approx(sum(values) / 7, rel=1e-12)
        assert found[which].signature.endswith(f":{which}")
        assert found[which].main == (which == "best-psnr-of-3")


def test_every_mean_has_its_interval(run: Path) -> None:
    for result in read_results(run / "results.jsonl"):
        if result.n >= 2 and result.metric != "known_error":
            assert isinstance(result.value, float)
            assert result.low is not None
            assert result.high is not None
            assert result.low <= result.value <= result.high


def test_results_name_neither_time_nor_machine(run: Path, tmp_path: Path) -> None:
    tiny.run(tmp_path / "dataset" / "tiny.toml", tmp_path / "again", methods=f"telea,{tiny.NOISE}")
    assert (tmp_path / "again" / "results.jsonl").read_bytes() == (run / "results.jsonl").read_bytes()


def test_results_are_derived_from_what_is_on_disk(run: Path) -> None:
    assert derive_results(RunData.open(run)) == read_results(run / "results.jsonl")


def test_a_method_that_lacks_a_pair_has_no_result(run: Path, tmp_path: Path) -> None:
    (run / "telea" / "composites" / "00005.png").unlink()
    assert {result.method for result in derive_results(RunData.open(run))} == {"noise"}


def test_a_mask_outside_every_bucket_counts_in_all_alone(tmp_path: Path) -> None:
    page = tiny.make_dataset(tmp_path / "dataset", buckets=[0, 20, 40])
    assert tiny.run(page, tmp_path / "run", methods="mean-fill") == 0
    counts = {one["bucket"]: one["n"] for one in tiny.results(tmp_path / "run")}
    assert counts == {"0.0-0.2": 2, "0.2-0.4": 2, "all": 6}


def test_the_paper_truncates_and_its_signature_says_so(tmp_path: Path) -> None:
    page = tiny.make_dataset(tmp_path / "dataset", eight_bit="truncate")
    assert tiny.run(page, tmp_path / "run", methods="mean-fill") == 0
    assert tiny.result(tmp_path / "run", "mean-fill", "psnr")["signature"] == "psnr:rgb:u8t:comp:v1"


def test_broken_results_are_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run / "results.jsonl"
    path.write_text(path.read_text().replace('"schema":2', '"schema":1', 1))
    capsys.readouterr()
    assert run_cli(["table", str(run)]) == 2
    assert f"{path}: not results of this version" in capsys.readouterr().err


def test_a_folder_without_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["table", str(tmp_path)]) == 2
    assert "not a run folder: it has no run.json" in capsys.readouterr().err


def test_the_best_method_is_significant_only_if_it_differs_from_every_other(tmp_path: Path) -> None:
    page = tiny.make_dataset(tmp_path / "dataset", count=12, metrics=["psnr"])
    assert tiny.run(page, tmp_path / "run", methods="telea,navier-stokes,mean-fill") == 0
    whole = [one for one in tiny.results(tmp_path / "run") if (one["metric"], one["bucket"]) == ("psnr", "all")]
    found = {one["method"]: one["significance"] for one in whole}
    assert found["mean-fill"] == "worse"
    assert {found["telea"], found["navier-stokes"]} in ({"not separable"}, {"best", "worse"})


@pytest.mark.parametrize("k", [1, 5])
def test_a_reduction_reads_back_from_its_name(k: int) -> None:
    for one in (Reduction(), Reduction("best", k, 5, "psnr"), Reduction("mean", 5, 5), Reduction("first", 1, 5)):
        assert Reduction.parse(one.name) == one


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(InputError, match="no reduction is called 'best-of-5'"):
        Reduction.parse("best-of-5")
