"""The same network, saved in the ways that people save it: it loads where every name fits, and the note says how."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from authors_files import outline, tensors
from safetensors.torch import load_file, save_file
from selection import quick
from terminal import Terminal
from torch import Tensor

from inpaint_bench.methods.baselines import find_baselines, loader
from inpaint_bench.weights import unzipped
from inpaint_bench.weights.loading import wanted_shapes

BASELINES = find_baselines()
State = dict[str, Tensor]
SMALL = "rn"  # its card describes the prefix 'generator.', and 'module.' after it


@pytest.fixture(scope="module")
def state() -> State:
    return {name: tensor.half() for name, tensor in tensors(*BASELINES[SMALL]).items()}


def prefixed(prefix: str, state: State) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


WRAPPED: dict[str, tuple[Callable[[State], dict[str, Any]], str]] = {
    "bare": (lambda state: state, "taken as they are, without the usual wrapper"),
    "of several GPUs": (lambda state: prefixed("module.generator.", state), "the prefix 'module.generator.'"),
    "of Lightning": (
        lambda state: {"state_dict": prefixed("generator.", state), "epoch": 3, "global_step": 100},
        "the dictionary 'state_dict' and the prefix 'generator.'; every name and shape fits; left out beside them: "
        "epoch, global_step",
    ),
    "with an optimiser": (
        lambda state: {**prefixed("generator.", state), "optimizer": {"state": {0: {}}}, "epoch": 3},
        "left out beside them: optimizer, epoch",
    ),
    "with another network": (
        lambda state: {"net": prefixed("netG.", state) | {"netD.0.weight": torch.ones(2, 2)}},
        "the dictionary 'net' and the prefix 'netG.'; every name and shape fits; left out beside them: netD.0.weight",
    ),
    "twice, alike": (
        lambda state: {"params": state, "params_ema": state},
        "the dictionary 'params'; every name and shape fits; left out beside them: params_ema",
    ),
}


@pytest.mark.parametrize("wrapper", quick(WRAPPED, [*WRAPPED][:2]))
def test_a_wrapper_is_taken_off_where_every_name_then_fits_and_the_note_says_so(
    wrapper: str, state: State, tmp_path: Path, terminal: Terminal
) -> None:
    wrap, sentence = WRAPPED[wrapper]
    torch.save(wrap(state), tmp_path / "theirs.pth")
    answer = terminal("weights", "add", SMALL, "places2", tmp_path / "theirs.pth")
    answer.does(f"{len(state)} tensors of {SMALL}")
    assert f"theirs.pth: {len(state)} tensors taken" in answer.err
    assert sentence in answer.err
    found = load_file(tmp_path / "cache" / "weights" / SMALL / "places2.safetensors")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_a_safetensors_file_with_the_authors_names_loads_too(state: State, tmp_path: Path, terminal: Terminal) -> None:
    named = prefixed("generator.", {name: tensor.contiguous() for name, tensor in state.items()})
    save_file(named, tmp_path / "theirs.safetensors")
    answer = terminal("weights", "add", SMALL, "places2", tmp_path / "theirs.safetensors")
    answer.does(f"{len(state)} tensors of {SMALL}")
    assert "the prefix 'generator.'" in answer.err


def test_a_zip_archive_stands_for_the_files_in_it(state: State, tmp_path: Path, terminal: Terminal) -> None:
    torch.save(prefixed("generator.", state), tmp_path / "theirs.pth")
    with zipfile.ZipFile(tmp_path / "theirs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("models/README.txt", "weights of the paper")
        archive.write(tmp_path / "theirs.pth", "models/theirs.pth")
    terminal("weights", "add", SMALL, "places2", tmp_path / "theirs.zip").does(f"{len(state)} tensors")
    assert not any((tmp_path / "cache" / "scratch").iterdir())


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path, terminal: Terminal) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("theirs.pth", bytes(unzipped.SMALL + 1))
    answer = terminal("weights", "add", SMALL, "places2", tmp_path / "bomb.zip")
    answer.refuses(2, "bomb.zip: unpacked, it takes 268435457 bytes", "20 times what they take packed")


def test_two_networks_that_differ_are_not_chosen_between(state: State, tmp_path: Path, terminal: Terminal) -> None:
    averaged = {name: tensor + 1 for name, tensor in state.items()}
    torch.save({"params": state, "params_ema": averaged}, tmp_path / "theirs.pth")
    answer = terminal("weights", "add", SMALL, "places2", tmp_path / "theirs.pth")
    answer.refuses(2, "theirs.pth: holds this network twice, with other values: 'params/' and 'params_ema/'")


@pytest.mark.parametrize("change", ["missing", "reshaped", "more"])
def test_one_tensor_that_does_not_fit_is_enough_to_refuse(
    change: str, state: State, tmp_path: Path, terminal: Terminal
) -> None:
    wrong = prefixed("module.generator.", state)
    last = next(reversed(wrong))
    if change == "more":
        wrong["module.generator.one_more"] = torch.ones(2)
    else:
        wrong = {name: value for name, value in wrong.items() if name != last or change == "reshaped"}
        wrong |= {last: torch.ones(1, 2, 3)} if change == "reshaped" else {}
    torch.save(wrong, tmp_path / "theirs.pth")
    terminal("weights", "add", SMALL, "places2", tmp_path / "theirs.pth").refuses(2, "theirs.pth: ")
    assert not (tmp_path / "cache" / "weights" / SMALL).exists()


@pytest.mark.parametrize("method", ["rfr-small", pytest.param("ctsdg", marks=pytest.mark.acceptance)])
def test_a_generator_trained_on_several_gpus_loads(method: str, tmp_path: Path, terminal: Terminal) -> None:
    wanted = tensors(*BASELINES[method])
    state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in wanted.items()}
    torch.save({"generator": prefixed("module.", state), "n_iter": 10}, tmp_path / "theirs.pth")
    answer = terminal("weights", "add", method, "paris", tmp_path / "theirs.pth")
    answer.does(f"{len(state)} tensors of {method}")
    assert "the dictionary 'generator' and the prefix 'module.'" in answer.err


@pytest.mark.acceptance
def test_mfe_loads_from_the_files_that_its_training_code_writes(tmp_path: Path, terminal: Terminal) -> None:
    """`N_net_EN.pth` holds {'net', 'optimize'}."""
    state = {name: tensor.half() for name, tensor in tensors(*BASELINES["mfe"]).items()}
    parts = {"EN": ("Encoder", "middle"), "DE": ("Decoder",), "PCblock": ("pc_block", "loss")}
    paths = [tmp_path / f"latest_net_{part}.pth" for part in parts]
    for path, starts in zip(paths, parts.values(), strict=True):
        net = {name: tensor for name, tensor in state.items() if name.startswith(starts)}
        torch.save({"net": net, "optimize": {"state": {}, "param_groups": []}}, path)
    answer = terminal("weights", "add", "mfe", "paris", *paths)
    answer.does(f"{len(state)} tensors of mfe")
    assert answer.err.count("the dictionary 'net'") == 3
    terminal("weights", "add", "mfe", "paris", *paths[:2]).refuses(2, "latest_net_EN.pth")


@pytest.mark.parametrize(
    "method", [name for name, (_, card) in BASELINES.items() if card.learned and card.model is None]
)
def test_an_adapter_tells_what_it_wants_without_being_loaded(method: str) -> None:
    load = loader(*BASELINES[method])
    wanted = outline(*BASELINES[method]).state_dict()
    found = wanted_shapes(lambda weights: load(weights, torch.device("cpu")))
    assert found == {name: tuple(tensor.shape) for name, tensor in wanted.items()}
