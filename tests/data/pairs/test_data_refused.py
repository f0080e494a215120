"""Data that cannot be used are refused by name, before a method sees anything."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from terminal import OUT, Terminal

from inpaint_bench.data import images

IMAGES, MASKS = Path("data/images"), Path("data/masks")
RGB = tiny.picture(9)
SQUARE = np.zeros((tiny.SIZE, tiny.SIZE), np.uint8)
SQUARE[4:12, 4:12] = 255


def change_page(old: str, new: str) -> None:
    page = Path("tiny.toml")
    assert old in page.read_text()
    page.write_text(page.read_text().replace(old, new))


def save(path: Path, picture: Image.Image) -> None:
    picture.save(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("folder", ["images", "masks"])
def test_a_missing_data_folder_is_reported_with_where_to_find_help(terminal: Terminal, page: Path, folder: str) -> None:
    Path("data", folder).rename("elsewhere")
    terminal.run("mean-fill").refuses(2, f"data/{folder}", "datasets show tiny.toml")


def test_a_dataset_whose_data_do_not_ship_tells_how_to_give_them(terminal: Terminal) -> None:
    answer = terminal("run", "--dataset", "paris")
    answer.refuses(2, "data of paris", "--data DIR", "INPAINT_BENCH_DATA", "inpaint-bench datasets fetch paris")
    terminal("run", "--dataset", "paris", "--data", "nowhere").refuses(2, "nowhere/images: there is no such folder")


def test_too_few_pictures_are_refused(terminal: Terminal, page: Path) -> None:
    (IMAGES / "picture3.png").unlink()
    terminal.run("mean-fill").refuses(2, "data/images: 3 images; tiny has 4.")


def test_too_many_pictures_are_refused(terminal: Terminal, page: Path) -> None:
    tiny.save_png(IMAGES / "stranger.png", RGB)
    terminal.run("mean-fill").refuses(2, "data/images: 5 images; tiny has 4.")


def test_more_pictures_are_allowed_where_the_page_takes_the_first(terminal: Terminal, page: Path) -> None:
    change_page("[images]", '[images]\nfirst = 4\nothers = "allow"')
    tiny.save_png(IMAGES / "zebra.png", RGB)
    terminal.predict("mean-fill").does("4 pairs by mean-fill")


def test_a_picture_that_the_list_names_and_is_missing_is_named(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "tiny.pairs.csv").does()
    (IMAGES / "picture2.png").rename(IMAGES / "other.png")
    terminal.run("mean-fill").refuses(2, "data/images: 1 of 4 files are missing (picture2.png)")


def test_a_mask_that_the_list_names_and_is_missing_is_named(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "tiny.pairs.csv").does()
    (MASKS / "mask2.png").unlink()
    terminal.run("mean-fill").refuses(2, "data/masks: 1 of 4 files are missing (mask2.png)")


def test_a_picture_beside_those_of_the_list_is_named(terminal: Terminal, page: Path) -> None:
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "tiny.pairs.csv").does()
    tiny.save_png(IMAGES / "stranger.png", RGB)
    answer = terminal.run("mean-fill")
    answer.refuses(2, "data/images: 5 images; the protocol has 4 (not listed: stranger.png)")


def test_a_folder_without_masks_is_refused(terminal: Terminal, page: Path) -> None:
    for path in MASKS.iterdir():
        path.unlink()
    terminal.run("mean-fill").refuses(2, "data/masks: there are no masks here")


@pytest.mark.parametrize("folder", [IMAGES, MASKS], ids=["image", "mask"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (cut, "not a complete image"),
        (make_folder, "cannot be read (Is a directory)"),
        (lambda path: save(path, Image.fromarray(SQUARE.astype(np.uint16) * 257)), "16 bits per channel; allowed: 8"),
        (lambda path: save(path, Image.fromarray(RGB).convert("RGBA")), "is RGBA; allowed: "),
        (lambda path: save(path, Image.fromarray(RGB).convert("P")), "is palette; allowed: "),
    ],
    ids=["zero bytes", "cut", "unreadable", "16 bits", "RGBA", "palette"],
)
def test_a_file_that_cannot_be_used_is_named(
    terminal: Terminal, page: Path, folder: Path, spoil: Callable[[Path], object], message: str
) -> None:
    path = sorted(folder.iterdir())[1]
    spoil(path)
    terminal.run("mean-fill").refuses(2, f"{path}: ", message)
    assert not OUT.exists()


def test_a_file_that_is_no_picture_is_refused(terminal: Terminal, page: Path) -> None:
    (IMAGES / "notes.txt").touch()
    terminal.run("mean-fill").refuses(2, "data/images/notes.txt: not an image file. Allowed: .png, .jpg")


def test_a_grey_picture_is_refused_where_the_page_says_so_and_replicated_elsewhere(
    terminal: Terminal, page: Path
) -> None:
    save(IMAGES / "picture1.png", Image.fromarray(RGB).convert("L"))
    terminal.predict("mean-fill").does("4 pairs")
    change_page("[images]", '[images]\ngrey = "refuse"')
    answer = terminal.predict("mean-fill", "--out", "another")
    answer.refuses(2, "data/images/picture1.png: the image is grey", "this protocol refuses grey")


@pytest.mark.parametrize("folder", [IMAGES, MASKS], ids=["images", "masks"])
def test_two_files_of_one_stem_are_refused(terminal: Terminal, page: Path, folder: Path) -> None:
    first = sorted(folder.iterdir())[0]
    save(first.with_suffix(".jpg"), Image.open(first))
    answer = terminal.run("mean-fill")
    answer.refuses(2, f"{folder}: {first.stem}.jpg and {first.name} have the same stem. Keep one of them.")


def test_the_same_picture_under_two_names_is_refused_unless_the_page_allows_it(terminal: Terminal, page: Path) -> None:
    save(IMAGES / "picture3.png", Image.open(IMAGES / "picture0.png"))
    terminal.run("mean-fill").refuses(2, "data/images: picture0.png and picture3.png hold the same image")
    change_page("[images]", '[images]\nduplicates = "allow"')
    terminal.predict("mean-fill").does("4 pairs")


def test_a_picture_of_another_size_than_the_page_requires_is_refused(terminal: Terminal, page: Path) -> None:
    tiny.save_png(IMAGES / "picture1.png", RGB[:20])
    terminal.run("mean-fill").refuses(2, "data/images/picture1.png: 24x20 pixels; the protocol requires 24x24.")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (SQUARE[:20], "the mask is 24x20, its image 24x24. Use a mask of the image's size."),
        (SQUARE * 0, "the mask hides nothing. Use one with a hole and a known region."),
        (np.full_like(SQUARE, 255), "the mask hides everything. Use one with a hole and a known region."),
    ],
    ids=["of another size", "empty", "full"],
)
def test_a_mask_that_makes_no_pair_is_refused(
    terminal: Terminal, page: Path, values: images.Values, message: str
) -> None:
    tiny.save_png(MASKS / "mask2.png", values)
    terminal.run("mean-fill").refuses(2, "data/masks/mask2.png: pair 0000", message)


def test_a_mask_with_grey_values_is_refused_under_the_strict_rule_alone(terminal: Terminal, page: Path) -> None:
    tiny.save_png(MASKS / "mask2.png", np.where(SQUARE > 0, 254, 0).astype(np.uint8))
    answer = terminal.run("mean-fill")
    answer.refuses(2, "data/masks/mask2.png: contains the value 254; the rule '255' allows only 0 and 255.")
    change_page('hole = "255"', 'hole = "> 0"')
    terminal.predict("mean-fill").does("4 pairs")
