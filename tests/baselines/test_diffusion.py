"""Diffusion models run by diffusers: a model of tiny random parts, from files to tables."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
import tiny_diffusion
import torch
from terminal import Answer, Terminal

import inpaint_bench as ib
from inpaint_bench.data.pair_lists import fingerprint, read_csv, to_csv
from inpaint_bench.data.protocols import read_page
from inpaint_bench.weights import models

UNET = "unet/diffusion_pytorch_model.safetensors"
OUT = Path("runs/tiny")
pytest_plugins = ["diffusion_fixtures"]


def pictures(out: Path = OUT, method: str = "mine") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / method / "composites").iterdir()}


def recorded(method: str = "mine") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OUT / "run.json").read_bytes())["methods"][method]
    return found


def test_a_run_ends_in_a_table_that_states_the_options(run: Callable[..., Answer]) -> None:
    answer = run("--set", "mine.guidance=2.5")
    answer.does("mine: steps=2, guidance=2.5, strength=1, dtype=float32")
    assert "the safety checker is off" in answer.err
    assert recorded()["options"] == {
        "steps": 2, "guidance": 2.5, "strength": 1.0, "prompt": "", "negative_prompt": "", "scheduler": "",
        "dtype": "float32",
    }  # fmt: skip
    (result, *_) = [json.loads(line) for line in (OUT / "results.jsonl").read_text().splitlines()]
    assert result["weights"] == f"{recorded()['weights']} steps=2, guidance=2.5, strength=1, dtype=float32"
    assert sorted(pictures()) == [f"{pair:05d}.s{sample}.png" for pair in range(3) for sample in range(2)]
    assert len({*pictures().values()}) == 6


def test_neither_batch_nor_order_nor_a_restart_changes_an_output(run: Callable[..., Answer]) -> None:
    assert run("--batch", 8).code == 0
    whole = pictures()
    for name in ("00000.s0.png", "00002.s1.png"):
        (OUT / "mine" / "composites" / name).unlink()
    assert run("--batch", 1).code == 0
    assert pictures() == whole
    for part in ("2/2", "1/2"):
        assert run("--shard", part, "--out", f"part{part[0]}").code == 0
    assert pictures(Path("part1")) | pictures(Path("part2")) == whole


def test_other_options_are_another_method(run: Callable[..., Answer]) -> None:
    assert run("--limit", 1).code == 0
    answer = run("--limit", 1, "--set", "mine.negative_prompt=blurred", "--out", "runs/tiny.first1")
    answer.refuses(2, "made with options steps=2,", "now it is", "Other options are another method")
    both = "mine=diffusers:model,more=diffusers:model"
    run("--limit", 1, "--set", "more.steps=3", methods=both).does("mine: steps=2,", "more: steps=3,")
    out = Path("runs/tiny.first1")
    assert pictures(out, "more").keys() == pictures(out).keys()
    assert pictures(out, "more")["00000.s0.png"] != pictures(out)["00000.s0.png"]


def test_another_seed_another_scheduler_and_another_prompt_are_other_pictures(run: Callable[..., Answer]) -> None:
    assert run("--limit", 1, "--out", "plain").code == 0
    page = Path("tiny.toml").read_text()
    Path("tiny.toml").write_text(page.replace("schema = 1", "schema = 1\nseed = 7"))
    assert run("--limit", 1, "--out", "seeded").code == 0
    assert pictures(Path("seeded")) != pictures(Path("plain"))
    Path("tiny.toml").write_text(page)
    for number, setting in enumerate(("scheduler=DDPMScheduler", "prompt=a dog", "strength=0.6")):
        assert run("--limit", 1, "--out", f"other{number}", "--set", f"mine.{setting}").code == 0
        assert pictures(Path(f"other{number}")) != pictures(Path("plain"))


def test_a_list_of_pairs_may_give_prompts(run: Callable[..., Answer], terminal: Terminal) -> None:
    assert run().code == 0
    page = read_page(Path("tiny.toml"))
    pairs = read_csv(OUT / "pairs.csv")
    with_one = [pairs[0], replace(pairs[1], prompt="a red, red fox"), pairs[2]]
    Path("with prompts.csv").write_bytes(to_csv(with_one))
    assert list(read_csv(Path("with prompts.csv"))) == with_one
    assert fingerprint(page, with_one) != fingerprint(page, pairs)
    assert run("--pairs", "with prompts.csv", "--out", "prompted").code == 0
    changed = {name for name, data in pictures(Path("prompted")).items() if data != pictures()[name]}
    assert changed == {"00001.s0.png", "00001.s1.png"}
    run("--out", "prompted").refuses(2, "this run folder is of another fingerprint")


def test_images_of_another_size_are_refused_or_resized_as_recorded(model: Path, terminal: Terminal) -> None:
    tiny.make_dataset(Path("small"), 2, side=32, size=32, samples=1)
    common = ("run", "--dataset", "small/tiny.toml", "--methods", "mine=diffusers:model", "--set", "mine.steps=1")
    answer = terminal(*common, "--allow-known-error")
    answer.refuses(2, "mine takes height and width multiples of 8 and at least 64", "32x32", "--resize-for-method")
    assert not OUT.exists()
    how = "resize_for_method=shorter side at least 64 in multiples of 8"
    terminal(*common, "--allow-known-error", "--resize-for-method").does(how)
    assert tiny.read(OUT / "mine/composites/00000.s0.png").shape == (32, 32, 3)
    assert recorded()["options"]["resize_for_method"] == how.partition("=")[2]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("steps=0", "--set mine.steps: '0' is not allowed; it must be a whole number from 1 to 1000."),
        ("steps=2.5", "it must be a whole number from 1 to 1000"),
        ("stepz=2", "--set mine.stepz: mine has no such option. Did you mean 'steps'?"),
        ("dtype=int8", "it must be one of float32, float16, bfloat16"),
        ("scheduler=DDIMSchedule", "is called 'DDIMSchedule'. Did you mean 'DDIMScheduler'?"),
        ("scheduler=DPMSolverSDEScheduler", "is called 'DPMSolverSDEScheduler'. Did you mean"),
        ("negative_prompt=" + "word " * 30, "a prompt of 122 tokens; the model takes 77"),
        ("prompt=" + "word " * 30, "a prompt of 122 tokens; the model takes 77, and the rest would be cut off"),
        ("strength=0.01", "a strength of 0.01 leaves none of 2 steps"),
    ],
)
def test_an_option_that_cannot_be_is_refused(run: Callable[..., Answer], setting: str, words: str) -> None:
    answer = run("--set", f"mine.{setting}")
    assert answer.code in (2, 3)
    answer.refuses(answer.code, words)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_near_the_whole(run: Callable[..., Answer], dtype: str) -> None:
    assert run("--limit", 1, "--out", "whole").code == 0
    run("--limit", 1, "--out", "half", "--set", f"mine.dtype={dtype}").does(f"dtype={dtype}")
    whole, half = (tiny.read(f"{out}/mine/composites/00000.s0.png").astype(int) for out in ("whole", "half"))
    assert 0 < abs(whole - half).mean() < 8


def test_the_versions_of_the_libraries_are_recorded_and_not_mixed(run: Callable[..., Answer]) -> None:
    assert run().code == 0
    assert {"accelerate", "diffusers", "tokenizers", "transformers"} <= recorded()["environment"].keys()
    path = OUT / "run.json"
    info = json.loads(path.read_text())
    info["methods"]["mine"]["environment"]["diffusers"] = "0.1"
    path.write_text(json.dumps(info))
    (OUT / "mine/composites/00001.s0.png").unlink()
    run().refuses(2, "made with diffusers 0.1, now it is")


@pytest.mark.acceptance
def test_a_model_is_loaded_timed_and_paints_one_picture(model: Path, terminal: Terminal) -> None:
    inpaint = ib.load_method("diffusers", "model", device="cpu", options={"steps": 1})
    image, mask = torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    assert inpaint(image, mask, torch.tensor([[1, 2]])).shape == (1, 2, 3, 64, 64)
    common = ("--set", "mine.steps=1", "--device", "cpu")
    picture, hole = "data/images/picture0.png", "data/masks/mask0.png"
    answer = terminal("inpaint", picture, hole, "--method", "mine=diffusers:model", "--out", "o.png", *common)
    answer.does("pixels by mine")
    entry = ("--methods", "mine=diffusers:model", "--runs", 3, "--seconds", 0, "--format", "csv")
    terminal("time", *entry, "--size", 64, *common).does("steps=1, guidance=7.5")
    terminal("time", *entry, "--size", 32, "--out", "other", *common).refuses(
        3, "it takes height and width multiples of 8 and at least 64"
    )


def test_weights_in_one_precision_only_are_loaded(terminal: Terminal, model: Path, saved: Path) -> None:
    shutil.rmtree(model)
    tiny_diffusion.save(model, variant="fp16")
    assert models.variant(model) == "fp16"
    answer = terminal.run("mine=diffusers:model", "--allow-known-error", "--set", "mine.steps=1", "--limit", 1)
    answer.does("mine: steps=1")


def test_a_full_memory_is_one_sentence_and_keeps_what_was_finished(
    run: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import UNet2DConditionModel

    forward, calls = UNet2DConditionModel.forward, []

    def full(self: Any, *args: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) > 4:  # after both samples of the first pair
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return forward(self, *args, **named)

    monkeypatch.setattr(UNet2DConditionModel, "forward", full)
    answer = run("--batch", 1)
    answer.refuses(3, "mine: pair 00001 failed: out of memory. Give a smaller --batch, --offload", "--device cpu")
    assert sorted(pictures()) == ["00000.s0.png", "00000.s1.png"]


def test_offloading_needs_a_gpu_and_a_method_that_can(run: Callable[..., Answer], terminal: Terminal) -> None:
    run("--offload", "--device", "cpu").refuses(2, "--offload keeps parts of a model off the GPU")
    terminal.run("telea", "--offload").refuses(2, "--offload: none of the methods can")


@pytest.mark.acceptance
@pytest.mark.parametrize("method", ["sd15-inpaint", "sd2-inpaint", "sdxl-inpaint", "flux-fill"])
def test_the_parameters_of_a_card_are_those_of_the_models_configuration(method: str) -> None:
    from inpaint_bench.methods.baselines import find_baselines

    assert tiny_diffusion.published_parameters(method) == find_baselines()[method][1].parameters
