"""Results and tables of a run that are up to date: made by this code from the files that are here now.

A note in the cache says what they were made from, and the hash of each file that was made. Where one of either is
another now, whatever the reason, they are made again.
"""

import contextlib
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.analysis.results import FILE, missing_pairs, results_path
from inpaint_bench.analysis.run import RunData
from inpaint_bench.decode import Schema
from inpaint_bench.errors import BenchError
from inpaint_bench.methods.code import hash_of
from inpaint_bench.runner import sums
from inpaint_bench.runner.made_by import installed
from inpaint_bench.study.stored import votes_path
from inpaint_bench.tables.formats import paths_of_tables

LIBRARIES = ("jinja2", "numba", "numpy", "pandas", "scikit-learn", "scipy", "tabulate", "torch")  # which compute them
PER_PAIR = ("scores.csv", "features.*", "objects.*")  # in the folder of a method, of the targets or masked targets


class Note(Schema, frozen=True):
    """What results and tables were made from, as one hash, and the hash of each file that was made."""

    made_from: str
    made: dict[str, str]


def hash_of_sources(run: RunData, names: Iterable[str], absent: Mapping[str, str]) -> str:
    """The hash of all that results in these metrics, and tables, are made from: the run's files, code, libraries.

    `absent` gives the metrics that cannot be measured here, each with the reason, which tables print.
    """
    read = [run.path / "run.json", run.path / "pairs.csv", votes_path(run.path)]
    read += [path for pattern in PER_PAIR for path in run.path.glob(f"*/{pattern}")]
    noted = {name: sha256 for name, sha256 in sums.read_sums(run.path).items() if name != FILE}
    here = {path.relative_to(run.path).as_posix(): files.file_sha256(path) for path in read if path.is_file()}
    lacking = {method: len(missing_pairs(run.folder, method)) for method in run.info.methods}
    libraries = [platform.python_version(), *map(installed, LIBRARIES)]
    facts = [_code(), libraries, sorted(set(names)), dict(absent), noted, here, lacking]
    return files.sha256(msgspec.json.encode(facts, order="sorted"))


@cache
def _code() -> str:
    """The hash of this package's code."""
    return hash_of(files.PACKAGE.rglob("*.py"), files.PACKAGE)


def up_to_date(run: RunData, sources: str) -> bool:
    """Whether the results and tables that are here were made from what has this hash, and are as they were made."""
    files.keep_used(_path(run))
    try:
        note = decode.json(files.read_bytes(_path(run)), Note)
    except (OSError, BenchError, msgspec.DecodeError):
        return False
    made = dict(_made(run))
    return (note.made_from, note.made) == (sources, made) and sums.trusted(run.path, results_path(run.folder))


def note_made(run: RunData, sources: str) -> None:
    """Note what the results and tables that were just written were made from, where the cache can be written."""
    with contextlib.suppress(BenchError):
        files.write_if_changed(_path(run), msgspec.json.encode(Note(sources, dict(_made(run)))))


def _made(run: RunData) -> Iterator[tuple[str, str]]:
    """Every file of results and tables, with its hash; '' for one that is not there."""
    for path in (results_path(run.folder), *paths_of_tables(run.path)):
        yield path.relative_to(run.path).as_posix(), files.file_sha256(path) if path.is_file() else ""


def _path(run: RunData) -> Path:
    return files.cache_dir() / "derived" / f"{files.sha256(os.fsencode(run.path.resolve()))[:32]}.json"
