"""What ships: the sample's pictures, where each comes from, its masks, and the lists of pairs."""

import csv
import dataclasses
import importlib.util
from collections import Counter
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tiny
from PIL import Image
from selection import quick

from inpaint_bench import files
from inpaint_bench.data import datasets, pair_lists
from inpaint_bench.data.images import pixels_sha256, read_values
from inpaint_bench.data.pairs import Pairs
from inpaint_bench.data.protocols import Protocol, page_path, read_page
from inpaint_bench.errors import InputError

DRAWN_LISTS = ("celeba-drawn", "paris-drawn", "places2-512", "places2-drawn")
PROTOCOLS = files.shipped("protocols")
SAMPLE = PROTOCOLS / "sample"
CATEGORIES = {"animal", "building", "face", "nature", "object", "street", "texture"}
LICENCES = {"LicenseRef-public-domain", "CC0-1.0", "CC-BY-2.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"}


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """protocols/make.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("make_protocols", PROTOCOLS / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with open(SAMPLE / "ATTRIBUTION.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page(name: str) -> Protocol:
    return read_page(page_path(name))


@cache
def listed(name: str) -> Pairs:
    return pair_lists.read_csv(PROTOCOLS / f"{name}.pairs.csv")


# --- pictures -------------------------------------------------------------------------------------


def test_every_picture_is_256x256_in_8_bit_rgb() -> None:
    paths = sorted((SAMPLE / "images").iterdir())
    assert len(paths) == page("sample").count >= 60
    for path in paths:
        with Image.open(path) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (256, 256)), path.name


def test_every_picture_has_one_row_with_its_licence_and_source(rows: list[dict[str, str]]) -> None:
    assert [row["file"] for row in rows] == sorted(path.name for path in (SAMPLE / "images").iterdir())
    for row in rows:
        assert all(row.values()), row["file"]
        assert row["licence"] in LICENCES
        assert row["licence_url"].startswith("https://creativecommons.org/")
        assert len(row["photograph_sha256"]) == 64
        assert int(row["side"]) >= 128


def test_the_pictures_come_from_at_least_50_photographs(rows: list[dict[str, str]]) -> None:
    assert len({row["photograph_sha256"] for row in rows}) >= 50


def test_the_pictures_show_what_the_papers_datasets_show(rows: list[dict[str, str]]) -> None:
    counts = Counter(row["category"] for row in rows)
    assert counts.keys() == CATEGORIES
    assert counts["building"] + counts["street"] >= 20
    assert counts["face"] >= 4
    assert all(row["file"].startswith(f"{row['category']}-") for row in rows)


def test_no_picture_is_there_twice() -> None:
    hashes = {pixels_sha256(np.array(Image.open(path))) for path in (SAMPLE / "images").iterdir()}
    assert len(hashes) == page("sample").count


def test_the_sample_takes_less_than_12_megabytes() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 12_000_000


# --- masks and pairs ------------------------------------------------------------------------------


def test_the_masks_are_drawn_again_pixel_for_pixel(make: ModuleType, tmp_path: Path) -> None:
    drawn = make.sample_masks()
    shipped = {path.name: path for path in (SAMPLE / "masks").iterdir()}
    assert shipped.keys() == drawn.keys()
    for name, path in shipped.items():
        (tmp_path / name).write_bytes(drawn[name])
        assert (read_values(path) == read_values(tmp_path / name)).all(), name


def test_the_list_of_the_sample_is_what_the_rule_and_the_pixels_give(make: ModuleType) -> None:
    made = make.sample_pairs(page("sample"))
    assert pair_lists.to_csv(made) == (PROTOCOLS / "sample.pairs.csv").read_bytes()
    assert all(pair.seen for pair in made)


def test_the_sample_has_at_least_20_pairs_a_bucket() -> None:
    counts = Counter(pair.bucket for pair in listed("sample"))
    assert counts.keys() == {"0.0-0.2", "0.2-0.4", "0.4-0.6"}
    assert min(counts.values()) >= 20


def test_every_mask_of_the_sample_is_used_once() -> None:
    assert sorted(pair.mask for pair in listed("sample")) == sorted(p.name for p in (SAMPLE / "masks").iterdir())


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("paris", 100, "001_im.png", "100_im.png"),
        ("places2", 12000, "Places365_val_00000001.jpg", "Places365_val_00012000.jpg"),
        ("celeba", 12000, "182638.jpg", "194637.jpg"),
    ],
)
def test_a_list_of_the_paper_is_what_the_rule_gives(name: str, count: int, first: str, last: str) -> None:
    pairs, masks = listed(name), [f"{number:05d}.png" for number in range(12000)]
    names = [pair.image for pair in pairs]
    assert (len(pairs), names[0], names[-1]) == (count, first, last)
    assert names == sorted(set(names))
    assert pairs == pair_lists.draw_pairs(names, masks, page(name).seed)
    assert len({pair.mask for pair in pairs}) == count
    assert [pair.pair for pair in pairs] == [f"{number:05d}" for number in range(count)]
    assert page(name).count == count
    assert not any(pair.seen for pair in pairs)


def test_the_script_writes_the_lists_that_ship(make: ModuleType) -> None:
    for name, names in make.NAMES.items():
        drawn = pair_lists.draw_pairs(names, make.NVIDIA, page(name).seed)
        assert pair_lists.to_csv(drawn) == (PROTOCOLS / f"{name}.pairs.csv").read_bytes()


def test_the_rule_takes_masks_by_hash_and_starts_over_where_they_run_out() -> None:
    pairs = pair_lists.draw_pairs([f"{number}.png" for number in range(7)], ["a.png", "b.png", "c.png"], 2023)
    order = sorted(["a.png", "b.png", "c.png"], key=lambda name: files.sha256(f"2023:{name}".encode()))
    assert [pair.mask for pair in pairs] == list(islice(order * 3, 7))


@pytest.mark.parametrize(
    "name", quick([*DRAWN_LISTS, "celeba-hq-drawn", "celeba-hq-512"], ["celeba-hq-drawn", "celeba-hq-512"])
)
def test_a_list_of_drawn_masks_is_what_the_rule_gives_and_some_are_drawn_again(make: ModuleType, name: str) -> None:
    pairs = make.drawn_pairs(name)
    found = listed(name) if name in DRAWN_LISTS else pair_lists.with_masks(pairs, PROTOCOLS / f"{name}.masks.csv")
    pair_lists.refuse_other_facts(page(name), found, PROTOCOLS / name)
    names = [(pair.pair, pair.image, pair.mask) for pair in pairs]
    assert [(pair.pair, pair.image, pair.mask) for pair in found] == names
    assert len({pair.mask_sha256 for pair in found}) > 0.97 * len(found)  # halves of whole rows repeat
    for pair in found[:: max(1, len(found) // 20)]:
        assert make.with_mask(page(name), dataclasses.replace(pair, mask_sha256="", hole_pixels=0)) == pair
    assert not any(pair.seen for pair in found)


def test_a_third_of_the_masks_is_in_each_bucket() -> None:
    counts = Counter(pair.bucket for pair in listed("celeba-drawn"))
    assert counts == {"0.0-0.2": 4000, "0.2-0.4": 4000, "0.4-0.6": 4000}


def test_only_the_pictures_of_paris_are_needed_for_drawn_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_BENCH_DATA", str(tmp_path))
    with pytest.raises(
        InputError, match=r"the data of paris-drawn are not here. .*inpaint-bench datasets fetch paris-drawn"
    ):
        datasets.open_dataset("paris-drawn", None)
    for number in range(1, 101):
        tiny.save_png(tmp_path / "paris" / "images" / f"{number:03d}_im.png", tiny.picture(number, 16))
    dataset = datasets.see(datasets.take(datasets.open_dataset("paris-drawn", None), 9, None), jobs=1)
    facts = [(pair.mask, pair.mask_sha256, pair.bucket) for pair in dataset.pairs]
    assert facts == [(pair.mask, pair.mask_sha256, pair.bucket) for pair in listed("paris-drawn")[:9]]


def test_masks_are_known_where_the_names_of_images_do_not_ship(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(2800):
        (tmp_path / "images" / f"{number}.jpg").touch()
    rows = [f"{number} {datasets.CELEBA_TEST_STARTS + number} {number}.jpg" for number in range(2800)]
    (tmp_path / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(["idx orig_idx orig_file", *rows]))
    for name in ("celeba-hq-drawn", "celeba-hq-512"):
        pairs = datasets.open_dataset(name, tmp_path).pairs
        assert len({pair.mask_sha256 for pair in pairs}) > 2700
        assert all(pair.bucket for pair in pairs)


def test_a_published_page_never_changes() -> None:
    marks = {
        name: pair_lists.fingerprint(page(name), listed(name))
        for name in ("sample", "paris", "places2", "celeba", *DRAWN_LISTS)
    }
    assert marks == {
        "sample": "9863ddc29a32",
        "paris": "725b098d3cb6",
        "places2": "5ce0462e8f82",
        "celeba": "4b4d1d7836a6",
        "celeba-drawn": "f5212f20316a",
        "paris-drawn": "cdd8578c30ce",
        "places2-512": "78362aa0e074",
        "places2-drawn": "75d922b7dd20",
    }


def test_the_sample_is_found_where_it_ships() -> None:
    dataset = datasets.open_dataset("sample", None)
    assert dataset.fingerprint == pair_lists.fingerprint(dataset.page, dataset.pairs)
    assert len(dataset.pairs) == 75
