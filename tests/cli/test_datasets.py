"""`datasets add`, `fetch`, `list` and `verify`: from published archives to a run, and nothing wrong in silence."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import published
import pytest
from published import CELEBA, celeba_page, data_of, folder_of, here, md5, places_page, tar_of, zip_of
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.checks import doctor
from inpaint_bench.data import add, needs
from inpaint_bench.data.protocols import MaskSet, read_mask_set

FEW = Path("few-celeba.toml")


@pytest.fixture
def celeba() -> Path:
    """img_align_celeba.zip, and a page that knows its hash; the list of partitions and the masks beside it."""
    return published.write_celeba()


def test_the_archives_of_celeba_lead_to_a_run(terminal: Terminal, celeba: Path) -> None:
    answer = terminal("datasets", "add", FEW, celeba, "list_eval_partition.txt", "nvidia")
    answer.does(
        f"{data_of()}: 1 of 1 file (partition) of few-celeba.",
        f"{data_of()}/images: 6 of 6 images of few-celeba.",
        f"{data_of()}/masks: 6 of 6 masks of few-celeba.",
    )
    assert here(data_of() / "images") == CELEBA
    assert not any(path.is_symlink() for path in (data_of() / "images").iterdir())
    terminal("run", "--dataset", FEW, "--methods", "mean-fill", "--limit", 4).does("mean-fill")
    terminal("datasets", "verify", FEW).does("few-celeba: 6 pairs", "no digest is known yet")
    terminal("datasets", "show", FEW).does(f"{data_of()}/images: complete", "0 known")


def test_the_archive_of_places2_leads_to_a_run(terminal: Terminal) -> None:
    path = tar_of(Path("val_256.tar"), published.places())
    page = places_page(md5(path))
    terminal("datasets", "add", page, path, folder_of(Path("nvidia"), published.masks())).does("6 of 6 images")
    terminal("run", "--dataset", page, "--methods", "mean-fill", "--limit", 4).does("mean-fill")


def test_adding_again_changes_nothing_and_a_killed_call_goes_on(
    terminal: Terminal, celeba: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(need: Any, path: Path, where: str) -> None:
        if where.endswith(CELEBA[3]):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(add, "_check", stop)
        assert terminal("datasets", "add", FEW, celeba).code == 130
    assert here(data_of() / "images") == CELEBA[:3]
    first = (data_of() / "images" / CELEBA[0]).stat().st_mtime_ns
    for _ in range(2):
        terminal("datasets", "add", FEW, celeba).does("6 of 6 images")
        assert here(data_of() / "images") == CELEBA
        assert (data_of() / "images" / CELEBA[0]).stat().st_mtime_ns == first


def test_unpacked_folders_are_linked_and_that_no_hash_is_known_is_said(terminal: Terminal, celeba: Path) -> None:
    celeba.unlink()
    folder = folder_of(Path("torchvision"), published.celeba())
    answer = terminal("datasets", "add", FEW, "torchvision")
    answer.does("6 of 6 images")
    assert "no hash of unpacked files is known" in answer.err
    link = data_of() / "images" / CELEBA[0]
    assert link.is_symlink()
    assert link.resolve() == (folder / "img_align_celeba" / CELEBA[0]).resolve()
    terminal("datasets", "add", FEW, "torchvision/img_align_celeba").does("6 of 6 images")
    terminal("datasets", "add", FEW, "nvidia").does("6 of 6 masks")
    folder.rename("elsewhere")
    assert "0 of" not in terminal("datasets", "show", FEW).out
    terminal("datasets", "show", FEW).does("missing")
    terminal("datasets", "add", FEW, "elsewhere").does("6 of 6 images")


def test_a_system_without_links_gets_copies(terminal: Terminal, celeba: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    terminal("datasets", "add", FEW, folder_of(Path("loose"), published.celeba())).does("6 of 6 images")
    assert not (data_of() / "images" / CELEBA[0]).is_symlink()


def test_an_archive_in_the_folder_that_torchvision_leaves_is_found(terminal: Terminal, celeba: Path) -> None:
    Path("root").mkdir()
    for name in (celeba.name, "list_eval_partition.txt"):
        Path(name).rename(Path("root") / name)
    terminal("datasets", "add", FEW, "root").does("6 of 6 images", "1 of 1 file (partition)")


def test_one_archive_may_hold_the_images_and_the_mapping_that_names_them(terminal: Terminal) -> None:
    page, path = published.celeba_hq_page(), zip_of(Path("CelebAMask-HQ.zip"), published.celeba_hq())
    images = {name: data for name, data in published.celeba_hq().items() if name.endswith(".jpg")}
    answer = terminal("datasets", "add", page, folder_of(Path("images-alone"), images))
    answer.refuses(2, "images-alone: holds nothing of few-hq.toml", "CelebA-HQ-to-CelebA-mapping.txt names")
    answer = terminal("datasets", "add", page, path)
    answer.does("1 of 1 file (mapping)", "2 of 2 images of few-hq")
    assert "no hash of it is published" in answer.err
    assert here(data_of("few-hq") / "images") == ["1.jpg", "3.jpg"]
    folder_of(Path("drawn"), published.masks())
    for name in published.MASKS[2:]:
        Path("drawn/masks", name).unlink()
    Path("drawn/masks").rename(data_of("few-hq") / "masks")
    terminal("run", "--dataset", page, "--methods", "mean-fill").does("mean-fill")


@pytest.fixture
def six_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    """NVIDIA's test set has six small masks."""
    read = read_mask_set

    def small(name: str) -> MaskSet:
        archives = tuple(msgspec.structs.replace(one, pixels="64x64") for one in read(name).about.archives)
        about = msgspec.structs.replace(read(name).about, archives=archives)
        return msgspec.structs.replace(read(name), count=6, about=about)

    monkeypatch.setattr(needs, "read_mask_set", small)


def test_a_set_of_masks_is_added_under_its_own_name_or_with_a_dataset(
    terminal: Terminal, six_masks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zip_of(Path("masks.zip"), published.masks())
    folder = files.data_dir() / "nvidia-irregular-test"
    for name in ("nvidia-irregular-test", "places2"):
        terminal("datasets", "add", name, path).does(f"{folder}: 6 of 6 masks of nvidia-irregular-test.")
        assert here(folder) == published.MASKS
    terminal("datasets", "fetch", "nvidia-irregular-test").does()
    terminal("datasets", "show", "nvidia-irregular-test").does("6 of 6 masks")


def test_another_set_of_masks_with_the_same_names_is_refused(terminal: Terminal, six_masks: None) -> None:
    more = {**published.masks(), "masks/00006.png": b"x", "masks/00007.png": b"x"}
    answer = terminal("datasets", "add", "nvidia-irregular-test", zip_of(Path("irregular_mask.zip"), more))
    answer.refuses(2, "00006.png, 00007.png beside the masks", "another set of masks")
    assert not (files.data_dir() / "nvidia-irregular-test").exists()


# --- what is refused ------------------------------------------------------------------------------


def test_another_archive_is_refused_with_both_hashes(terminal: Terminal, celeba: Path) -> None:
    known = md5(celeba)
    other = zip_of(
        celeba, {**published.celeba(), "img_align_celeba/182638.jpg": published.jpeg(9, published.OF_CELEBA)}
    )
    words = (md5(other)[:12], known[:12], "cut off, or packed or encoded again", "datasets fetch few-celeba")
    terminal("datasets", "add", FEW, other).refuses(5, *words)
    terminal("datasets", "add", FEW, other.rename("renamed.zip")).refuses(5, "renamed.zip", *words)
    Path("list_eval_partition.txt").write_text("182638.jpg 2\n")
    terminal("datasets", "add", FEW, "list_eval_partition.txt").refuses(5, "list_eval_partition.txt")
    assert not data_of().exists()


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda path: path.write_bytes(b"<!DOCTYPE html><html>Quota exceeded"), 2, "in place of the file"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), 5, "It may be cut off"),
        (lambda path: path.write_bytes(b""), 2, "an empty file"),
        (lambda path: path.unlink(), 2, "there is no such file or folder"),
    ],
    ids=["a web page", "cut off", "empty", "not there"],
)
def test_a_download_that_went_wrong_is_named(
    terminal: Terminal, celeba: Path, spoil: Callable[[Path], object], code: int, words: str
) -> None:
    spoil(celeba)
    terminal("datasets", "add", FEW, celeba).refuses(code, "img_align_celeba.zip", words)


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a/../../../evil.jpg"])
def test_an_archive_that_leads_out_is_refused_though_its_hash_is_known(terminal: Terminal, name: str) -> None:
    path = zip_of(Path("img_align_celeba.zip"), {**published.celeba(), name: b"evil"})
    celeba_page(md5(path))
    before = set(Path("..").rglob("*"))
    terminal("datasets", "add", FEW, path).refuses(2, name, "leads out of the archive")
    assert set(Path("..").rglob("*")) == before


def test_a_part_of_the_pictures_is_kept_and_counted(terminal: Terminal) -> None:
    folder = folder_of(Path("loose"), published.celeba(2))
    celeba_page()
    terminal("datasets", "add", FEW, folder).refuses(3, "2 of 6 images of few-celeba", "Add the others too")
    terminal("datasets", "show", FEW).does("2 of 6 images, no masks; inpaint-bench datasets fetch few-celeba.toml")
    terminal("datasets", "add", FEW, folder_of(Path("all"), published.celeba())).does("6 of 6 images")


def test_a_picture_of_another_size_is_another_picture(terminal: Terminal, celeba: Path) -> None:
    pictures = {name: published.jpeg(1, (400, 500)) for name in published.celeba()}
    answer = terminal("datasets", "add", FEW, folder_of(Path("in-the-wild"), pictures))
    answer.refuses(2, "182638.jpg: 400x500 pixels, and those of this dataset have 178x218")


def test_a_broken_picture_of_an_archive_is_named(terminal: Terminal) -> None:
    pictures = {**published.celeba(), "img_align_celeba/182640.jpg": b"\xff\xd8\xff\xe0 not a picture"}
    path = zip_of(Path("img_align_celeba.zip"), pictures)
    celeba_page(md5(path))
    answer = terminal("datasets", "add", FEW, path)
    answer.refuses(2, "img_align_celeba.zip: img_align_celeba/182640.jpg: not a complete image")
    assert here(data_of() / "images") == CELEBA[:2]


def test_of_two_folders_with_the_same_names_the_one_called_as_in_the_archive_counts(
    terminal: Terminal, celeba: Path
) -> None:
    pictures = {**published.celeba(), **{f"img_celeba/{name}": b"x" for name in CELEBA}}
    terminal("datasets", "add", FEW, folder_of(Path("both"), pictures)).does("6 of 6 images")
    right = list(published.celeba().values())[2:8]
    twice = {f"{folder}/{name}": data for folder in "ab" for name, data in zip(CELEBA, right, strict=True)}
    terminal("datasets", "add", FEW, folder_of(Path("twice"), twice)).refuses(2, "a/182638.jpg, b/182638.jpg")


def test_other_bytes_under_the_name_of_a_picture_are_refused(terminal: Terminal, celeba: Path) -> None:
    (data_of() / "images").mkdir(parents=True)
    (data_of() / "images" / CELEBA[1]).write_bytes(b"mine")
    terminal("datasets", "add", FEW, celeba).refuses(2, CELEBA[1], "is here already, with other bytes than")
    assert (data_of() / "images" / CELEBA[1]).read_bytes() == b"mine"


def test_a_picture_that_is_not_in_the_test_partition_is_named(terminal: Terminal, celeba: Path) -> None:
    Path("list_eval_partition.txt").write_bytes(published.partition(published.celeba(), of="1"))
    celeba_page(md5(celeba), md5(Path("list_eval_partition.txt")))
    answer = terminal("datasets", "add", FEW, celeba, "list_eval_partition.txt")
    answer.refuses(2, "182638.jpg is in partition 1; the test partition is 2")


def test_a_source_that_holds_nothing_of_the_dataset_is_named(terminal: Terminal, celeba: Path) -> None:
    Path("strange").mkdir()
    Path("notes.txt").write_text("notes")
    for source in ("strange", "notes.txt"):
        answer = terminal("datasets", "add", FEW, source)
        answer.refuses(2, f"{source}: holds nothing of few-celeba.toml", "img_align_celeba.zip", "182638.jpg to ")


def test_names_that_cannot_be_added_to_are_named(terminal: Terminal, celeba: Path, page: Path) -> None:
    terminal("datasets", "add", "celebra", celeba).refuses(2, "Did you mean 'celeba'", "nvidia-irregular-test")
    terminal("datasets", "add", "sample", celeba).refuses(2, "nothing is added")
    page.write_text(page.read_text().replace('data = "data"\n', ""))
    terminal("datasets", "add", page, celeba).refuses(2, "tiny.pairs.csv: there is no such list of pairs")


def test_who_has_no_home_folder_is_asked_for_one(
    terminal: Terminal, celeba: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("INPAINT_BENCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    terminal("datasets", "add", FEW, celeba).refuses(2, "no home folder to keep data in. Set INPAINT_BENCH_DATA")
    monkeypatch.setenv("INPAINT_BENCH_DATA", "kept")
    terminal("datasets", "add", FEW, celeba).does("kept/few-celeba/images: 6 of 6 images")


def listed(terminal: Terminal) -> str:
    """What `datasets list` prints, in one line."""
    answer = terminal("datasets", "list")
    answer.does()
    return " ".join(answer.out.split())


@pytest.mark.acceptance
def test_the_list_and_the_doctor_say_what_is_here(terminal: Terminal) -> None:
    assert "celeba 12000 pairs missing inpaint-bench datasets fetch celeba " in listed(terminal)
    (files.data_dir() / "celeba" / "images").mkdir(parents=True)
    (files.data_dir() / "celeba" / "images" / CELEBA[0]).write_bytes(b"")
    assert "celeba 12000 pairs 1 of 12,000 images, no masks inpaint-bench datasets fetch celeba " in listed(terminal)
    found = {item.what: item for item in doctor.data()}
    assert found["celeba: 1 of 12,000 images, no masks"].fix == "inpaint-bench datasets fetch celeba"
    assert found["celeba: 1 of 12,000 images, no masks"].state == "missing"
