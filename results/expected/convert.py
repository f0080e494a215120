"""Converts expected results from version 1 of the schema (records.jsonl) to version 2 (results.jsonl).

    python results/expected/convert.py OLD_FOLDER NEW_FOLDER

Version 2 states what version 1 left to be read out of other fields: the reduction of a stochastic method's samples
(it was the end of the signature) and the part of the dataset (it was a phrase), and adds the pixel digest, which is
computed from the hashes of pairs.csv. Values, intervals, counts, signatures,
fingerprints and the hashes of the scores are copied as they are, byte for byte. Scores, pairs, policy and history do
not change.
"""

import csv
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

REAL_VS_REAL = {"(targets, half against half)": "real vs real (split half)"}
REDUCTION = re.compile(r":(best-\w+-of-\d+(?:-from-\d+)?|mean-of-\d+|first-of-\d+)$")


def part(words: str) -> dict[str, Any]:
    """'', 'first 3' or 'shard 2/8' as fields; the whole has none but its defaults."""
    kind, _, numbers = words.partition(" ")
    if not kind:
        return {"kind": "whole", "index": 1, "count": 1}
    index, _, count = numbers.rpartition("/")
    return {"kind": kind, "index": int(index or 1), "count": int(count)}


def pixel_digest(listed: Path) -> str:
    """The SHA-256 over the hashes of all images and masks of a list of pairs."""
    _, *lines = listed.read_text(encoding="utf-8").splitlines()
    rows = [f"{row['pair']},{row['image_sha256']},{row['mask_sha256']}" for row in csv.DictReader(lines)]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def result(old: dict[str, Any], pixels: str) -> dict[str, Any]:
    """A line of version 2, its fields in the order in which they are written."""
    found = REDUCTION.search(old["signature"])
    new: dict[str, Any] = {}
    for key, value in old.items():
        if key == "schema":
            new[key] = 2
        elif key == "protocol":
            new["dataset"] = value
        elif key == "part":
            new |= {"pixels": pixels, "part": part(value)}
        elif key == "method":
            new[key] = REAL_VS_REAL.get(value, value)
        elif key == "signature":
            new |= {"reduction": found[1] if found else "none", "signature": value}
        else:
            new[key] = value
    return new | {"significance": ""}


def convert(old: Path, new: Path) -> None:
    """Write results.jsonl and run.json of version 2 into a folder from those of version 1."""
    lines = [json.loads(line) for line in (old / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    compact: Any = {"separators": (",", ":"), "ensure_ascii": False}
    pixels = pixel_digest(old / "pairs.csv")
    text = "".join(json.dumps(result(line, pixels), **compact) + "\n" for line in lines)
    (new / "results.jsonl").write_text(text, encoding="utf-8")
    run = json.loads((old / "run.json").read_text(encoding="utf-8"))
    made: dict[str, Any] = {}
    for key, value in run.items():
        made |= {"pixels": pixels, "part": part(value)} if key == "part" else {key: value}
    made["schema"] = 2
    (new / "run.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
