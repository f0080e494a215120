"""The votes of a study as they lie in a run folder, _study/votes.json: what its results are derived from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.study.answers import Milliseconds, Rater
from inpaint_bench.study.key import Key, Number
from inpaint_bench.study.model import Votes

FOLDER, FILE = "_study", "votes.json"  # no method's name begins with an underscore
MOST_VOTES = 1 << 28  # bytes


class Vote(Schema, frozen=True, array_like=True):
    """A choice between two methods on a pair, all by their numbers."""

    rater: Number
    pair: Number
    preferred: Number
    other: Number
    preferred_left: bool
    ms: Milliseconds


class StoredVotes(Schema, frozen=True):
    """The votes of the raters who passed the attention checks, and what they were asked."""

    schema: Literal[1]
    study: str
    question: str
    show: str
    stem: str  # the part of the signature that is the study's
    methods: Annotated[tuple[str, ...], msgspec.Meta(min_length=2, max_length=1000)]
    pairs: tuple[str, ...]
    composites: dict[str, tuple[str, ...]]  # the start of the SHA-256 of each picture that was shown, by method
    answers: tuple[str, ...]  # SHA-256 of the answers of each rater
    left_out: int  # raters who failed the checks
    votes: tuple[Vote, ...]


def votes_path(run: Path) -> Path:
    """The file of a run's votes."""
    return run / FOLDER / FILE


def stored_votes(key: Key, raters: Sequence[Rater], sha256s: Sequence[str], left_out: int) -> StoredVotes:
    """The votes in the answers of some raters, without the checks."""
    votes = []
    for number, rater in enumerate(raters):
        for trial, one in zip(key.blocks[rater.answers.block], rater.answers.answers, strict=True):
            if not trial.right_answer:
                left = one.choice == "left"
                chosen, other = (trial.left, trial.right) if left else (trial.right, trial.left)
                votes.append(Vote(number, trial.pair, chosen, other, left, one.ms))
    stem = key.part_of_signature
    return StoredVotes(
        1, key.study, key.question, key.show, stem, key.methods, key.pairs, key.composites, tuple(sha256s), left_out,
        tuple(votes),
    )  # fmt: skip


def write_votes(run: Path, votes: StoredVotes) -> Path:
    """Write the votes of a run whole; the path."""
    files.write_if_changed(votes_path(run), msgspec.json.encode(votes) + b"\n")
    return votes_path(run)


def read_votes(path: Path) -> tuple[StoredVotes, str]:
    """The votes in a file and its SHA-256. Raises InputError for a file that holds none of this version."""
    again = "Read the answers again with `inpaint-bench study read`, or delete the file."
    try:
        data = files.read_bytes(path, MOST_VOTES)
        stored: StoredVotes = decode.json(data, StoredVotes)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: no votes of this version ({error}). {again}") from error
    pairs, methods, raters = len(stored.pairs), len(stored.methods), len(stored.answers)
    for one in stored.votes:
        if one.pair >= pairs or max(one.preferred, one.other) >= methods or one.rater >= raters:
            raise InputError(f"{path}: a vote names a pair, a method or a rater that is not there. {again}")
        if one.preferred == one.other:
            raise InputError(f"{path}: a vote compares {stored.methods[one.other]} with itself. {again}")
    return stored, files.sha256(data)


def as_numbers(stored: StoredVotes) -> Votes:
    """The votes as arrays."""
    table = np.array([(one.preferred, one.other, one.rater, one.pair) for one in stored.votes], dtype=np.int64)
    winner, loser, rater, pair = table.reshape(-1, 4).T
    return Votes(stored.methods, winner, loser, rater, pair)
