"""Lists of pairs: how they are drawn, written and read, and imported from the index arrays of the papers' code."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal import TINY, Terminal

from inpaint_bench.data import pair_lists
from inpaint_bench.data.index_arrays import import_index
from inpaint_bench.data.pair_lists import draw_pairs, read_csv, to_csv
from inpaint_bench.errors import InputError

IMAGES = [f"picture{number}.png" for number in range(4)]
MASKS = [f"mask{number}.png" for number in range(4)]
names = st.lists(st.from_regex(r"\A[a-z]{1,6}\.png\Z"), min_size=1, max_size=9, unique=True)


@given(names, names, st.integers(0, 9999))
def test_masks_come_in_order_of_their_hash_and_start_over(images: list[str], masks: list[str], seed: int) -> None:
    order = sorted(masks, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest())
    pairs = draw_pairs(images, reversed(masks), seed)
    assert [pair.image for pair in pairs] == images
    assert [pair.mask for pair in pairs] == [order[i % len(order)] for i in range(len(images))]
    assert [pair.pair for pair in pairs] == [f"{i:05d}" for i in range(len(images))]


@given(names, names)
def test_a_list_survives_its_file(images: list[str], masks: list[str]) -> None:
    pairs = draw_pairs(images, masks, 0)
    Path("pairs.csv").write_bytes(to_csv(pairs))
    assert read_csv(Path("pairs.csv")) == pairs


@given(st.data())
def test_an_index_array_gives_image_i_the_mask_of_that_number_as_numpy_indexes(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([np.int64, np.int32, np.uint8, np.uint64]))
    array = np.array(data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4)), dtype)
    np.save("index.npy", array)
    pairs = import_index(Path("index.npy"), IMAGES, [MASKS[i] for i in (2, 0, 3, 1)])
    assert [pair.mask for pair in pairs] == list(np.array(MASKS)[array])
    assert [pair.image for pair in pairs] == IMAGES


def npz() -> bytes:
    out = io.BytesIO()
    np.savez(out, index=np.arange(4))
    return out.getvalue()


def npy(array: Any, pickled: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=pickled)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy(np.arange(4.0)), "holds float64 of shape (4,); it must hold one integer for each of the 4 images."),
        (npy(np.ones(4, bool)), "holds bool of shape (4,)"),
        (npy(np.arange(3)), "holds int64 of shape (3,)"),
        (npy(np.arange(4)[:, None]), "holds int64 of shape (4, 1)"),
        (npy(np.int64(3)), "holds int64 of shape ()"),
        (npy(np.array([0, 1, 2, 4])), "numbers from 0 to 4, but there are 4 masks."),
        (npy(np.array([-1, 1, 2, 3])), "numbers from -1 to 3, but there are 4 masks."),
        (npy(np.array([{}, 1, 2, 3], dtype=object), pickled=True), "not a .npy array"),
        (npz(), "not a .npy array"),
        (npz()[:100], "not a .npy array"),
        (b"", "not a .npy array"),
        (b"0 1 2 3", "not a .npy array"),
        (npy(np.arange(4))[:-8], "not a .npy array"),
    ],
    ids=[
        *("float", "bool", "short", "column", "scalar", "large", "negative"),
        *("pickled", "npz", "half-npz", "empty", "text", "half"),
    ],
)
def test_another_array_is_refused(terminal: Terminal, page: Path, data: bytes, message: str) -> None:
    Path("index.npy").write_bytes(data)
    answer = terminal("pairs", "import", *TINY, "--index", "index.npy", "--out", "mine.csv")
    answer.refuses(2, "index.npy: ", message)
    assert not Path("mine.csv").exists()


def test_a_missing_array_is_refused(terminal: Terminal, page: Path) -> None:
    answer = terminal("pairs", "import", *TINY, "--index", "index.npy", "--out", "mine.csv")
    answer.refuses(2, "index.npy: ", "No such file")


def test_an_imported_list_is_run_and_has_a_fingerprint_of_its_own(terminal: Terminal, page: Path) -> None:
    np.save("index.npy", np.array([3, 3, 0, 1]))
    answer = terminal("pairs", "import", *TINY, "--index", "index.npy", "--out", "mine.csv")
    answer.does("mine.csv: 4 pairs, fingerprint ", "Use them with --pairs mine.csv.")
    mark = answer.out.split("fingerprint ")[1][:12]
    terminal.run("mean-fill", "--pairs", "mine.csv").does(f"tiny, pairs {mark}")
    rows = [line.split(",") for line in Path("runs/tiny/pairs.csv").read_text().splitlines()[2:]]
    assert [row[2] for row in rows] == ["mask3.png", "mask3.png", "mask0.png", "mask1.png"]
    terminal.run("mean-fill").refuses(2, "this run folder is of another fingerprint")


def test_an_imported_list_wants_a_whole_dataset(terminal: Terminal, page: Path) -> None:
    pairs = draw_pairs(IMAGES[:3], MASKS, 0)
    Path("mine.csv").write_bytes(to_csv(pairs))
    terminal.run("mean-fill", "--pairs", "mine.csv").refuses(2, "mine.csv: 3 pairs; the page has 4.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# inpaint-bench pairs 1", "# inpaint-bench pairs 2", "not a list of pairs of this version"),
        ("pair,image", "pair,picture", "not a list of pairs of this version"),
        ("00002,", "2,", "line 5 is not a pair"),
        ("picture2.png,", "", "line 5 is not a pair"),
        ("00002,", "00001,", "a pair is listed twice"),
    ],
)
def test_a_list_that_is_none_is_refused(old: str, new: str, message: str) -> None:
    text = to_csv(draw_pairs(IMAGES, MASKS, 0)).decode()
    assert old in text
    Path("mine.csv").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=rf"mine\.csv: .*{message}"):
        read_csv(Path("mine.csv"))


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\x89PNG"])
def test_a_file_that_is_no_text_is_no_list(data: bytes) -> None:
    Path("mine.csv").write_bytes(data)
    with pytest.raises(InputError, match=r"mine\.csv: "):
        pair_lists.read_csv(Path("mine.csv"))


def test_a_missing_list_is_refused(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--pairs", "nowhere.csv").refuses(2, "nowhere.csv: cannot be read as a list of pairs")
