"""Tables from results: what stands in a cell, which columns a style has, in which order rows come, what is marked."""

import numpy as np
import pytest
from invented import best_of_5, fd, heads, mae, marked, result, results, table_of, texts

from inpaint_bench.analysis.results import REAL_VS_REAL
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.errors import InputError, NotComparableError
from inpaint_bench.tables.table import STYLES, TableOptions

PLACE = ("tiny", "all", "psnr", "psnr:rgb:u8r:comp:v1")


def test_a_cell_with_its_own_number_of_pairs_says_so() -> None:
    results = [
        result(),
        result(method="same", value=30.0, n=3, infinite=4),
        result(method="none", value=None, n=0, undefined=7),
    ]
    table = table_of(results)
    assert texts(table) == [["-"], ["30.00 (n=3)"], ["20.00"]]
    assert list(table.heads("column")["pairs"]) == ["n=7"]
    assert "infinite" in table.notes[1]
    assert "not defined" in table.notes[2]
    assert "30.00 (n=3)" in table.to_text()
    assert " 30.00 (n=3) |" in table.to_markdown()
    assert table.to_csv().splitlines()[0] == "metric,signature,method,All (n=7)"


def test_the_best_is_marked_where_the_pairs_tell_it_apart_and_its_like_where_they_do_not() -> None:
    results = [result(), result(method="other", value=19.0), result(method="worse", value=9.0)]
    means = {"telea": 20.0, "other": 19.0, "worse": 9.0}
    near = Significance(7, "telea", means, {}, {"telea": "best", "other": "not separable", "worse": "worse"})
    alone = Significance(7, "telea", means, {}, {"telea": "best", "other": "worse", "worse": "worse"})
    table = table_of(results, ranks={PLACE: near})
    text, markdown = table.to_text(), table.to_markdown()
    assert [line.split()[-1] for line in text.splitlines()[4:7]] == ["19.00~", "20.00~", "9.00"]
    assert " <u>19.00</u> |" in markdown
    assert " 9.00 |" in markdown
    table = table_of(results, ranks={PLACE: alone})
    text, markdown = table.to_text(), table.to_markdown()
    assert [line.split()[-1] for line in text.splitlines()[4:7]] == ["19.00", "20.00*", "9.00"]
    assert " **20.00** |" in markdown
    assert table_of(results, ranks={PLACE: near}).to_csv() == table_of(results).to_csv()


@pytest.mark.parametrize(("n", "cell"), [(499, "31.40‡"), (500, "31.40†"), (2047, "31.40†"), (2048, "31.40")])
def test_a_frechet_distance_of_few_pictures_is_marked_and_says_n(n: int, cell: str) -> None:
    table = table_of([fd(n)])
    assert texts(table) == [[f"{cell} (n={n})"]]
    assert {mark for note in table.notes for mark in "†‡" if mark in note} == {*cell} & {*"†‡"}


def test_strict_refuses_what_would_be_marked() -> None:
    with pytest.raises(NotComparableError, match="fd_lite0 of 2047 pictures in bucket all"):
        table_of([fd(2047)], TableOptions(strict=True))
    table_of([fd(2048), result(metric="kid_lite0", signature="kid_lite0:v1", n=2048)], TableOptions(strict=True))


def test_an_interval_stands_in_the_cell_when_it_is_requested() -> None:
    results = [result(low=19.006, high=21.0)]
    assert texts(table_of(results, TableOptions(intervals=True))) == [["20.00 [19.01, 21.00]"]]
    assert texts(table_of(results)) == [["20.00"]]


def test_a_metric_that_could_not_be_measured_says_so_in_its_cells() -> None:
    table = table_of([result(), result(bucket="0.0-0.2")], absent={"fid": "no file.", "kid": "no file."})
    assert list(table.heads("row")["metric"]) == ["psnr", "fid", "kid"]
    assert texts(table)[1:] == [["absent", "absent"], ["absent", "absent"]]
    assert table.notes[-1] == "absent: fid, kid: no file."


def test_references_stand_below_the_methods() -> None:
    table = table_of([fd(3, method=REAL_VS_REAL, source="reference"), fd(7, method="zeta")])
    assert list(table.heads("row")["method"]) == ["zeta", REAL_VS_REAL]
    assert list(table.heads("column")["pairs"]) == ["n=7"]


def test_methods_and_metrics_stand_in_the_order_in_which_they_are_named() -> None:
    options = TableOptions(methods=("zeta", "beta", "alpha"), metrics=("mae_spn", "psnr"))
    table = table_of(results(["alpha", "beta", "zeta"]), options)
    assert list(table.heads("row")["method"]) == ["zeta", "beta", "alpha"] * 2
    assert list(table.heads("row")["metric"]) == ["mae_spn"] * 3 + ["psnr"] * 3
    assert list(table_of(results(["zeta", "alpha"])).heads("row")["method"]) == ["alpha", "zeta"] * 2


@pytest.mark.parametrize(("value", "plain", "tenths"), [(0.01544, "0.0154", "0.154"), (0.05, "0.0500", "0.500")])
@pytest.mark.parametrize("style", ["table1", "table2", "ablation"])
def test_the_papers_styles_print_mae_in_tenths_with_the_same_digits(
    style: str, value: float, plain: str, tenths: str
) -> None:
    assert texts(table_of([mae(value)]))[0] == [plain]
    assert texts(table_of([mae(value)], TableOptions(style)))[0] == [tenths]
    assert "mae_spn (10^-1) ↓" in table_of([mae(value)], TableOptions(style)).to_text()
    (_, line) = table_of([mae(value)], TableOptions("table1")).to_csv().splitlines()
    assert line.startswith("mae_spn (10^-1),mae_spn:rgb:channel-mean:u8t:comp:v1,telea,")


def test_an_interval_is_in_the_unit_of_its_number() -> None:
    table = table_of([mae(0.01544, low=0.0101, high=0.0202)], TableOptions("table1", intervals=True))
    assert texts(table) == [["0.154 [0.101, 0.202]"]]


def test_a_ratio_stays_in_its_own_unit() -> None:
    other = result(metric="mae_ec", signature="mae_ec:v1", value=0.0154)
    assert texts(table_of([other], TableOptions("table1"))) == [["0.0154"]]


def test_an_ablation_has_a_column_for_every_metric_and_a_row_for_every_method() -> None:
    table = table_of(results(["beta", "alpha"]), TableOptions("ablation"))
    assert list(table.heads("row")["method"]) == ["alpha", "beta"]
    assert heads(table) == ["psnr ↑", "mae_spn (10^-1) ↓"]
    assert texts(table) == [["21.00", "0.420"], ["20.00", "0.400"]]
    assert table.title == "tiny, pairs ffffffffffff, pixels eeeeeeeeeeee · All"
    head, *_ = table.to_csv().splitlines()
    assert head == "method,psnr:rgb:u8r:comp:v1 (n=7),mae_spn:rgb:channel-mean:u8t:comp:v1 (10^-1) (n=7)"


def test_an_ablation_of_two_datasets_and_buckets_says_above_each_column_which() -> None:
    options = TableOptions("ablation", buckets=("0.2-0.4", "all"), metrics=("psnr",))
    shown = [one for one in results(["alpha"], ("tiny", "other")) if one.metric == "psnr"]
    table = table_of(shown, options)
    assert list(table.heads("column")["group"]) == ["tiny 0.2-0.4", "tiny All", "other 0.2-0.4", "other All"]
    assert "tiny 0.2-0.4 psnr ↑ (n=7)" in table.to_text()


def test_a_method_that_lacks_a_metric_has_a_dash() -> None:
    table = table_of([*results(["alpha"]), result(method="beta", value=1.0)], TableOptions("ablation"))
    assert texts(table) == [["20.00", "0.400"], ["1.00", "-"]]


def test_unlike_signatures_have_columns_of_their_own() -> None:
    best = best_of_5(method="noise", value=30.0)
    table = table_of([result(), best], TableOptions("ablation"))
    assert heads(table) == ["psnr ↑", "psnr best of 5 ↑"]
    assert texts(table) == [["-", "30.00"], ["20.00", "-"]]


def test_marks_stand_in_an_ablation_too() -> None:
    alone = Significance(7, "telea", {"telea": 20.0, "x": 9.0}, {}, {"telea": "best", "x": "worse"})
    table = table_of([result(), result(method="x", value=9.0)], TableOptions("ablation"), {PLACE: alone})
    assert marked(table) == [["best"], [""]]


def test_buckets_can_be_chosen_and_a_wrong_one_is_refused() -> None:
    table = table_of(results(["alpha"]), TableOptions("table1", buckets=("0.4-0.6",)))
    assert heads(table) == ["0.4-0.6"]
    with pytest.raises(
        InputError, match=r"no bucket here is called '0.4-0.5'. Did you mean '0.4-0.6'\? Known: 0.2-0.4"
    ):
        table_of(results(["alpha"]), TableOptions(buckets=("0.4-0.5",)))


def test_a_style_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no style of table is called 'table3'"):
        table_of([result()], TableOptions("table3"))
    assert list(STYLES) == ["plain", "table1", "table2", "table6", "ablation"]


def test_a_reason_with_braces_is_printed_as_it_is() -> None:
    table = table_of([result()], absent={"fid": "run {images}."})
    assert "absent: fid: run {images}." in table.to_text()
    assert "run {images}." in table.to_markdown()


# --- the table as an object -----------------------------------------------------------------------


def test_the_frame_holds_unrounded_values_in_the_printed_unit_in_the_order_of_the_table() -> None:
    options = TableOptions("table1", methods=("beta", "alpha"))
    frame = table_of(results(["alpha", "beta"]), options).frame
    assert list(frame.index.names) == ["metric", "unit", "reduction", "method"]
    assert [*map(tuple, frame.columns)] == [("tiny", "0.2-0.4"), ("tiny", "0.4-0.6"), ("tiny", "all")]
    assert list(frame.index.get_level_values("method")) == ["beta", "alpha"] * 2
    assert frame.loc[("mae_spn", "10^-1", "none", "beta"), ("tiny", "all")] == pytest.approx(10 * 21 / 500, rel=1e-15)
    assert frame.loc[("psnr", "", "none", "alpha"), ("tiny", "all")] == 20.0


def test_the_frame_of_an_ablation_has_a_column_for_every_metric() -> None:
    some = [*results(["alpha"]), result(method="beta", value="inf", n=0, infinite=7), best_of_5(method="noise")]
    frame = table_of(some, TableOptions("ablation")).frame
    assert list(frame.index) == ["alpha", "beta", "noise"]
    assert list(frame.columns.names) == ["dataset", "bucket", "metric", "unit", "reduction"]
    psnr = frame.xs("psnr", axis=1, level="metric").to_numpy()
    assert psnr[1, 0] == float("inf")
    assert np.isnan(psnr).tolist() == [[False, True], [False, True], [True, False]]


def test_unlike_signatures_keep_rows_of_their_own_in_the_frame() -> None:
    other = result(signature="psnr:rgb:u8t:comp:v1", value=21.0)
    frame = table_of([result(), other]).frame
    assert list(frame.index.get_level_values("signature")) == ["psnr:rgb:u8r:comp:v1", "psnr:rgb:u8t:comp:v1"]
    text = table_of([result(), other]).to_text()
    assert text.count("psnr ↑  ") == 2  # each heads a block of its own


def test_marks_and_counts_are_fields() -> None:
    numbers = table_of([fd(7), result(low=1.0, high=2.0)], TableOptions(intervals=True)).numbers
    psnr, distance = (numbers[numbers["metric"] == name].iloc[0] for name in ("psnr", "fd_lite0"))
    assert (distance["mark"], distance["n"], distance["value"]) == ("‡", "n=7", 31.4)
    assert (psnr["mark"], psnr["n"], psnr["low"], psnr["high"]) == ("", "", "1.00", "2.00")


def test_a_table_prints_as_text_and_shows_as_html_without_a_page() -> None:
    table = table_of([result()])
    assert str(table) == table.to_text()
    assert table._repr_html_().startswith("<div ")
    assert "<html" not in table._repr_html_()
    assert table._repr_html_() in table.to_html()


def test_a_terminal_gets_codes_in_place_of_marks() -> None:
    near = Significance(7, "telea", {"telea": 20.0, "x": 9.0}, {}, {"telea": "best", "x": "not separable"})
    alone = Significance(7, "telea", {"telea": 20.0, "x": 9.0}, {}, {"telea": "best", "x": "worse"})
    some = [result(), result(method="x", value=9.0)]
    text = table_of(some, ranks={PLACE: alone}).to_text(color=True)
    assert "  \x1b[1m20.00\x1b[0m\n" in text
    assert "        9.00\n" in text
    assert "20.00*" not in text
    assert "\x1b[4m20.00\x1b[0m" in table_of(some, ranks={PLACE: near}).to_text(color=True)
    assert "\x1b" not in table_of(some, ranks={PLACE: near}).to_text()


def test_the_legend_is_worded_by_every_format() -> None:
    alone = Significance(7, "telea", {"telea": 20.0, "x": 9.0}, {}, {"telea": "best", "x": "worse"})
    table = table_of([result(), result(method="x", value=9.0)], ranks={PLACE: alone})
    assert "\n*: significantly better than every other; ~: not significantly different from the best" in str(table)
    assert "- bold: significantly better" in table.to_markdown()
    assert "<li>bold: significantly better" in table.to_html()
    assert "bold: significantly better" in table.to_latex()
    assert table_of([result()]).legend() == []
