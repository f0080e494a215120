"""Weights files in the layout that a card describes, as its authors publish them, for tests."""

from pathlib import Path
from typing import Any

import pytest
import tensorflow_checkpoint
import torch
from torch import Tensor

from inpaint_bench.methods.baselines import Baseline, loader, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import SYNTHETIC, Weights
from inpaint_bench.weights.containers import Part


class _Seen(Exception):
    """The network has its weights; the test needs nothing more of it."""


def tensors(baseline: Baseline, card: MethodCard) -> dict[str, Tensor]:
    """The tensors of our file of synthetic weights, by name."""

    class Spy(Weights):
        def into(self, network: Any) -> Any:
            state.update(weights.into(network).state_dict())
            raise _Seen

    state: dict[str, Tensor] = {}
    weights = weights_of(baseline, card, "", SYNTHETIC)
    with pytest.raises(_Seen):
        loader(baseline, card)(Spy(), torch.device("cpu"))
    return state


def write_authors_files(card: MethodCard, state: dict[str, Tensor], folder: Path, legacy: bool = False) -> list[Path]:
    """The authors' files as the card describes them, including entries of them that the card leaves out."""
    if card.container.reader:
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
