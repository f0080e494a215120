"""One pixel that is not what it was is found, named, and refused."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from terminal import OUT, TINY, Terminal, composites


def flip(path: Path, index: tuple[int, ...]) -> None:
    values = np.array(Image.open(path))
    values[index] = 255 - values[index]
    tiny.save_png(path, values)


def flip_image() -> str:
    flip(Path("data/images/picture2.png"), (5, 7, 1))
    return "picture2.png: the image of pair 00002"


def flip_mask() -> str:
    flip(Path("data/masks/mask2.png"), (0, 0))
    return "mask2.png: the mask of pair 0000"


@pytest.mark.parametrize("change", [flip_image, flip_mask])
def test_one_flipped_pixel_makes_verify_fail_and_names_the_pair(
    terminal: Terminal, page: Path, change: Callable[[], str]
) -> None:
    terminal("pairs", "build", *TINY).does("tiny: 4 pairs, fingerprint ")
    terminal("pairs", "verify", *TINY).does("all 4 pairs are what they were, fingerprint ")
    named = change()
    answer = terminal("pairs", "verify", *TINY)
    answer.refuses(5, named, "was recorded", "Restore the file", "In all 1 pairs differ: 0000")


@pytest.mark.parametrize("change", [flip_image, flip_mask])
def test_one_flipped_pixel_makes_run_refuse(terminal: Terminal, page: Path, change: Callable[[], str]) -> None:
    terminal.run("mean-fill").does("mean-fill")
    named = change()
    terminal.run("mean-fill,telea").refuses(5, named, "was recorded")
    assert len(composites("mean-fill")) == 4
    terminal("score", OUT, "--data", "data", "--metrics", "ssim").refuses(5, named)


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: lines[:-1],
        lambda lines: [*lines[:2], lines[2].replace("picture0", "picture1"), *lines[3:]],
        lambda lines: [*lines[:2], ",".join([*lines[2].split(",")[:3], "", "", "", "", ""]) + "\n", *lines[3:]],
        lambda lines: [*lines[:2], re.sub(r",0\.[0-9]", ",0.9", lines[2], count=1), *lines[3:]],
    ],
    ids=["cut", "renamed", "without hashes", "another ratio"],
)
@pytest.mark.parametrize("noted", [True, False])
def test_hashes_that_were_recorded_and_then_edited_are_refused(
    terminal: Terminal, page: Path, tmp_path: Path, edit: Callable[[list[str]], list[str]], noted: bool
) -> None:
    terminal("pairs", "build", *TINY).does()
    (kept,) = (tmp_path / "cache" / "pairs").glob("*.csv")
    kept.write_text("".join(edit(kept.read_text().splitlines(keepends=True))))
    if not noted:
        kept.with_suffix(".sha256").unlink()
    terminal("pairs", "verify", *TINY).refuses(5, kept.name)
    terminal.run("mean-fill").refuses(5, kept.name)


@pytest.mark.parametrize("cell", ["4645f6a3ece3", "x" * 64, "A" * 64])
def test_a_hash_in_a_list_is_one(terminal: Terminal, page: Path, cell: str) -> None:
    terminal("pairs", "build", *TINY, "--out", "list.csv").does()
    lines = Path("list.csv").read_text().splitlines(keepends=True)
    cells = lines[2].split(",")
    Path("list.csv").write_text("".join([*lines[:2], ",".join([*cells[:3], cell, *cells[4:]]), *lines[3:]]))
    terminal("pairs", "verify", *TINY, "--pairs", "list.csv").refuses(2, "list.csv: line 3 is not a pair")


def test_every_pair_that_differs_is_counted(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "build", *TINY).does()
    flip(Path("data/images/picture0.png"), (0, 0, 0))
    flip(Path("data/images/picture3.png"), (0, 0, 0))
    answer = terminal("pairs", "verify", *TINY)
    answer.refuses(5, "pair 00000", "In all 2 pairs differ: 00000, 00003.")


def test_nothing_can_be_verified_before_it_was_read(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "verify", *TINY).refuses(2, "no hashes were recorded yet", "inpaint-bench pairs build")


def test_the_shipped_sample_is_what_it_was(terminal: Terminal) -> None:
    terminal("pairs", "verify").does("sample: all 75 pairs are what they were")
