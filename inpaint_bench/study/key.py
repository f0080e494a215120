"""key.json, which the organiser keeps: what every picture and every block of a study is."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError

KEY, PUBLIC = "key.json", "public"
MOST_KEY = 1 << 27  # bytes
CHECKS = 6  # attention checks of a rater
SHOWN = ("masked", "target", "both", "none")

Beside: TypeAlias = Literal["masked", "target", "both", "none"]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 24)]


class Compared(Schema, frozen=True, array_like=True):
    """A trial: two methods on a pair, by their numbers; or a check, whose right answer is the left or the right."""

    pair: Number
    left: Number
    right: Number
    right_answer: Literal["", "left", "right"] = ""


class Key(Schema, frozen=True):
    """The key of a study."""

    schema: Literal[1]
    study: str  # its name in answers: the start of the SHA-256 of all that raters can see
    run: str  # the folder of the run when the study was made
    dataset: str
    fingerprint: str
    pixels: str
    seed: str
    question: str
    show: Beside
    methods: tuple[str, ...]
    pairs: tuple[str, ...]  # by their names
    composites: dict[str, tuple[str, ...]]  # by method, for each pair the start of the SHA-256 of the file in the run
    blocks: tuple[tuple[Compared, ...], ...]

    @property
    def part_of_signature(self) -> str:
        """What of the study changes the number: the question, what is shown beside the composites, and the methods."""
        asked_of = files.sha256("\n".join(sorted(self.methods)).encode())[:8]
        return f"q{files.sha256(self.question.encode())[:8]}:show-{self.show}:m{asked_of}"


def read_key(study: Path) -> Key:
    """The key of a study, given by its folder or its file. Raises InputError for anything else."""
    path = study / KEY if study.is_dir() else study
    try:
        key: Key = decode.json(files.read_bytes(path, MOST_KEY), Key)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no study is here. `inpaint-bench study make RUN` makes one.") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not the key of a study of this version ({error}). Restore the file.") from error
    _refuse_inconsistent(path, key)
    return key


def _refuse_inconsistent(path: Path, key: Key) -> None:
    """Raise InputError where a block names what is not there."""
    pairs, methods = len(key.pairs), len(key.methods)
    sound = methods >= 2 and len({*key.methods}) == methods and len({*key.pairs}) == pairs
    sound = sound and key.composites.keys() == {*key.methods}
    sound = sound and all(len(one) == pairs for one in key.composites.values())
    for block in key.blocks if sound else ():
        for one in block:
            there = one.pair < pairs and max(one.left, one.right) < methods and one.left != one.right
            if not (one.right_answer or there):
                sound = False
    if not sound:
        raise InputError(f"{path}: its methods, pairs and blocks do not belong together: it was edited. Restore it.")
