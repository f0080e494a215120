"""A report in a browser."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from reported_run import ReportedRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COUNT = 45  # pairs of the report that is browsed
DESKTOP, PHONE = (1280, 800), (390, 780)
IN_CI = os.environ.get("INPAINT_BENCH_CI") == "1"  # there a browser has to be: nothing is skipped
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
SETTLED = """async () => {
    const drawn = () => new Promise(then => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then))));
    do await drawn(); while (document.querySelector("[aria-busy]"));
}"""


@contextlib.contextmanager
def opened_browser() -> "Iterator[Browser]":
    """Chromium without a window. Where it is not installed the test is skipped, or fails in CI."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacks = "the package playwright"
    else:
        lacks = "" if CHROMIUM else "Chromium"
    if lacks and IN_CI:
        pytest.fail(f"{lacks} is not installed, and INPAINT_BENCH_CI=1 says that it should be.")
    if lacks:
        pytest.skip(f"{lacks} is not installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def opened_sheet(browser: "Browser", written: ReportedRun, size: tuple[int, int]) -> "Iterator[Sheet]":
    """The report in a window of its own, as `opened_page` opens one."""
    with opened_page(browser, written.out, size) as page:
        yield Sheet(page, written)


@contextlib.contextmanager
def opened_page(browser: "Browser", folder: Path, size: tuple[int, int], dark: bool = False) -> "Iterator[Page]":
    """A window of its own. At the end it may have had no errors, and no requests outside the folder."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.set_default_navigation_timeout(120_000)  # ms; a busy machine starts a browser slowly
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda failed: wrong.append(failed.url))
    inside = f"{folder.as_uri()}/"
    page.on(
        "request",
        lambda requested: None if requested.url.startswith((inside, "data:")) else wrong.append(requested.url),
    )
    yield page
    context.close()
    assert wrong == []


class Sheet:
    """A report in a browser window."""

    def __init__(self, page: "Page", written: ReportedRun) -> None:
        self.page = page
        self.data = written.data()
        self.address = f"{written.out.as_uri()}/index.html"
        self.pairs = [pair["pair"] for pair in self.data["pairs"]]

    def open(self, view: str) -> None:
        """Open a view by its address."""
        self.page.goto(f"{self.address}{view}")
        self.page.wait_for_load_state("load")
        self.settle()

    def settle(self) -> None:
        """Wait until changes are shown."""
        self.page.evaluate(SETTLED)

    def press(self, key: str) -> None:
        """Press a key and wait for its effect."""
        self.page.keyboard.press(key)
        self.settle()

    def choose(self, field: str, value: str) -> None:
        """Choose a value in a field and wait for its effect."""
        self.page.locator(field).select_option(value)
        self.settle()

    def texts(self, selector: str) -> list[str]:
        """The text of each element."""
        return self.page.locator(selector).all_inner_texts()

    def listed(self) -> list[str]:
        """The pairs in the list, as far as it is drawn."""
        return [str(one.get_attribute("data-pair")) for one in self.page.locator("#rows article").all()]

    def title(self) -> str:
        """The heading of the view."""
        return self.page.locator("h1").inner_text()

    def pixels(self, selector: str) -> Any:
        """The pixels of an element on the screen."""
        with Image.open(io.BytesIO(self.page.locator(selector).screenshot())) as opened:
            return np.asarray(opened.convert("RGB")).astype(int)

    def in_order(self, values: dict[str, float], largest_first: bool) -> list[str]:
        """The pairs sorted by a value; ties stay in order."""
        return sorted(self.pairs, key=lambda pair: -values[pair] if largest_first else values[pair])

    def scores(self, method: str) -> dict[str, float]:
        """The PSNR of a method, by pair."""
        return dict(zip(self.pairs, self.data["scores"]["psnr"][method], strict=True))
