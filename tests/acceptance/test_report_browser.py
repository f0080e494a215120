"""The report in a browser, opened from disk: every control works, and nothing is requested from a network."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny
from browsing import COUNT, DESKTOP, PHONE, Sheet, opened_browser, opened_sheet
from reported_run import STRANGE, ReportedRun, read_script, reported_run

from inpaint_bench.report.write import data_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VIEWS = ("#/results", "#/pairs", "#/pair/00003", "#/provenance")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> ReportedRun:
    return reported_run(tmp_path_factory.getbasetemp(), compiled, COUNT)


@pytest.fixture(params=[DESKTOP], ids=["desktop"])
def sheet(browser: "Browser", written: ReportedRun, request: pytest.FixtureRequest) -> Iterator[Sheet]:
    with opened_sheet(browser, written, request.param) as opened:
        yield opened


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "sheet", [DESKTOP, pytest.param(PHONE, marks=pytest.mark.acceptance)], ids=["desktop", "phone"], indirect=True
)
def test_every_view_opens_by_its_address_and_fits_the_window(sheet: Sheet, view: str) -> None:
    sheet.open(view)
    assert sheet.title()
    width = sheet.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]


def test_a_heading_sorts_the_table_best_first_and_then_in_reverse(sheet: Sheet) -> None:
    sheet.open("#/results")
    table = sheet.page.locator("figure.table").first
    rows = table.locator("tbody th")
    assert rows.all_inner_texts() == ["mean-fill", "telea"]
    means = {name: np.mean(sheet.data["scores"]["psnr"][name]) for name in ("mean-fill", "telea")}
    best = sorted(means, key=lambda name: -means[name])
    heading = table.get_by_role("button", name="psnr ↑")
    heading.click()
    assert rows.all_inner_texts() == best
    heading.press("Enter")
    assert rows.all_inner_texts() == best[::-1]
    assert table.locator("th[aria-sort=ascending]").inner_text() == "psnr ↑"


@pytest.mark.acceptance
def test_a_bucket_and_the_intervals_change_the_table(sheet: Sheet) -> None:
    sheet.open("#/results")
    cell = sheet.page.locator("figure.table").first.locator("tbody tr:first-child td:nth-of-type(2)")
    whole = cell.inner_text()
    sheet.page.get_by_role("link", name="0.4-0.6").click()
    sheet.settle()
    value = next(one for one in tiny_results(sheet) if one["bucket"] == "0.4-0.6" and one["method"] == "mean-fill")
    assert cell.inner_text() == f"{value['value']:.2f}" != whole
    sheet.page.get_by_label("95% intervals").check()
    assert cell.inner_text().split("\n")[1] == f"{value['low']:.2f} to {value['high']:.2f}"


def tiny_results(sheet: Sheet) -> list[dict[str, Any]]:
    """The results of PSNR."""
    folder = Path(sheet.address.removeprefix("file://").removesuffix("/report/index.html")) / "run"
    return [one for one in tiny.results(folder) if one["metric"] == "psnr"]


@pytest.mark.acceptance
def test_a_plot_is_shown_for_each_metric_and_theme(sheet: Sheet) -> None:
    sheet.open("#/results")
    plot = sheet.page.locator("#figure-ratio .plot img:visible")
    for metric in ("psnr", "ssim"):
        sheet.choose("#plot-ratio", metric)
        plot.scroll_into_view_if_needed()
        assert plot.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
        assert str(plot.get_attribute("src")) == f"plots/ratio.{metric}.light.svg"
    sheet.page.locator("#theme").click()  # light
    sheet.page.locator("#theme").click()  # dark
    assert str(plot.get_attribute("src")) == "plots/ratio.ssim.dark.svg"


@pytest.mark.acceptance
def test_the_theme_is_that_of_the_system_until_the_reader_chooses_and_the_choice_is_kept(sheet: Sheet) -> None:
    sheet.open("#/results")
    dark = "document.documentElement.dataset.theme === 'dark'"
    assert not sheet.page.evaluate(dark)
    sheet.page.emulate_media(color_scheme="dark")
    sheet.settle()
    assert sheet.page.evaluate(dark)
    sheet.press("t")
    assert not sheet.page.evaluate(dark)
    sheet.page.reload()
    assert not sheet.page.evaluate(dark)
    assert sheet.page.locator("#theme").inner_text() == "Light"


# --- the list -------------------------------------------------------------------------------------


@pytest.mark.acceptance
def test_a_bucket_and_a_search_select_pairs(sheet: Sheet) -> None:
    sheet.open("#/pairs")
    sheet.choose("#bucket", "0.2-0.4")
    fits = [pair for pair in sheet.data["pairs"] if pair["bucket"] == "0.2-0.4"]
    assert sheet.listed() == [pair["pair"] for pair in fits]
    assert sheet.page.locator("#count").inner_text() == f"{len(fits)} of {COUNT} pairs"
    sheet.press("/")
    sheet.page.keyboard.type("PICTURE1 .png")
    sheet.settle()
    assert sheet.listed() == [pair["pair"] for pair in fits if "picture1" in pair["image"]]
    sheet.press("Enter")
    assert sheet.title() == next(pair["pair"] for pair in fits if "picture1" in pair["image"])


@pytest.mark.acceptance
def test_a_search_without_matches_says_so(sheet: Sheet) -> None:
    sheet.open("#/pairs?find=nothing+at+all")
    assert sheet.listed() == []
    assert "No pair matches." in sheet.page.locator("#rows").inner_text()


@pytest.mark.acceptance
def test_the_worst_come_first_by_the_score_of_a_method(sheet: Sheet) -> None:
    sheet.open("#/pairs")
    sheet.choose("#by", "score")
    sheet.choose("#a", "telea")
    expected = sheet.in_order(sheet.scores("telea"), largest_first=False)
    assert sheet.listed() == expected[: len(sheet.listed())]
    assert len(sheet.listed()) == 20
    sheet.choose("#first", "best")
    expected = sheet.in_order(sheet.scores("telea"), largest_first=True)
    assert sheet.listed() == expected[:20]
    sheet.page.reload()
    sheet.settle()
    assert sheet.listed() == expected[:20]


@pytest.mark.acceptance
def test_pairs_are_sorted_by_the_difference_of_two_methods(sheet: Sheet) -> None:
    sheet.open("#/pairs?by=disagreement&metric=psnr&a=telea&b=noise")
    telea, noise = sheet.scores("telea"), sheet.scores("noise")
    apart = {pair: abs(telea[pair] - noise[pair]) for pair in sheet.pairs}
    expected = sheet.in_order(apart, largest_first=True)
    assert sheet.listed() == expected[:20]
    assert f"psnr {apart[expected[0]]:.2f} apart" in sheet.page.locator("#rows article").first.inner_text()


@pytest.mark.acceptance
def test_rows_and_images_load_as_they_come_into_view(sheet: Sheet) -> None:
    loaded: set[str] = set()
    sheet.page.on("request", lambda requested: loaded.add(requested.url))
    sheet.open("#/pairs")
    assert len(sheet.listed()) == 20
    assert not [url for url in loaded if "/00044" in url]
    while len(before := sheet.listed()) < COUNT:
        sheet.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        sheet.page.locator("#rows article").nth(len(before)).wait_for()
    assert sheet.listed() == sheet.pairs
    last = sheet.page.locator("#rows article").last.locator("img")
    last.last.scroll_into_view_if_needed()
    assert all(image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 24 for image in last.all())


def test_a_list_of_many_pairs_is_cut_and_links_to_the_next_ones(
    browser: "Browser", written: ReportedRun, tmp_path: Path
) -> None:
    made = written.copied(tmp_path)
    (made.out / "data.js").write_bytes(data_script({**read_script(made.out / "data.js"), "per_list": 12}))
    with opened_sheet(browser, made, DESKTOP) as sheet:
        expected = sheet.in_order(sheet.scores("telea"), largest_first=False)
        sheet.open("#/pairs?by=score&metric=psnr&a=telea")
        assert sheet.page.locator("#count").inner_text() == f"1 to 12 of {COUNT} pairs"
        assert sheet.listed() == expected[:12]
        sheet.page.locator("#pairs-after").click()
        sheet.settle()
        assert sheet.page.locator("#count").inner_text() == f"13 to 24 of {COUNT} pairs"
        assert sheet.listed() == expected[12:24]
        sheet.page.locator("#rows article a").first.click()
        sheet.settle()
        assert sheet.title() == expected[12]
        sheet.press("ArrowLeft")
        assert sheet.title() == expected[11]
        sheet.press("Escape")
        assert sheet.listed() == expected[:12]
        sheet.open("#/pairs?by=score&metric=psnr&a=telea&from=37")
        assert sheet.listed() == expected[36:]
        assert sheet.texts("nav.others a") == ["← Pairs 25 to 36"]


def test_a_view_loads_the_data_of_the_pairs_that_it_shows(sheet: Sheet) -> None:
    loaded: list[str] = []
    sheet.page.on("request", lambda requested: loaded.append(requested.url.rpartition("/pairs/")[2]))
    sheet.open("#/results")
    assert not [name for name in loaded if name.endswith(".js") and "/" not in name]
    column = f"scores.{[*sheet.data['scored']].index('ssim')}.2.js"  # telea is the third method
    for view, files in {
        "#/pair/00017": {"index.js", "page.2.js"},
        "#/pair/00018": set(),
        "#/pairs?by=score&metric=ssim&a=telea&bucket=nothing": {column},
    }.items():
        loaded.clear()
        sheet.page.evaluate("view => { location.hash = view; }", view)
        sheet.settle()
        assert {name for name in loaded if name.endswith(".js")} == files


@pytest.mark.acceptance
def test_data_that_are_gone_are_named(browser: "Browser", written: ReportedRun, tmp_path: Path) -> None:
    made = written.copied(tmp_path)
    (made.out / "pairs" / "page.2.js").unlink()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{made.out.as_uri()}/index.html#/pair/00017")
    page.get_by_text("pairs/page.2.js cannot be read. Write the report again.").wait_for()
    page.goto(f"{made.out.as_uri()}/index.html#/pair/00003")
    page.locator("h1", has_text="00003").wait_for()
    context.close()


def test_a_strange_name_is_only_text(sheet: Sheet) -> None:
    sheet.open("#/pairs")
    (number,) = [pair["pair"] for pair in sheet.data["pairs"] if pair["image"] == STRANGE]
    row = sheet.page.locator(f"[data-pair='{number}']")
    assert row.locator(".image").inner_text() == STRANGE
    assert row.locator("b").count() == 0


@pytest.mark.acceptance
@pytest.mark.parametrize("view", ["#/pair/%", "#/__proto__", "#/nothing/at/all"])
def test_an_unknown_address_shows_a_view(sheet: Sheet, view: str) -> None:
    sheet.open(view)
    assert sheet.title() in ("No such pair", sheet.data["protocol"]["name"])


@pytest.mark.acceptance
def test_without_scores_of_pairs_none_are_sorted_by_score(
    browser: "Browser", written: ReportedRun, tmp_path: Path
) -> None:
    made = written.copied(tmp_path)
    data = read_script(made.out / "data.js")
    (made.out / "data.js").write_bytes(data_script({**data, "scored": {}}))
    with opened_sheet(browser, made, DESKTOP) as sheet:
        sheet.open("#/pairs?by=score")
        assert sheet.texts("#by option") == ["Pair", "Mask ratio"]
        assert sheet.listed()[0] == sheet.pairs[0]
        sheet.open("#/pair/00003?by=disagreement")
        assert sheet.title() == "00003"


@pytest.mark.acceptance
def test_the_shortcuts_are_listed(sheet: Sheet) -> None:
    sheet.open("#/results")
    sheet.press("?")
    assert sheet.page.locator("dialog").is_visible()
    sheet.press("Escape")
    assert not sheet.page.locator("dialog").is_visible()
    sheet.press("3")
    assert sheet.title() == "Provenance"
    assert "inpaint-bench report …/run" in sheet.page.locator("pre").last.inner_text()


@pytest.mark.acceptance
def test_the_head_counts_pairs_and_methods_and_names_the_fingerprint(sheet: Sheet) -> None:
    sheet.open("#/results")
    head = sheet.page.locator("header.intro .meta").inner_text()
    assert head == f"{COUNT} pairs · 3 methods · fingerprint {sheet.data['protocol']['facts']['fingerprint']}"


@pytest.mark.acceptance
def test_other_reductions_are_folded_under_the_main_ones(sheet: Sheet) -> None:
    sheet.open("#/results")
    titles = sheet.page.locator("main > figure.table > figcaption").all_inner_texts()
    assert titles == ["One output per pair", "Best of 3 samples by psnr"]
    sheet.page.get_by_text("Other reductions of samples").click()
    others = sheet.page.locator("details[open] figure.table > figcaption").all_inner_texts()
    assert sorted(others) == ["Best of 2 samples by psnr, expected over 3", "First of 3 samples", "Mean of 3 samples"]
