"""Answers of raters: untrusted files, read strictly; who failed the attention checks is left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, NotComparableError
from inpaint_bench.study.key import Key

MOST_ANSWERS = 1 << 22  # bytes of one file
MOST_MS = 24 * 3600 * 1000

Choice: TypeAlias = Literal["left", "right"]
Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MOST_MS)]


class Answer(Schema, frozen=True):
    """One choice, and how long it took."""

    choice: Choice
    ms: Milliseconds


class Answers(Schema, frozen=True):
    """The file that the page of a study writes: the choices of one rater, in the order of the trials of the block."""

    schema: Literal[1]
    study: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    rater: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]  # random, made in the browser
    block: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)]
    answers: Annotated[tuple[Answer, ...], msgspec.Meta(max_length=100_000)]


@dataclass(frozen=True)
class Rater:
    """A rater who answered every trial of a block."""

    path: Path
    answers: Answers
    wrong: int  # of the checks
    checks: int

    @property
    def attentive(self) -> bool:
        """Whether the checks were passed: at most one in six answered wrongly. Guessing passes six in 11% of cases."""
        return self.wrong <= self.checks // 6


@dataclass(frozen=True)
class Read:
    """Everything in some files of answers."""

    raters: tuple[Rater, ...]  # who passed
    failed: tuple[Rater, ...]
    unfinished: tuple[Path, ...]
    again: tuple[Path, ...]  # files of answers that another file holds too
    sha256s: tuple[str, ...]  # of the files of those who passed

    def notes(self) -> list[str]:
        """A sentence for everything that was left out."""
        found = [
            f"{one.path}: left out: {one.wrong} of {one.checks} attention checks answered wrongly."
            for one in self.failed
        ]
        found += [f"{path}: left out: not every trial is answered." for path in self.unfinished]
        return found + [f"{path}: the same answers as in another file; counted once." for path in self.again]


def read_answers(paths: Iterable[Path], key: Key) -> Read:
    """The answers in files, or in the .json files of folders, by what the key of their study says.

    Raises InputError for a file that holds no answers and for two different ones of one rater, and NotComparableError
    for answers to another study.
    """
    found: dict[str, tuple[Path, Answers]] = {}
    again, unfinished = list[Path](), list[Path]()
    for path in _listed(paths):
        answers = _read_one(path, key)
        before = found.get(answers.rater)
        if before and before[1] != answers:
            raise InputError(
                f"{path} and {before[0]}: different answers of one rater ({answers.rater[:8]}). Keep one of the files."
            )
        if before:
            again.append(path)
        elif len(answers.answers) < len(key.blocks[answers.block]):
            unfinished.append(path)
        else:
            found[answers.rater] = (path, answers)
    raters = [_checked(path, answers, key) for path, answers in sorted(found.values(), key=lambda one: one[1].rater)]
    passed = tuple(one for one in raters if one.attentive)
    hashes = tuple(files.sha256(msgspec.json.encode(one.answers)) for one in passed)
    failed = tuple(one for one in raters if not one.attentive)
    return Read(passed, failed, tuple(unfinished), tuple(again), hashes)


def _listed(paths: Iterable[Path]) -> list[Path]:
    listed: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise InputError(f"{path}: no file of answers (.json) is in this folder.")
        listed += inside
    return listed


def _read_one(path: Path, key: Key) -> Answers:
    try:
        answers: Answers = decode.json(files.read_bytes(path, MOST_ANSWERS), Answers)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file of answers.") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not answers as the page of a study writes them ({error}). Leave it out.") from error
    if answers.study != key.study:
        raise NotComparableError(f"{path}: answers to another study, {answers.study}, not {key.study}. Leave it out.")
    if answers.block >= len(key.blocks):
        raise InputError(f"{path}: block {answers.block} of a study that has {len(key.blocks)} blocks. Leave it out.")
    if (count := len(answers.answers)) > (most := len(key.blocks[answers.block])):
        raise InputError(f"{path}: {count} answers to the {most} trials of block {answers.block}. Leave it out.")
    return answers


def _checked(path: Path, answers: Answers, key: Key) -> Rater:
    trials = key.blocks[answers.block]
    checks = [
        one.choice == trial.right_answer
        for trial, one in zip(trials, answers.answers, strict=True)
        if trial.right_answer
    ]
    return Rater(path, answers, checks.count(False), len(checks))


def median_seconds(raters: Sequence[Rater]) -> float | None:
    """The median time of a choice, in seconds; none of nobody."""
    import statistics

    times = [one.ms for rater in raters for one in rater.answers.answers]
    return statistics.median(times) / 1000 if times else None
