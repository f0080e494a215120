"""MAT: its snapshots are read without running anything of them, and its draws make the authors' image."""

import builtins
import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from authors_files import tensors
from loading import CPU, held, load_of, synthetic_weights
from mat_snapshots import EasyDict, Persistent, module_of, write
from torch import Tensor, nn

from baselines.mat import trace
from baselines.mat.files import read_network
from inpaint_bench.checks.activations import replay
from inpaint_bench.checks.activations.stages import check_file
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import find_baselines, loader, reader
from inpaint_bench.weights.containers import read_container

BASELINE, CARD = find_baselines()["mat"]
STATE = {
    "mapping.fc0.weight": torch.randn(3, 2),
    "mapping.w_avg": torch.randn(4),
    "synthesis.first_stage.tran.0.blocks.1.attn.q.bias": torch.randn(2),
    "synthesis.first_stage.tran.0.blocks.1.attn_mask": torch.zeros(2, 1, 1),
    "synthesis.dec.Dec_16x16.conv1.noise_const": torch.randn(2, 2),
    "synthesis.dec.Dec_16x16.conv1.noise_strength": torch.tensor(0.25),
}


class Calls:
    """Pickled as a call of a function with arguments."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def only(case: int, path: Path) -> Path:
    """The file of reference activations at 128 pixels, with one of its cases."""
    golden = json.loads((BASELINE.folder / "golden_128.json").read_text())
    path.write_text(json.dumps({**golden, "cases": golden["cases"][case : case + 1]}))
    return path


def test_a_network_of_128_agrees_with_its_reference_activations(tmp_path: Path) -> None:
    stages = list(check_file(BASELINE, only(0, tmp_path / "golden.json"), CPU))
    assert len(stages) == 27
    assert not [stage for stage in stages if not stage.agrees]


def test_a_mode_of_noise_that_the_draws_do_not_have_is_refused() -> None:
    for mode, draws in (("none", 3), ("random", 3), ("const", 4)):
        with pytest.raises(InputError, match=f"noise_mode '{mode}' with {draws} draws"):
            trace.trace(nn.Module(), {}, [torch.zeros(1)] * draws, {"noise_mode": mode})


@pytest.mark.acceptance
def test_a_sample_is_the_image_of_the_authors_network_for_the_draws_of_its_seed() -> None:
    case = replay.load(BASELINE.folder / "golden_512.json")["cases"][0]
    image, mask = (synthetic.image(512) * 255).round() / 255, synthetic.mask(512)
    inpaint = load_of("mat")(synthetic_weights("mat"), CPU)
    found = inpaint(emptied(image, mask), mask, torch.tensor([[case["noise"]["seed"]]]))[:, 0] * 2 - 1
    whole = found * mask + (image * 2 - 1) * (1 - mask)
    expected = {**case["output"], "values": [max(-1.0, min(1.0, value)) for value in case["output"]["values"]]}
    assert replay.agrees(expected, whole, replay.rule_of(case, "output"))


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_snapshot_is_read_as_the_tensors_of_its_smoothed_network(tmp_path: Path, protocol: int) -> None:
    other = module_of({name: tensor + 1 for name, tensor in STATE.items()})
    found = read_network(write(tmp_path / "x.pkl", module_of(STATE), protocol, G=other))
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)


@pytest.mark.acceptance
@pytest.mark.parametrize("method", ["mat", "mat-256"])
def test_a_snapshot_of_the_whole_network_loads_strictly(tmp_path: Path, method: str) -> None:
    baseline, card = find_baselines()[method]
    state = tensors(baseline, card)
    masks = {"synthesis.first_stage.tran.0.blocks.1.attn_mask": torch.zeros(64, 64, 64)}
    path = write(tmp_path / "x.pkl", module_of(state | masks))
    found = read_container([path], card.container, reader(baseline, card))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    loader(baseline, card)(held(found), CPU)


def hostile(inner: object) -> list[object]:
    """Networks with something in their place, in a parameter's, and in the options of a module."""
    root = module_of(STATE)
    root.state["_parameters"]["weight"] = inner
    options = module_of(STATE)
    options.state["_init_kwargs"] = EasyDict(copy=inner)
    return [inner, root, options]


@pytest.mark.parametrize(
    "calls",
    [
        (os.system, "exit"),
        (builtins.eval, "1"),
        (builtins.getattr, os, "system"),
        (torch.load, "x"),
        (pickle.loads, b"x"),
    ],
    ids=["system", "eval", "getattr", "torch.load", "pickle.loads"],
)
@pytest.mark.parametrize("protocol", [3, 4])
def test_nothing_that_a_snapshot_names_beyond_those_of_mat_is_called(
    tmp_path: Path, calls: tuple[Any, ...], protocol: int
) -> None:
    function, *arguments = calls
    arguments = ["os" if argument is os else argument for argument in arguments]
    for network in hostile(Calls(function, *arguments)):
        path = write(tmp_path / "x.pkl", network, protocol)
        with pytest.raises(InputError, match=r"x.pkl: refused: its pickle holds"):
            read_network(path)


def test_a_pickle_within_the_bytes_of_a_tensor_is_not_run_either(tmp_path: Path) -> None:
    inside = io.BytesIO()
    torch.save({"x": Calls(os.system, "exit")}, inside, _use_new_zipfile_serialization=False)
    archive = io.BytesIO()
    torch.save(torch.ones(2), archive)
    of_bytes = {
        "posix.system|nt.system": inside.getvalue(),
        "not as torch keeps them": pickle.dumps(Calls(os.system, "exit")),
        "not as torch keeps them in a pickle": archive.getvalue(),
    }
    for reason, data in of_bytes.items():
        storage = Calls(torch.storage._load_from_bytes, data)
        root = module_of(STATE)
        root.state["_buffers"]["x"] = Calls(torch._utils._rebuild_tensor_v2, storage, 0, (2,), (1,), False, None)
        with pytest.raises(InputError, match=reason):
            read_network(write(tmp_path / "x.pkl", root))


def test_modules_within_themselves_end_in_a_sentence(tmp_path: Path) -> None:
    root, inner = module_of(STATE), Persistent("inner")
    inner.state["_modules"] = {"one": root, "two": root}
    root.state["_modules"]["inner"] = inner
    chain: Any = Persistent("leaf")
    for _ in range(20):
        above = Persistent("above")
        above.state["_modules"] = {"one": chain, "two": chain}
        chain = above
    with pytest.raises(InputError, match=r"x.pkl: not a whole snapshot .*more than 10000 names"):
        read_network(write(tmp_path / "x.pkl", chain))


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.ones(2, dtype=torch.float64), "no 32-bit floats"),
        (torch.ones(2, dtype=torch.int32), "no 32-bit floats"),
        (torch.ones(3)[1:], "not described as it should be"),
        (torch.ones(3)[:2], "x has 3 values, not those of its shape"),
        (torch.ones(3, 2).T, "do not lie one after another"),
    ],
)
def test_tensors_of_another_kind_are_refused(tmp_path: Path, tensor: Tensor, reason: str) -> None:
    root = module_of(STATE)
    root.state["_buffers"]["x"] = tensor
    with pytest.raises(InputError, match=reason):
        read_network(write(tmp_path / "x.pkl", root))


def test_a_snapshot_that_is_cut_off_or_of_another_training_ends_in_a_sentence(tmp_path: Path) -> None:
    data = write(tmp_path / "x.pkl", module_of(STATE)).read_bytes()
    for length in (1, 100, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.pkl").write_bytes(data[:length])
        with pytest.raises(InputError, match=r"cut.pkl: not a whole"):
            read_network(tmp_path / "cut.pkl")
    with pytest.raises(InputError, match="without the network G_ema"):
        read_network(write(tmp_path / "x.pkl", None))
    (tmp_path / "x.pkl").write_text("<html><title>Sign in</title>")
    with pytest.raises(InputError, match="a web page"):
        read_network(tmp_path / "x.pkl")


def test_a_file_of_a_network_without_noise_is_refused_with_the_reason(tmp_path: Path) -> None:
    torch.save({name: tensor for name, tensor in STATE.items() if "noise" not in name}, tmp_path / "G.pth")
    with pytest.raises(InputError, match=r"G.pth: has no noise_const .*Give the authors' .pkl"):
        read_network(tmp_path / "G.pth")
    torch.save(STATE, tmp_path / "G.pth")
    assert read_network(tmp_path / "G.pth").keys() == STATE.keys()
