"""Lists of pairs: fixed combinations of an image and a mask, with the hashes of their pixels once they are read."""

import csv
import dataclasses
import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from inpaint_bench import files
from inpaint_bench.data.names import check_name
from inpaint_bench.data.pairs import FIELDS, VALUES, Pair, Pairs
from inpaint_bench.data.protocols import Protocol, bucket_of, facts
from inpaint_bench.errors import HashError, InputError

SCHEMA = "# inpaint-bench pairs 1"
MASKS_SCHEMA = "# inpaint-bench masks 1"
MASK_COLUMNS = ["mask", "mask_sha256", "hole_pixels", "ratio", "bucket"]
PAIR = "[0-9]{5,9}"  # the name of a pair; also the name of files
COLUMNS = FIELDS[:-1]
PROMPT = "prompt"  # one column more, of lists that have prompts
MOST_PROMPT = 2000  # letters
HASH = "([0-9a-f]{64})?"
CELLS = [PAIR, ".*", ".*", HASH, HASH, "[0-9]{0,9}", r"([01]\.[0-9]{6})?", r"([0-9.]{1,9}-[0-9.]{1,9})?"]  # of a line


def draw_pairs(image_names: Iterable[str], mask_names: Iterable[str], seed: int) -> Pairs:
    """The pair rule: images in order; masks in order of sha256("{seed}:{name}"), repeated as often as needed."""
    masks = sorted(mask_names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    return Pairs(Pair(f"{i:05d}", name, masks[i % len(masks)]) for i, name in enumerate(image_names))


def fingerprint(page: Protocol, pairs: Iterable[Pair], with_pixels: bool = False) -> str:
    """Twelve hexadecimal digits that identify the page and the names of its pairs, and optionally their pixels."""
    return _sha256_of_lines((",".join(_identity(pair, with_pixels)) for pair in pairs), facts(page) + b"\n")[:12]


def _identity(pair: Pair, with_pixels: bool) -> list[str]:
    """What a fingerprint covers of a pair; a prompt as JSON, in which nothing separates cells or lines."""
    pixels = [pair.image_sha256, pair.mask_sha256] if with_pixels else []
    return [pair.pair, pair.image, pair.mask, *pixels, *([json.dumps(pair.prompt)] if pair.prompt else [])]


def pixel_digest(pairs: Iterable[Pair]) -> str:
    """The SHA-256 over the prepared pixels of all images and masks of some pairs that have been read.

    The fingerprint says which files meet; this says what was in them. A re-encoded copy of a dataset has another one.
    """
    return _sha256_of_lines(f"{pair.pair},{pair.image_sha256},{pair.mask_sha256}" for pair in pairs)


def _sha256_of_lines(lines: Iterable[str], head: bytes = b"") -> str:
    """The SHA-256 of lines with an end between them, which are not held."""
    digest = hashlib.sha256(head)
    for number, line in enumerate(lines):
        digest.update(f"\n{line}".encode() if number else line.encode())
    return digest.hexdigest()


def sample_seed(seed: int, pair: str, sample: int) -> int:
    """The seed of one sample of one pair: 63 bits that depend only on the arguments."""
    return int(files.sha256(f"{seed}:{pair}:{sample}".encode())[:16], 16) >> 1


def to_csv(pairs: Iterable[Pair]) -> bytes:
    """The list of pairs as a CSV file."""
    out = io.BytesIO()
    text = io.TextIOWrapper(out, "utf-8", newline="")
    _write_lines(text, pairs if isinstance(pairs, Pairs) else Pairs(pairs))
    text.flush()
    return out.getvalue()


def write_csv(path: Path, pairs: Pairs) -> None:
    """Write the list of pairs as `to_csv` has it; its bytes are not held. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as out:
        _write_lines(out, pairs)


def _write_lines(text: TextIO, pairs: Pairs) -> None:
    text.write(SCHEMA + "\n")
    writer = csv.writer(text, lineterminator="\n")
    last = [PROMPT] if any(pair.prompt for pair in pairs) else []
    writer.writerow([*COLUMNS, *last])
    for pair in pairs:
        hole_pixels = pair.hole_pixels if _mask_known(pair) else ""
        prompt = [pair.prompt] if last else []
        writer.writerow([*VALUES(pair)[:5], hole_pixels, pair.ratio, pair.bucket, *prompt])


def _mask_known(pair: Pair) -> bool:
    return pair.seen or bool(pair.mask_sha256)


def masks_to_csv(pairs: Iterable[Pair]) -> bytes:
    """What is known of the masks of pairs as a CSV file, by the mask: for pairs whose images' names do not ship."""
    out = io.StringIO()
    out.write(MASKS_SCHEMA + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(MASK_COLUMNS)
    writer.writerows(sorted([getattr(pair, column) for column in MASK_COLUMNS] for pair in pairs))
    return out.getvalue().encode()


def with_masks(pairs: Pairs, path: Path) -> Pairs:
    """The pairs with what a file of `masks_to_csv` knows of their masks; as they are where there is none.

    Raises InputError for a file that is none, and for one that does not list the masks of the pairs.
    """
    if not path.is_file():
        return pairs
    known = {row[0]: row[1:] for row in _rows(_lines(path), path, MASKS_SCHEMA, MASK_COLUMNS, CELLS[2:3] + CELLS[4:])}

    def known_of(pair: Pair) -> Pair:
        if pair.mask not in known:
            raise InputError(f"{path}: does not list the mask {pair.mask} of pair {pair.pair}. Restore the file.")
        sha256, hole_pixels, ratio, bucket = known[pair.mask]
        count = int(hole_pixels or 0)
        return dataclasses.replace(pair, mask_sha256=sha256, hole_pixels=count, ratio=ratio, bucket=bucket)

    return Pairs(map(known_of, pairs))


def read_csv(path: Path) -> Pairs:
    """Read a list of pairs from a CSV file. A last column `prompt` may be there. Raises InputError if it is not one."""
    return _listed(_lines(path), path)


def parse_csv(data: bytes, path: Path) -> Pairs:
    """The bytes of a list of pairs; `path` names the file in errors. Raises as `read_csv` does."""
    return _listed(_decoded(data), path)


def _listed(lines: Iterator[str], path: Path) -> Pairs:
    pairs = Pairs(_each_pair(lines, path))
    if not pairs.ascending() and len(set(pairs.names)) != len(pairs):
        raise InputError(f"{path}: a pair is listed twice. Build or import the list again.")
    return pairs


def _each_pair(lines: Iterator[str], path: Path) -> Iterator[Pair]:
    for number, row in enumerate(_rows(lines, path, SCHEMA, COLUMNS, CELLS, PROMPT), start=3):
        name, image, mask, image_sha256, mask_sha256, hole_pixels, ratio, bucket = row[: len(COLUMNS)]
        prompt = "".join(row[len(COLUMNS) :])
        for one in (image, mask):
            check_name(one, f"{path}: line {number}")
        if len(prompt) > MOST_PROMPT or not prompt.isprintable():
            raise InputError(f"{path}: line {number}: a prompt is one line of at most {MOST_PROMPT} printable letters.")
        yield Pair(name, image, mask, image_sha256, mask_sha256, int(hole_pixels or 0), ratio, bucket, prompt)


def _rows(
    lines: Iterator[str], path: Path, schema: str, columns: list[str], cells: list[str], last: str = ""
) -> Iterator[list[str]]:
    """The cells of a list's lines, which may have a `last` column of any text. Raises InputError where it is none."""
    try:
        head = [*itertools.islice(lines, 2)]
        if last and head[1:] == [",".join([*columns, last])]:
            columns, cells = [*columns, last], [*cells, ".*"]
        if head != [schema, ",".join(columns)]:
            raise InputError(f"{path}: not a list of pairs of this version ('{schema[2:]}'). Build or import it again.")
        for number, row in enumerate(csv.reader(lines), start=3):
            if len(row) != len(columns) or not all(map(re.fullmatch, cells, row)):
                raise InputError(f"{path}: line {number} is not a pair. Build or import the list again.")
            yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a list of pairs ({error}).") from error


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, which is not held. Raises OSError and UnicodeDecodeError, and as `files.size_of` does."""
    files.size_of(path)
    with path.open(encoding="utf-8", newline="") as file:
        for line in file:
            yield from line.splitlines()


def _decoded(data: bytes) -> Iterator[str]:
    """The lines of a text. Raises UnicodeDecodeError."""
    yield from data.decode("utf-8").splitlines()


def refuse_other_facts(page: Protocol, pairs: Iterable[Pair], path: Path) -> None:
    """Raise HashError for a pair whose ratio or bucket is not what its hole pixels give, if the page fixes a size."""
    for pair in pairs:
        pixels = page.size**2 if page.size else 0
        if not (pixels and _mask_known(pair)):
            continue
        ratio, bucket = f"{pair.hole_pixels / pixels:.6f}", bucket_of(page, pair.hole_pixels, pixels)
        if (ratio, bucket) != (pair.ratio, pair.bucket):
            raise HashError(
                f"{path}: pair {pair.pair}: {pair.hole_pixels} of {pixels} pixels are a ratio of {ratio} in bucket "
                f"{bucket or 'none'}; the list says {pair.ratio or 'none'}, {pair.bucket or 'none'}. Restore the file."
            )
