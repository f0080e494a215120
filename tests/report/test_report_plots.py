"""The plots of a report: they show the numbers of the run, and their files are the same bytes every time."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tiny
from reported_run import ReportedRun, reported_run

from inpaint_bench.analysis.per_pair import PairValues, SetFeatures
from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.analysis.run import RunData
from inpaint_bench.figures.plots import GRID, INK, Line, Plot, Point, for_dark, svg
from inpaint_bench.metrics.sets import SET_METRICS
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.report.curves import Curve, chosen_among, curves, sizes, subsets
from inpaint_bench.report.curves import _against_ratio as against_ratio
from inpaint_bench.report.curves import _of_subsets as of_subsets
from inpaint_bench.report.read import ReportData, read_report_data
from inpaint_bench.report.times import times_shown
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.timing import Cost, Memory, Series, Setting, Timing

LINE = Line("a<b & $c$", (Point(1.0, 2.0, 1.0, 3.0), Point(2.0, 3.0)), 0)
TWO = Plot("two", "x", "y", (LINE, Line("lower", (Point(1.0, 5.0), Point(2.0, 4.0)))))


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> ReportedRun:
    return reported_run(tmp_path_factory.getbasetemp(), compiled, 20)


@pytest.fixture
def data(written: ReportedRun) -> ReportData:
    return read_report_data(RunData.open(written.run))


@pytest.fixture
def drawn(data: ReportData) -> dict[tuple[str, str], Curve]:
    return {(curve.kind, curve.metric): curve for curve in (draw() for draw in curves(data))}


def texts(data: bytes) -> list[str]:
    return ["".join(one.itertext()) for one in ElementTree.fromstring(data).iter("{http://www.w3.org/2000/svg}text")]


def lines(curve: Curve) -> tuple[Line, ...]:
    """The lines of a plot that has some."""
    assert isinstance(curve.plot, Plot)
    return curve.plot.lines


def test_a_plot_is_the_same_bytes_every_time_and_has_no_date() -> None:
    assert svg(TWO) == svg(TWO)
    assert b"date" not in svg(TWO).lower()


def test_names_are_shown_in_a_plot_as_they_are() -> None:
    assert {"a<b & $c$", "lower", "x", "y"} <= set(texts(svg(TWO)))


def test_a_dark_plot_differs_in_ink_and_grid_alone() -> None:
    light, dark = svg(TWO).decode(), for_dark(svg(TWO)).decode()
    assert INK in light
    assert GRID in light
    assert not re.search(f"{INK}|{GRID}", dark)
    assert re.sub("#[0-9a-f]{6}", "", light) == re.sub("#[0-9a-f]{6}", "", dark)


def test_the_settings_of_the_user_change_no_plot() -> None:
    from matplotlib import rc_context

    before = svg(TWO)
    with rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert svg(TWO) == before


def test_there_is_a_plot_for_every_metric_and_kind_with_numbers(drawn: dict[tuple[str, str], Curve]) -> None:
    of_metrics = {(kind, metric) for kind in ("ratio", "best-of-k") for metric in ("psnr", "ssim")}
    assert set(drawn) == of_metrics | {("metrics", "pairs"), ("metrics", "partial")}  # of methods there are too few


def test_a_point_against_the_mask_ratio_is_the_mean_of_its_tenth(
    data: ReportData, drawn: dict[tuple[str, str], Curve]
) -> None:
    ratios = np.array([float(pair.ratio) for pair in data.run.pairs])
    for line, method in zip(lines(drawn["ratio", "psnr"]), data.methods, strict=True):
        values = method.values()["psnr"].values
        held = [[low < 10 * ratio <= low + 1 for ratio in ratios] for low in range(10)]
        expected = [(ratios[rows].mean(), values[rows].mean()) for rows in map(np.array, held) if rows.any()]
        assert np.array([(point.x, point.y) for point in line.points]) == pytest.approx(np.array(expected))
        assert all(p.low <= p.y <= p.high for p in line.points if p.low is not None and p.high is not None)


def test_the_best_of_k_rises_from_the_mean_to_the_table_s_number(
    written: ReportedRun, drawn: dict[tuple[str, str], Curve]
) -> None:
    (line,) = lines(drawn["best-of-k", "psnr"])
    assert [point.x for point in line.points] == [1, 2, 3]
    heights = [point.y for point in line.points]
    assert heights == sorted(heights)
    assert heights[-1] == tiny.result(written.run, "noise", "psnr")["value"]


def test_infinite_scores_are_left_out_of_the_means_and_counted_in_a_note(data: ReportData) -> None:
    metric = "psnr"
    telea = next(method for method in data.methods if method.name == "telea")
    ((key, one),) = [(key, one) for key, one in telea.per_pair.items() if key[0] == metric]
    assert isinstance(one, PairValues)
    values = np.where(np.arange(len(data.run.pairs)) == 0, np.inf, one.values)
    changed = replace(telea, per_pair={**telea.per_pair, key: replace(one, values=values)})
    methods = tuple(changed if method is telea else method for method in data.methods)
    curve = against_ratio(replace(data, methods=methods), metric)
    assert curve.notes == ("infinite scores (output equal to target) left out of the means: 1",)
    assert against_ratio(data, metric).notes == ()
    assert all(np.isfinite(point.y) for line in lines(curve) for point in line.points)


@pytest.mark.parametrize(
    ("reduction", "k"),
    [("none", 0), ("first-of-5", 0), ("mean-of-5", 1), ("best-psnr-of-3-from-5", 3), ("best-psnr-of-5", 5)],
)
def test_a_reduction_has_the_k_of_its_best_of_k(reduction: str, k: int) -> None:
    assert chosen_among(Reduction.parse(reduction)) == k


# --- a Fréchet distance against n -----------------------------------------------------------------


def features(pairs: int) -> SetFeatures:
    rng = np.random.default_rng(3)
    composites, targets = (rng.normal(0, 1, (pairs, 6)).astype(np.float32) for _ in range(2))
    return SetFeatures(SET_METRICS["fid"], "fid", Path("x"), "a", NONE, "fid", composites, targets, "b")


def test_sizes_are_halves_down_to_eight() -> None:
    assert sizes(100) == [12, 25, 50]
    assert sizes(15) == []
    assert sizes(12_000)[-1] == 6000


def test_subsets_hold_n_pairs_and_are_the_same_every_time() -> None:
    drawn = list(subsets(100, 25))
    assert len(drawn) == 20
    assert {int(rows.sum()) for rows in drawn} == {25}
    assert all((one == other).all() for one, other in zip(drawn, subsets(100, 25), strict=True))
    assert len({rows.tobytes() for rows in drawn}) == 20


def test_a_distance_of_fewer_is_the_mean_over_subsets_and_falls_with_n() -> None:
    one = features(64)
    points = list(of_subsets(one))
    expected = [frechet_distance(one.composites[rows], one.targets[rows]) for rows in subsets(64, 8)]
    assert points[0].x == 8
    assert points[0].y == pytest.approx(np.mean(expected), rel=1e-12)
    assert points[0].y > points[1].y > points[2].y


# --- quality against time -------------------------------------------------------------------------


def timing(method: str, seconds: float, **changes: object) -> Timing:
    info = MethodInfo("", "", "", "cpu", (), {}, {})
    series = Series((seconds, seconds, 9.0), (), "wall", 1, True)
    facts = {
        "schema": 1, "method": method, "title": method, "made_by": info, "setting": Setting("cpu"), "pictures": "noise",
        "network": series, "end_to_end": series, "samples": 1, "network_of_samples": None,
        "cost": Cost(None, None, {}), "memory": Memory(None, ""), "machine": {"processor": "P", "threads": "1"},
        "unstable": (), "day": "",
    }  # fmt: skip
    return Timing(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_stochastic_method_takes_the_time_of_all_its_samples(data: ReportData) -> None:
    of_three = Series((0.6,), (), "wall", 1, True)
    times, notes = times_shown(
        data,
        {
            "telea": timing("telea", 0.1),
            "noise": timing("noise", 0.2, samples=3, network_of_samples=of_three),
        },
    )
    assert times == {"telea": 0.1, "noise": 0.6}
    assert "not shown: mean-fill, which was not timed" in notes


def test_times_of_another_setting_or_of_other_samples_are_not_shown(data: ReportData) -> None:
    times, notes = times_shown(
        data,
        {
            "telea": timing("telea", 0.1),
            "mean-fill": timing("mean-fill", 0.2, setting=Setting("cpu", size=512)),
            "noise": timing("noise", 0.2, samples=2, network_of_samples=Series((0.4,), (), "wall", 1, True)),
        },
    )
    assert times == {"telea": 0.1} or times == {"mean-fill": 0.2}
    assert sum(note.startswith("not shown: ") for note in notes) == 2


def test_timed_methods_are_in_a_plot_of_quality_against_time(data: ReportData, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"telea": timing("telea", 0.1), "mean-fill": timing("mean-fill", 0.01)}
    monkeypatch.setattr("inpaint_bench.report.curves.read_timings", lambda folder: found)
    (curve,) = [one for one in (draw() for draw in curves(data)) if (one.kind, one.metric) == ("time", "psnr")]
    values = {method.name: float(np.mean(method.values()["psnr"].values)) for method in data.methods}
    points = {line.label: line.points[0] for line in lines(curve)}
    assert {name: point.x for name, point in points.items()} == {"telea": 0.1, "mean-fill": 0.01}
    assert all(points[name].y == pytest.approx(values[name]) for name in found)
    assert {"telea", "mean-fill"} <= set(texts(svg(curve.plot)))
