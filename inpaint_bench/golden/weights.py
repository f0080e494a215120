"""The weights of a golden file: names and shapes, filled by rule."""

import fnmatch
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inpaint_bench.errors import InputError
from inpaint_bench.golden import fill

Golden = dict[str, Any]
Case = dict[str, Any]
Change = dict[str, Any]

FAN_IN = {"all axes but the first": slice(1, None), "all axes but the last": slice(None, -1)}


def state_dict(golden: Golden, case: Case | None = None) -> dict[str, Tensor]:
    """The filled weights, with every change that the golden and the case ask for, and the aliases."""
    rules = golden["fill"]
    shapes = {name: tuple(shape) for name, shape in golden["state_dict"].items()}
    state = filled(shapes, rules["gain"], rules["fan_in"], [*rules["ops"], *((case or {}).get("ops") or [])])
    return state | {alias: state[name] for alias, name in golden.get("aliases", {}).items()}


def filled(
    shapes: Mapping[str, tuple[int, ...]], gain: float, fan_in: str, changes: Iterable[Change] = ()
) -> dict[str, Tensor]:
    """Tensors of those names and shapes, their values made from the names alone, then changed.

    A change is {"match": a pattern on names, "ndim" (optional), "op": …, "value": …}.
    """
    state = _filled(dict(shapes), gain, fan_in)
    for change in changes:
        for name, tensor in state.items():
            if fnmatch.fnmatchcase(name, change["match"]) and (change.get("ndim") or tensor.ndim) == tensor.ndim:
                state[name] = _changed(name, tensor, change["op"], change["value"])
    return state


def split(golden: Golden, state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The state dict of each of the golden's `parts`, under the names that the part itself uses."""
    return {
        part: {
            name.removeprefix(of["strip"]): tensor
            for name, tensor in state.items()
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in of["match"])
        }
        for part, of in golden["parts"].items()
    }


def _filled(shapes: dict[str, tuple[int, ...]], gain: float, fan_in: str) -> dict[str, Tensor]:
    """fill.fill_state_dict, for either layout of the matrices."""
    axes = FAN_IN[fan_in]
    if axes == FAN_IN["all axes but the first"]:
        return fill.fill_state_dict(shapes, gain)
    vectors = fill.fill_state_dict({name: shape for name, shape in shapes.items() if len(shape) < 2}, gain)
    return {
        name: vectors[name]
        if len(shape) < 2
        else _normal(name, shape) * float(np.float32(gain / np.sqrt(np.prod(shape[axes]))))
        for name, shape in shapes.items()
    }


def _normal(name: str, shape: Iterable[int]) -> Tensor:
    """The normal values that belong to a tensor's name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(shape)).astype(np.float32))


def _changed(name: str, tensor: Tensor, op: str, value: Any) -> Tensor:
    """One op of the vocabulary: set, multiply, normal (offset, scale), abs_normal (offset, scale)."""
    if op == "set":
        return torch.as_tensor(value, dtype=tensor.dtype).expand(tensor.numel()).reshape(tensor.shape).clone()
    if op == "multiply":
        return tensor * float(value)
    if op == "normal":
        return torch.add(_normal(name, tensor.shape) * value[1], value[0])
    if op == "abs_normal":
        return torch.add(_normal(name, tensor.shape).abs() * value[1], value[0])
    raise InputError(f"{name}: no op is called {op!r}; known: set, multiply, normal, abs_normal")
