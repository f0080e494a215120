"""The documentation site: it builds strictly, opens from disk without a network, and can be read and searched."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import site_pictures
from browsing import DESKTOP, PHONE, SETTLED, opened_browser
from PIL import Image
from site_blocks import DOCS, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.acceptance

SHOWN = (
    "index.html",
    "start.html",
    "tutorials/evaluate.html",
    "how-to/own-method.html",
    "how-to/slurm.html",
    "concepts/pairs.html",
    "concepts/numbers.html",
    "reference/commands/run.html",
    "reference/python.html",
    "reference/metrics/index.html",
    "reference/methods/rfr.html",
    "reference/protocols/sample.html",
)
LEAST_CONTRAST = 4.5
# Every visible text whose colour stands out too little from what is painted behind it: [ratio, text].
CONTRAST = """least => {
  const parse = colour => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const known = new Map()
  const rgba = colour => known.get(colour) || known.set(colour, parse(colour)).get(colour)
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1)
  const behind = node => {
    const layers = []
    for (let one = node; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor))
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1])
  }
  const light = colour => colour.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const poor = new Map()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement
    if (!walker.currentNode.data.trim() || node.closest("script, style, svg, iframe, noscript")) continue
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue
    const box = node.getBoundingClientRect()
    if (box.width < 2 || box.height < 2) continue
    const below = behind(node)
    const [a, b] = [light(over(rgba(getComputedStyle(node).color), below)), light(below)].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    const text = walker.currentNode.data.trim().slice(0, 40)
    if (ratio < least) poor.set(`${ratio.toFixed(2)} ${node.className} ${text}`, 1)
  }
  return [...poor.keys()]
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(out)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One browser for all tests of this file."""
    with opened_browser() as opened:
        yield opened


class Tags(HTMLParser):
    """The title of a page, its pictures without a text, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.in_title = "", False
        self.silent: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads."""
        given = dict(attributes)
        self.in_title = tag == "title"
        if tag == "img" and not (given.get("alt") or "").strip():
            self.silent.append(str(given.get("src")))
        if tag in ("img", "script", "iframe", "source") or (tag == "link" and given.get("rel") == "stylesheet"):
            self.loads += [str(given[name]) for name in ("src", "href") if given.get(name)]

    def handle_data(self, data: str) -> None:
        """Note the title."""
        self.title += data if self.in_title else ""

    def handle_endtag(self, tag: str) -> None:
        """The title ends."""
        self.in_title = False


def test_every_page_has_a_title_of_its_own_texts_for_its_pictures_and_loads_local_files(site: Path) -> None:
    titles: dict[str, Path] = {}
    pages = [path for path in site.rglob("*.html") if path.name != "404.html"]
    assert len(pages) > 60
    for path in pages:
        tags = Tags()
        tags.feed(path.read_text(encoding="utf-8"))
        title = tags.title.strip()
        assert title, path
        assert titles.setdefault(f"{path.parent.name}/{title}", path) == path
        assert tags.silent == [], path
        for name in tags.loads:
            assert "://" not in name, (path, name)
            assert name.startswith("data:") or (path.parent / name.partition("?")[0]).is_file(), (path, name)


def opened(browser: "Browser", size: tuple[int, int], scheme: Any, wrong: list[str]) -> "Page":
    """A page in a window of its own; what it asks of others, and its errors, are noted."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith(("file:", "data:", "blob:")) else wrong.append(one.url))
    page.on("requestfailed", lambda one: wrong.append(f"failed: {one.url}"))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_can_be_read_in_both_schemes_and_widths(
    site: Path, browser: "Browser", size: tuple[int, int], scheme: str
) -> None:
    wrong: list[str] = []
    page = opened(browser, size, scheme, wrong)
    for name in SHOWN:
        page.goto((site / name).as_uri())
        page.evaluate(SETTLED)
        assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if scheme == "dark" else "default")
        assert page.evaluate(CONTRAST, LEAST_CONTRAST) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name
        assert page.locator("h1").count() == 1, name
    page.context.close()
    assert wrong == []


def test_search_works_from_disk_and_by_keyboard(site: Path, browser: "Browser") -> None:
    wrong: list[str] = []
    page = opened(browser, DESKTOP, "light", wrong)
    page.goto((site / "index.html").as_uri())
    page.evaluate(SETTLED)
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    page.keyboard.type("sign-flip test")
    page.wait_for_selector(".md-search-result__link")
    assert "Significance" in "".join(page.locator(".md-search-result__title, .md-search-result h1").all_inner_texts())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"(?!.*index\.html).*\.html"))
    page.wait_for_selector("article mark")  # what was searched for is marked
    page.context.close()
    assert wrong == []


def test_the_navigation_is_reached_with_the_tab_key(site: Path, browser: "Browser") -> None:
    page = opened(browser, DESKTOP, "light", [])
    page.goto((site / "tutorials" / "evaluate.html").as_uri())
    page.evaluate(SETTLED)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.className"))
    page.context.close()
    assert {"../how-to/index.html", "../concepts/index.html", "reproduce.html", "gate.html"} <= reached
    assert any("md-search" in str(name) for name in reached)


def test_pictures_are_what_the_script_draws_and_pages_give_their_numbers(tmp_path: Path) -> None:
    drawn, committed = tmp_path / "images", DOCS / "images"
    drawn.mkdir()
    site_pictures.draw_all(drawn)
    assert {path.name for path in drawn.iterdir()} == {path.name for path in committed.iterdir()}
    for name in [*(f"{plot}.svg" for plot in site_pictures.PLOTS), "numbers.json"]:
        texts = [(folder / name).read_text(encoding="utf-8") for folder in (drawn, committed)]
        assert rounded(texts[0]) == rounded(texts[1]), name
    grids = [np.asarray(Image.open(folder / "grid.png"), dtype=float) for folder in (drawn, committed)]
    assert grids[0].shape == grids[1].shape
    assert np.abs(grids[0] - grids[1]).mean() < 0.1  # levels of 255: processors may differ by one here and there


def rounded(text: str) -> str:
    """A drawing with its numbers to one decimal: processors differ in the last digits."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}", text)
