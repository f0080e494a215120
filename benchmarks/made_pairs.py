"""Datasets of any number of pairs, for benchmarks: a few pictures and masks, each under many names."""

import os
from pathlib import Path

import numpy as np

from inpaint_bench.data import images

DIFFERENT = 25
PAGE = """schema = 1
name = "made"
count = {count}
size = {size}
data = "data"
[images]
resize = "none"
duplicates = "allow"
[masks]
resize = "none"
hole = "255"
[about]
title = "{different} pictures of smooth waves and noise, each under many names"
licence = "CC0-1.0"
get = "benchmarks/made_pairs.py makes it"
"""


def make_pairs(root: Path, count: int, size: int) -> Path:
    """The page of a dataset of so many pairs, with its data beside it: links to a few files."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size]
    for kind in ("images", "masks"):
        (root / "data" / kind).mkdir(parents=True)
    for number in range(count):
        paths = [root / "data" / kind / f"{number:06}.png" for kind in ("images", "masks")]
        if number >= DIFFERENT:
            for path in paths:
                os.link(path.with_name(f"{number % DIFFERENT:06}.png"), path)
            continue
        slopes = rng.uniform(0.01, 0.2, (2, 3))
        waves = 128 + 80 * np.sin(rows[..., None] * slopes[0] + columns[..., None] * slopes[1])
        hole = waves[..., 0] > 140
        hole[: size // 8] = hole[:, : size // 8] = False
        hole[size // 4 : size // 2, size // 4 : size // 2] = True
        paths[0].write_bytes(images.png_bytes(np.clip(waves + rng.normal(0, 8, waves.shape), 0, 255).astype(np.uint8)))
        paths[1].write_bytes(images.png_bytes(images.mask_values(hole)))
    page = root / "page.toml"
    page.write_text(PAGE.format(count=count, size=size, different=DIFFERENT))
    return page
