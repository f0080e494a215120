"""Synthetic weights: values made from tensor names, so that a network runs without its authors' file.

A network with the same parameter names and shapes gets the same values on every machine.
"""

import fnmatch
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from inpaint_bench.errors import InputError
from inpaint_bench.weights.layout import Part, Synthetic

Change = dict[str, Any]

KEEP = "keep"
FAN_IN = {"all axes but the first": slice(1, None), "all axes but the last": slice(None, -1)}


def synthetic_state(wanted: Mapping[str, Tensor], parts: Iterable[Part]) -> dict[str, Tensor]:
    """Synthetic tensors with the names, shapes and types of `wanted`; their values depend on the authors' names."""
    state: dict[str, Tensor] = {}
    for part in parts:
        rule = part.synthetic
        shapes = {
            name.removeprefix(part.name): tuple(tensor.shape)
            for name, tensor in wanted.items()
            if name.startswith(part.name)
        }
        changes = [msgspec.to_builtins(change) for change in rule.ops if change.op != KEEP]
        values = synthetic_tensors(shapes, rule.gain, rule.fan_in, changes)
        values |= {name: wanted[part.name + name] for name in shapes if kept(name, rule)}
        state |= {part.name + name: tensor.to(wanted[part.name + name].dtype) for name, tensor in values.items()}
    return state


def kept(name: str, rule: Synthetic) -> bool:
    """Whether a tensor is a constant, which keeps the value that the network is made with."""
    return any(change.op == KEEP and fnmatch.fnmatchcase(name, change.match) for change in rule.ops)


def synthetic_tensors(
    shapes: Mapping[str, tuple[int, ...]], gain: float, fan_in: str, changes: Iterable[Change] = ()
) -> dict[str, Tensor]:
    """Synthetic tensors by name: values made from the names alone, then changed.

    A change is {"match": a pattern on names, "op": …, "value": …} and may have "ndim", the number of dimensions.
    """
    state = _synthetic(dict(shapes), gain, fan_in)
    for change in changes:
        for name, tensor in state.items():
            if fnmatch.fnmatchcase(name, change["match"]) and (change.get("ndim") or tensor.ndim) == tensor.ndim:
                state[name] = _changed(name, tensor, change["op"], change["value"])
    return state


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))


def fill_state_dict(shapes: dict[str, tuple[int, ...]], gain: float = 1.0) -> dict[str, Tensor]:
    """A state dict with the given tensor names and shapes, whose values depend on the names alone.

    Matrices and kernels are normal with variance gain**2 / fan_in (fan_in = product of all axes but
    the first); vectors named *.weight are 1 + 0.1 n, *.running_var 1 + 0.1 |n|, and every other
    vector 0.1 n, where n is standard normal. Integer counters are 0. The u and v of a spectral norm
    (`weight_u`, `weight_v`) come from 20 power iterations from a seeded u, so that the norm is accurate.
    """
    out: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        n = _rng(name).standard_normal(tuple(shape)).astype(np.float32) if len(shape) else np.float32(0.5)
        leaf = name.rsplit(".", 1)[-1]
        if leaf == "num_batches_tracked":
            out[name] = torch.zeros((), dtype=torch.long)
            continue
        if len(shape) >= 2:
            n = n * np.float32(gain / np.sqrt(np.prod(shape[1:])))
        elif leaf == "running_var":
            n = 1 + np.float32(0.1) * np.abs(n)
        elif leaf == "weight":
            n = 1 + np.float32(0.1) * n
        elif len(shape) == 1:
            n = np.float32(0.1) * n
        out[name] = torch.from_numpy(np.asarray(n, dtype=np.float32))
    for name in list(out):
        if name.endswith("weight_u"):
            base = name[: -len("weight_u")]
            kernel = "weight_orig" if base + "weight_orig" in out else "weight_bar"  # the latter: PIC's own norm
            w = out[base + kernel].flatten(1).double()
            u = torch.from_numpy(_rng(name).standard_normal(w.shape[0])).double()
            if base + "weight_v" in out and out[base + "weight_v"].numel() != w.shape[1]:  # dim=1 (transposed conv)
                w = out[base + kernel].transpose(0, 1).flatten(1).double()
                u = torch.from_numpy(_rng(name).standard_normal(w.shape[0])).double()
            for _ in range(20):
                v = torch.nn.functional.normalize(w.t() @ u, dim=0)
                u = torch.nn.functional.normalize(w @ v, dim=0)
            out[name] = u.float()
            if base + "weight_v" in out:
                out[base + "weight_v"] = v.float()
    return out


def _synthetic(shapes: dict[str, tuple[int, ...]], gain: float, fan_in: str) -> dict[str, Tensor]:
    """`fill_state_dict`, for either layout of matrices and kernels."""
    axes = FAN_IN[fan_in]
    if axes == FAN_IN["all axes but the first"]:
        return fill_state_dict(shapes, gain)
    vectors = fill_state_dict({name: shape for name, shape in shapes.items() if len(shape) < 2}, gain)
    return {
        name: vectors[name]
        if len(shape) < 2
        else _normal(name, shape) * float(np.float32(gain / np.sqrt(np.prod(shape[axes]))))
        for name, shape in shapes.items()
    }


def _normal(name: str, shape: Iterable[int]) -> Tensor:
    """Standard normal values seeded by a tensor's name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(tuple(shape)).astype(np.float32))


def _changed(name: str, tensor: Tensor, op: str, value: Any) -> Tensor:
    """A tensor after one change: set, multiply, normal (offset, scale) or abs_normal (offset, scale)."""
    if op == "set":
        return torch.as_tensor(value, dtype=tensor.dtype).expand(tensor.numel()).reshape(tensor.shape).clone()
    if op == "multiply":
        return tensor * float(value)
    if op == "normal":
        return torch.add(_normal(name, tensor.shape) * value[1], value[0])
    if op == "abs_normal":
        return torch.add(_normal(name, tensor.shape).abs() * value[1], value[0])
    raise InputError(f"{name}: no op is called {op!r}; known: set, multiply, normal, abs_normal")
