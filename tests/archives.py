"""Archives that tests make, and how they are unpacked."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from inpaint_bench.fetch import unpack
from inpaint_bench.fetch.unpack import Packed

GOOD = "pictures/00.jpg"
WANTED = {GOOD: Path("out/00.jpg"), "pictures/01.jpg": Path("out/01.jpg")}
CONTENTS = {GOOD: b"first", "pictures/01.jpg": b"second", "pictures/02.jpg": b"third"}
Change = Callable[[tarfile.TarInfo], None]


def accept(path: Path, where: str) -> None:
    """A check that every file passes."""


def make_zip(path: Path, contents: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> Path:
    """A zip archive; `change` may alter the entry of the last file."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(contents.items(), start=1):
            info = zipfile.ZipInfo(name)
            info.filename = name  # which ZipInfo would tidy
            if change and number == len(contents):
                change(info)
            archive.writestr(info, data)
    return path


def make_tar(path: Path, contents: dict[str, bytes], change: Change | None = None, mode: str = "w") -> Path:
    """A tar archive; `change` may alter the header of the last file."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for number, (name, data) in enumerate(contents.items(), start=1):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change and number == len(contents):
                change(info)
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return path


def make(kind: str, contents: dict[str, bytes] = CONTENTS) -> Path:
    """An archive of a kind, called after it."""
    if kind == "zip":
        return make_zip(Path("a.zip"), contents)
    return make_tar(Path(f"a.{kind}"), contents, mode="w:gz" if kind.endswith("gz") else "w")


def opened(path: Path) -> Packed:
    """An archive that is one."""
    found = unpack.read(path)
    assert found is not None
    return found


def take(path: Path, wanted: dict[str, Path] = WANTED) -> list[Path]:
    """Unpack the wanted files."""
    return list(unpack.unpack(opened(path), wanted, accept))


def here() -> list[str]:
    """Every file and link below the folder of the test, but the archives beside `out`."""
    return sorted(str(path) for path in Path().rglob("*") if not path.is_dir() and "out" in path.parts)
