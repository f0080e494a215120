"""Raters who never tire: files of answers to a study, as its page writes them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inpaint_bench.study.key import Compared, Key

Chooses = Callable[[Compared, int], bool]  # whether a trial, with its number in the block, is answered with the left


def answers(key: Key, number: int, chooses: Chooses, attentive: bool = True) -> dict[str, Any]:
    """The answers of a rater to the block of that number."""
    block = key.blocks[number % len(key.blocks)]
    lefts = [
        (trial.right_answer == "left") == attentive if trial.right_answer else chooses(trial, place)
        for place, trial in enumerate(block)
    ]
    listed = [{"choice": "left" if left else "right", "ms": 900 + place} for place, left in enumerate(lefts)]
    rater = f"{number:032x}"
    return {"schema": 1, "study": key.study, "rater": rater, "block": number % len(key.blocks), "answers": listed}


def write(folder: Path, *several: dict[str, Any]) -> Path:
    """A folder of files of answers."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in several:
        (folder / f"{one['rater'][-6:]}.json").write_text(json.dumps(one))
    return folder


def prefers(key: Key, *ranked: str, slips: int = 13) -> Chooses:
    """Prefers the method that is named first, but for about one choice in `slips`."""

    def chooses(trial: Compared, place: int) -> bool:
        left, right = (ranked.index(key.methods[number]) for number in (trial.left, trial.right))
        return (left < right) != ((5 * place + 3 * trial.pair + trial.left) % slips == 0)

    return chooses
