"""Recipes: how to make the exact input tensors of a network.

A recipe is a list: a source, then steps that are applied from left to right, as in
["image", "eight_bit", {"range": [-1, 1]}, {"hole": 0}]. A source or operand is a number, a list of numbers (one per
channel), the name "image", "mask" or a name in the case's `define`, another recipe, or one of {"packed": …},
{"image": {"size": …, "seed": …}}, {"output_of": [file of reference activations, case number]}.
"""

import base64
import math
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inpaint_bench.checks.activations.schema import MOST_SIZE, MOST_VALUES
from inpaint_bench.checks.activations.weights import Case, Golden, state_dict
from inpaint_bench.data import synthetic
from inpaint_bench.errors import InputError

Array: TypeAlias = npt.NDArray[Any]
Run: TypeAlias = Callable[[Golden, Case], Tensor]


def inputs(golden: Golden, case: Case, run: Run | None = None) -> dict[str, Tensor]:
    """The exact input tensors of the network, in the authors' convention and argument order.

    `run(golden, case)` returns the output of another file's network, for inputs that are made from one.
    """
    evaluate = _Evaluator(golden, case, run)
    return {name: evaluate(recipe) for name, recipe in case["inputs"].items()}


def picture(golden: Golden, case: Case) -> tuple[Tensor, Tensor]:
    """The case's image, rounded to 8 bits, and its mask, before conversion to the authors' convention."""
    evaluate = _Evaluator(golden, case, None)
    return evaluate(["image", "eight_bit"]), evaluate("mask")


def composite(golden: Golden, case: Case, output: Tensor) -> Tensor:
    """The composite of a network's output with the known region, by the case's recipe."""
    composited: Tensor = _Evaluator(golden, case, None, output=output)(case["composite"]["recipe"])
    return composited


def noise(case: Case) -> list[Tensor]:
    """The draws that replace the network's own noise, in order; empty for a deterministic network."""
    rule = case["noise"]
    if rule is None:
        return []
    if rule["generator"] != "numpy default_rng":
        raise InputError(f"no generator is called {rule['generator']!r}; known: numpy default_rng.")
    refuse_large(sum(math.prod(shape) for shape in rule["draws"]))
    draw = getattr(np.random.default_rng(rule["seed"]), rule["distribution"])
    return [torch.from_numpy(np.asarray(draw(size=tuple(shape)), np.float32)) for shape in rule["draws"]]


def refuse_large(values: int) -> None:
    """Raise InputError for a tensor of more values than any of ours has."""
    if values > MOST_VALUES:
        raise InputError(f"a recipe makes a tensor of {values} values; allowed: {MOST_VALUES}.")


class _Evaluator:
    """Makes tensors from recipes; each name is evaluated once, when it is first used."""

    def __init__(self, golden: Golden, case: Case, run: Run | None, **known: Tensor):
        self.golden, self.case, self.run, self.known = golden, case, run, dict(known)

    def __call__(self, recipe: Any) -> Any:
        if isinstance(recipe, int | float):
            return recipe
        if isinstance(recipe, str):
            return self._named(recipe)
        if isinstance(recipe, dict):
            ((kind, of),) = recipe.items()
            return SOURCES[kind](self, of)
        if all(isinstance(item, int | float) for item in recipe):
            return torch.tensor(recipe, dtype=torch.float32).view(1, -1, 1, 1)
        value = self(recipe[0])
        for step in recipe[1:]:
            if isinstance(step, str):
                value = PLAIN_STEPS[step](value)
            else:
                ((name, operand),) = step.items()
                if name in ("repeat", "enlarge"):
                    refuse_large(value.numel() * operand ** (1 if name == "repeat" else 2))
                value = STEPS[name](self, value, operand)
            refuse_large(value.numel())
        return value

    def _named(self, name: str) -> Tensor:
        if name not in self.known:
            if name in self.case.get("define", {}):
                self.known[name] = self(self.case["define"][name])
            elif name in ("image", "mask"):
                self.known[name] = getattr(synthetic, name)(self.case["size"], self.case[f"{name}_seed"])
            else:
                raise InputError(f"the recipe uses {name!r}, which the case does not define.")
        return self.known[name]

    def output_of(self, of: list[Any]) -> Tensor:
        file, number = of
        needed = self.golden["needed"][file]
        if needed is None or self.run is None:
            raise InputError(
                f"an input is the output of {file}, case {number}: pass its folder to load() and `run` to inputs()."
            )
        return self.run(needed, needed["cases"][number])

    def hole(self, x: Tensor, value: Any) -> Tensor:
        mask: Tensor = self("mask")
        filled_in: Tensor = x * (1 - mask) + mask * self(value)
        return filled_in

    def composite(self, x: Tensor, names: list[Any]) -> Tensor:
        known, mask = map(self, names)
        composited: Tensor = x * mask + known * (1 - mask)
        return composited

    def columns(self, codes: Tensor, tensor: str) -> Tensor:
        only = {**self.golden, "state_dict": {tensor: self.golden["state_dict"][tensor]}, "aliases": {}}
        return state_dict(only, self.case)[tensor].T[codes.long()]


def pack(array: Array) -> dict[str, Any]:
    """An array as data for a recipe: {"packed": …}; a boolean one is stored as bits."""
    dtype = "bit" if array.dtype == bool else array.dtype.newbyteorder("<").str
    raw = np.packbits(array.ravel()).tobytes() if dtype == "bit" else array.astype(dtype).tobytes()
    return {
        "packed": {"dtype": dtype, "shape": list(array.shape), "data": base64.b64encode(zlib.compress(raw, 9)).decode()}
    }


def _unpack(evaluate: _Evaluator, packed: dict[str, Any]) -> Tensor:
    refuse_large(math.prod(packed["shape"]))
    unpacking = zlib.decompressobj()
    raw = unpacking.decompress(base64.b64decode(packed["data"]), 8 * MOST_VALUES)
    if not unpacking.eof:
        raise InputError(f"packed values are cut off, or more than {MOST_VALUES}.")
    if packed["dtype"] == "bit":
        flat = np.unpackbits(np.frombuffer(raw, np.uint8), count=math.prod(packed["shape"])).astype(np.float32)
    else:
        flat = np.frombuffer(raw, packed["dtype"]).copy()
    return torch.from_numpy(flat.reshape(packed["shape"]))


def _size(size: int) -> int:
    if size > MOST_SIZE:
        raise InputError(f"a recipe makes an image of {size} pixels; allowed: {MOST_SIZE}.")
    return size


SOURCES: dict[str, Callable[[_Evaluator, Any], Tensor]] = {
    "packed": _unpack,
    "image": lambda evaluate, of: synthetic.image(_size(of["size"]), of["seed"]),
    "output_of": _Evaluator.output_of,
}
PLAIN_STEPS: dict[str, Callable[[Tensor], Tensor]] = {
    "eight_bit": lambda x: (x * 255).round() / 255,
    "codes": lambda x: (x * 255).round(),  # the 8-bit values themselves, 0 to 255
    "invert": lambda x: 1 - x,
    "trunc": torch.trunc,
    "float": Tensor.float,
    "double": Tensor.double,
    "byte": Tensor.byte,
    "nhwc": lambda x: x.permute(0, 2, 3, 1).contiguous(),
}
STEPS: dict[str, Callable[[_Evaluator, Tensor, Any], Tensor]] = {
    "add": lambda evaluate, x, by: x + evaluate(by),
    "multiply": lambda evaluate, x, by: x * evaluate(by),
    "divide": lambda evaluate, x, by: x / evaluate(by),
    "modulo": lambda evaluate, x, by: torch.remainder(x, by),
    "clamp": lambda evaluate, x, ends: x.clamp(*ends),
    "range": lambda evaluate, x, ends: x * (ends[1] - ends[0]) + ends[0],  # from [0, 1]
    "repeat": lambda evaluate, x, times: x.repeat(1, times, 1, 1),  # the channels
    "enlarge": lambda evaluate, x, times: x.repeat_interleave(times, 2).repeat_interleave(times, 3),  # nearest
    "weigh": lambda evaluate, x, weights: (x * torch.tensor(weights, dtype=x.dtype).view(1, -1, 1, 1)).sum(
        1, keepdim=True
    ),
    "cat": lambda evaluate, x, others: torch.cat([x, *map(evaluate, others)], dim=1),
    "hole": _Evaluator.hole,  # that value, or one per channel, inside the hole
    "composite": _Evaluator.composite,  # inside the hole of [known, mask]
    "columns": _Evaluator.columns,  # columns of a weight matrix by their codes, as the last axis
}
