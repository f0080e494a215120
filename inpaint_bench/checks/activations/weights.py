"""The synthetic weights of a file of reference activations."""

import fnmatch
from typing import Any

from torch import Tensor

from inpaint_bench.weights.synthetic import synthetic_tensors

Golden = dict[str, Any]
Case = dict[str, Any]


def state_dict(golden: Golden, case: Case | None = None) -> dict[str, Tensor]:
    """The synthetic weights of a file, with its changes, those of the case, and the aliases."""
    rules = golden["fill"]
    shapes = {name: tuple(shape) for name, shape in golden["state_dict"].items()}
    state = synthetic_tensors(shapes, rules["gain"], rules["fan_in"], [*rules["ops"], *((case or {}).get("ops") or [])])
    return state | {alias: state[name] for alias, name in golden.get("aliases", {}).items()}


def split(golden: Golden, state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The state dict of each part in the file's `parts`, under the part's own names."""
    return {
        part: {
            name.removeprefix(of["strip"]): tensor
            for name, tensor in state.items()
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in of["match"])
        }
        for part, of in golden["parts"].items()
    }
