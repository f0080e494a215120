"""Weights files in the layout that a card describes, as its authors publish them, for tests."""

import fnmatch
from pathlib import Path
from typing import Any

import pytest
import tensorflow_checkpoint
import torch
from torch import Tensor, nn

from inpaint_bench.methods.baselines import Baseline, loader
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import Weights
from inpaint_bench.weights.layout import Part
from inpaint_bench.weights.synthetic import KEEP, kept


class Loaded(Exception):
    """A network is about to get its weights; the test needs nothing more of it."""


def outline(baseline: Baseline, card: MethodCard) -> nn.Module:
    """The network that a method loads weights into, without memory for its values unless some are constants."""

    class Spy(Weights):
        def into(self, network: Any) -> Any:
            found.append(network)
            raise Loaded

    found: list[nn.Module] = []
    constants = any(change.op == KEEP for part in card.container.parts for change in part.synthetic.ops)
    with torch.device("cpu" if constants else "meta"), pytest.raises(Loaded):
        loader(baseline, card)(Spy(), torch.device("cpu"))
    return found[0]


def tensors(baseline: Baseline, card: MethodCard) -> dict[str, Tensor]:
    """Tensors of the names and shapes of our weights file; each is filled with a number of its own.

    What synthetic weights set to a constant, since the network demands it, keeps that constant.
    """
    fixed = [
        (part.name + change.match, change.value)
        for part in card.container.parts
        for change in part.synthetic.ops
        if change.op == "set" and isinstance(change.value, int | float)
    ]
    found = {}
    for number, (name, tensor) in enumerate(outline(baseline, card).state_dict().items(), 1):
        value = next((value for pattern, value in fixed if fnmatch.fnmatchcase(name, pattern)), number)
        own = any(kept(name.removeprefix(part.name), part.synthetic) for part in card.container.parts)
        found[name] = tensor.detach() if own else torch.tensor(value, dtype=tensor.dtype).expand(tensor.shape)
    return found


def write_authors_files(card: MethodCard, state: dict[str, Tensor], folder: Path, legacy: bool = False) -> list[Path]:
    """The authors' files as the card describes them, including entries of them that the card leaves out."""
    if card.container.reader.startswith("tensorflow"):
        left_out = {pattern.replace("*", "rest"): torch.zeros(2) for pattern in card.container.leave_out}
        arrays = {name: tensor.numpy() for name, tensor in {**state, **left_out}.items()}
        return [tensorflow_checkpoint.write(folder, arrays)]
    contents: dict[str, dict[str, Any]] = {}
    for part in card.container.parts:
        inner = contents.setdefault(part.file, {})
        for key in [part.key] if part.key else []:
            inner = inner.setdefault(key, {})
        names = [name for name in state if name.startswith(part.name)]
        inner.update({_published(part, name): state[name] for name in names})
    for content in contents.values():
        for pattern in card.container.leave_out:
            name = pattern.replace("[0-9]", "0").replace("*", "rest")
            inner, name = (content, name) if "/" not in name else (content[name.split("/")[0]], name.split("/")[1])
            inner.setdefault(name, torch.zeros(2))
    paths = []
    for pattern, content in contents.items():
        path = folder / (pattern.replace("*", "x") or f"{card.name}.pth")
        torch.save(content, path, _use_new_zipfile_serialization=not legacy)
        paths.append(path)
    return paths


def _published(part: Part, name: str) -> str:
    return part.prefix + "".join(part.strip) + name.removeprefix(part.name)
