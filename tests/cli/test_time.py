"""`time`: methods of any kind that makes its outputs, each with its times, its cost and its memory."""

import csv
import io
import sys
from pathlib import Path

import pytest
from terminal import Terminal, write_method, write_program

from inpaint_bench.timing import Timing, read_timings
from inpaint_bench.timing.show import FORMATS

OUT = Path("runs/timing")
FAST = ("--size", 32, "--runs", 3, "--seconds", 0)
COPY = "[shutil.copy(images / name, out / name) for name in names]"
NETWORK = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.used = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.head = nn.Conv2d(3, 8, 1)

def load(weights, device):
    network = Network().to(device).eval()
    @torch.inference_mode()
    def inpaint(image, mask):
        return network.used(image).sigmoid()
    return inpaint

def load_samples(weights, device):
    return lambda image, mask, seeds: image[:, None].expand(-1, seeds.shape[1], -1, -1, -1)
"""


def times(out: Path = OUT) -> dict[str, Timing]:
    return read_timings(out)


def test_a_network_is_timed_counted_and_written_down(terminal: Terminal) -> None:
    Path("mine.py").write_text(NETWORK)
    answer = terminal("time", "--methods", "mine=python:mine:load,telea", *FAST)
    answer.does("1 of 32x32 per call", "method", "mine", "telea", "machine: ", "counted as 2")
    found = times()
    assert list(found) == ["mine", "telea"]
    network = found["mine"].network
    assert network is not None
    assert len(network.seconds) == len(network.cpu_seconds) == 3
    assert len(found["mine"].end_to_end.seconds) == 3
    assert (found["mine"].cost.parameters, found["mine"].cost.flop) == (81, 2 * 81 * 32 * 32)
    assert found["mine"].cost.uncounted == {"sigmoid": 3 * 32 * 32}
    assert (found["telea"].cost.parameters, found["telea"].cost.flop) == (None, None)
    assert found["mine"].memory.peak is not None
    assert found["mine"].made_by.source == "python:mine:load"


@pytest.mark.acceptance
def test_several_samples_of_a_stochastic_method_have_times_of_their_own(terminal: Terminal) -> None:
    Path("mine.py").write_text(NETWORK)
    terminal("time", "--methods", "mine=python:mine:load_samples", *FAST, "--samples", 4, "--batch", 2).does("mine")
    found = times()["mine"]
    assert (found.samples, found.setting.batch) == (4, 2)
    assert found.network_of_samples is not None
    terminal("time", "--methods", "telea", *FAST, "--out", "other")
    assert times(Path("other"))["telea"].network_of_samples is None


def test_a_program_is_timed_from_end_to_end_alone(terminal: Terminal) -> None:
    entry = write_program(COPY)
    answer = terminal("time", "--methods", entry, *FAST, "--format", "csv")
    answer.does("mine,none,cpu,32,1,end to end,1,3,")
    found = times()["mine"]
    assert found.network is None
    assert found.memory.peak is None
    assert found.end_to_end.cpu > 0  # of the program


@pytest.mark.acceptance
def test_synthetic_weights_are_labelled_in_every_format(terminal: Terminal) -> None:
    baseline = Path("baselines/tiny")
    baseline.mkdir(parents=True)
    (baseline / "card.toml").write_text(
        'schema = 1\ntitle = "Tiny"\n[[methods]]\nname = "tiny"\ntitle = "Tiny"\npaper = "none"\nyear = 2026\n'
        'repository = "none"\nlicence = "none"\n[methods.container]\n[[methods.container.parts]]\n'
    )
    (baseline / "network.py").write_text("from torch import nn\n\ndef network():\n    return nn.Conv2d(3, 3, 1)\n")
    (baseline / "adapter.py").write_text(
        "from .network import network\n\ndef load(weights, device):\n    layer = weights.into(network())\n"
        "    return lambda image, mask: layer(image).sigmoid().detach()\n"
    )
    answer = terminal("time", "--baselines", "baselines", "--methods", "tiny", "--weights", "*=synthetic", *FAST)
    found = list(times().values())
    assert found[0].synthetic
    assert answer.out == FORMATS["text"](found)
    assert all("synthetic" in format_(found) for format_ in FORMATS.values())
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](found))))
    assert [row["what"] for row in rows] == ["network", "end to end"]
    assert rows[0]["parameters"] == "12"
    assert float(rows[0]["p50_seconds"]) == found[0].seconds


def test_times_are_taken_anew_but_not_over_those_of_another_setting(terminal: Terminal) -> None:
    entry = write_program(COPY)
    terminal("time", "--methods", entry, *FAST).does("mine")
    before = times()["mine"]
    terminal("time", "--methods", entry, *FAST).does("mine")
    assert times()["mine"] != before
    answer = terminal("time", "--methods", entry, *FAST, "--size", 64)
    answer.refuses(2, "1 of 32x32 on cpu", "1 of 64x64 on cpu", "--out")


@pytest.mark.acceptance
def test_a_method_that_fails_does_not_keep_others_from_being_timed(terminal: Terminal) -> None:
    entry = write_method("raise RuntimeError('no such size')")
    answer = terminal("time", "--methods", f"{entry},mean-fill", *FAST)
    answer.refuses(3, "mine: loading it or its first call failed", "RuntimeError: no such size")
    assert "mean-fill" in answer.out
    assert list(times()) == ["mean-fill"]


@pytest.mark.acceptance
def test_a_method_that_fails_where_its_memory_is_measured_keeps_its_times(terminal: Terminal) -> None:
    entry = write_method("if multiprocessing.parent_process(): raise ValueError('once')\nreturn image")
    module = Path("mine.py")
    module.write_text(f"import multiprocessing\n{module.read_text()}")
    terminal("time", "--methods", f"{entry},mean-fill", *FAST).does("no memory of mine: mine: ", "ValueError: once.")
    found = times()
    assert list(found) == ["mean-fill", "mine"]
    assert found["mine"].memory.peak is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return image.expand(-1, 3, -1, -1)[..., :-1]", "a prediction of shape (3, 32, 31)"),
        ("return 2 * mask + image", "values from 0 to 2"),
        ("return None", "it returned NoneType for 1 images"),
    ],
)
def test_what_gives_no_prediction_is_not_timed(terminal: Terminal, body: str, words: str) -> None:
    terminal("time", "--methods", write_method(body), *FAST).refuses(3, "mine", words)
    assert times() == {}


def test_a_folder_of_outputs_is_refused(terminal: Terminal) -> None:
    terminal("time", "--methods", "mine=folder:outputs", *FAST).refuses(2, "mine=folder:outputs", "cannot be timed")


def test_weights_that_are_not_here_are_refused_before_any_work(terminal: Terminal) -> None:
    terminal("time", "--methods", "rn", *FAST).refuses(2, "rn has no weights for sample here", "--weights rn=FILE")
    assert not OUT.exists()


def test_a_program_that_fails_is_told(terminal: Terminal) -> None:
    entry = f"mine=exec:{sys.executable} -c 'import sys; sys.exit(7)' {{images}} {{masks}} {{out}}"
    terminal("time", "--methods", entry, *FAST).refuses(3, "mine: the program ended with code 7")
