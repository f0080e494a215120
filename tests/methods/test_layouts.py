"""Every layout of other tools is recognised and reported; a folder that fits none, or two, is refused."""

import json
from pathlib import Path

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from terminal import OUT, Terminal, composites, pngs

from inpaint_bench.data.pairs import Pair
from inpaint_bench.errors import InputError, some
from inpaint_bench.methods.layouts import match

PAIRS = [Pair(f"{number:05d}", f"{stem}.jpg", f"{number}.png") for number, stem in enumerate("abcd")]
STEMS = [f"picture{number}" for number in range(4)]
LAYOUTS = {
    "the pair": (pngs(["00000", "00001", "00002", "00003"]), [], "inpaint-bench (pair.png, pair.s0.png)", "pair"),
    "the stem, as MAT and IOPaint": (pngs(STEMS), [], "inpaint-bench (pair.png, pair.s0.png)", "image"),
    "LaMa": ([f"{stem}_mask000.png" for stem in STEMS], [], "LaMa (stem_mask000.png)", "image"),
    "SPN": ([f"pred_{stem}.png" for stem in STEMS], [], "SPN (pred_stem.png)", "image"),
    "SPN, stochastic": (
        [f"{stem}_out_{sample}.png" for stem in STEMS for sample in range(3)],
        [f"{stem}_masked.png" for stem in STEMS],
        "SPN, stochastic (stem_out_0.png)",
        "image",
    ),
    "EC": (
        pngs(STEMS),
        [f"{stem}_{what}.png" for stem in STEMS for what in ("edge", "masked")] + ["statistics.npz"],
        "EC (stem.png, beside stem_edge.png and stem_masked.png)",
        "image",
    ),
    "PIC": (
        [f"{stem}_out_{sample}.png" for stem in STEMS for sample in range(3)],
        [f"{stem}_{what}.png" for stem in STEMS for what in ("truth", "mask")],
        "PIC (stem_out_0.png, beside stem_truth.png and stem_mask.png)",
        "image",
    ),
    "RFR": (
        [f"img_{number}.png" for number in range(1, 5)],
        [f"masked_img_{number}.png" for number in range(1, 5)],
        "RFR (img_1.png, beside masked_img_1.png)",
        "the place of the image among the sorted images, from 1",
    ),
}


def left_out(names: list[str]) -> str:
    return f"; left out: {some(sorted(names))}" if names else ""


def touch(names: list[str], folder: str = "done") -> Path:
    for name in names:
        Path(folder, name).parent.mkdir(exist_ok=True)
        Path(folder, name).touch()
    return Path(folder)


@pytest.mark.parametrize("tool", LAYOUTS)
def test_a_known_layout_is_recognised_and_reported(terminal: Terminal, page: Path, tool: str) -> None:
    outputs, others, name, by = LAYOUTS[tool]
    for number, file in enumerate(outputs):
        tiny.save_png(Path("done", file), tiny.output(4 * number // len(outputs), number))
    for file in others:
        tiny.save_png(Path("done", file.replace(".npz", ".png")), tiny.picture(100))
    if Path("done/statistics.png").exists():
        Path("done/statistics.png").rename("done/statistics.npz")
    answer = terminal.run("mine=folder:done")
    answer.does("mine", "psnr")
    notes = f"{len(outputs)} files of 4 pairs, laid out as {name}, matched by {by}{left_out(others)}"
    assert f"mine: {notes}.\n" in answer.err
    assert len(composites()) == len(outputs)
    assert json.loads(Path(OUT, "run.json").read_text())["methods"]["mine"]["notes"] == notes


@pytest.mark.parametrize("tool", LAYOUTS)
def test_a_layout_gives_every_pair_its_own_file(tool: str) -> None:
    outputs, others, _, _ = LAYOUTS[tool]
    folder = touch([*outputs, *others])
    pairs = [Pair(f"{number:05d}", f"{stem}.png", "") for number, stem in enumerate(STEMS)]
    found = match(folder, pairs).outputs
    assert sorted(path.name for samples in found.values() for path in samples.values()) == sorted(outputs)
    for number, pair in enumerate(pairs):
        own = (f"{number:05d}", STEMS[number], f"img_{number + 1}")
        assert all(any(name in path.stem for name in own) for path in found[pair.pair].values())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "done: there is no such folder of outputs."),
        (["a.jpg"], "done/a.jpg: JPEG compression changes pixels before they are scored. Save outputs as PNG."),
        (["a.png", "b.tif"], "done/b.tif: not a PNG file. Outputs must be PNG; move other pictures elsewhere."),
        (["a.npy", "notes.txt"], r"done: no PNG files are here \(a.npy, notes.txt\). Outputs must be PNG."),
        (["a_out_0.png", "zebra_truth.png"], r"done: 1 files belong to no pair \(zebra_truth.png\)"),
        (["img_1.png", "img_2.png"], "done: its outputs are numbered, and there are not as many as the 4 pairs"),
        (["img_0.png", "img_1.png", "img_2.png", "img_3.png"], r"done: 1 files belong to no pair \(img_0.png\)"),
        (["a.png", "b.png", "zebra.png"], r"done: 1 files belong to no pair \(zebra.png\). Known layouts: .*LaMa"),
        (["x.png", "y.png"], r"done: 2 files belong to no pair \(x.png, y.png\)"),
        (["a.s0.png", "a.s2.png"], "done: the samples are not numbered from 0 for every pair"),
        (["a.s0.png", "a.s1.png", "b.s0.png"], "done: the samples are not numbered from 0 for every pair"),
        (["a.png", "b_mask000.png"], "done: 1 files belong to no pair"),
        (["a_mask000.png", "a_mask001.png"], "done: 'a_mask000.png' and 'a_mask001.png' are outputs of one pair; keep"),
        (["a.PNG", "a.png"], "done: 'a.PNG' and 'a.png' are outputs of one pair; keep one of them."),
    ],
)
def test_a_folder_that_fits_no_layout_is_refused(names: list[str], message: str) -> None:
    touch(names)
    with pytest.raises(InputError, match=message) as refused:
        match(Path("done"), PAIRS)
    assert str(refused.value).endswith(".")


def test_an_empty_folder_is_refused() -> None:
    Path("done").mkdir()
    with pytest.raises(InputError, match="done: this folder of outputs is empty"):
        match(Path("done"), PAIRS)


def test_a_folder_that_can_be_read_in_two_ways_is_refused() -> None:
    pairs = [Pair(f"{number:05d}", f"{number + 1:05d}.png", "") for number in range(4)]
    folder = touch(pngs(["00001", "00002", "00003"]))
    with pytest.raises(
        InputError, match=r"done: its files can be matched in two ways: .*by pair or .*by image\. Rename the files"
    ):
        match(folder, pairs)


def test_a_reading_that_covers_more_pairs_wins() -> None:
    pairs = [Pair(f"{number:05d}", f"{number + 1:05d}.png", "") for number in range(4)]
    folder = touch(pngs(["00001", "00002", "00003", "00004"]))
    assert match(folder, pairs).outputs["00000"] == {None: folder / "00001.png"}


def test_pictures_of_two_dots_are_matched_up_to_the_first() -> None:
    pairs = [Pair("00000", "a.tar.jpg", ""), Pair("00001", "b.tar.jpg", "")]
    folder = touch(["a.png", "b.png"])
    assert match(folder, pairs).outputs["00001"] == {None: folder / "b.png"}
    other = touch(["a.tar.png", "b.tar.png"], "other")
    assert match(other, pairs).outputs["00001"] == {None: other / "b.tar.png"}


def test_of_more_samples_than_the_page_asks_for_the_first_are_taken(terminal: Terminal, page: Path) -> None:
    for number, key in enumerate(STEMS):
        for sample in range(11):
            path = Path("done", f"{key}_out_{sample}.png")
            tiny.save_png(path, tiny.output(number, sample))
    answer = terminal.predict("mine=folder:done")
    answer.does()
    assert "mine: 12 files of 4 pairs, laid out as SPN, stochastic (stem_out_0.png), matched by image; " in answer.err
    assert "of 11 samples the first 3 are taken.\n" in answer.err
    assert composites() == [f"{pair:05d}.s{sample}.png" for pair in range(4) for sample in range(3)]
    for sample in range(3):
        written = tiny.read(OUT / "mine/composites" / f"00000.s{sample}.png")
        hole = tiny.read("data/masks/mask0.png") > 0
        assert (written[hole] == tiny.output(0, sample)[hole]).all()


def test_numbered_outputs_follow_the_sorted_names_of_the_images() -> None:
    """RFR sorts names as text: the second of 11 images called 1 to 11 is '10'."""
    images = [f"{number}.png" for number in range(1, 12)]
    pairs = [Pair(f"{number:05d}", image, "") for number, image in enumerate(sorted(images))]
    folder = touch([f"img_{number}.png" for number in range(1, 12)])
    assert {pair.image: match(folder, pairs).outputs[pair.pair][None].name for pair in pairs} == {
        image: f"img_{number}.png" for number, image in enumerate(sorted(images), start=1)
    }


def test_numbers_that_count_images_and_pairs_in_other_orders_are_refused() -> None:
    pairs = [Pair("00000", "b.png", ""), Pair("00001", "a.png", "")]
    with pytest.raises(InputError, match=r"matched in two ways: RFR .*sorted images.* or RFR .*the place of the pair"):
        match(touch(["img_1.png", "img_2.png"]), pairs)


def test_a_name_counts_before_a_number() -> None:
    pairs = [Pair("00000", "img_2.png", ""), Pair("00001", "img_10.png", "")]
    folder = touch(["img_2.png", "img_10.png"])
    assert match(folder, pairs).outputs["00000"] == {None: folder / "img_2.png"}


def test_outputs_named_after_the_masks_of_one_image_are_matched() -> None:
    pairs = [Pair(f"{number:05d}", "a.png", f"a_mask00{number}.png") for number in range(3)]
    folder = touch([f"a_mask00{number}.png" for number in range(3)])
    found = match(folder, pairs)
    assert found.outputs["00002"] == {None: folder / "a_mask002.png"}
    assert "matched by mask" in str(found)


@given(st.integers(1, 4), st.sampled_from(["{}", "{}_mask000", "pred_{}"]))
def test_a_folder_with_some_pairs_alone_is_matched(count: int, name: str) -> None:
    folder = touch([f"{name.format(pair.image[0])}.png" for pair in PAIRS[:count]], f"{count} {name[:5].strip('{}')}")
    assert match(folder, PAIRS).outputs.keys() == {pair.pair for pair in PAIRS[:count]}
