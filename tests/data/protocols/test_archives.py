"""What pages say of the files that their data are published as."""

import re
from pathlib import Path

import pytest
import tiny

from inpaint_bench import files
from inpaint_bench.data import needs
from inpaint_bench.data.pair_lists import read_csv
from inpaint_bench.data.protocols import Archive, mask_set_names, page_names, page_path, read_mask_set, read_page
from inpaint_bench.errors import InputError
from inpaint_bench.fetch.sources import GoogleDrive, Http


def archives(name: str) -> dict[str, Archive]:
    return {one.holds: one for one in read_page(page_path(name)).about.archives}


def test_ids_and_hashes_of_celeba_are_those_of_torchvision() -> None:
    from torchvision.datasets import CelebA

    known = {name: (drive_id, md5) for drive_id, md5, name in CelebA.file_list}
    assert archives("celeba").keys() == {"images", "partition"}
    for one in archives("celeba").values():
        source = one.sources[0]
        assert isinstance(source, GoogleDrive)
        assert (source.id, one.md5) == known[one.file]
        assert one.file.startswith(one.folder)  # an archive is called after the folder in it


@pytest.mark.parametrize(("name", "small"), [("places2", True), ("places2-512", False)])
def test_the_address_and_the_hash_of_places2_are_those_of_torchvision(name: str, small: bool) -> None:
    from torchvision.datasets import Places365

    (one,) = archives(name).values()
    assert (one.file, one.md5) == Places365._IMAGES_META["val", small]
    assert one.sources[0] == Http(Places365._BASE_URL + one.file)


@pytest.mark.parametrize("name", [name for name in page_names() if not read_page(page_path(name)).data])
def test_a_page_whose_data_do_not_ship_says_what_they_come_in(name: str) -> None:
    page = read_page(page_path(name))
    wanted = needs.needs(name)
    assert all(need.archives for need in wanted)
    assert {need.holds for need in wanted} >= {"images"} | ({"mapping"} if page.images.mapping else set())
    assert f"datasets add {name}" in page.about.get or f"datasets fetch {name}" in page.about.get


@pytest.mark.parametrize("name", mask_set_names())
def test_a_set_of_masks_has_the_masks_that_lists_of_pairs_name(name: str) -> None:
    found = read_mask_set(name)
    assert found.name == name
    assert len(found.file_names) == found.count
    for page in page_names():
        path = page_path(page)
        if read_page(path).masks.set == name and (listed := path.with_name(f"{page}.pairs.csv")).is_file():
            assert {pair.mask for pair in read_csv(listed)} <= set(found.file_names)


def test_what_a_page_says_of_its_archives_changes_no_fingerprint(tmp_path: Path) -> None:
    from inpaint_bench.data.protocols import facts

    path = tmp_path / "tiny.toml"
    path.write_text(tiny.page_text(4))
    before = facts(read_page(path))
    table = (
        '[[about.archives]]\nholds = "images"\nfile = "a.zip"\nsources = [{ kind = "http", url = "http://x/a.zip" }]\n'
    )
    path.write_text(tiny.page_text(4) + table)
    assert read_page(path).about.archives
    assert facts(read_page(path)) == before


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("holds", '"pictures"', "Allowed: partition, mapping, images, masks."),
        ("md5", '"00d2"', "md5"),
        ("file", '"../a.zip"', "file"),
        ("pixels", '"178 x 218"', "pixels"),
        ("size", "-1", "size"),
        ("hash", '"00d2"', "no key is called 'hash' in [about.archives[0]]. Known: file, folder, holds, md5"),
        ("sources", '[{ kind = "ftp", url = "ftp://x" }]', "ftp"),
    ],
)
def test_a_wrong_value_of_an_archive_is_named(tmp_path: Path, key: str, value: str, words: str) -> None:
    lines = {"holds": '"images"', "file": '"a.zip"', "sources": "[]", key: value}
    table = "\n".join(["[[about.archives]]", *(f"{name} = {text}" for name, text in lines.items())])
    path = tmp_path / "tiny.toml"
    path.write_text(f"{tiny.page_text(4)}{table}\n")
    with pytest.raises(InputError, match=re.escape(words)):
        read_page(path)


def test_data_lie_below_the_variable_or_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.data_dir() == files.cache_dir() / "data"
    monkeypatch.setenv("INPAINT_BENCH_DATA", "elsewhere")
    assert [need.folder for need in needs.needs("paris")] == [
        Path("elsewhere/paris/images"), Path("elsewhere/nvidia-irregular-test"),
    ]  # fmt: skip
