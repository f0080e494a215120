"""The files of a diffusion model: which are loaded and hashed, and what is not whole or would run code is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from terminal import Answer

from inpaint_bench.errors import InputError
from inpaint_bench.weights import models

UNET = "unet/diffusion_pytorch_model.safetensors"
OUT = Path("runs/tiny")
pytest_plugins = ["diffusion_fixtures"]


def without_a_weight(folder: Path) -> None:
    state = load_file(folder / UNET)
    del state["conv_in.weight"]
    save_file(state, folder / UNET, {"format": "pt"})


def with_nan(folder: Path) -> None:
    state = load_file(folder / UNET)
    state["conv_in.weight"][0] = torch.nan
    save_file(state, folder / UNET, {"format": "pt"})


def pickled(folder: Path) -> None:
    (folder / UNET).rename(folder / UNET.replace("safetensors", "bin"))


def edited(name: str, value: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        index = folder / models.INDEX
        index.write_text(json.dumps({**json.loads(index.read_text()), name: value}))

    return edit


def gone(name: str) -> Callable[[Path], object]:
    return lambda folder: shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (without_a_weight, "weights are missing, and would be drawn at random: Some weights of UNet2DConditionModel"),
        (with_nan, "unet holds NaN or infinite values"),
        (pickled, "model/unet: its weights are pickles, which may run code, and are not opened"),
        (gone("vae"), "model/vae: this part of the model has no files"),
        (gone(models.INDEX), "not a model of diffusers: it has no model_index.json"),
        (edited("unet", ["mine", "UNet"]), "its part 'unet' is of 'mine', code of its own, which is not run"),
        (edited("_class_name", ["pipeline", "Mine"]), "its pipeline is code of its own, which is not run"),
        (edited("_class_name", "MinePipeline"), "has no pipeline 'MinePipeline'"),
        (edited("_class_name", "StableVideoDiffusionPipeline"), "for which diffusers has none that inpaints"),
        (edited("../vae", ["diffusers", "AutoencoderKL"]), "its part '../vae' is of 'diffusers', code of its own"),
        (lambda folder: (folder / models.INDEX).write_text("{"), "not the index of a model"),
        (lambda folder: (folder / "unet/config.json").write_text("{"), "mine: loading it failed:"),
        (lambda folder: (folder / UNET).write_bytes(b"\x00" * 9), "mine: loading it failed:"),
    ],
)
def test_a_model_that_is_not_whole_or_runs_code_is_refused(
    run: Callable[..., Answer], model: Path, harm: Callable[[Path], object], words: str
) -> None:
    harm(model)
    answer = run()
    answer.refuses(answer.code, words)
    assert answer.code in (2, 3)
    assert not (OUT / "mine" / "composites").exists()


def test_code_that_lies_beside_the_weights_is_never_run(run: Callable[..., Answer], model: Path) -> None:
    for name in ("pipeline.py", "StableDiffusionInpaintPipeline.py", "unet/modeling.py", "unet/__init__.py"):
        (model / name).write_text("raise SystemExit('run')\n")
    config = json.loads((model / "text_encoder/config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling.Mine"}
    (model / "text_encoder/config.json").write_text(json.dumps(config))
    assert run("--limit", 1).code == 0


def test_the_weights_are_the_files_that_are_loaded_and_no_others(model: Path) -> None:
    before = models.open_model(model).sha256
    (model / "README.md").write_text("other words")
    (model / "unet/diffusion_pytorch_model.bin").write_bytes(b"a pickle")
    (model / "unet/diffusion_pytorch_model.fp16.safetensors").write_bytes(b"half")
    assert models.open_model(model).sha256 == before
    (model / "scheduler/scheduler_config.json").write_text("{}")
    assert models.open_model(model).sha256 != before


def test_a_part_without_plain_weights_makes_its_variant_that_of_all_parts(model: Path) -> None:
    plain = model / "vae/diffusion_pytorch_model.safetensors"
    shutil.copy(model / UNET, model / UNET.replace("model.safe", "model.fp16.safe"))
    assert models.variant(model) == ""
    plain.rename(plain.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert models.variant(model) == "fp16"
    listed = [str(path.relative_to(model)) for path in model.rglob("*.*")]
    loaded = models.loaded_files(listed, models.open_index(model))
    assert [name for name in loaded if name.startswith("unet/") and name.endswith("safetensors")] == [
        "unet/diffusion_pytorch_model.fp16.safetensors"
    ]
    assert "text_encoder/model.safetensors" in loaded
    other = model / "text_encoder/model.safetensors"
    other.rename(other.with_name("model.bf16.safetensors"))
    with pytest.raises(InputError, match=r"vae: its weights are there as fp16 only, and those of others as bf16"):
        models.open_model(model)
