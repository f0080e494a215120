"""`metrics compare`: which metrics of a run say the same, or a sentence that says why not."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
from finished import finished_run
from reported_run import working_in
from scipy.stats import spearmanr
from terminal import Terminal

import inpaint_bench as ib
from inpaint_bench.analysis.compare_metrics import _at as at
from inpaint_bench.analysis.metric_agreement import MetricAgreement
from inpaint_bench.analysis.per_pair import SetFeatures
from inpaint_bench.analysis.reductions import NONE
from inpaint_bench.analysis.results import encode_results, read_results
from inpaint_bench.analysis.statistics.subsampling import halves_of
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.metrics.sets.frechet import frechet_distance

COUNT = 16
NOISE = {
    "faint": 1.0,
    "light": 1.5,
    "medium": 2.0,
    "strong": 2.5,
    "harsh": 3.0,
    "wild": 3.5,
}  # methods, by the error they make
METRICS = ["psnr", "mse", "ssim"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Path:
    """The folder of a run of six methods, `run`, and of one of two on three pairs, `few`; read only."""
    folder = tmp_path_factory.mktemp("metrics")
    page = tiny.make_dataset(folder, count=COUNT, metrics=METRICS)
    with working_in(folder, compiled):
        for name, noise in NOISE.items():
            for number in range(COUNT):
                target = tiny.picture(number)
                drawn = np.random.default_rng([len(name), number]).normal(0, noise * (1 + number % 4 / 4), target.shape)
                tiny.save_png(
                    Path(name) / f"picture{number}.png", np.clip(np.rint(target + drawn), 0, 255).astype(np.uint8)
                )
        finished_run(page, Path("run"), [f"{name}=folder:{name}" for name in NOISE])
        other = tiny.make_dataset(folder / "small", count=3, metrics=["psnr", "mae"])
        finished_run(other, Path("few"), ["mean-fill", "telea"])
    return folder


@pytest.fixture(scope="module")
def run(made: Path) -> ib.Run:
    return ib.load_run(made / "run")


def agreement(run: ib.Run) -> MetricAgreement:
    """How far the metrics of the run agree, computed once."""
    assert run.metric_agreement is not None
    return run.metric_agreement


def test_over_methods_the_correlation_is_that_of_the_results(run: ib.Run) -> None:
    values = run.results.query("bucket == 'all'").pivot(index="method", columns="metric", values="value")
    frame = agreement(run).frame.query("over == 'methods'")
    assert len(frame) == 3
    for a, b, rho, methods, pairs in frame[["a", "b", "rho", "methods", "pairs"]].values.tolist():
        sign = 1 if KNOWN[a].better == KNOWN[b].better else -1
        assert rho == pytest.approx(sign * spearmanr(values[a], values[b]).statistic)
        assert (methods, pairs) == (6, COUNT)
    assert (frame["rho"] == 1).all()  # more noise is worse by every metric


def test_over_pairs_it_is_the_mean_of_those_within_each_method(run: ib.Run) -> None:
    found = agreement(run).frame.query("over == 'pairs' and a == 'ssim' and b == 'psnr'")
    scores = run.scores.query("metric in ('psnr', 'ssim')")
    tables = [rows.pivot(index="pair", columns="metric", values="value") for _, rows in scores.groupby("method")]
    within = [float(spearmanr(one["psnr"], one["ssim"]).statistic) for one in tables]
    assert len(within) == 6
    assert found["rho"].tolist() == [pytest.approx(np.mean(within))]


def test_metrics_that_are_functions_of_each_other_say_the_same_and_directions_are_turned(run: ib.Run) -> None:
    found = agreement(run)
    one = found.frame.query("a == 'psnr' and b == 'mse'").set_index("over")  # psnr falls where mse rises
    for over in ("methods", "pairs", "partial"):
        assert one[["rho", "low", "high"]].loc[[over]].values.tolist() == [[1, 1, 1]]
        assert any({"psnr", "mse"} <= set(group) for group in found.groups(over))
        assert found.opposites(over) == []
    inside = found.frame.query("low == low")
    assert ((inside["low"] <= inside["rho"]) & (inside["rho"] <= inside["high"])).all()


def test_the_order_in_which_methods_and_metrics_are_named_changes_nothing(run: ib.Run) -> None:
    found = ib.compare_metrics(run, [*reversed(NOISE)], [*reversed(METRICS)])
    pd.testing.assert_frame_equal(found.frame, agreement(run).frame)


def test_fewer_than_four_methods_are_not_ranked_and_it_is_said(run: ib.Run, terminal: Terminal) -> None:
    found = terminal("metrics", "compare", run.path, "--methods", "faint,wild,harsh", "--intervals")
    found.does("over methods: 3 of them are too few for a rank correlation, which needs 4", "over pairs, within")
    assert "over methods, of" not in found.out


def test_no_metrics_are_called_the_same_over_four_methods(run: ib.Run) -> None:
    found = run.compare_metrics(["faint", "light", "strong", "wild"])
    assert (found.frame.query("over == 'methods'")["low"] == 1).all()
    assert found.groups("methods") == []
    assert any(note.endswith("once in 12 times") for note in found.notes)


def test_a_triangle_a_list_markdown_csv_and_json_hold_the_same_numbers(terminal: Terminal, run: ib.Run) -> None:
    found = agreement(run)
    text = terminal("metrics", "compare", run.path)
    text.does("tiny, pairs", "over methods", "  3 mse ↓  +1.00 +1.00", "say the same (interval from 0.9 on)")
    assert text.out == found.to_text()
    assert "psnr  mse   +1.00  +1.00 to +1.00  6" in found.to_text(intervals=True)
    for word in ("**over methods", "| ssim |", "+1.00", "- 95% intervals"):
        assert word in found.to_markdown()
    written = pd.read_csv(io.StringIO(terminal("metrics", "compare", run.path, "--format", "csv").out))
    pd.testing.assert_frame_equal(written, found.frame)
    pd.testing.assert_frame_equal(pd.DataFrame(json.loads(found.to_json())), found.frame)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--metrics", "psnr"), ("results of 1 metric", "two are needed")),
        (("run", "--metrics", "psnr,lpips_vgg"), ("no metric here is called 'lpips_vgg'",)),
        (("run", "--methods", "nobody"), ("no method here is called 'nobody'",)),
        (("few",), ("2 methods on 3 pairs are too few", "4 methods or 8 pairs")),
        (("nothing",), ("nothing",)),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(
    terminal: Terminal, made: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    terminal("metrics", "compare", made / arguments[0], *arguments[1:]).refuses(2, *words)


def test_a_heat_map_is_drawn_and_is_the_same_every_time(terminal: Terminal, made: Path, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        terminal("figure", "metrics", made / "run", "--over", "methods", "--out", tmp_path / name).does(name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    few = ("--methods", "faint,wild", "--over", "methods")
    terminal("figure", "metrics", made / "run", *few, "--out", tmp_path / "a.png").refuses(2, "'methods'", "pairs")


def test_a_distance_of_sets_is_computed_again_for_the_same_halves(run: ib.Run) -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(COUNT, 3))
    composites = targets + rng.normal(size=targets.shape)
    composites[5] = np.nan  # a picture that is too small for the network
    one = SetFeatures(SET_METRICS["fd_lite0"], "s", Path("f"), "hash", NONE, "s", composites, targets, "other hash")
    kept = [half[half != 5] for half in halves_of(COUNT, "text", 6)]
    expected = [frechet_distance(composites[half], targets[half]) for half in kept]
    assert one.at_halves("text", 6) == pytest.approx(expected)
    assert one.at_halves("text", 6) == pytest.approx(expected)  # from the cache


def test_a_result_without_data_of_pairs_is_drawn_within_its_own_interval(run: ib.Run) -> None:
    result = next(one for one in run.result_list if one.metric == "psnr" and one.low is not None)
    assert isinstance(result.value, float)
    assert result.high is not None
    drawn = np.array(at(None, result, halves_of(COUNT, "text", 2000)))
    assert drawn.std() == pytest.approx((result.high - result.low) / (2 * 1.96), rel=0.1)  # type: ignore[operator]
    assert drawn.mean() == pytest.approx(result.value, abs=drawn.std() / 10)


def test_scores_that_were_edited_end_with_a_hash_error(terminal: Terminal, made: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(made / "run", tmp_path / "copy")
    path = copy / "results.jsonl"
    path.write_bytes(encode_results(read_results(path)[1:]))
    terminal("metrics", "compare", copy).refuses(5, "results.jsonl")
