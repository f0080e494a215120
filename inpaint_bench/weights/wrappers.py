"""Weights inside a wrapper that a card does not name: `state_dict`, `module.`, `generator.`, and others like them.

Authors and those who train again save the same network in many ways. A wrapper is taken off only where every name of
the network then fits, with its shape, in exactly one way.
"""

import fnmatch
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from inpaint_bench.errors import InputError, some
from inpaint_bench.weights.torch_files import by_name

Shapes = Mapping[str, tuple[int, ...]]
DEPTH = 3  # dictionaries within dictionaries


@dataclass(frozen=True)
class Unwrapped:
    """Tensors of a network, the wrapper that they were in, and what else is in the file."""

    state: dict[str, Tensor]
    keys: tuple[str, ...]  # of the dictionaries around them
    prefix: str  # of their names
    others: tuple[str, ...]  # names beside them

    def note(self) -> str:
        """What was done, as part of a sentence."""
        wrapped = [f"the dictionary '{key}'" for key in self.keys]
        wrapped += [f"the prefix '{self.prefix}'"] if self.prefix else []
        beside = f"; left out beside them: {some(name[:60] for name in self.others)}" if self.others else ""
        taken = f"taken out of {' and '.join(wrapped)}" if wrapped else "taken as they are, without the usual wrapper"
        return f"{len(self.state)} tensors {taken}; every name and shape fits{beside}."


def unwrapped(content: Mapping[str, Any], wanted: Shapes, leave_out: Sequence[str], where: str) -> Unwrapped | None:
    """The tensors of a file that have the wanted names, or some of them, under one wrapper; None where none fits.

    Raises InputError where two sets of tensors fit that differ.
    """
    found = [
        fit
        for keys, names in _dictionaries(content, (), set())
        for prefix in _prefixes(names, wanted)
        if (fit := _fit(names, keys, prefix, wanted, leave_out))
    ]
    most = max((len(fit.state) for fit in found), default=0)
    best = [fit for fit in found if len(fit.state) == most]
    if any(not _equal(best[0].state, fit.state) for fit in best[1:]):
        places = " and ".join(repr("/".join((*fit.keys, fit.prefix)))[:80] for fit in best[:2])
        raise InputError(f"{where}: holds this network twice, with other values: {places}. Save the one that is meant.")
    if not best:
        return None
    keys = best[0].keys
    outer = [name for name in content if (not keys or name != keys[0]) and not _matches(name, leave_out)]
    return Unwrapped(best[0].state, keys, best[0].prefix, (*best[0].others, *(outer if keys else ())))


def _dictionaries(
    content: Mapping[str, Any], keys: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """A dictionary and those within it, each once, with the keys that lead to it."""
    yield keys, dict(content)
    if len(keys) + 1 < DEPTH:
        for key, value in content.items():
            if isinstance(value, Mapping) and id(value) not in seen:
                seen.add(id(value))
                yield from _dictionaries(by_name(value), (*keys, key), seen)


def _prefixes(names: Mapping[str, Any], wanted: Shapes) -> list[str]:
    """What stands before a wanted name, at a dot."""
    counts: Counter[str] = Counter()
    for name, value in names.items():
        if isinstance(value, Tensor):
            parts = name.split(".")[:8]  # the wrappers' own; a deeper prefix is no wrapper
            starts = ["".join(f"{part}." for part in parts[:count]) for count in range(len(parts))]
            counts.update(start for start in starts if name[len(start) :] in wanted)
    return [prefix for prefix, _ in counts.most_common()]


def _fit(
    names: Mapping[str, Any], keys: tuple[str, ...], prefix: str, wanted: Shapes, leave_out: Sequence[str]
) -> Unwrapped | None:
    """The tensors under a prefix, if all of them are wanted or left out by the card."""
    state, others = {}, []
    for name, value in names.items():
        rest = name.removeprefix(prefix)
        if isinstance(value, Tensor) and name.startswith(prefix):
            if wanted.get(rest) == tuple(value.shape):
                state[rest] = value
            elif rest in wanted or not _matches(rest, leave_out):
                return None
        elif not _matches(name, leave_out):
            others.append(name)
    return Unwrapped(state, keys, prefix, tuple(others)) if state else None


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
