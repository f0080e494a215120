"""Networks of ours exported to TorchScript and ONNX give the composites of their baselines."""

import io
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from loading import CPU
from PIL import Image
from selection import quick
from terminal import Terminal
from torch import Tensor, nn

from baselines.migan.network import Generator
from baselines.rn.network import RegionNormGenerator
from inpaint_bench.methods.baselines import find_baselines, weights_of
from inpaint_bench.weights import SYNTHETIC

OF_MIGAN = "image=-1-1;mask=known;mask_range=centred;join=mask-image;result=-1-1"  # the preset migan-generator
IO = {"rn": "result=0-1", "migan": OF_MIGAN}
SIDES = {"rn": 24, "migan": 256}


def network(method: str) -> nn.Module:
    """The network of a method with synthetic weights."""
    baseline, card = find_baselines()[method]
    built = RegionNormGenerator() if method == "rn" else Generator(256)
    return weights_of(baseline, card, "", SYNTHETIC).into(built).to(CPU).eval()


def inputs(method: str) -> tuple[Tensor, ...]:
    side = SIDES[method]
    image, mask = torch.rand(1, 3, side, side), (torch.rand(1, 1, side, side) > 0.5).float()
    return (image, mask) if method == "rn" else (torch.cat([0.5 - mask, image * 2 - 1], dim=1),)


def exported(method: str, kind: str) -> str:
    """The network in a file of the working folder, as an entry of --methods."""
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # both formats are deprecated, and in use
        if kind == "torchscript":
            torch.jit.trace(network(method), inputs(method), check_trace=False).save("network")  # type: ignore[no-untyped-call]
        else:
            torch.onnx.export(network(method), inputs(method), "network", dynamo=False, opset_version=17)
    return f"theirs={kind}:network"


def pictures(method: str) -> list[np.ndarray]:
    found = sorted(Path("runs/tiny", method, "composites").iterdir())
    return [np.asarray(Image.open(io.BytesIO(path.read_bytes())), dtype=int) for path in found]


@pytest.mark.parametrize(("method", "kind"), quick(product(("rn", "migan"), ("torchscript", "onnx")), [("rn", "onnx")]))
def test_an_exported_network_gives_what_its_baseline_gives(
    method: str, kind: str, tmp_path: Path, terminal: Terminal
) -> None:
    tiny.make_dataset(tmp_path, 2, side=SIDES[method], size=SIDES[method])
    both = f"{method},{exported(method, kind)}"
    given = ("--weights", f"{method}=synthetic", "--allow-known-error")
    io = IO[method] if kind == "torchscript" else f"{IO[method]};size={SIDES[method]}"
    answer = terminal.predict(both, *given, "--io", f"theirs:{io}")
    answer.does("2 pairs by")
    for ours, theirs in zip(pictures(method), pictures("theirs"), strict=True):
        assert np.abs(ours - theirs).max() <= (0 if kind == "torchscript" else 1)
        assert len(np.unique(ours)) > 20
