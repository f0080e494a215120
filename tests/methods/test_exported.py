"""Networks in TorchScript and ONNX files: run as they are meant, or the sentence that names what is not."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from terminal import Terminal
from torch import Tensor, nn

from inpaint_bench.errors import InputError
from inpaint_bench.methods.contracts import PRESETS, Contract, contract_of
from inpaint_bench.weights.base import open_weights

CPU = torch.device("cpu")


class Fill(nn.Module):
    """Paints the hole with a colour and keeps the rest: in some convention."""

    def __init__(self, scale: float = 1.0, shift: float = 0.0, known: bool = False, bgr: bool = False) -> None:
        super().__init__()
        self.scale, self.shift, self.known, self.bgr = scale, shift, known, bgr

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        if self.known:
            mask = 1 - mask
        found = (image - self.shift) / self.scale * (1 - mask) + 0.5 * mask
        if self.bgr:
            found = found.flip(1)
        return found * self.scale + self.shift


class Between(nn.Module):
    """Takes [0, 1] and gives another range."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return (image * (1 - mask) + 0.5 * mask) * self.scale + self.shift


class Joined(nn.Module):
    """MI-GAN's convention: one input of known - 0.5 and the image in [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        known = x[:, :1] + 0.5
        return x[:, 1:] * known


class Halved(nn.Module):
    """Takes sides that are multiples of 8 alone."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        assert image.shape[2] % 8 == 0, "height"
        assert image.shape[3] % 8 == 0, "width"
        return image * (1 - mask) + 0.5 * mask


def saved(network: nn.Module, name: str = "network.pt") -> str:
    """The network as a TorchScript file in the working folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has deprecated the format
        torch.jit.save(torch.jit.script(network.eval()), name)
    return name


def onnx_file(scale: float = 1.0, names: tuple[str, ...] = ("image", "mask"), side: int | str = "side") -> str:
    """An ONNX file that paints the hole grey and keeps the rest, in [0, scale]."""
    shape = [1, 3, side, side]
    nodes = [
        helper.make_node("Sub", ["one", names[1]], ["known"]),
        helper.make_node("Mul", [names[0], "known"], ["kept"]),
        helper.make_node("Mul", ["half", names[1]], ["grey"]),
        helper.make_node("Add", ["kept", "grey"], ["sum"]),
        helper.make_node("Mul", ["sum", "scale"], ["result"]),
    ]
    values = {"one": 1.0, "half": 0.5, "scale": scale}
    graph = helper.make_graph(
        nodes,
        "fill",
        [
            helper.make_tensor_value_info(names[0], TensorProto.FLOAT, shape),
            helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [1, 1, side, side]),
        ],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, shape)],
        [helper.make_tensor(key, TensorProto.FLOAT, [1], [value]) for key, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    Path("network.onnx").write_bytes(model.SerializeToString())
    return "network.onnx"


def composites(out: str = "runs/tiny") -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(out, "mine", "composites").iterdir())]


@pytest.fixture
def grey(page: Path, terminal: Terminal) -> list[bytes]:
    """The composites of a method that paints holes grey."""
    terminal.run(f"mine=torchscript:{saved(Fill())}", "--out", "runs/grey").does("mine")
    return composites("runs/grey")


GOOD: dict[str, tuple[Callable[[], str], str]] = {
    "onnx": (lambda: f"onnx:{onnx_file()}", ""),
    "onnx in 0-255": (lambda: f"onnx:{onnx_file(255.0)}", "result=0-255"),
    "other names": (lambda: f"onnx:{onnx_file(names=('a', 'b'))}", "inputs=a,b"),
    "images and results in -1-1": (lambda: f"torchscript:{saved(Fill(2.0, -1.0))}", "image=-1-1;result=-1-1;hole=-1"),
    "masks of the other polarity": (lambda: f"torchscript:{saved(Fill(known=True))}", "mask=known"),
    "a result in 0-255": (lambda: f"torchscript:{saved(Between(255.0, 0.0))}", "result=0-255"),
    "one input": (lambda: f"torchscript:{saved(Joined())}", "migan-generator"),
    "multiples of 8": (lambda: f"torchscript:{saved(Halved())}", "lama-torchscript"),
}


@pytest.mark.parametrize("good", GOOD)
def test_each_contract_gives_the_same_composites(good: str, grey: list[bytes], terminal: Terminal) -> None:
    write, io = GOOD[good]
    terminal.run(f"mine={write()}", *(["--io", io] if io else [])).does("mine")
    assert composites() == grey


BAD: dict[str, tuple[Callable[[], str], str, tuple[str, ...]]] = {
    "0-255": (lambda: saved(Between(255.0, 0.0)), "", ("the output lies in 0-255", "--io result=0-255")),
    "-1-1": (lambda: saved(Between(2.0, -1.0)), "", ("the output lies in -1-1", "--io result=-1-1")),
    "0-1 stated as 0-255": (lambda: saved(Fill()), "result=0-255", ("the output lies in 0-1", "--io result=0-1")),
    "inverted": (lambda: saved(Fill(known=True)), "", ("the mask seems inverted", "--io mask=known")),
    "exchanged channels": (lambda: saved(Fill(bgr=True)), "", ("seem to be bgr", "--io channels=bgr")),
    "a size": (lambda: saved(Fill()), "size=512", ("takes 512x512 pixels only", "are 24x24")),
    "one input taken for two": (lambda: saved(Joined()), "", ("mine", "failed")),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_wrong_contract_is_named(bad: str, page: Path, terminal: Terminal) -> None:
    write, io, words = BAD[bad]
    answer = terminal.run(f"mine=torchscript:{write()}", *(["--io", io] if io else []))
    assert answer.code in (2, 3)
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err.splitlines()[-1], answer.err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("lama-torchscipt", "no preset is called 'lama-torchscipt'. Did you mean 'lama-torchscript'?"),
        ("rezult=0-255", "no key is called 'rezult'. Did you mean 'result'?"),
        ("result=0-254", "Invalid enum value '0-254'"),
        ("nowhere.toml", "nowhere.toml: there is no such file"),
        ("multiple=0", "`int` >= 1"),
    ],
)
def test_a_contract_that_is_none_is_refused(given: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        contract_of(Path("network.pt"), given)
    assert words in str(caught.value)


def test_a_file_beside_the_network_is_its_contract(page: Path, terminal: Terminal) -> None:
    Path("network.toml").write_text('result = "0-255"\n')
    assert contract_of(Path("network.pt"), None) == Contract(result="0-255")
    assert contract_of(Path("network.pt"), "lama-onnx") == PRESETS["lama-onnx"]
    terminal.run(f"mine=torchscript:{saved(Between(255.0, 0.0))}").does("mine")
    info = json.loads(Path("runs/tiny/run.json").read_bytes())["methods"]["mine"]
    assert info["notes"] == "contract (--io): result=0-255; values beyond the result's range are clipped"
    assert info["weights"] == open_weights(Path("network.pt")).sha256


def test_a_network_of_one_width_says_which(page: Path, terminal: Terminal) -> None:
    file = onnx_file(side=24)
    terminal.run(f"mine=onnx:{file}").refuses(2, "its image is 24 pixels wide, and no other width", "--io size=24")
    terminal.run(f"mine=onnx:{file}", "--io", "size=24").does("mine")


def test_another_contract_is_another_method(page: Path, terminal: Terminal) -> None:
    network = saved(Fill())
    terminal.run(f"mine=torchscript:{network}").does("mine")
    answer = terminal.run(f"mine=torchscript:{network}", "--io", "multiple=8")
    answer.refuses(2, "made with code", "--fresh mine")


@pytest.mark.parametrize("kind", ["torchscript", "onnx"])
def test_a_file_that_is_none_is_one_sentence(kind: str, page: Path, terminal: Terminal) -> None:
    Path("network.bin").write_bytes(np.arange(100, dtype=np.uint8).tobytes())
    answer = terminal.run(f"mine={kind}:network.bin")
    assert answer.code in (2, 3)
    assert "network.bin" in answer.err.splitlines()[-1]
    assert "Traceback" not in answer.err
    terminal.run(f"mine={kind}:nowhere.bin").refuses(2, "nowhere.bin: there is no such weights file")
