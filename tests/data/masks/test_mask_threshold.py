"""Masks with more than two values, as JPEG and smooth edges leave them: refused, unless a threshold is given."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from terminal import Terminal

import inpaint_bench as ib
from inpaint_bench.data.pair_lists import fingerprint
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.protocols import read_page
from inpaint_bench.errors import InputError

FOLDERS = ("--targets", "images", "--masks", "masks")
HOLE = np.zeros((tiny.SIZE, tiny.SIZE), bool)
HOLE[3:14, 5:18] = True
REFUSED = "the rule '255' allows only 0 and 255. JPEG and smooth edges leave such values."
MISSING = "mask2.jpg: contains the value"


def jpeg_mask(path: Path) -> None:
    """A mask as JPEG leaves it: near 0, near 255, and split by no more than 127."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(HOLE.astype(np.uint8) * np.uint8(255)).save(path, quality=75)
    values = np.array(Image.open(path))
    assert len(np.unique(values)) > 2
    assert ((values > 127) == HOLE).all()
    assert (values > 0).sum() > HOLE.sum()


@pytest.fixture
def two_folders() -> None:
    for name in "ab":
        tiny.save_png(Path("images", f"{name}.png"), tiny.picture(ord(name)))
        jpeg_mask(Path("masks", f"{name}.jpg"))


def same_holes(masks: Path) -> None:
    """The holes without grey values, under the same names."""
    for name in "ab":
        tiny.save_png(masks / f"{name}.png", HOLE.astype(np.uint8) * np.uint8(255))


@pytest.mark.usefixtures("two_folders")
@pytest.mark.parametrize("command", ["run", "predict"])
def test_jpeg_masks_of_two_folders_are_refused_without_a_threshold(terminal: Terminal, command: str) -> None:
    answer = terminal(command, *FOLDERS, "--methods", "mean-fill", "--out", "out")
    answer.refuses(2, "masks/a.jpg: contains the value", REFUSED, "--mask-threshold 127")
    terminal(command, *FOLDERS, "--methods", "mean-fill", "--out", "out", "--mask-threshold", "127").does("mean-fill")
    rule = json.loads(Path("out/run.json").read_text())["protocol"]["masks"]["hole"]
    assert rule == "> 127"


@pytest.mark.usefixtures("two_folders")
def test_the_threshold_gives_the_numbers_of_masks_of_two_values(terminal: Terminal) -> None:
    same_holes(Path("clean"))
    jpeg = ib.run(
        targets="images", masks="masks", mask_threshold=127, methods=["telea"], metrics=["psnr", "psnr_hole"], out="a",
        quiet=True,
    )  # fmt: skip
    clean = ib.run(
        targets="images", masks="clean", methods=["telea"], metrics=["psnr", "psnr_hole"], out="b", quiet=True
    )
    assert jpeg.results["value"].tolist() == clean.results["value"].tolist()
    terminal("score", "a", *FOLDERS).does("scored telea")


@pytest.mark.usefixtures("two_folders")
def test_score_takes_the_threshold_too(terminal: Terminal) -> None:
    folders = (*FOLDERS, "--predictions", "images", "--metrics", "psnr", "--quiet")
    terminal("score", *folders).refuses(2, "masks/a.jpg: contains the value", REFUSED)
    answer = terminal("score", *folders, "--mask-threshold", 127)
    answer.does()
    assert [row["psnr"] for row in json.loads(answer.out)] == ["inf", "inf"]
    assert ib.score("images", "masks", "images", "psnr", mask_threshold=127, quiet=True)["psnr"].tolist() == ["inf"] * 2


def test_a_threshold_holds_for_arrays_of_8_bits() -> None:
    target, soft = tiny.picture(0)[None], np.where(HOLE, 250, 5).astype(np.uint8)[None]
    with pytest.raises(InputError, match="the masks hold values other than 0"):
        ib.score(target, soft, target, "psnr", quiet=True)
    moved = np.where(HOLE[None, ..., None], target ^ 1, target)
    given = [
        ib.score(target, mask, moved, "psnr", mask_threshold=127, quiet=True) for mask in (soft, soft // 128 * 255)
    ]
    assert given[0].equals(given[1])
    assert given[0]["psnr"][0] < 60
    with pytest.raises(InputError, match=r"the mask threshold 255 is none\. Give 0 to 254"):
        ib.score(target, soft, target, "psnr", mask_threshold=255, quiet=True)


def test_a_threshold_goes_with_masks_of_one_s_own(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--mask-threshold", 127).refuses(2, "a mask threshold goes with targets and masks")
    terminal("score", "runs/tiny", "--mask-threshold", 127).refuses(2, "--mask-threshold goes with --targets")
    terminal("run", *FOLDERS, "--mask-threshold", 255).refuses(2, "255 is not in the range 0<=x<=254")


def test_one_picture_is_inpainted_with_a_jpeg_mask_and_a_threshold(terminal: Terminal) -> None:
    tiny.save_png(Path("a.png"), tiny.picture(0))
    jpeg_mask(Path("mask.jpg"))
    command = ("inpaint", "a.png", "mask.jpg", "--method", "mean-fill", "--out", "out.png")
    terminal(*command).refuses(2, "mask.jpg: contains the value", REFUSED)
    terminal(*command, "--mask-threshold", 127).does(f"{HOLE.sum()} pixels by mean-fill")


def with_rule(page: Path, rule: str) -> None:
    text = page.read_text().replace('hole = "255"', rule)
    page.write_text(text)
    mask = Path("data/masks/mask2.png")
    mask.unlink()
    jpeg_mask(mask.with_suffix(".jpg"))


@pytest.mark.parametrize("rule", ["", 'hole = "two values"'])
def test_a_page_that_states_no_threshold_refuses_jpeg_masks(terminal: Terminal, page: Path, rule: str) -> None:
    with_rule(page, rule)
    answer = terminal.run("mean-fill")
    answer.refuses(2, MISSING, "the rule 'two values' allows only 0 and 255", 'hole = "> 127" in a protocol page')


@pytest.mark.parametrize("rule", ["> 0", "> 127", "> 200"])
def test_a_page_that_states_a_threshold_takes_masks_as_they_are(terminal: Terminal, page: Path, rule: str) -> None:
    with_rule(page, f'hole = "{rule}"')
    terminal.run("mean-fill").does("mean-fill")


def test_the_default_rule_and_above_0_have_one_fingerprint(page: Path) -> None:
    text, prints = page.read_text(), set()
    for rule in ("", 'hole = "two values"', 'hole = "> 0"'):
        page.write_text(text.replace('hole = "255"', rule))
        prints.add(fingerprint(read_page(page), [Pair("00000", "a.png", "b.png")]))
    assert prints == {"e7c60675a260"}
