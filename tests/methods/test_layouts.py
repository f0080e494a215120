"""Every layout of other tools is recognised and reported; a folder that fits none, or two, is refused."""

from pathlib import Path

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from terminal import Terminal, composites, pngs

from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.errors import InputError
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
        [f"{stem}_{what}.png" for stem in STEMS for what in ("edge", "masked")],
        "EC (stem.png, beside stem_edge.png and stem_masked.png)",
        "image",
    ),
}


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
        tiny.save_png(Path("done", file), tiny.picture(100))
    answer = terminal.run("mine=folder:done")
    answer.does("mine", "psnr")
    assert f"mine: {len(outputs)} files of 4 pairs, laid out as {name}, matched by {by}.\n" in answer.err
    assert len(composites()) == len(outputs)


@pytest.mark.parametrize("tool", LAYOUTS)
def test_a_layout_gives_every_pair_its_own_file(tool: str) -> None:
    outputs, others, _, _ = LAYOUTS[tool]
    folder = touch([*outputs, *others])
    pairs = [Pair(f"{number:05d}", f"{stem}.png", "") for number, stem in enumerate(STEMS)]
    found = match(folder, pairs).outputs
    assert sorted(path.name for samples in found.values() for path in samples.values()) == sorted(outputs)
    for number, pair in enumerate(pairs):
        assert all(f"{number:05d}" in path.stem or STEMS[number] in path.stem for path in found[pair.pair].values())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "done: there is no such folder of outputs."),
        (["a.jpg"], "done/a.jpg: JPEG compression changes pixels before they are scored. Save outputs as PNG."),
        (["a.png", "notes.txt"], "done/notes.txt: not a PNG file."),
        (["a.png", "b.png", "zebra.png"], r"done: 1 files belong to no pair \(zebra.png\). Known layouts: .*LaMa"),
        (["x.png", "y.png"], r"done: 2 files belong to no pair \(x.png, y.png\)"),
        (["a.s0.png", "a.s2.png"], "done: the samples are not numbered from 0 for every pair"),
        (["a.s0.png", "a.s1.png", "b.s0.png"], "done: the samples are not numbered from 0 for every pair"),
        (["a.png", "b_mask000.png"], "done: 1 files belong to no pair"),
        (["a_mask000.png", "a_mask001.png"], "done: "),
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


@given(st.integers(1, 4), st.sampled_from(["{}", "{}_mask000", "pred_{}"]))
def test_a_folder_with_some_pairs_alone_is_matched(count: int, name: str) -> None:
    folder = touch([f"{name.format(pair.image[0])}.png" for pair in PAIRS[:count]], f"{count} {name[:5].strip('{}')}")
    assert match(folder, PAIRS).outputs.keys() == {pair.pair for pair in PAIRS[:count]}
