"""A method's composites are made on machines that are alike, or they are neither merged nor continued."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import finished
import pytest
import tiny
import torch

from inpaint_bench.cli import run_cli
from inpaint_bench.runner.folder import open_run
from inpaint_bench.runner.machines import differences

H200 = {"GPU": "NVIDIA H200", "driver": "575.57", "compute capability": "9.0", "TF32 in products": "no"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards of one run, and the whole."""
    folder = tmp_path_factory.mktemp("machines")
    page = tiny.make_dataset(folder / "dataset", count=3, metrics=["psnr"])
    finished.finished_run(page, folder / "whole", ["mean-fill"])
    for number in (1, 2, 3):
        out = folder / str(number)
        command = ["predict", "--dataset", str(page), "--methods", "mean-fill", "--out", str(out), "--quiet"]
        assert run_cli([*command, "--shard", f"{number}/3"]) == 0
    return folder


def edited(source: Path, target: Path, **facts: str | None) -> Path:
    """A copy of a run whose machine had other facts; None takes one away."""
    shutil.copytree(source, target)
    info = json.loads((target / "run.json").read_text())
    machine = info["methods"]["mean-fill"]["machine"] | {name.replace("_", " "): fact for name, fact in facts.items()}
    info["methods"]["mean-fill"]["machine"] = {name: fact for name, fact in machine.items() if fact is not None}
    (target / "run.json").write_text(json.dumps(info))
    return target


def machine_of(folder: Path, method: str = "mean-fill") -> Any:
    return json.loads((folder / "run.json").read_text())["methods"][method]["machine"]


@pytest.mark.parametrize(
    ("fact", "ours", "theirs"),
    [
        ("GPU", "NVIDIA A100", "NVIDIA H100"),
        ("compute_capability", "8.0", "9.0"),
        ("driver", "550.1", "575.57"),
        ("CUDA", "12.8", "13.0"),
        ("cuDNN", "91000", "92400"),
        ("TF32_in_products", "no", "yes"),
        ("cudnn.benchmark", "no", "yes"),
        ("CPU_capability", "AVX2", "AVX512"),
        ("threads", "8", "16"),
        ("precision", "float32", "bfloat16"),
    ],
)
def test_shards_of_machines_that_differ_are_not_merged(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fact: str, ours: str, theirs: str
) -> None:
    parts = [
        edited(world / "1", tmp_path / "1", **{fact: None}),  # states it not, and hides the others from each other not
        edited(world / "2", tmp_path / "2", **{fact: ours}),
        edited(world / "3", tmp_path / "3", **{fact: theirs}),
    ]
    assert tiny.merge(parts, tmp_path / "out") == 4
    message = f"{tmp_path / '3'}: mean-fill was made with {fact.replace('_', ' ')} {theirs}, in another part with "
    remedy = "Make every part on machines that are alike, or allow it: --allow-mixed."
    assert capsys.readouterr().err == f"Error: {message}{ours}. {remedy}\n"
    assert not (tmp_path / "out" / "run.json").exists()


def test_machines_that_differ_are_mixed_where_that_is_allowed_and_the_table_says_so(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gpus = ("NVIDIA A100", "NVIDIA H100", "NVIDIA A100")
    parts = [edited(world / str(place), tmp_path / str(place), GPU=gpu) for place, gpu in enumerate(gpus, 1)]
    assert run_cli(["merge", *map(str, parts), "--out", str(tmp_path / "out"), "--allow-mixed"]) == 0
    data = str(world / "dataset" / "data")
    assert run_cli(["score", str(tmp_path / "out"), "--data", data, "--quiet"]) == 0
    assert run_cli(["table", str(tmp_path / "out")]) == 0
    assert "--allow-mixed: mean-fill: GPU NVIDIA A100, NVIDIA H100" in capsys.readouterr().out
    info = open_run(tmp_path / "out").info.methods["mean-fill"]
    assert (info.mixed, info.machine["GPU"]) == (("GPU",), "NVIDIA A100, NVIDIA H100")


def test_shards_of_other_processors_are_merged_and_both_are_named(world: Path, tmp_path: Path) -> None:
    parts = [
        edited(world / "1", tmp_path / "1", processor="EPYC", **H200),
        edited(world / "2", tmp_path / "2", processor="Xeon", **H200),
        edited(world / "3", tmp_path / "3", processor="EPYC", driver=None),
    ]
    assert tiny.merge(parts, tmp_path / "out") == 0
    merged = machine_of(tmp_path / "out")
    assert merged == machine_of(world / "1") | H200 | {"processor": "EPYC, Xeon"}
    before = tiny.state(tmp_path / "out")
    assert tiny.merge(parts, tmp_path / "out") == 0
    assert tiny.state(tmp_path / "out") == before


def test_a_run_does_not_go_on_with_other_threads(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = edited(world / "whole", tmp_path / "out", threads="64"), world / "dataset" / "tiny.toml"
    assert tiny.run(page, out, methods="mean-fill") == 0  # nothing is left to do
    (out / "mean-fill" / "composites" / "00001.png").unlink()
    before = json.loads((out / "run.json").read_text())
    capsys.readouterr()
    assert tiny.run(page, out, methods="mean-fill") == 2
    assert "made with threads 64, now it is 1; the two are not mixed." in capsys.readouterr().err
    assert not (out / "mean-fill" / "composites" / "00001.png").exists()
    assert json.loads((out / "run.json").read_text()) == before


def test_a_run_that_does_not_state_a_fact_goes_on(world: Path, tmp_path: Path) -> None:
    out, page = edited(world / "whole", tmp_path / "out", threads=None), world / "dataset" / "tiny.toml"
    (out / "mean-fill" / "composites" / "00001.png").unlink()
    assert tiny.run(page, out, methods="mean-fill") == 0
    assert "threads" not in machine_of(out)


def test_neither_the_system_nor_the_name_of_the_processor_is_compared() -> None:
    assert differences({"system": "Linux", "processor": "EPYC"}, {"system": "Darwin", "processor": "M3"}) == []


THREADS = """
import torch
import tiny

def load(weights, device):
    torch.set_num_threads(2)
    return tiny.load_counting(weights, device)
"""


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_what_a_method_sets_while_it_is_loaded_is_recorded_and_compared(
    world: Path, tmp_path: Path, one_thread: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "setting_threads.py").write_text(THREADS)
    page, out, methods = world / "dataset" / "tiny.toml", tmp_path / "out", "mine=python:setting_threads:load"
    torch.set_num_threads(1)
    assert tiny.run(page, out, "--jobs", "5", methods=methods) == 0
    assert machine_of(out, "mine")["threads"] == "2"
    torch.set_num_threads(1)
    (out / "mine" / "composites" / "00001.png").unlink()
    assert tiny.run(page, out, methods=methods) == 0
    (out / "mine" / "composites" / "00001.png").unlink()
    torch.set_num_threads(1)
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    sys.modules.pop("setting_threads")
    assert tiny.run(page, out, methods=methods) == 2
    assert "made with threads 2, now it is 1; the two are not mixed." in capsys.readouterr().err
    assert not (out / "mine" / "composites" / "00001.png").exists()


def test_a_folder_of_outputs_has_no_machine(world: Path, tmp_path: Path) -> None:
    outputs = f"theirs=folder:{world / 'whole' / 'mean-fill' / 'composites'}"
    assert tiny.run(world / "dataset" / "tiny.toml", tmp_path / "out", methods=outputs) == 0
    assert machine_of(tmp_path / "out", "theirs") == {}


def test_the_settings_of_a_program_are_its_own(world: Path, tmp_path: Path) -> None:
    program = f"theirs=exec:'{sys.executable} -S {tmp_path / 'copy.py'} {{images}} {{masks}} {{out}}'"
    (tmp_path / "copy.py").write_text(
        "import shutil, sys\nshutil.copytree(sys.argv[1], sys.argv[3], dirs_exist_ok=1)\n"
    )
    assert tiny.run(world / "dataset" / "tiny.toml", tmp_path / "out", methods=program) == 0
    assert machine_of(tmp_path / "out", "theirs").keys() <= {"system", "processor", "CPU capability", "GPU", "driver"}
