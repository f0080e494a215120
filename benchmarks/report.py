"""The report of a run: how long it takes to write it, and to show it in a browser.

    python benchmarks/report.py                     100 pairs of 256 pixels, 9 methods
    python benchmarks/report.py 50000 3 64          so many pairs, methods and pixels: a quarter of an hour

Needs the package playwright and Chromium. Three views are timed, the results with their plots, the list of pairs and
one pair: from the start of a new browser window until the heading is there and every image in the window is decoded.
Each should take under 3 s; the slowest of three windows is printed, with the largest heap of its scripts.
"""

import dataclasses
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from inpaint_bench import files
from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import write_results
from inpaint_bench.analysis.run import RunData
from inpaint_bench.data import datasets
from inpaint_bench.report.write import write_report
from inpaint_bench.runner import folder
from inpaint_bench.runner.predict import predict_pairs
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_pairs import score_run
from inpaint_bench.runner.scores import Score, read_scores, scores_path, write_scores

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAIRS, METHODS, SIZE, TARGET, WINDOWS = 100, 9, 256, 3.0, 3
FIRST = "mean-fill"
VIEWS = ("#/results", "#/pairs?by=score&metric=psnr&a=method1", "#/pair/00042")
PAGE = """schema = 1
name = "report"
count = {count}
size = {size}
data = "data"
metrics = ["psnr", "ssim", "mae"]
[images]
resize = "none"
[masks]
resize = "none"
hole = "255"
[about]
title = "pictures of smooth waves and noise"
licence = "CC0-1.0"
get = "benchmarks/report.py makes it"
"""
SEEN = """async () => {
    const inside = image => { const box = image.getBoundingClientRect();
        return box.width && box.bottom > 0 && box.top < innerHeight; };
    const drawn = () => document.querySelector("h1") && !document.querySelector("[aria-busy]");
    while (!drawn()) await new Promise(requestAnimationFrame);
    const images = [...document.images].filter(inside);
    await Promise.all(images.map(image => image.decode()));
    return images.length;
}"""


def make_data(root: Path, count: int, size: int) -> Path:
    """The protocol page of a dataset of images that are all different and compress like photographs."""
    import numpy as np

    from inpaint_bench.data import images

    rows, columns = np.mgrid[:size, :size]
    for number in range(count):
        rng = np.random.default_rng(number)
        slopes = rng.uniform(0.01, 0.2, (2, 3))
        waves = 128 + 80 * np.sin(rows[..., None] * slopes[0] + columns[..., None] * slopes[1])
        pixels = np.clip(waves + rng.normal(0, 5, waves.shape), 0, 255).astype(np.uint8)
        hole = np.zeros((size, size), np.bool_)
        top, left, side = *rng.integers(0, size * 2 // 5, 2), rng.integers(size // 4, size * 3 // 5)
        hole[top : top + side, left : left + side] = True
        files.write_whole(root / "data" / "images" / f"{number:05d}.png", images.png_bytes(pixels))
        files.write_whole(root / "data" / "masks" / f"{number:05d}.png", images.png_bytes(images.mask_values(hole)))
    page = root / "report.toml"
    page.write_text(PAGE.format(count=count, size=size))
    return page


def make_run(root: Path, dataset: datasets.Dataset, runtime: RuntimeOptions, methods: int) -> RunData:
    """A run of one method under so many names, each with files and scores of its own."""
    from inpaint_bench.methods.select import select_methods

    (method,) = select_methods([FIRST], dataset, dataset)
    run = predict_pairs(folder.start(root / "run", dataset), dataset, method, runtime)
    score_run(run, dataset, FIRST, dataset.page.metrics, runtime)
    scores = read_scores(scores_path(run, FIRST))
    for number in range(1, methods):
        name, moved = f"method{number}", random.Random(number)
        shutil.copytree(run.path / FIRST, run.path / name)
        write_scores(run, name, [_moved(score, moved) for score in scores])
        run = run.with_method(name, msgspec.structs.replace(run.info.methods[FIRST], code=str(number)))
    write_results(run, derive_results(RunData(run)))
    return RunData(run)


def _moved(score: Score, moved: random.Random) -> Score:
    return dataclasses.replace(score, value=score.value * moved.uniform(0.9, 1.1))


def first_view(browser: "Browser", address: str) -> tuple[float, int, float]:
    """Seconds until everything in a new window is shown, the number of images in it, and the heap of scripts in MiB."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    start = time.perf_counter()
    page = context.new_page()
    page.goto(address)
    pictures: Any = page.evaluate(SEEN)
    seconds = time.perf_counter() - start
    heap: Any = page.evaluate("performance.memory.usedJSHeapSize")
    context.close()
    return seconds, int(pictures), heap / 2**20


def main(counts: list[int]) -> None:
    """Write the report, open its views, and print both times."""
    from playwright.sync_api import sync_playwright

    chromium = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    count, methods, size = counts or (PAIRS, METHODS, SIZE)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        runtime = RuntimeOptions("cpu", jobs=1)
        dataset = datasets.see(datasets.open_dataset(str(make_data(root, count, size)), None), jobs=1)
        run = make_run(root, dataset, runtime, methods)
        start = time.perf_counter()
        first = write_report(run, dataset, root / "report", {}, 1)
        print(f"{count} pairs, {methods} methods: written in {time.perf_counter() - start:.1f} s")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for view in VIEWS:
                found = [first_view(browser, f"{first.as_uri()}{view}") for _ in range(WINDOWS)]
                (seconds, pictures, _), heap = max(found), max(heap for *_, heap in found)
                print(f"  {view:40} {seconds:5.2f} s, {pictures} images, {heap:.0f} MiB (under {TARGET:.0f} s wanted)")
            browser.close()


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
