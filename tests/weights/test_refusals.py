"""What is given as weights and is none is called what it is, and the sentence says what to do."""

from pathlib import Path

import pytest
import torch
from authors_files import tensors, write_authors_files
from safetensors.torch import save_file
from terminal import Terminal

from inpaint_bench.methods.baselines import find_baselines

BASELINE, CARD = find_baselines()["rn"]
KINDS = {
    "<!DOCTYPE html><html><head><title>Drive &ndash; Quota\n exceeded</title></head>": [
        "a web page ('Drive – Quota exceeded'), not weights",
        "download the file itself",
    ],
    "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 46000000\n": [
        "a Git LFS pointer",
        "git lfs pull",
        "download the file itself",
    ],
    "": ["an empty file. Fetch it again."],
    "\x1f\x8b\x08": ["packed with gzip. Unpack it"],
    "\x00" * 257 + "ustar\x00": ["a tar archive"],
    "once upon a time": ["not a whole torch file: it does not begin as one"],
}


@pytest.mark.parametrize("text", KINDS)
def test_a_file_of_another_kind_is_called_what_it_is(text: str, tmp_path: Path, terminal: Terminal) -> None:
    path = tmp_path / "theirs.pth"
    path.write_bytes(text.encode("latin-1"))
    terminal("weights", "add", "rn", "places2", path).refuses(2, f"{path}: ", *KINDS[text])


@pytest.mark.parametrize("text", list(KINDS)[:3])
def test_it_is_called_what_it_is_where_weights_are_named_too(
    text: str, tmp_path: Path, terminal: Terminal, page: Path
) -> None:
    path = tmp_path / "theirs.pth"
    path.write_bytes(text.encode("latin-1"))
    terminal.run("rn", "--weights", f"rn={path}").refuses(
        2, f"{path}: ", KINDS[text][0].removesuffix(" Fetch it again.")
    )


def test_a_torch_file_where_ours_is_wanted_names_the_command_that_converts_it(
    tmp_path: Path, terminal: Terminal, page: Path
) -> None:
    path = tmp_path / "of the authors.pth"
    torch.save({"generator.bias": torch.zeros(2)}, path)
    for dataset, name in (("sample", "sample"), (str(page), "tiny.toml")):
        answer = terminal("run", "--dataset", dataset, "--methods", "rn", "--weights", f"rn={path}", "--out", "out")
        answer.refuses(2, "a torch file", f"`inpaint-bench weights add rn {name} '{path}'`")


def test_a_dataset_that_nobody_knows_is_refused_with_a_suggestion(
    tmp_path: Path, terminal: Terminal, page: Path
) -> None:
    path = tmp_path / "theirs.pth"
    terminal("weights", "add", "rn", "pariss", path).refuses(2, "'pariss'", "Did you mean 'paris'?", "by its path")
    terminal("weights", "add", "rn", "../paris", path).refuses(2, "'../paris'")
    state = {name: tensor.half() for name, tensor in tensors(BASELINE, CARD).items()}
    terminal("weights", "add", "rn", page, *write_authors_files(CARD, state, tmp_path)).does("of rn for tiny")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_values_that_are_not_finite_are_refused(value: float, tmp_path: Path, terminal: Terminal, page: Path) -> None:
    """1e300 is finite in 64 bits, and infinite in the network's 32."""
    state = {name: tensor.half() for name, tensor in tensors(BASELINE, CARD).items()}
    name = "encoder_conv1.weight"
    state[name] = torch.full(state[name].shape, value, dtype=torch.float64)
    (path,) = write_authors_files(CARD, state, tmp_path)
    answer = terminal("weights", "add", "rn", "places2", path)
    answer.refuses(2, f"{path}: 1 tensors hold NaN or infinite values ({name})", "Use an earlier checkpoint")
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, tmp_path / "ours.safetensors")
    answer = terminal.run("rn", "--weights", f"rn={tmp_path / 'ours.safetensors'}")
    answer.refuses(2, "ours.safetensors: 1 tensors hold NaN or infinite values")


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_numbers_of_another_kind_are_refused(dtype: torch.dtype, tmp_path: Path, terminal: Terminal) -> None:
    state = {name: tensor.half() for name, tensor in tensors(BASELINE, CARD).items()}
    name = "encoder_conv1.weight"
    state[name] = torch.ones((), dtype=dtype).expand(state[name].shape)
    (path,) = write_authors_files(CARD, state, tmp_path)
    answer = terminal("weights", "add", "rn", "places2", path)
    answer.refuses(2, f"of another kind of numbers ({name} {str(dtype)[6:]} instead of float32)")
