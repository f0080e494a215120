"""A small baseline whose weights a server of the test publishes."""

import io
from pathlib import Path
from textwrap import dedent

import torch

CARD = """
schema = 1
title = "A baseline"
[[methods]]
name = "painter"
title = "Painter"
paper = "none"
year = 2024
repository = "https://example.org/painter"
licence = "MIT"
parameters = 3
container = {{ parts = [{{ key = "generator" }}], leave_out = ["n_iter"] }}

[[methods.weights]]
dataset = "tiny"
licence = "CC BY-NC 4.0"
files = [{{ file = "painter.pth", sources = [{sources}]{hashes} }}]
"""
CODE = """
from torch import nn
import torch


class Painter(nn.Module):
    def __init__(self):
        super().__init__()
        self.colour = nn.Parameter(torch.zeros(3))


def load(weights, device):
    network = weights.into(Painter()).eval()
    return lambda image, mask: image + mask * network.colour.detach().view(1, 3, 1, 1)
"""
FETCH = ("weights", "fetch", "painter", "tiny.toml", "--baselines", "mine")


def checkpoint(value: float = 0.5, **more: object) -> bytes:
    """A checkpoint as the painter's authors publish it."""
    out = io.BytesIO()
    torch.save({"generator": {"colour": torch.full((3,), value)}, "n_iter": 7} | more, out)
    return out.getvalue()


def write_baseline(*sources: str, hashes: str = "") -> None:
    """The painter, in the folder `mine`, with sources as TOML."""
    folder = Path("mine") / "painter"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.toml").write_text(CARD.format(sources=", ".join(sources), hashes=hashes))
    (folder / "adapter.py").write_text(dedent(CODE))


def http(url: str) -> str:
    return f'{{ kind = "http", url = "{url}" }}'


def stored() -> list[str]:
    """The files in the folder of weights."""
    return sorted(path.name for path in Path("cache/weights").rglob("*") if path.is_file() and path.suffix != ".lock")
