"""Values made from tensor names, so that a network runs where no weights are."""

from collections.abc import Iterable, Mapping

import msgspec
from torch import Tensor

from inpaint_bench.golden.weights import filled
from inpaint_bench.weights.containers import Part


def fill_network(wanted: Mapping[str, Tensor], parts: Iterable[Part]) -> dict[str, Tensor]:
    """Tensors of the names and shapes that are wanted; each part is filled under the names its authors gave it."""
    state: dict[str, Tensor] = {}
    for part in parts:
        rule = part.filled
        shapes = {
            name.removeprefix(part.name): tuple(tensor.shape)
            for name, tensor in wanted.items()
            if name.startswith(part.name)
        }
        changes = [msgspec.to_builtins(change) for change in rule.ops]
        made = filled(shapes, rule.gain, rule.fan_in, changes)
        state |= {part.name + name: tensor.to(wanted[part.name + name].dtype) for name, tensor in made.items()}
    return state
