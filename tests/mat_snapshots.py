"""Snapshots in the layout of MAT's published files, for tests: pickles of objects that carry their source text."""

import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SOURCE = "raise SystemExit('the source text of a file was executed')\n" * 200


class Persistent:
    """An object of the authors' repository: pickled as a call with its source text and its state."""

    def __init__(self, name: str) -> None:
        self.name, self.state = name, dict[str, Any](training=False, _gain=np.float64(1.5), _names=set("ab"))
        self.state |= {kind: {} for kind in ("_parameters", "_buffers", "_modules", "_forward_hooks")}

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": self.name, "state": self.state}
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,)


class EasyDict(dict[str, Any]):
    """A dictionary of the authors' repository."""


@contextmanager
def repository() -> Iterator[None]:
    """The names of the authors' repository, while a snapshot is written."""

    def _reconstruct_persistent_obj(meta: object) -> None:
        raise AssertionError("an object of a file was made")

    persistence, util = ModuleType("torch_utils.persistence"), ModuleType("dnnlib.util")
    named = {"torch_utils": ModuleType("torch_utils"), "torch_utils.persistence": persistence}
    named |= {"dnnlib": ModuleType("dnnlib"), "dnnlib.util": util}
    for of, module, name in ((_reconstruct_persistent_obj, persistence, "_reconstruct_persistent_obj"),
                             (EasyDict, util, "EasyDict")):  # fmt: skip
        of.__module__, of.__qualname__ = module.__name__, name
        setattr(module, name, of)
    sys.modules.update(named)
    try:
        yield
    finally:
        for name in named:
            del sys.modules[name]


def module_of(state: Mapping[str, Tensor]) -> Persistent:
    """A tree of objects that holds tensors by their dotted names; lists are torch's own."""
    root = Persistent("Generator")
    for name, tensor in state.items():
        module: Any = root
        *path, leaf = name.split(".")
        for step, following in zip(path, [*path[1:], leaf], strict=True):
            modules = _modules(module)
            if step not in modules:
                modules[step] = nn.ModuleList() if following.isdecimal() else Persistent(step)
            module = modules[step]
        parameter = leaf in ("weight", "bias", "noise_strength")
        kind = "_parameters" if parameter else "_buffers"
        module.state[kind][leaf] = nn.Parameter(tensor.clone()) if parameter else tensor.clone()
        module.state["_parameters"].setdefault("absent", None)
        module.state["_init_kwargs"] = EasyDict(downsample=nn.Softmax(dim=-1), act=nn.GELU, copy=torch.ones(2))
    return root


def _modules(module: Any) -> dict[str, Any]:
    found: dict[str, Any] = module._modules if isinstance(module, nn.Module) else module.state["_modules"]
    return found


def write(path: Path, network: object, protocol: int = 3, **more: Any) -> Path:
    """A snapshot with this network as G_ema."""
    content = {"training_set_kwargs": EasyDict(path="x"), "G": None, "D": None, "G_ema": network, "augment_pipe": None}
    with repository():
        path.write_bytes(pickle.dumps({**content, **more}, protocol))
    return path
