"""The authors' torch files, in the layout that each card describes, are added, verified and refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from authors_files import tensors, write_authors_files
from safetensors.torch import load_file, save_file
from selection import quick
from terminal import Terminal
from torch import Tensor

from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.card import MethodCard

BASELINES = {name: found for name, found in find_baselines().items() if found[1].learned and found[1].model is None}
SMALL = "ec"  # its refusals are those of every torch file; it has two files, a key and a prefix that leads


@pytest.fixture(scope="module")
def small() -> tuple[MethodCard, dict[str, Tensor]]:
    baseline, card = BASELINES[SMALL]
    return card, tensors(baseline, card)


@pytest.mark.acceptance
def test_a_file_in_the_authors_layout_is_added_and_holds_the_same_values(
    small: tuple[MethodCard, dict[str, Tensor]], tmp_path: Path, terminal: Terminal
) -> None:
    card, state = small
    paths = write_authors_files(card, state, tmp_path)
    terminal("weights", "add", SMALL, "paris", *paths).does(SMALL, "paris")
    ours = tmp_path / "cache" / "weights" / SMALL / "paris.safetensors"
    found = load_file(ours)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    note = json.loads(ours.with_suffix(".json").read_text())
    assert set(note["sources"]) == {path.name for path in paths}
    assert note["licence"]


def test_what_was_added_is_listed_and_verified(
    small: tuple[MethodCard, dict[str, Tensor]], tmp_path: Path, terminal: Terminal
) -> None:
    card, state = small
    terminal("weights", "list").does("no weights were added yet")
    terminal("weights", "add", SMALL, "paris", *write_authors_files(card, state, tmp_path, legacy=True)).does()
    terminal("weights", "list").does(SMALL, "paris", "licence: CC BY-NC 4.0")
    terminal("weights", "verify").does(f"{SMALL} paris: as it was added")
    path = tmp_path / "cache" / "weights" / SMALL / "paris.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    terminal("weights", "verify").refuses(5, "paris.safetensors", "was added")


@pytest.mark.acceptance
def test_tensors_that_share_memory_are_added_each_with_its_own(
    small: tuple[MethodCard, dict[str, Tensor]], tmp_path: Path, terminal: Terminal
) -> None:
    card, state = small
    alike = [name for name in state if name.endswith(".0.bias")]
    one = torch.arange(64.0)
    shared = {**state, **{name: one[: state[name].numel()] for name in alike if state[name].numel() <= 64}}
    terminal("weights", "add", SMALL, "paris", *write_authors_files(card, shared, tmp_path)).does()
    found = load_file(tmp_path / "cache" / "weights" / SMALL / "paris.safetensors")
    assert all(torch.equal(found[name], shared[name]) for name in shared)


@pytest.mark.parametrize("change", quick(["renamed", "reshaped", "missing"], ["renamed"]))
def test_a_file_with_one_wrong_tensor_is_refused_by_its_name(
    change: str, small: tuple[MethodCard, dict[str, Tensor]], tmp_path: Path, terminal: Terminal
) -> None:
    card, state = small
    name = "inpaint.decoder.7.weight"
    wrong = {key: tensor for key, tensor in state.items() if key != name}
    if change != "missing":
        wrong |= {name + "2": state[name]} if change == "renamed" else {name: state[name][:, :-1]}
    paths = write_authors_files(card, wrong, tmp_path)
    terminal("weights", "add", SMALL, "paris", *paths).refuses(2, name, "InpaintingModel_gen")
    assert not (tmp_path / "cache" / "weights" / SMALL).exists()


class Malicious:
    """A pickle that would run code when it is opened."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (eval, ("__import__('pathlib').Path('owned').touch()",))


def test_a_file_that_would_run_code_is_refused_and_runs_nothing(tmp_path: Path, terminal: Terminal) -> None:
    torch.save({"generator": Malicious()}, tmp_path / "rfr.pth")
    terminal("weights", "add", "rfr", "paris", tmp_path / "rfr.pth").refuses(2, "rfr.pth", "run code")
    assert not Path("owned").exists()


def test_truncated_foreign_and_missing_files_are_refused(
    small: tuple[MethodCard, dict[str, Tensor]], tmp_path: Path, terminal: Terminal
) -> None:
    card, state = small
    edge, inpaint = write_authors_files(card, state, tmp_path)
    terminal("weights", "add", "rfr", "paris", inpaint).refuses(2, str(inpaint), "do not belong to this network")
    terminal("weights", "add", SMALL, "paris", edge).refuses(2, "InpaintingModel_gen")
    inpaint.write_bytes(inpaint.read_bytes()[:5000])
    terminal("weights", "add", SMALL, "paris", edge, inpaint).refuses(2, str(inpaint), "not a whole torch file")
    torch.save([1, 2], inpaint)
    terminal("weights", "add", SMALL, "paris", edge, inpaint).refuses(2, "list")
    terminal("weights", "add", SMALL, "paris", "nowhere.pth").refuses(2, "nowhere.pth", "no such file")
    terminal("weights", "add", "telea", "paris", "nowhere.pth").refuses(2, "telea")


def test_a_file_of_ours_is_added_as_it_is(tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "weights"))
    baseline, card = BASELINES["spn-small"]
    state = {name: tensor.contiguous() for name, tensor in tensors(baseline, card).items()}
    save_file(state, tmp_path / "best.safetensors")
    terminal("weights", "add", "spn-small", "sample", tmp_path / "best.safetensors").does(f"{len(state)} tensors")
    terminal("weights", "verify").does("spn-small")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "best.safetensors").read_bytes()[:5000])
    answer = terminal("weights", "add", "spn-small", "sample", tmp_path / "cut.safetensors")
    answer.refuses(2, "cut.safetensors: not a whole safetensors file")
    terminal("weights", "add", "spn-small", "sample", tmp_path / "no.safetensors").refuses(2, "there is no such file")
