"""Masks that are named after their image as LaMa's are, and one mask for all images."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from terminal import Terminal

from inpaint_bench.data.datasets import open_folders
from inpaint_bench.errors import InputError

TARGETS = ("--targets", "images", "--masks")
SCORED = ("--predictions", "done", "--metrics", "psnr")


def save(*names: str) -> None:
    """Pictures, and a mask wherever a name says that it is one; each mask has another hole."""
    for number, name in enumerate(names):
        mask = np.zeros((tiny.SIZE, tiny.SIZE), np.uint8)
        mask[2:12, 4 : 10 + number] = 255
        tiny.save_png(Path(name), mask if "mask" in name else tiny.picture(number))


def coupled(images: str, masks: str) -> list[tuple[str, str]]:
    return [(pair.image, pair.mask) for pair in open_folders(Path(images), Path(masks)).pairs]


def test_masks_of_lama_lie_in_a_folder_of_their_own() -> None:
    save("images/a.png", "images/b.png", "masks/a_mask000.png", "masks/b_mask.png")
    assert coupled("images", "masks") == [("a.png", "a_mask000.png"), ("b.png", "b_mask.png")]


def test_masks_of_lama_lie_beside_their_images() -> None:
    save("both/a.png", "both/a_mask000.png", "both/c/b.png", "both/c/b_mask000.png")
    assert coupled("both", "both") == [("a.png", "a_mask000.png"), ("c/b.png", "c/b_mask000.png")]


def test_several_masks_of_an_image_are_several_pairs_and_rows(terminal: Terminal) -> None:
    save("images/a.png", "images/b.png", *(f"masks/{name}.png" for name in ("a_mask000", "a_mask001", "b_mask000")))
    for name, number in (("a_mask000", 0), ("a_mask001", 0), ("b_mask000", 1)):
        tiny.save_png(Path("done", f"{name}.png"), tiny.picture(number))
    answer = terminal("score", *TARGETS, "masks", *SCORED)
    answer.does()
    assert "masks: masks are matched by the name before '_mask', as LaMa has them.\n" in answer.err
    assert "laid out as LaMa, several masks an image (stem_mask000.png), matched by mask.\n" in answer.err
    rows = {row["pair"]: row["psnr"] for row in json.loads(answer.out)}
    assert rows == {"a_mask000": "inf", "a_mask001": "inf", "b_mask000": "inf"}


@pytest.mark.parametrize("masks", ["masks", "masks/mask.png"], ids=["alone in a folder", "a file"])
def test_one_mask_is_for_all_images(terminal: Terminal, masks: str) -> None:
    save("images/a.png", "images/b/c.png", "masks/mask.png")
    answer = terminal("run", *TARGETS, masks, "--methods", "mean-fill", "--metrics", "psnr")
    answer.does()
    assert "masks/mask.png: one mask for all images (2).\n" in answer.err
    rows = [line.split(",")[1:3] for line in Path("runs/folders/pairs.csv").read_text().splitlines()[2:]]
    assert rows == [["a.png", "mask.png"], ["b/c.png", "mask.png"]]
    terminal("score", "runs/folders", *TARGETS, masks, "--metrics", "mae").does("scored mean-fill")


def test_equal_names_count_before_the_rule_of_lama() -> None:
    save("images/a.png", "images/a_mask.png", "masks/a.png", "masks/a_mask.png")
    assert coupled("images", "masks") == [("a.png", "a.png"), ("a_mask.png", "a_mask.png")]


@pytest.mark.parametrize(
    ("names", "masks", "message"),
    [
        (["images/a.png", "images/b.png", "masks/a_mask000.png"], "masks", "masks: there is no mask for b. Give"),
        (
            ["images/a.png", "masks/a_mask000.png", "masks/b_mask000.png"],
            "masks",
            "images: there is no image for the mask of b. Give",
        ),
        (["images/a.png", "images/b.png", "masks/b.png"], "masks", "masks: there is no mask for a. Give"),
        (["images/a.png", "images/b.png", "images/a_mask0.png"], "images", "images: there is no mask for b. Give"),
        (["images/a.png"], "images", "images: there is no mask for a. Give every image a mask"),
        (["images/.hidden", "mask.png"], "mask.png", "images: there are no images here."),
        (["images/a.png"], "nowhere.png", "nowhere.png: there is no such folder."),
    ],
)
def test_images_and_masks_without_a_partner_are_named(names: list[str], masks: str, message: str) -> None:
    save(*names)
    with pytest.raises(InputError, match=rf"^{message}"):
        open_folders(Path("images"), Path(masks))
