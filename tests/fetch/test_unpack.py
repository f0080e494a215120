"""Archives from elsewhere: only the chosen files come out, each where the caller says."""

import io
import tarfile
from pathlib import Path

import pytest
from archives import CONTENTS, GOOD, WANTED, here, make, opened, take

from inpaint_bench.errors import InputError
from inpaint_bench.fetch import unpack


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_the_chosen_files_alone_are_unpacked_each_to_its_path(kind: str) -> None:
    path = make(kind)
    assert opened(path).kind == kind
    assert {entry.name: entry.size for entry in opened(path).entries} == {n: len(data) for n, data in CONTENTS.items()}
    assert take(path) == [Path("out/00.jpg"), Path("out/01.jpg")]
    assert here() == ["out/00.jpg", "out/01.jpg"]
    assert Path("out/01.jpg").read_bytes() == b"second"


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_what_is_there_with_the_same_bytes_stays_and_with_others_is_refused(kind: str) -> None:
    path = make(kind)
    take(path)
    Path("out/01.jpg").unlink()
    before = Path("out/00.jpg").stat().st_mtime_ns
    take(path)
    assert Path("out/00.jpg").stat().st_mtime_ns == before
    assert Path("out/01.jpg").read_bytes() == b"second"
    for other in (b"sec", b"secand", b"seconds"):
        Path("out/01.jpg").write_bytes(other)
        with pytest.raises(InputError, match=r"out/01\.jpg: is here already, with other bytes than a\."):
            take(path)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_a_file_that_the_check_refuses_gets_no_name(kind: str) -> None:
    def refuse(path: Path, where: str) -> None:
        raise InputError(f"{where}: {path.read_bytes()!r} is no picture.")

    with pytest.raises(InputError, match=r"a\.\S+: pictures/00\.jpg: b'first' is no picture"):
        list(unpack.unpack(opened(make(kind)), WANTED, refuse))
    assert here() == []


def test_folders_and_leading_dots_are_no_files() -> None:
    with tarfile.open("dots.tar", "w") as archive:
        folder = tarfile.TarInfo("./pictures")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        info = tarfile.TarInfo("./pictures/00.jpg")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"first"))
    assert [entry.name for entry in opened(Path("dots.tar")).entries] == [GOOD]
    assert take(Path("dots.tar")) == [Path("out/00.jpg")]


def test_a_file_that_is_no_archive_is_none() -> None:
    for number, data in enumerate((b"000001.jpg 0\n", b"\xff\xd8\xff\xe0" + b"x" * 2000, b"PK", b"x" * 512)):
        Path(str(number)).write_bytes(data)
        assert unpack.read(Path(str(number))) is None
