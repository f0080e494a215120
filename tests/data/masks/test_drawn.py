"""Masks that no file holds: what a page's masks are, that they are the same everywhere, and what the cache may do."""

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from terminal import TINY, Terminal

from inpaint_bench.data import datasets, images, pair_lists
from inpaint_bench.data.masks import draw, drawn, lama_mat
from inpaint_bench.data.protocols import Protocol, facts, read_page
from inpaint_bench.errors import HashError, InputError

KINDS = ("strokes", "walks", "thin")
FOLDER = '[masks]\nresize = "none"\nhole = "255"'


def drawn_masks(kinds: tuple[str, ...] = KINDS) -> str:
    """The table [masks] of a page with drawn masks."""
    return f'[masks]\nset = "drawn"\nresize = "none"\nkinds = {list(kinds)}'.replace("'", '"')


def make_drawn(folder: Path, count: int = 6, **changes: object) -> Path:
    """tiny.toml with drawn masks, its pictures beside it."""
    for number in range(count):
        tiny.save_png(folder / "data" / "images" / f"picture{number}.png", tiny.picture(number))
    page = folder / "tiny.toml"
    page.write_text(tiny.page_text(count, **{"metrics": ["psnr"], **changes}).replace(FOLDER, drawn_masks()))
    return page


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return make_drawn(tmp_path)


def refuse_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on drawing a mask fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("a mask was drawn")

    monkeypatch.setattr(drawn, "draw_named", refuse)


def see(page: Path, pairs: Path | None = None) -> datasets.Dataset:
    return datasets.see(datasets.open_dataset(str(page), None, pairs), jobs=1)


def test_masks_take_one_bucket_after_the_other_and_then_the_next_kind(page: Path) -> None:
    assert drawn.mask_names(read_page(make_drawn(Path(), 9))) == [
        "00000-strokes-01-20.png", "00001-strokes-20-40.png", "00002-strokes-40-60.png",
        "00003-walks-01-20.png", "00004-walks-20-40.png", "00005-walks-40-60.png",
        "00006-thin-01-60.png", "00007-thin-01-60.png", "00008-thin-01-60.png",
    ]  # fmt: skip


def test_a_bucket_of_at_most_one_percent_begins_where_it_says(page: Path) -> None:
    assert drawn.mask_names(read_page(make_drawn(Path(), 3, buckets=[0, 1, 20])))[:2] == [
        "00000-strokes-00-01.png",
        "00001-strokes-01-20.png",
    ]


def test_the_name_and_the_size_of_a_mask_say_how_it_is_drawn() -> None:
    assert (drawn.draw_named("00017-walks-20-40.png", 48) == draw.draw("walks", 48, 17, 20, 40)).all()
    assert (drawn.draw_named("00017-free-form-01-60.png", 48) == lama_mat.draw("free-form", 48, 17, 1, 60)).all()
    for name in ("17-walks-20-40.png", "00017-walks.png", "00017-walks-20-40.jpg", "../00017-walks-20-40.png"):
        with pytest.raises(InputError, match="is no name of a drawn mask, as 00017-strokes"):
            drawn.draw_named(name, 48)


def test_a_dataset_is_opened_and_shown_without_drawing(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_drawing(monkeypatch)
    assert len(datasets.open_dataset(str(page), None).pairs) == 6
    terminal("datasets", "show", "tiny.toml").does("drawn: strokes, walks, thin")
    assert not Path("cache").exists()


def test_every_bucket_gets_its_masks(page: Path) -> None:
    seen = see(page)
    assert Counter(pair.bucket for pair in seen.pairs) == {"0.0-0.2": 2, "0.2-0.4": 2, "0.4-0.6": 2}
    for pair in seen.pairs:
        assert pair.mask_sha256 == images.hole_sha256(drawn.draw_named(pair.mask, tiny.SIZE))


def test_two_cache_folders_get_the_same_masks(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = see(page)
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "other"))
    assert see(page).pairs == first.pairs
    kept = [{path.name: path.read_bytes() for path in Path(one, "masks", "24").iterdir()} for one in ("cache", "other")]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 6


def test_a_mask_of_a_known_hash_comes_from_the_cache(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = see(page)
    refuse_drawing(monkeypatch)
    for pair in seen.pairs:
        hole = drawn.read_hole(seen.data.masks / pair.mask, tiny.SIZE, pair.mask_sha256)
        assert images.hole_sha256(hole) == pair.mask_sha256


@pytest.mark.parametrize("damage", ["cut", "other", "larger", "folder"])
def test_a_damaged_mask_in_the_cache_is_drawn_again(page: Path, damage: str) -> None:
    seen = see(page)
    pair = seen.pairs[0]
    path = seen.data.masks / pair.mask
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[:-9])
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        tiny.save_png(path, np.full((24, 24) if damage == "other" else (25, 24), 255, np.uint8))
    hole = drawn.read_hole(path, tiny.SIZE, pair.mask_sha256)
    assert images.hole_sha256(hole) == pair.mask_sha256
    assert damage == "folder" or path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_ends_nothing(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = see(page)
    Path("file").write_text("in the way")
    monkeypatch.setenv("INPAINT_BENCH_CACHE", "file/cache")
    pair = first.pairs[0]
    hole = drawn.read_hole(drawn.folder(first.page) / pair.mask, tiny.SIZE, pair.mask_sha256)
    assert images.hole_sha256(hole) == pair.mask_sha256


# --- the list of pairs ----------------------------------------------------------------------------


def shipped_list(page: Path) -> Path:
    """The list beside the page, with what is known of the masks and nothing of the images."""
    pairs = [dataclasses.replace(pair, image_sha256="") for pair in see(page).pairs]
    listed = page.with_name("tiny.pairs.csv")
    listed.write_bytes(pair_lists.to_csv(pairs))
    for cached in Path("cache", "pairs").iterdir():
        cached.unlink()
    return listed


def test_a_list_holds_what_is_known_of_masks_before_an_image_was_read(page: Path) -> None:
    whole = see(page).pairs
    listed = shipped_list(page)
    pairs = pair_lists.read_csv(listed)
    assert not any(pair.seen for pair in pairs)
    assert [pair.bucket for pair in pairs] == [pair.bucket for pair in whole]
    assert pair_lists.to_csv(pairs) == listed.read_bytes()
    assert see(page).pairs == whole


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"mask_sha256": "0" * 64}, "tiny: the mask drawn of pair 00002 has pixels of hash"),
        ({"bucket": ""}, "tiny.pairs.csv: pair 00002"),
        ({"hole_pixels": 1}, "tiny.pairs.csv: pair 00002"),
    ],
    ids=str,
)
def test_a_mask_is_compared_with_the_list_from_the_first_read(
    terminal: Terminal, page: Path, change: dict[str, Any], where: str
) -> None:
    listed = shipped_list(page)
    pairs = pair_lists.read_csv(listed)
    listed.write_bytes(pair_lists.to_csv([*pairs[:2], dataclasses.replace(pairs[2], **change), *pairs[3:]]))
    terminal("pairs", "build", *TINY).refuses(5, where.replace("tiny:", f"{pairs[2].mask}:"))


def test_a_cached_list_with_other_masks_than_the_shipped_one_is_refused(page: Path) -> None:
    see(page)
    pairs = pair_lists.read_csv(next(Path("cache", "pairs").glob("*.csv")))
    other = dataclasses.replace(pairs[0], image_sha256="", mask_sha256="0" * 64)
    page.with_name("tiny.pairs.csv").write_bytes(pair_lists.to_csv([other, *pairs[1:]]))
    with pytest.raises(HashError, match="has another mask than the one that ships"):
        datasets.open_dataset(str(page), None)


def test_a_list_with_masks_that_the_page_does_not_draw_is_refused(terminal: Terminal, page: Path) -> None:
    listed = shipped_list(page)
    listed.write_text(listed.read_text().replace("00004-walks-20-40.png", "00004-walks-30-40.png"))
    terminal("pairs", "build", *TINY).refuses(2, "00004-walks-30-40.png: the list of pairs names masks that this page")


def test_what_is_known_of_masks_may_lie_beside_a_page_without_a_list(terminal: Terminal, page: Path) -> None:
    whole = see(page).pairs
    shipped_list(page).unlink()
    known = page.with_name("tiny.masks.csv")
    known.write_bytes(pair_lists.masks_to_csv(whole))
    assert [pair.mask_sha256 for pair in datasets.open_dataset(str(page), None).pairs] == [p.mask_sha256 for p in whole]
    text = known.read_text()
    known.write_text(text.replace(whole[1].mask_sha256, whole[1].mask_sha256[::-1]))
    terminal("pairs", "build", *TINY).refuses(5, f"{whole[1].mask}: the mask drawn of pair 00001 has pixels of hash")
    known.write_text(text.replace(whole[1].mask, "00077-thin-01-60.png"))
    terminal("pairs", "build", *TINY).refuses(2, f"tiny.masks.csv: does not list the mask {whole[1].mask}")
    known.write_text(text.replace("masks 1", "masks 2"))
    terminal("pairs", "build", *TINY).refuses(2, "tiny.masks.csv: not a list of pairs of this version")


# --- the page ---------------------------------------------------------------------------------------


def changed(old: str, new: str) -> Path:
    text = tiny.page_text(4).replace(FOLDER, drawn_masks())
    assert old in text
    Path("changed.toml").write_text(text.replace(old, new))
    return Path("changed.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('set = "drawn"', "", 'masks.kinds are the kinds of set = "drawn", and that needs them'),
        ('kinds = ["strokes", "walks", "thin"]', "", 'masks.kinds are the kinds of set = "drawn", and that needs them'),
        (
            '"walks"',
            '"walk"',
            "Invalid enum value 'walk' - at `masks.kinds[1]`. Allowed: strokes, walks, boxes, half, ",
        ),
        ('resize = "none"\nkinds', "kinds", "masks are drawn at the page's size, with two values. Give a size and, in"),
        ("\nkinds", '\nhole = "255"\nkinds', "masks are drawn at the page's size, with two values."),
        ("size = 24", "size = 12", "masks are drawn with 16 pixels a side or more; size is 12"),
        ("count = 4", "count = 4\nbuckets = [0, 70]", "'strokes' are drawn to 60 percent; the buckets end at 70"),
        ("count = 4", 'count = 4\nimages_of = "../x"', "`images_of`"),
        ("count = 4", 'count = 4\nimages_in = ".."', "Invalid enum value '..' - at `images_in`. Allowed: images, .."),
    ],
)
def test_a_wrong_page_is_refused_with_what_is_allowed(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_page(changed(old, new))
    assert str(refused.value).startswith("changed.toml: ")
    assert message in str(refused.value)


def test_the_kinds_are_facts_of_a_page_and_the_places_of_data_are_not(page: Path) -> None:
    plain = read_page(page)
    assert facts(read_page(changed("count = 4", 'count = 4\nimages_of = "celeba"\nweights_of = "celeba"'))) == facts(
        read_page(changed("count = 4", "count = 4\nimages_in = '.'"))
    )
    assert facts(plain) != facts(read_page(make_drawn(Path("other"), buckets=[0, 30, 60])))
    assert b'"kinds":["strokes","walks","thin"]' in facts(plain)
    assert b"kinds" not in facts(Protocol(1, "a", plain.about, 4, 24))


def test_the_images_of_another_dataset_are_found_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = make_drawn(tmp_path, images_of="others", data="")
    with pytest.raises(InputError, match="Give --data DIR or set INPAINT_BENCH_DATA"):
        datasets.open_dataset(str(page), None)
    monkeypatch.setenv("INPAINT_BENCH_DATA", str(tmp_path))
    (tmp_path / "data").rename(tmp_path / "others")
    assert datasets.open_dataset(str(page), None).data.images == tmp_path / "others" / "images"
    assert datasets.open_dataset(str(page), tmp_path / "others").data.images == tmp_path / "others" / "images"


# --- a run --------------------------------------------------------------------------------------


def test_a_run_and_what_reads_it_again_need_no_masks(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("mean-fill")
    answer.does("tiny, ")
    again = datasets.of_run(read_page(page), see(page).pairs, Path("data"), (Path("data/images"), Path("data/images")))
    assert again.data.masks == drawn.folder(again.page)
    terminal("score", "runs/tiny", "--metrics", "mae", "--data", "data").does()
    terminal("pairs", "verify", *TINY).does()
