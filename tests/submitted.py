"""Submissions of a small run, and ways to forge them: what a file holds is changed, and its hashes made to fit."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inpaint_bench import files
from inpaint_bench.api.leaderboard import submit_run

CARD = {
    "title": "Fast marching",
    "authors": ["Alexandru Telea"],
    "year": 2004,
    "code_licence": "Apache-2.0",
    "weights_licence": "none",
    "measured_by": "A lab",
}


def write_card(**changes: object) -> Path:
    """card.toml of the working folder, with some of its keys changed; those that are None are left out."""
    keys = {"schema": 1, **CARD, **changes}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in keys.items() if value is not None]
    path = Path("card.toml")
    path.write_text("".join(lines), encoding="utf-8")
    return path


def submitted(run: Path, method: str = "telea", name: str = "", **changes: object) -> Path:
    """The file of a method of a run, in a leaderboard of the working folder."""
    path = Path("leaderboard/tiny") / f"{name or method}.jsonl"
    return submit_run(run, method, write_card(**changes), path)


def forge(path: Path, change: Callable[[list[dict[str, Any]]], object]) -> Path:
    """Change the lines of a file: header, pairs, scores, results."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def unpacked(line: dict[str, Any]) -> str:
    """The text in the second or the third line."""
    (packed,) = line.values()
    return gzip.decompress(base64.b64decode(packed["gzip"])).decode()


def packed(data: bytes) -> dict[str, str]:
    """Bytes as those lines hold them, with a hash that fits."""
    return {"sha256": files.sha256(data), "gzip": base64.b64encode(gzip.compress(data, 1, mtime=0)).decode()}


def forge_scores(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """Change the rows of the scores, with every hash made to fit."""

    def swap(lines: list[dict[str, Any]]) -> None:
        first, head, *rows = unpacked(lines[2]).splitlines()
        data = "\n".join([first, head, *change(rows), ""]).encode()
        lines[2] = {"scores": packed(data)}
        for line in lines[3:]:
            line["scores"] = files.sha256(data)

    return forge(path, swap)


def forge_pairs(path: Path, old: str, new: str) -> Path:
    """Change a text of the list of pairs, with its hash made to fit."""

    def swap(lines: list[dict[str, Any]]) -> None:
        text = unpacked(lines[1])
        assert old in text
        lines[1] = {"pairs": packed(text.replace(old, new, 1).encode())}

    return forge(path, swap)


def forge_results(path: Path, **changes: object) -> Path:
    """Change fields of the results of psnr."""

    def swap(lines: list[dict[str, Any]]) -> None:
        for line in lines[3:]:
            if line["metric"] == "psnr":
                line.update(changes)

    return forge(path, swap)
