"""What `inpaint-bench train` calls: a recipe with its changes, and the run."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from baselines.spn.training.ablations import train_rows
from baselines.spn.training.config import read_config
from baselines.spn.training.trainer import Run, train


def train_method(
    method: str,
    images: Path,
    masks: str,
    out: Path,
    config: Path | None,
    changes: Sequence[str],
    device: torch.device,
    jobs: int,
    tell: Callable[[str], None],
) -> Path:
    """Train a method by its recipe, changed by a file and by key=value words; the path of the best weights."""
    return train(read_config(method, config, changes), Run(images, masks, out, device, jobs, tell=tell))


def train_ablation(
    method: str,
    ablation: str,
    images: Path,
    masks: str,
    out: Path,
    config: Path | None,
    changes: Sequence[str],
    device: torch.device,
    jobs: int,
    tell: Callable[[str], None],
) -> str:
    """Train every row of an ablation of a method's recipe; the table of them as Markdown."""
    return train_rows(ablation, method, config, changes, Run(images, masks, out, device, jobs, tell=tell))
