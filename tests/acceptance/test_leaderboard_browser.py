"""The leaderboard in a browser, opened from disk: it sorts, filters and shows where each number is from."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import DESKTOP, PHONE, SETTLED, opened_browser, opened_page

from inpaint_bench import files
from inpaint_bench.api.leaderboard import build_leaderboard

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.acceptance

CONTRAST = """() => {
  const numbers = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = numbers(getComputedStyle(one).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("main *, .top *, dialog[open] *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = numbers(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push(`${element.tagName} ${element.className} ${element.textContent.slice(0, 30)} ${ratio}`);
  }
  return low;
}"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the board that ships."""
    return build_leaderboard(tmp_path_factory.mktemp("board") / "board", files.shipped("results") / "leaderboard")


@pytest.fixture
def page(browser: "Browser", board: Path) -> "Iterator[Page]":
    with opened_page(browser, board.parent, DESKTOP) as opened:
        opened.goto(board.as_uri())
        yield opened


def names(page: "Page") -> list[str]:
    page.evaluate(SETTLED)
    return page.locator("tbody th button").all_inner_texts()


def column(page: "Page", label: str) -> list[str]:
    heads = page.locator("thead th").all_inner_texts()
    return page.locator(f"tbody tr > :nth-child({heads.index(label) + 1})").all_inner_texts()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_its_window_and_its_text_is_readable(
    browser: "Browser", board: Path, size: tuple[int, int], dark: bool
) -> None:
    with opened_page(browser, board.parent, size, dark) as page:
        for view in ("#?protocol=sample", "#?protocol=paris"):
            page.goto(f"{board.as_uri()}{view}")
            page.evaluate(SETTLED)
            assert page.locator("tbody tr").count() > 5
            width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert width[0] <= width[1]
            assert page.evaluate(CONTRAST) == []
            page.locator("tbody td button").first.click()
            assert page.locator("#details").is_visible()
            assert page.evaluate(CONTRAST) == []
            page.keyboard.press("Escape")
            assert not page.locator("#details").is_visible()


def test_the_best_come_first_and_a_heading_sorts_and_reverses(page: "Page") -> None:
    assert page.locator("tbody tr").count() == 7
    values = [float(text) for text in column(page, "psnr ↑") if text != "–"]
    assert values == sorted(values, reverse=True)
    heading = page.get_by_role("button", name="mae ↓", exact=True)
    heading.press("Enter")
    page.evaluate(SETTLED)
    smallest = [float(text) for text in column(page, "mae ↓") if text != "–"]
    assert smallest == sorted(smallest)
    page.keyboard.press("Enter")  # the heading keeps the focus
    page.evaluate(SETTLED)
    assert [float(text) for text in column(page, "mae ↓") if text != "–"] == smallest[::-1]
    assert page.locator("th[aria-sort=descending]").inner_text() == "mae ↓"


def test_neighbours_are_tested_where_the_order_is_that_of_the_metric(page: "Page") -> None:
    tested = [text for text in column(page, "to the next") if text]
    assert tested
    assert all(text.startswith(("differs, p ", "not separable, p ")) for text in tested)
    page.get_by_role("button", name="method", exact=True).click()
    page.evaluate(SETTLED)
    assert not any(column(page, "to the next"))


def test_filters_by_bucket_metric_tier_year_licence_and_parameters(page: "Page") -> None:
    every = names(page)
    before = column(page, "psnr ↑")
    page.locator("#bucket").select_option("0.4-0.6")
    assert names(page)
    assert column(page, "psnr ↑") != before
    page.locator("#year").select_option("2018")
    assert set(names(page)) == {"biharmonic", "mean-fill", "spn-small", "spn-prob-small"}
    page.locator("#licence").select_option("BSD-3-Clause")
    assert names(page) == ["biharmonic"]
    page.locator("#tier").select_option("re-measured")
    assert names(page) == []
    assert page.get_by_text("No method is left").is_visible()
    page.reload()
    assert names(page) == []
    page.locator("#protocol-paris").click()
    assert "spn" in names(page)
    page.locator("#parameters").select_option("10")
    assert names(page) == ["pic"]
    page.locator("#protocol-sample").click()
    assert names(page) == every
    page.get_by_label("Only this metric").check()
    page.evaluate(SETTLED)
    assert page.locator("thead th").count() == 7


def test_a_number_opens_its_provenance_and_a_method_what_can_be_copied(page: "Page") -> None:
    row = page.locator("tr[data-id='sample.telea']")
    row.locator("td.chosen button").click()
    text = page.locator("#details").inner_text()
    assert all(word in text for word in ("psnr:rgb", "9863ddc29a32", "derived again", "telea.jsonl", "AMD"))
    page.keyboard.press("Escape")
    row.locator("th button").click()
    text = page.locator("#details").inner_text()
    assert all(word in text for word in (r"telea & ", "@article{telea2004", "badges/sample.telea.svg"))
    badge = page.locator("#details img")
    assert badge.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    page.locator("#details button", has_text="Copy").first.click()
    assert "telea & " in page.evaluate("String(getSelection())")


def test_every_control_is_reached_by_the_keyboard(page: "Page") -> None:
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.innerText"))
    assert {"theme", "bucket", "metric", "tier", "year", "licence", "parameters", "only", "psnr ↑"} <= reached
    assert "telea" in reached


def test_quality_is_drawn_against_time(page: "Page") -> None:
    page.locator("#protocol-paris").click()
    page.evaluate(SETTLED)
    drawn = page.locator(".pareto svg")
    assert drawn.locator("circle").count() == drawn.locator("text.label").count() > 5
    assert "GTX 3090" in page.locator("#plots figcaption").inner_text()
