"""`pairs build` and `show`, and two folders in place of a dataset."""

from pathlib import Path

import numpy as np
import pytest
import tiny
from terminal import TINY, Terminal, composites, pngs

from inpaint_bench.data import images
from inpaint_bench.data.pair_lists import read_csv

FOLDERS = ("--targets", "pictures", "--masks", "holes", "--methods", "mean-fill")


def make_folders(pictures: str, holes: str) -> None:
    """Two folders with a picture and a mask for each letter."""
    for number, letter in enumerate(pictures):
        tiny.save_png(Path("pictures", f"{letter}.png"), tiny.picture(number))
    for letter in holes:
        hole = np.zeros((tiny.SIZE, tiny.SIZE), np.uint8)
        hole[2:9, 4:15] = 255
        tiny.save_png(Path("holes", f"{letter}.png"), hole)


def test_build_prints_the_counts_and_writes_the_list(terminal: Terminal, page: Path) -> None:
    answer = terminal("pairs", "build", *TINY, "--out", "mine.csv")
    answer.does("tiny: 4 pairs, fingerprint ", "  0.0-0.2: 2\n  0.2-0.4: 1\n  0.4-0.6: 1\n  All: 4")
    assert all(pair.seen for pair in read_csv(Path("mine.csv")))


def test_build_exports_what_a_method_is_given(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "build", *TINY, "--out", "mine.csv", "--export", "given").does()
    for pair in read_csv(Path("mine.csv")):
        image, _ = images.read_png(Path("given/images", f"{pair.pair}.png"))
        hole = images.read_values(Path("given/masks", f"{pair.pair}.png")) > 0
        target = images.read_pixels(Path("data/images", pair.image))
        assert (hole == (images.read_values(Path("data/masks", pair.mask)) > 0)).all()
        assert not image[hole].any()
        assert (image[~hole] == target[~hole]).all()
        assert hole.sum() == pair.hole_pixels
        assert pair.ratio == f"{hole.mean():.6f}"


def test_show_prints_the_counts_and_single_pairs(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "show", *TINY).does("tiny: 4 pairs", "the pixels were not read on this machine yet")
    terminal("pairs", "show", *TINY, "00002").does("00002  picture2.png  mask", "ratio ?  bucket -")
    terminal("pairs", "build", *TINY).does()
    terminal("pairs", "show", *TINY).does("All: 4")
    terminal("pairs", "show", *TINY, "00002").does("00002  picture2.png  mask", "ratio 0.")
    terminal("pairs", "show", *TINY, "17").refuses(2, "no pair is called '17'; they run from 00000 to 00003.")


def test_two_folders_are_matched_by_name(terminal: Terminal) -> None:
    make_folders("cab", "bca")
    terminal("run", *FOLDERS, "--metrics", "psnr").does("folders, pairs ")
    assert composites("mean-fill", Path("runs/folders")) == pngs(["00000", "00001", "00002"])
    rows = [line.split(",")[1:3] for line in Path("runs/folders/pairs.csv").read_text().splitlines()[2:]]
    assert rows == [["a.png", "a.png"], ["b.png", "b.png"], ["c.png", "c.png"]]


def test_two_folders_with_other_pixels_are_another_run(terminal: Terminal) -> None:
    make_folders("abc", "abc")
    terminal("predict", *FOLDERS).does()
    tiny.save_png(Path("pictures/b.png"), tiny.picture(77))
    terminal("predict", *FOLDERS).refuses(2, "runs/folders: this run folder is of another fingerprint")


@pytest.mark.parametrize(
    ("pictures", "holes", "message"),
    [
        ("abc", "ab", "holes: there is no mask for c. Give every image a mask of the same name, or of"),
        (
            "ab",
            "abcd",
            "pictures: there is no image for the mask of c, d. Give every image a mask of the same name, or of",
        ),
    ],
)
def test_a_picture_and_a_mask_without_a_partner_are_named(
    terminal: Terminal, pictures: str, holes: str, message: str
) -> None:
    make_folders(pictures, holes)
    terminal("run", *FOLDERS).refuses(2, message)


def test_folders_that_are_empty_or_missing_are_refused(terminal: Terminal) -> None:
    terminal("run", *FOLDERS).refuses(2, "pictures: there is no such folder.")
    Path("pictures").mkdir()
    Path("holes").mkdir()
    terminal("run", *FOLDERS).refuses(2, "pictures: there are no images here.")


def test_a_page_whose_name_list_does_not_ship_reads_the_mapping(terminal: Terminal) -> None:
    Path("all/images").mkdir(parents=True)
    Path("all/nvidia-irregular-test").mkdir()
    Path("all/masks").mkdir()
    answer = terminal("pairs", "show", "--dataset", "celeba-hq", "--data", "all")
    answer.refuses(
        2, "all/CelebA-HQ-to-CelebA-mapping.txt: this file of CelebA-HQ, which lists the test images, is missing"
    )
    Path("all/CelebA-HQ-to-CelebA-mapping.txt").write_text("idx orig_idx orig_file\nnothing\n")
    answer = terminal("pairs", "show", "--dataset", "celeba-hq", "--data", "all")
    answer.refuses(2, "line 2 is not 'idx orig_idx orig_file'. Fetch the file again.")
