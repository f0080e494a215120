"""The quality of the shipped networks on the sample, as measured by the command line."""

from pathlib import Path

import pytest
from terminal import Terminal

from inpaint_bench.analysis.compare import compare
from inpaint_bench.analysis.results import ALL
from inpaint_bench.analysis.run import RunData

pytestmark = pytest.mark.acceptance

CLASSICAL = ("mean-fill", "telea", "navier-stokes", "biharmonic", "patchmatch")


def test_spn_small_beats_the_classical_methods_where_much_is_hidden(terminal: Terminal, tmp_path: Path) -> None:
    run = tmp_path / "run"
    terminal("run", "--methods", ",".join(("spn-small", *CLASSICAL)), "--metrics", "ssim,psnr,mae", "--out", run).does()
    data = RunData.open(run)
    for other in CLASSICAL:
        rows = compare("spn-small", other, data, data, ["ssim", "psnr", "mae"]).rows
        for row in rows:
            if row.bucket in ("0.2-0.4", "0.4-0.6"):
                assert row.low is not None
                assert row.high is not None
                ahead = row.high < 0 if row.metric == "mae" else row.low > 0
                assert ahead, f"{row.metric}, {row.bucket}, {other}: {row}"


def test_samples_of_spn_prob_small_differ_and_the_best_of_five_beats_their_mean(
    terminal: Terminal, tmp_path: Path
) -> None:
    requested = ("--methods", "spn-prob-small", "--metrics", "ssim,psnr,mae,diversity", "--limit", 12)
    for name in ("one", "two"):
        terminal("run", *requested, "--out", tmp_path / name).does()
    one, two = (tmp_path / name / "spn-prob-small" / "composites" for name in ("one", "two"))
    pictures = sorted(path.name for path in one.iterdir())
    assert len(pictures) == 5 * 12
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in pictures)
    found = [result for result in RunData.open(tmp_path / "one").result_list if result.bucket == ALL]
    (diversity,) = [result.value for result in found if result.metric == "diversity"]
    (best,) = [result.value for result in found if result.metric == "psnr" and result.main]
    (mean,) = [result.value for result in found if result.metric == "psnr" and result.reduction == "mean-of-5"]
    assert isinstance(diversity, float)
    assert isinstance(best, float)
    assert isinstance(mean, float)
    assert diversity > 0
    assert best > mean
