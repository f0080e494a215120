"""Replay of reference activations: weights, inputs and noise of a recorded run of a network, and the comparison.

A file of reference activations (schema "inpaint-bench golden 1") holds names and shapes of the weights, rules for their
synthetic values, recipes for the inputs, the noise, and sampled values of the published network's outputs:

    golden = load("golden.json")
    for case in golden["cases"]:
        network.load_state_dict(state_dict(golden, case))
        output = network(*inputs(golden, case).values())
        assert agrees(case["output"], output, rule_of(case, "output"))
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inpaint_bench.checks.activations import schema
from inpaint_bench.checks.activations.recipes import composite, inputs, noise, picture
from inpaint_bench.checks.activations.schema import read_checked
from inpaint_bench.checks.activations.weights import Case, Golden, split, state_dict
from inpaint_bench.errors import InputError

__all__ = [
    "agrees",
    "compare",
    "composite",
    "inputs",
    "load",
    "noise",
    "picture",
    "rule_of",
    "sampled",
    "split",
    "state_dict",
    "tolerance",
]

Samples: TypeAlias = dict[str, Any]
Rule: TypeAlias = dict[str, Any]

MOST_NEEDED = 3  # files, each of which needs the next
RELATIVE = 1e-4  # the default tolerance, relative to max(1, standard deviation of the stage)


def load(path: str | Path, search: Iterable[str | Path] = (), depth: int = 0) -> Golden:
    """A file of reference activations as a dict; `needed` maps each name in `needs` to that file's dict, or to None.

    A needed file is searched in the same folder, then in the folders of `search`. Raises InputError for another file.
    """
    path = Path(path)
    if depth > MOST_NEEDED:
        raise InputError(f"{path}: files that need each other; allowed: {MOST_NEEDED} in a row.")
    golden: Golden = read_checked(path, schema.Golden)
    folders = [path.parent, *map(Path, search)]
    golden["needed"] = {}
    for name in golden["needs"]:
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        golden["needed"][name] = load(found, folders, depth + 1) if found else None
    return golden


def rule_of(case: Case, stage: str) -> Rule:
    """The rule by which a stage is compared; {} is the default."""
    rule: Rule = case["rules"].get(stage, {})
    return rule


def compare(expected: Samples, actual: Tensor | dict[str, float], without: Iterable[int] = ()) -> float:
    """The largest absolute difference at the sampled positions (or of named numbers), except those in `without`."""
    return float(_errors(expected, actual, without).max())


def tolerance(expected: Samples, rule: Rule | None = None) -> float:
    """The largest difference that a rule allows; infinite if the rule only bounds the mean or a share."""
    rule = rule or {}
    if "absolute" in rule:
        return float(rule["absolute"])
    if "relative" not in rule and ("mean" in rule or "share" in rule):
        return math.inf
    return float(rule.get("relative", RELATIVE) * max(1.0, expected.get("std", 1.0)))


def agrees(expected: Samples, actual: Tensor | dict[str, float], rule: Rule | None = None) -> bool:
    """Whether a stage agrees: its largest error, and the mean error or the share `within` if the rule bounds them."""
    rule = rule or {}
    errors = _errors(expected, actual, rule.get("except", ()))
    return bool(
        errors.max() <= tolerance(expected, rule)
        and errors.mean() <= rule.get("mean", math.inf)
        and (errors <= rule.get("within", math.inf)).mean() >= rule.get("share", 0)
    )


def _errors(expected: Samples, actual: Tensor | dict[str, float], without: Iterable[int]) -> npt.NDArray[np.float64]:
    if isinstance(actual, dict):
        if set(expected["numbers"]) != set(actual):
            raise InputError("the names of the numbers differ.")
        return np.array([abs(value - actual[name]) for name, value in expected["numbers"].items()])
    if list(actual.shape) != expected["shape"]:
        raise InputError(f"the shape is {list(actual.shape)}, not {expected['shape']}.")
    values = np.array(expected["values"])
    errors = np.abs(np.array(_values(actual.detach().float().flatten(), len(values))) - values)
    errors[np.isnan(errors)] = math.inf
    return np.delete(errors, list(without))


def sampled(t: Tensor, count: int = 2048) -> dict[str, Any]:
    """What a file stores of an output: its shape, mean, standard deviation, and `count` values at seeded positions."""
    flat = t.detach().float().flatten()
    return {
        "shape": list(t.shape),
        "mean": float(flat.double().mean()),
        "std": float(flat.double().std()),
        "values": _values(flat, count),
    }


def _values(flat: Tensor, count: int) -> list[float]:
    where = np.random.default_rng(7).choice(len(flat), size=min(count, len(flat)), replace=False)
    return [round(float(v), 7) for v in flat[torch.from_numpy(where)]]
