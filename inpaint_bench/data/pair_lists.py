"""Lists of pairs: fixed combinations of an image and a mask, with the hashes of their pixels once they are read."""

import csv
import dataclasses
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.data.names import check_name
from inpaint_bench.data.protocols import Protocol, bucket_of, facts
from inpaint_bench.errors import HashError, InputError

SCHEMA = "# inpaint-bench pairs 1"
PAIR = "[0-9]{5,9}"  # the name of a pair; also the name of files


@dataclass(frozen=True)
class Pair:
    """One image with one mask. The fields from `image_sha256` on are set once the pixels have been read."""

    pair: str  # five digits
    image: str
    mask: str
    image_sha256: str = ""  # of the prepared RGB pixels
    mask_sha256: str = ""  # of the prepared mask, 255 in the hole
    hole_pixels: int = 0
    ratio: str = ""  # for readers; buckets are computed from hole_pixels
    bucket: str = ""

    @property
    def seen(self) -> bool:
        """Whether the pixels have been read."""
        return bool(self.image_sha256)


COLUMNS = [field.name for field in dataclasses.fields(Pair)]
HASH = "([0-9a-f]{64})?"
CELLS = [PAIR, ".*", ".*", HASH, HASH, "[0-9]{0,9}", r"([01]\.[0-9]{6})?", r"([0-9.]{1,9}-[0-9.]{1,9})?"]  # of a line


def draw_pairs(image_names: Iterable[str], mask_names: Iterable[str], seed: int) -> list[Pair]:
    """The pair rule: images in order; masks in order of sha256("{seed}:{name}"), repeated as often as needed."""
    masks = sorted(mask_names, key=lambda name: files.sha256(f"{seed}:{name}".encode()))
    return [Pair(f"{i:05d}", name, masks[i % len(masks)]) for i, name in enumerate(image_names)]


def fingerprint(page: Protocol, pairs: Iterable[Pair], with_pixels: bool = False) -> str:
    """Twelve hexadecimal digits that identify the page and the names of its pairs, and optionally their pixels."""
    names = [[p.pair, p.image, p.mask, *([p.image_sha256, p.mask_sha256] if with_pixels else [])] for p in pairs]
    rows = "\n".join(",".join(row) for row in names)
    return files.sha256(facts(page) + b"\n" + rows.encode())[:12]


def pixel_digest(pairs: Iterable[Pair]) -> str:
    """The SHA-256 over the prepared pixels of all images and masks of some pairs that have been read.

    The fingerprint says which files meet; this says what was in them. A re-encoded copy of a dataset has another one.
    """
    rows = "\n".join(f"{pair.pair},{pair.image_sha256},{pair.mask_sha256}" for pair in pairs)
    return files.sha256(rows.encode())


def known_digests(fingerprint: str) -> dict[str, str]:
    """The full pixel digests that are known for a fingerprint, each with where it was seen: pixel_digests.csv."""
    return {row["pixels"]: row["seen"] for row in _digests() if row["fingerprint"] == fingerprint}


def count_digests(dataset: str) -> int:
    """How many pixel digests of a shipped dataset are known."""
    return len({row["pixels"] for row in _digests() if row["dataset"] == dataset})


def _digests() -> list[dict[str, str]]:
    with (files.shipped("protocols") / "pixel_digests.csv").open(encoding="utf-8", newline="") as listed:
        return list(csv.DictReader(listed))


def sample_seed(seed: int, pair: str, sample: int) -> int:
    """The seed of one sample of one pair: 63 bits that depend only on the arguments."""
    return int(files.sha256(f"{seed}:{pair}:{sample}".encode())[:16], 16) >> 1


def to_csv(pairs: Iterable[Pair]) -> bytes:
    """The list of pairs as a CSV file."""
    out = io.StringIO()
    out.write(SCHEMA + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        [*dataclasses.astuple(pair)[:5], pair.hole_pixels if pair.seen else "", pair.ratio, pair.bucket]
        for pair in pairs
    )
    return out.getvalue().encode()


def read_csv(path: Path) -> list[Pair]:
    """Read a list of pairs from a CSV file. Raises InputError if it is not one."""
    try:
        lines = files.read_bytes(path).decode("utf-8").splitlines()
        rows = list(csv.reader(lines[2:]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a list of pairs ({error}).") from error
    if lines[:1] != [SCHEMA] or lines[1:2] != [",".join(COLUMNS)]:
        raise InputError(f"{path}: not a list of pairs of this version ('{SCHEMA[2:]}'). Build or import it again.")
    pairs = []
    for number, row in enumerate(rows, start=3):
        if len(row) != len(COLUMNS) or not all(map(re.fullmatch, CELLS, row)):
            raise InputError(f"{path}: line {number} is not a pair. Build or import the list again.")
        name, image, mask, image_sha256, mask_sha256, hole_pixels, ratio, bucket = row
        for one in (image, mask):
            check_name(one, f"{path}: line {number}")
        pairs.append(Pair(name, image, mask, image_sha256, mask_sha256, int(hole_pixels or 0), ratio, bucket))
    if len({pair.pair for pair in pairs}) != len(pairs):
        raise InputError(f"{path}: a pair is listed twice. Build or import the list again.")
    return pairs


def refuse_other_facts(page: Protocol, pairs: Iterable[Pair], path: Path) -> None:
    """Raise HashError for a pair whose ratio or bucket is not what its hole pixels give, if the page fixes a size."""
    for pair in pairs:
        pixels = page.size**2 if page.size else 0
        if not (pixels and pair.seen):
            continue
        ratio, bucket = f"{pair.hole_pixels / pixels:.6f}", bucket_of(page, pair.hole_pixels, pixels)
        if (ratio, bucket) != (pair.ratio, pair.bucket):
            raise HashError(
                f"{path}: pair {pair.pair}: {pair.hole_pixels} of {pixels} pixels are a ratio of {ratio} in bucket "
                f"{bucket or 'none'}; the list says {pair.ratio or 'none'}, {pair.bucket or 'none'}. Restore the file."
            )


def import_index(array: Path, image_names: list[str], mask_names: list[str]) -> list[Pair]:
    """Pairs from an index array (.npy) of the papers' code: image i has mask array[i] of the sorted masks.

    Raises InputError unless the array has one integer per image, each the index of a mask.
    """
    try:
        numbers = decode.npy(array)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{array}: not a .npy array ({error}).") from error
    if numbers.dtype.kind not in "iu" or numbers.shape != (len(image_names),):
        raise InputError(
            f"{array}: holds {numbers.dtype} of shape {numbers.shape}; "
            f"it must hold one integer for each of the {len(image_names)} images."
        )
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(mask_names)):
        raise InputError(
            f"{array}: numbers from {numbers.min()} to {numbers.max()}, but there are {len(mask_names)} masks."
        )
    chosen = zip(image_names, numbers.tolist(), strict=True)
    masks = sorted(mask_names)
    return [Pair(f"{i:05d}", image, masks[number]) for i, (image, number) in enumerate(chosen)]
