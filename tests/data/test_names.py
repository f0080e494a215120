"""Files are found in sub-folders and under any spelling of their suffix, and matched by what is left of the name."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from terminal import Terminal, composites, write_program

from inpaint_bench.data import datasets, images
from inpaint_bench.data.names import by_stem, check_name, list_files, stem
from inpaint_bench.data.pair_lists import read_csv, to_csv
from inpaint_bench.data.pairs import Pair
from inpaint_bench.errors import InputError
from inpaint_bench.methods.layouts import match

FOLDERS = ("--targets", "images", "--masks", "masks", "--predictions", "done", "--metrics", "psnr")
HOLE = np.zeros((tiny.SIZE, tiny.SIZE), np.uint8)
HOLE[2:12, 4:15] = 255
CSV_OF_NUL = pytest.mark.skipif(sys.version_info < (3, 11), reason="its csv refuses NUL itself")
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def three_folders(*names: str, image: str = "{}", mask: str = "{}", output: str = "{}") -> None:
    """Targets, masks and perfect outputs under these names, each as its folder spells them."""
    for number, name in enumerate(names):
        target = tiny.picture(number)
        tiny.save_png(Path("images", image.format(name)), target)
        tiny.save_png(Path("masks", mask.format(name)), HOLE)
        tiny.save_png(Path("done", output.format(name)), target)


def scored(terminal: Terminal) -> dict[str, object]:
    answer = terminal("score", *FOLDERS, "--quiet")
    answer.does()
    return {row["pair"]: row["psnr"] for row in json.loads(answer.out)}


def test_files_of_sub_folders_are_matched_by_their_whole_name(terminal: Terminal) -> None:
    three_folders("a/0.png", "a/1.png", "b/0.png", "b/1.png")
    Path("done/visual").mkdir()
    assert scored(terminal) == {"a/0": "inf", "a/1": "inf", "b/0": "inf", "b/1": "inf"}


def test_outputs_may_lie_flat_where_no_two_images_share_a_name(terminal: Terminal) -> None:
    three_folders("a/0", "b/1", image="{}.png", mask="{}.png", output="{}.png")
    for path in sorted(Path("done").glob("*/*.png")):
        shutil.move(path, "done")
    assert scored(terminal) == {"a/0": "inf", "b/1": "inf"}


def test_outputs_that_lie_flat_are_refused_where_two_images_share_a_name() -> None:
    tiny.save_png(Path("done/0.png"), tiny.picture(0))
    with pytest.raises(InputError, match=r"done: 1 files belong to no pair \(0\.png\)"):
        match(Path("done"), [Pair("00000", "a/0.png", ""), Pair("00001", "b/0.png", "")])


@pytest.mark.parametrize("name", ["{}.s0", "{}_out_0", "{}_mask000", "pred_{}"])
def test_every_layout_is_read_in_sub_folders(name: str) -> None:
    pairs = [Pair("00000", "a/0.png", ""), Pair("00001", "b/0.png", "")]
    for folder in "ab":
        tiny.save_png(Path("done", folder, name.format("0") + ".png"), tiny.picture(0))
    found = match(Path("done"), pairs).outputs
    assert [path.parent.name for samples in found.values() for path in samples.values()] == ["a", "b"]


def test_suffixes_are_read_in_any_case(terminal: Terminal) -> None:
    three_folders("IMG_0", "IMG_1", image="{}.Png", mask="{}.PNG", output="{}.PNG")
    assert scored(terminal) == {"IMG_0": "inf", "IMG_1": "inf"}


def test_a_page_draws_pairs_from_sub_folders_and_a_run_resumes(terminal: Terminal, page: Path) -> None:
    for number in range(4):
        folder = Path("data/images", f"class{number % 2}")
        folder.mkdir(exist_ok=True)
        Path(f"data/images/picture{number}.png").rename(folder / f"{number}.PNG")
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "tiny.pairs.csv").does("4 pairs")
    assert [pair.image for pair in read_csv(Path("tiny.pairs.csv"))] == [
        "class0/0.PNG", "class0/2.PNG", "class1/1.PNG", "class1/3.PNG",
    ]  # fmt: skip
    terminal.run("mean-fill").does("mean-fill")
    terminal.run("mean-fill").does("mean-fill")
    assert len(composites("mean-fill")) == 4


def test_names_that_differ_in_how_an_accent_is_stored_are_the_same(terminal: Terminal) -> None:
    three_folders("x", image=f"{COMPOSED}.png", mask=f"{DECOMPOSED}.png", output=f"{DECOMPOSED}.png")
    assert scored(terminal) == {COMPOSED: "inf"}


def test_two_files_that_differ_in_how_an_accent_is_stored_are_refused() -> None:
    with pytest.raises(InputError, match=r"'cafe\\u0301\.png' and 'caf\\xe9\.png', which differ only in how an accent"):
        by_stem([f"{DECOMPOSED}.png", f"{COMPOSED}.png"], Path("images"))


def test_a_listed_name_whose_accent_is_stored_in_another_way_is_refused(terminal: Terminal, page: Path) -> None:
    Path("data/images/picture1.png").rename(f"data/images/{COMPOSED}.png")
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "tiny.pairs.csv").does()
    Path(f"data/images/{COMPOSED}.png").rename(f"data/images/{DECOMPOSED}.png")
    terminal.run("mean-fill").refuses(2, r"the list names 'caf\xe9.png', the file is called 'cafe\u0301.png'")


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"a\nb.png", b"a\x1b[31m.png", "a\u2028b.png".encode()])
def test_a_name_that_no_list_can_hold_is_refused(terminal: Terminal, name: bytes) -> None:
    three_folders("a.png")
    for folder in ("images", "masks", "done"):
        path = os.path.join(os.fsencode(folder), name)  # noqa: PTH118
        with open(path, "wb") as file:
            file.write(b"")
        answer = terminal("score", *FOLDERS)
        answer.refuses(2, f"{folder}: the file name ", "is not UTF-8 or has control characters. Rename the file.")
        assert answer.err.isascii()
        os.unlink(path)  # noqa: PTH108


def test_a_folder_that_contains_itself_is_refused() -> None:
    tiny.save_png(Path("images/a/0.png"), tiny.picture(0))
    Path("images/a/loop").symlink_to(Path("images").resolve())
    with pytest.raises(InputError, match=r"images/a/loop: a link to a folder that contains it\. Remove the link"):
        images.list_images(Path("images"))


def test_a_linked_folder_is_read_under_its_own_name() -> None:
    tiny.save_png(Path("elsewhere/0.png"), tiny.picture(0))
    Path("images").mkdir()
    for name in "ab":
        Path("images", name).symlink_to(Path("elsewhere").resolve())
    assert list_files(Path("images")) == ["a/0.png", "b/0.png"]


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "/etc/passwd",
        "a//b.png",
        "a/./b.png",
        "",
        "a/../../b.png",
        pytest.param("a\0.png", marks=CSV_OF_NUL),
    ],
)
@pytest.mark.parametrize("of_mask", [False, True], ids=["image", "mask"])
def test_a_listed_name_that_leads_out_of_its_folder_is_refused(name: str, of_mask: bool) -> None:
    pair = Pair("00000", "a.png", name) if of_mask else Pair("00000", name, "a.png")
    Path("pairs.csv").write_bytes(to_csv([pair]))
    with pytest.raises(InputError, match=r"pairs\.csv: line 3: "):
        read_csv(Path("pairs.csv"))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_a_name_is_refused_or_survives_a_list_of_pairs(name: str) -> None:
    try:
        check_name(name, "here")
    except InputError:
        return
    Path("pairs.csv").write_bytes(to_csv([Pair("00000", name, "a.png")]))
    assert [pair.image for pair in read_csv(Path("pairs.csv"))] == [name]


@given(st.text("ab./é", min_size=1, max_size=8).filter(lambda name: Path(name).name not in ("", ".", "..")))
def test_a_name_without_folders_has_the_stem_that_python_gives_it(name: str) -> None:
    assert stem(name).rpartition("/")[2] == stem(Path(name).name)


def test_grey_outputs_of_grey_images_are_scored(terminal: Terminal) -> None:
    grey = np.ascontiguousarray(tiny.picture(0)[..., 0])
    for folder, values in (("images", grey), ("masks", HOLE), ("done", grey)):
        tiny.save_png(Path(folder, "a.png"), values)
    assert scored(terminal) == {"a": "inf"}
    entry = write_program("[shutil.copy(images / name, out / name) for name in names]")
    answer = terminal("run", *FOLDERS[:4], "--methods", entry, "--metrics", "psnr", "--out", "runs/grey")
    answer.does("mine")


def test_a_grey_output_of_a_coloured_image_is_refused(terminal: Terminal) -> None:
    three_folders("a.png")
    tiny.save_png(Path("done/a.png"), np.ascontiguousarray(tiny.picture(0)[..., 0]))
    terminal("score", *FOLDERS).refuses(2, "done/a.png: the image is grey; allowed: 8-bit RGB PNG. Convert it first.")


def test_pairs_of_two_folders_are_in_the_order_of_their_names() -> None:
    three_folders("b/0.png", "a/1.png", "c.png")
    opened = datasets.open_folders(Path("images"), Path("masks"))
    assert [pair.image for pair in opened.pairs] == ["a/1.png", "b/0.png", "c.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("00000," + "a" * 200_000 + ",b.png,,,,,", r"cannot be read as a list of pairs \(field larger than"),
        ("00000,a.png,b.png,,," + "9" * 5_000 + ",,", "line 3 is not a pair"),
        ("9" * 5_000 + ",a.png,b.png,,,,,", "line 3 is not a pair"),
    ],
    ids=["long field", "long number", "long pair"],
)
def test_a_list_of_pairs_with_an_absurd_field_is_refused(text: str, message: str) -> None:
    header = to_csv([]).decode()
    Path("pairs.csv").write_text(header + text + "\n")
    with pytest.raises(InputError, match=rf"^pairs\.csv: {message}"):
        read_csv(Path("pairs.csv"))
