"""A hostile or damaged archive gives nothing, or whole files, and one sentence."""

import contextlib
import gzip
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import CONTENTS, GOOD, accept, here, make, make_tar, make_zip, take
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_bench.errors import InputError
from inpaint_bench.fetch import unpack


def refused(path: Path, *words: str) -> None:
    """The archive is refused with one sentence of these words, and nothing is written."""
    with pytest.raises(InputError) as caught:
        take(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for word in words:
        assert word in message, message
    assert here() == []
    assert not Path("../evil.jpg").exists()


OUTSIDE = ["../evil.jpg", "a/../../evil.jpg", "/tmp/evil-of-a-test.jpg", "..\\evil.jpg", "\\evil.jpg", "C:\\evil.jpg"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("make_one", [make_zip, make_tar], ids=["zip", "tar"])
def test_a_path_that_leads_out_is_refused(name: str, make_one: Callable[..., Path]) -> None:
    refused(make_one(Path("evil"), {GOOD: b"first", name: b"evil"}), "leads out of the archive", "Nothing was unpacked")


def as_kind(mode: int) -> Callable[[zipfile.ZipInfo], None]:
    """Make a zip entry one of a kind of file, as Unix stores it."""

    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = (mode | 0o644) << 16

    return change


@pytest.mark.parametrize(
    ("mode", "what"), [(stat.S_IFLNK, "a link"), (stat.S_IFCHR, "a device"), (stat.S_IFIFO, "a device or a pipe")]
)
def test_a_link_or_a_device_in_a_zip_archive_is_refused(mode: int, what: str) -> None:
    contents = {GOOD: b"first", "pictures/01.jpg": b"/etc/passwd"}
    refused(
        make_zip(Path("evil.zip"), contents, as_kind(mode)), "'pictures/01.jpg'", what, "allowed: files and folders"
    )


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
    ],
    ids=["symbolic link", "hard link", "character device", "block device", "pipe"],
)
def test_a_link_or_a_device_in_a_tar_archive_is_refused(kind: bytes, what: str) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "../../etc/passwd", 0

    path = make_tar(Path("evil.tar"), {GOOD: b"first", "pictures/01.jpg": b""}, change)
    refused(path, "'pictures/01.jpg'", what, "Nothing was unpacked")


def state_size(path: Path, name: bytes, size: int) -> None:
    """Let the header of a tar archive's file state another size, with the checksum that belongs to it."""
    data = bytearray(path.read_bytes())
    at = data.index(name)
    info = tarfile.TarInfo.frombuf(bytes(data[at : at + 512]), "utf-8", "strict")
    info.size = size
    data[at : at + 512] = info.tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(data)


@pytest.mark.parametrize("size", [1 << 40, 1 << 62, -512])
def test_an_absurd_size_in_a_tar_archive_is_refused(size: int) -> None:
    path = make_tar(Path("evil.tar"), CONTENTS)
    state_size(path, GOOD.encode(), size)
    refused(path)


def test_an_absurd_size_in_a_zip_archive_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(Path("evil.zip"), CONTENTS)
    monkeypatch.setattr(unpack, "MOST_FILE", 4)
    refused(path, "'pictures/00.jpg' takes 5 bytes; allowed: 4")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_what_unpacks_to_many_times_its_size_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "SMALL", 1000)
    contents = {GOOD: bytes(1 << 20), "pictures/01.jpg": bytes(1 << 20)}
    if kind == "zip":
        with zipfile.ZipFile("bomb", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
    else:
        make_tar(Path("bomb"), contents, mode="w:gz")
    refused(Path("bomb"), "unpacked")


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_a_header_of_many_bytes_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_HEADERS", 4096)
    info = tarfile.TarInfo("x" * 10_000)
    data = info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    Path("evil").write_bytes(gzip.compress(data) if kind == "tar.gz" else data)
    refused(Path("evil"), "a header is too long")


def test_more_entries_than_any_data_set_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_ENTRIES", 2)
    refused(make("tar"), "more than 2 files")
    monkeypatch.setattr(unpack, "MOST_DIRECTORY", 50)
    refused(make("zip"), "its list of entries takes")


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_that_is_cut_off_gives_whole_files_or_none(kind: str) -> None:
    whole = make(kind, {GOOD: os.urandom(5000), "pictures/01.jpg": os.urandom(5000)})
    data = whole.read_bytes()
    cut = Path(f"cut.{kind}")
    cut.write_bytes(data[:7000])
    with pytest.raises(InputError, match=r"cut\.\S+: .*[Ff]etch it again"):
        take(cut)
    assert [name for name in here() if Path(name).stat().st_size != 5000] == []


def test_a_changed_byte_in_a_zip_archive_is_refused() -> None:
    path = make("zip")
    path.write_bytes(path.read_bytes().replace(b"second", b"secund"))
    with pytest.raises(InputError, match="a damaged archive"):
        take(path)
    assert here() == ["out/00.jpg"]


def test_two_entries_of_one_name_are_refused() -> None:
    with zipfile.ZipFile("twice.zip", "w") as archive:
        archive.writestr(GOOD, b"first")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(GOOD, b"other")
    refused(Path("twice.zip"), "two entries have one name")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title>", "saved in place of the file"),
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "packed with 7-Zip; allowed: zip, tar and tar.gz"),
        (b"Rar!\x1a\x07" + bytes(100), "packed with RAR"),
        (gzip.compress(b"no tar"), "a damaged archive"),
    ],
    ids=["web page", "empty", "pointer", "7-Zip", "RAR", "gzip of something else"],
)
def test_what_is_no_archive_but_stands_for_one_is_named(data: bytes, words: str) -> None:
    Path("archive.zip").write_bytes(data)
    refused(Path("archive.zip"), words)


def test_a_device_is_not_opened() -> None:
    with pytest.raises(InputError, match="a device or a pipe"):
        unpack.read(Path(os.devnull))


@pytest.mark.parametrize("offset", [0xFFFFFFFF, 1 << 31, 5_000_000])
def test_an_entry_that_begins_outside_the_archive_is_damage(offset: int, tmp_path: Path) -> None:
    data = bytearray(make("zip").read_bytes())
    first = data.index(b"PK\x01\x02")  # in the list of entries; the offset is the last of its numbers
    data[first + 42 : first + 46] = offset.to_bytes(4, "little")
    (tmp_path / "archive").write_bytes(data)
    with pytest.raises(InputError, match="a damaged archive"):
        unpack.read(tmp_path / "archive")


@given(data=st.data())
@settings(max_examples=60)
def test_whatever_byte_is_broken_whole_files_come_or_one_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    kind = data.draw(st.sampled_from(["zip", "tar", "tar.gz"]))
    broken = bytearray(make(kind).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "archive"
    path.write_bytes(broken)
    with contextlib.suppress(InputError):  # anything else is a defect
        if found := unpack.read(path):
            chosen = {name: folder / "out" / Path(name).name for name in CONTENTS}
            assert all(one.is_file() for one in unpack.unpack(found, chosen, accept))
    assert {one.name for one in folder.iterdir()} <= {"archive", "out"}
