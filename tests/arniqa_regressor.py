"""A regressor as ARNIQA's authors publish theirs: a TorchScript program of a linear function with a scalar bias."""

import warnings
from pathlib import Path

import torch


class Regressor(torch.nn.Module):
    """The published program, with other numbers."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.weights = torch.nn.Parameter(torch.linspace(-scale, scale, 4096)[None])
        self.biases = torch.nn.Parameter(torch.tensor(60.0))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """The quality of one image."""
        return features @ self.weights.t() + self.biases


def write_regressor(path: Path, scale: float = 300.0) -> None:
    """The program in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would like another format
        torch.jit.save(torch.jit.script(Regressor(scale)), path)
