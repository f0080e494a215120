"""One pair in a browser: its images share a zoom, the slider moves, and differences are those of the pixels."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tiny
from browsing import COUNT, DESKTOP, Sheet, opened_browser, opened_sheet
from reported_run import ReportedRun, reported_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCALE_AND_PLACE = """stacks => stacks.map(stack => {
    const seen = new DOMMatrix(getComputedStyle(stack).transform);
    const shares = [seen.a, seen.e / stack.offsetWidth, seen.f / stack.offsetHeight];
    return shares.map(value => Math.round(value * 100) / 100);
})"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> ReportedRun:
    return reported_run(tmp_path_factory.getbasetemp(), compiled, COUNT)


@pytest.fixture
def sheet(browser: "Browser", written: ReportedRun) -> Iterator[Sheet]:
    with opened_sheet(browser, written, DESKTOP) as opened:
        yield opened


@pytest.mark.acceptance
def test_keys_page_through_the_pairs_in_the_order_of_the_list(sheet: Sheet) -> None:
    order = sheet.in_order(sheet.scores("telea"), largest_first=False)
    sheet.open("#/pairs?by=score&metric=psnr&a=telea")
    sheet.page.locator("#rows article header a").nth(1).click()
    sheet.settle()
    assert sheet.title() == order[1]
    assert sheet.page.locator("#list").inner_text() == f"2 of {COUNT}"
    for key, pair in (("ArrowRight", order[2]), ("ArrowLeft", order[1]), ("ArrowLeft", order[0])):
        sheet.press(key)
        assert sheet.title() == pair
    sheet.press("ArrowLeft")  # there is none before
    assert sheet.title() == order[0]
    sheet.press("Escape")
    assert sheet.listed()[:3] == order[:3]


@pytest.mark.acceptance
def test_the_list_returns_to_where_it_was_left(sheet: Sheet) -> None:
    sheet.open(f"#/pair/{sheet.pairs[40]}")
    sheet.press("Escape")
    row = sheet.page.locator(f"[data-pair='{sheet.pairs[40]}']")
    assert row.evaluate(
        "row => { const box = row.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight }"
    )


@pytest.mark.acceptance
def test_an_unknown_pair_is_reported(sheet: Sheet) -> None:
    sheet.open("#/pair/99999")
    assert "No pair is called 99999. Pairs here: 00000 to 00044." in sheet.page.locator("main").inner_text()


@pytest.mark.acceptance
def test_all_images_of_a_pair_zoom_and_move_together(sheet: Sheet) -> None:
    sheet.open("#/pair/00003")

    def seen() -> set[tuple[float, float, float]]:
        return {tuple(one) for one in sheet.page.locator(".stack").evaluate_all(SCALE_AND_PLACE)}

    assert sheet.page.locator(".stack").count() == 2 + 2 + 3 + 3
    assert seen() == {(1, 0, 0)}
    card = sheet.page.locator("[data-view='method:telea'] .frame")
    box = card.bounding_box()
    assert box
    card.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.25})
    assert sheet.page.locator("#scale").inner_text() == "2×"
    assert seen() == {(2, -0.25, -0.25)}  # the place that was clicked stays where it is
    sheet.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    sheet.page.mouse.down()
    sheet.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3, steps=5)
    sheet.page.mouse.up()
    ((scale, across, down),) = seen()
    assert scale == 2
    assert (across, down) == pytest.approx((-0.35, -0.45), abs=0.02)
    sheet.press("ArrowRight")  # and the next pair is seen at the same place
    assert seen() == {(scale, across, down)}
    sheet.press("0")
    assert seen() == {(1, 0, 0)}


@pytest.mark.acceptance
def test_the_slider_moves_the_divider_between_two_images(sheet: Sheet) -> None:
    sheet.open("#/pair/00001")
    sheet.choose("#left", "masked")
    sheet.choose("#right", "method:mean-fill")
    left = sheet.page.locator(".side.left")
    assert "masked" in str(left.locator(".shown").get_attribute("alt"))
    clip = "side => getComputedStyle(side).clipPath"
    assert left.evaluate(clip) == "inset(0px 50% 0px 0px)"
    sheet.page.locator("#split").focus()
    sheet.press("ArrowRight")  # moves the line, and not to another pair
    assert sheet.title() == "00001"
    assert left.evaluate(clip) == "inset(0px 49.5% 0px 0px)"
    divider, frame = (sheet.page.locator(name).bounding_box() for name in (".divider", ".slider .frame"))
    assert divider
    assert frame
    sheet.page.mouse.move(divider["x"] + divider["width"] / 2, frame["y"] + 10)
    sheet.page.mouse.down()
    sheet.page.mouse.move(frame["x"] + 0.2 * frame["width"], frame["y"] + 10, steps=4)
    sheet.page.mouse.up()
    assert float(sheet.page.locator("#split").input_value()) == pytest.approx(20, abs=1)
    assert sheet.page.locator("#scale").inner_text() == "1×"  # a drag is no click


@pytest.mark.acceptance
def test_a_difference_is_black_in_the_known_region_and_bright_where_the_method_errs(
    sheet: Sheet, written: ReportedRun
) -> None:
    pair = sheet.data["pairs"][2]
    sheet.open(f"#/pair/{pair['pair']}")
    sheet.choose("#gain", "1")
    sheet.press("d")
    seen = sheet.pixels("[data-view='method:mean-fill'] .frame")
    target, composite = (
        tiny.read(written.out / "pictures" / path / f"{pair['pair']}.png").astype(int)
        for path in ("targets", "methods/mean-fill")
    )
    rows, columns = (((np.arange(24) + 0.5) / 24 * side).astype(int) for side in seen.shape[:2])
    middle = seen[np.ix_(rows, columns)]
    inner = np.s_[1:-1, 1:-1]  # the corners of a frame are round
    expected = np.abs(target - composite)
    assert expected.max() > 20
    flat = _smooth(expected)[inner]  # where a picture that is drawn larger keeps its values
    assert flat.sum() > 100
    assert np.abs(middle - expected)[inner][flat].max() <= 6
    sheet.press("d")
    assert np.abs(sheet.pixels("[data-view='method:mean-fill'] .frame") - seen).max() > 50


def _smooth(values: Any) -> Any:
    """Where a pixel and its eight neighbours are nearly alike."""
    spread = np.zeros(values.shape[:2])
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            other = np.roll(values, (down, across), (0, 1))
            spread = np.maximum(spread, np.abs(other - values).max(axis=2))
    return spread <= 3


@pytest.mark.acceptance
def test_the_samples_of_a_stochastic_method_are_side_by_side_and_the_chosen_one_is_marked(sheet: Sheet) -> None:
    samples = sheet.data["samples"]["noise"]
    number = next(number for number, chosen in enumerate(samples["chosen"]) if chosen == 2)
    sheet.open(f"#/pair/{sheet.pairs[number]}")
    cards = sheet.page.locator(".samples .card")
    assert cards.count() == 3
    shown = [str(image.get_attribute("src")) for image in cards.locator(".shown").all()]
    assert shown == [f"pictures/methods/noise/{sheet.pairs[number]}.s{sample}.png" for sample in range(3)]
    assert sheet.page.locator(".samples .chosen .title").inner_text() == "sample 2"
    scores = [f"{value:.2f}" for value in samples["scores"]["psnr"][number]]
    assert [text.split()[0] for text in sheet.texts(".samples .card .value")] == scores
    assert sheet.texts("[data-view='method:noise'] .title") == ["noise, sample 2"]
    assert sheet.texts("[data-view='method:noise'] .value")[0].startswith(scores[2])


@pytest.mark.acceptance
def test_the_hole_is_shown_on_the_images_by_its_key(sheet: Sheet) -> None:
    sheet.open("#/pair/00002")
    frame = "[data-view='method:mean-fill'] .frame"
    before = sheet.pixels(frame)
    sheet.press("h")
    assert sheet.page.locator("#hole").get_attribute("aria-pressed") == "true"
    assert sheet.page.locator(f"{frame} .hole.overlay").is_visible()
    assert np.abs(sheet.pixels(frame) - before).max() > 50
    sheet.press("h")
    assert (sheet.pixels(frame) == before).all()
