"""SHA256SUMS of a run folder: the hashes of its pairs, scores, features, objects and results, as they were written.

`sha256sum -c SHA256SUMS` checks them too. What is derived is computed again unless its hash stands here, and is not
printed where another one does. Composites are not listed: scores name the hash of each.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.errors import HashError

FILE = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\0\n]{1,300})")


def read_sums(run: Path) -> dict[str, str]:
    """The hash of each file, by its path in the run folder; empty where none were written.

    Raises HashError for a file with a line that is no hash and name, or with two hashes of one name.
    """
    path = run / FILE
    if not path.is_file():
        return {}
    lines = files.read_bytes(path).decode("utf-8", "replace").split("\n")
    parsed = [_LINE.fullmatch(line) for line in lines[:-1]]
    found = {line[2]: line[1] for line in parsed if line}
    if lines[-1] or len(found) < len(parsed):
        raise HashError(f"{path}: damaged. Restore it; or delete it, and `inpaint-bench score {run}` makes all anew.")
    return found


def write_sums(run: Path, *paths: Path) -> None:
    """Note the hashes of files that were just written. Raises as `files.write_whole` does."""
    with files.locked(run):
        sums = {name: sha256 for name, sha256 in read_sums(run).items() if (run / name).is_file()}
        sums |= {path.relative_to(run).as_posix(): files.file_sha256(path) for path in paths}
        files.write_if_changed(run / FILE, to_text(sums))


def to_text(sums: Mapping[str, str]) -> bytes:
    """The hashes by path, as `sha256sum` writes them."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def trusted(run: Path, path: Path) -> bool:
    """Whether a file is there and is what was written; what is not is derived again."""
    return path.is_file() and read_sums(run).get(path.relative_to(run).as_posix()) == files.file_sha256(path)


def refuse_missing(run: Path, path: Path) -> None:
    """Raise HashError for a file that was written here and is gone."""
    if not path.is_file() and path.relative_to(run).as_posix() in read_sums(run):
        raise HashError(f"{path}: is gone. Restore it, or make it again: `inpaint-bench score {run}`.")


def refuse_changed(run: Path, path: Path, remedy: str = "") -> None:
    """Raise HashError for a file that is not what was written; one without a recorded hash passes."""
    before = read_sums(run).get(path.relative_to(run).as_posix())
    if before and path.is_file() and (now := files.file_sha256(path)) != before:
        remedy = remedy or f"Restore it, or make it again: `inpaint-bench score {run}`, or `gate --accept` of results."
        raise HashError(f"{path}: not what was written here: sha256 {now[:12]}, not {before[:12]}. {remedy}")
