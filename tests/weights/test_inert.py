"""A Lightning checkpoint in LaMa's layout: its tensors are read, and nothing of the objects beside them is built."""

import collections
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from authors_files import tensors
from terminal import Terminal

from inpaint_bench.methods.baselines import find_baselines

BASELINE, CARD = find_baselines()["lama"]
CLASSES = [name for name in CARD.container.inert if name.startswith(("omegaconf.", "pytorch_lightning."))]


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> dict[str, type]:
    """Classes of the modules that big-lama's checkpoint names, which are not installed here."""
    found = {}
    for full in CLASSES:
        module, _, name = full.rpartition(".")
        for part in [module[: at if at > 0 else None] for at in (module.find("."), module.rfind("."), -1)]:
            if part not in sys.modules:
                monkeypatch.setitem(sys.modules, part, ModuleType(part))
        found[name] = type(name, (), {"__module__": module})
        monkeypatch.setattr(sys.modules[module], name, found[name], raising=False)
    return found


def checkpoint(others: dict[str, type], **more: object) -> dict[str, Any]:
    """What Lightning saved of LaMa's training: the generator, the networks of its metrics, settings, callbacks."""
    config = others["DictConfig"]()
    config.__dict__.update({"_metadata": others["ContainerMetadata"](), "_content": {"seed": others["AnyNode"]()}})
    counts: dict[str, list[int]] = collections.defaultdict(list, {"a": [1]})
    state = {f"generator.{name}": tensor for name, tensor in tensors(BASELINE, CARD).items()}
    return {
        "epoch": 39,
        "global_step": 999999,
        "pytorch-lightning_version": "1.2.9",
        "callbacks": {others["ModelCheckpoint"]: {"best_model_score": torch.tensor(0.9), "monitor": "val_ssim"}},
        "hyper_parameters": config,
        "counts": counts,
        "state_dict": state | {"val_evaluator.scores.fid.weight": torch.ones(3)},
        **more,
    }


@pytest.mark.acceptance
def test_big_lamas_checkpoint_is_read_without_its_objects(
    others: dict[str, type], tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(checkpoint(others), "best.ckpt")
    for name in {one.partition(".")[0] for one in CLASSES}:
        for module in [one for one in sys.modules if one.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, module)
    terminal("weights", "add", "lama", "places2", "best.ckpt").does(f"{len(tensors(BASELINE, CARD))} tensors of lama")


class Command:
    """What runs when a careless reader opens the file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch opened",)


def test_a_checkpoint_in_the_same_layout_that_would_run_code_is_refused(
    others: dict[str, type], tmp_path: Path, terminal: Terminal
) -> None:
    torch.save(checkpoint(others, hparams=Command()), "best.ckpt")
    terminal("weights", "add", "lama", "places2", "best.ckpt").refuses(2, "best.ckpt", "system", "would run code")
    assert not Path("opened").exists()
