"""What `inpaint-bench train` calls: read the settings, run the training."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from baselines.spn.training.ablations import train_rows
from baselines.spn.training.config import read_config
from baselines.spn.training.train import TrainJob, train


def train_method(
    method: str,
    images: Path,
    masks: str,
    out: Path,
    config: Path | None,
    changes: Sequence[str],
    device: torch.device,
    jobs: int,
    on_progress: Callable[[str], None],
) -> Path:
    """Train a method by its recipe, overridden by a file and key=value settings; the path of the best weights."""
    return train(read_config(method, config, changes), TrainJob(images, masks, out, device, jobs, None, on_progress))


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
    on_progress: Callable[[str], None],
) -> str:
    """Train every row of an ablation of a method's recipe; the table of results as Markdown."""
    job = TrainJob(images, masks, out, device, jobs, None, on_progress)
    return train_rows(ablation, method, config, changes, job)
