"""The slider in Chromium: it moves by mouse and keyboard, from a file, without a request or a script of its own."""

import io
from pathlib import Path

import numpy as np
import pytest
from browsing import SETTLED, opened_browser
from PIL import Image

from inpaint_bench.data.images import Pixels
from inpaint_bench.figures.inline import Slider

pytestmark = pytest.mark.acceptance
RED, BLUE = (200, 0, 0), (0, 0, 200)


def full(colour: tuple[int, int, int]) -> Pixels:
    return np.full((64, 64, 3), colour, np.uint8)


def test_the_slider_moves_the_border_between_the_pictures(tmp_path: Path) -> None:
    sliders = [Slider(full(RED), full(BLUE), ("input", f"m{number}"), "pair") for number in range(2)]
    (tmp_path / "page.html").write_text("<!DOCTYPE html>" + "".join(one.to_html() for one in sliders))
    with opened_browser() as browser:
        page = browser.new_page(viewport={"width": 500, "height": 900})
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else wrong.append(one.url))
        page.goto((tmp_path / "page.html").as_uri())

        def red(number: int) -> float:
            """The share of a slider's pictures that shows the first one."""
            page.evaluate(SETTLED)
            shown = Image.open(io.BytesIO(page.locator("figure div").nth(number).screenshot())).convert("RGB")
            return float((np.asarray(shown)[..., 0] > 100).mean())

        assert red(0) == pytest.approx(0.5, abs=0.02)
        page.locator("input").nth(0).fill("80")
        assert red(0) == pytest.approx(0.8, abs=0.02)
        assert red(1) == pytest.approx(0.5, abs=0.02)
        page.locator("input").nth(0).focus()
        page.keyboard.press("Home")
        assert red(0) == 0
        page.keyboard.press("End")
        assert red(0) == 1
        assert wrong == []
