"""Texts of small files that `fuzz_workspace` writes: a policy, a baseline's card and adapter, a page."""

POLICY = 'schema = 1\n[[rules]]\nmetric = "psnr"\nabsolute = 0.5\nrelative = 1e-5\n'
CARD = """schema = 1
title = "Mine"
[[methods]]
name = "mine"
title = "Mine"
paper = "none"
year = 2026
repository = "none"
licence = "none"
multiple = 8
min_size = 16
[[methods.weights]]
dataset = "tiny"
files = [{ file = "new.pth", sources = [{ kind = "page", url = "https://example.org/", note = "none" }] }]
"""
ADAPTER = """import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 2)
        self.b = nn.BatchNorm1d(5)


def load(weights, device):
    network = weights.into(Network()).eval()
    return lambda image, mask: image + mask * network.a.weight.mean()
"""
PAGE = """schema = 1
name = "kinds"
count = 4
size = 24
data = "kinds"
metrics = ["psnr"]
[images]
resize = "none"
grey = "replicate"
[masks]
resize = "none"
hole = "> 127"
[about]
title = "kinds"
licence = "CC0-1.0"
get = "drawn"
"""
