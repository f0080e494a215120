"""The pixel digests that are known, protocols/pixel_digests.csv: what was in the images of a fingerprint."""

import csv

from inpaint_bench import files


def known_digests(fingerprint: str) -> dict[str, str]:
    """The full pixel digests that are known for a fingerprint, each with where it was seen."""
    return {row["pixels"]: row["seen"] for row in _digests() if row["fingerprint"] == fingerprint}


def count_digests(dataset: str) -> int:
    """How many pixel digests of a shipped dataset are known."""
    return len({row["pixels"] for row in _digests() if row["dataset"] == dataset})


def _digests() -> list[dict[str, str]]:
    with (files.shipped("protocols") / "pixel_digests.csv").open(encoding="utf-8", newline="") as listed:
        return list(csv.DictReader(listed))
