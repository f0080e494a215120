"""CLIP and DINOv2 through timm beside other people's code, on the same synthetic weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import timm_weights
import torch
from safetensors.torch import save_file
from test_fidelity import crops, emptied
from timm.models.vision_transformer import _convert_openai_clip
from torch_fidelity import metric_fid, metric_kid
from torch_fidelity.feature_extractor_clip import build_model
from transformers import Dinov2Config, Dinov2Model

from inpaint_bench.data.images import Pixels
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.features.timm_models import open_network
from inpaint_bench.metrics.features.timm_specs import OF_CLIP, SPECS, TimmFeatures
from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.kid import kernel_distance
from inpaint_bench.weights.synthetic import fill_state_dict

pytestmark = pytest.mark.acceptance

CPU = torch.device("cpu")
SIDE, PICTURES = 224, 12


def openai_shapes(model: str) -> dict[str, tuple[int, ...]]:
    """The names and shapes of CLIP's image tower in its authors' file, from those of timm's."""
    with torch.device("meta"):
        ours = timm.create_model(model, pretrained=False).state_dict()
    width, embedding = ours["norm.weight"].shape[0], ours["head.weight"].shape[0]
    shapes: dict[str, tuple[int, ...]] = {
        "visual.class_embedding": (width,),
        "visual.positional_embedding": tuple(ours["pos_embed"].shape[1:]),
        "visual.proj": (width, embedding),
        "text_projection": (embedding, embedding),
    }
    swaps = {"patch_embed.proj": "conv1", "norm_pre": "ln_pre", "norm1": "ln_1", "norm2": "ln_2", "qkv.": "in_proj_",
             "attn.proj": "attn.out_proj", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "blocks.": "transformer.resblocks."}  # fmt: skip
    for name, tensor in ours.items():
        if name not in ("cls_token", "pos_embed", "head.weight", "head.bias"):
            named = name.replace("norm.", "ln_post.")
            for timms, authors in swaps.items():
                named = named.replace(timms, authors)
            shapes[f"visual.{named}"] = tuple(tensor.shape)
    return shapes


def pictures() -> tuple[list[Pixels], list[Pixels]]:
    """Composites and targets of the network's own size, which nobody resizes."""
    targets = [np.kron(crop[:112, :112], np.ones((2, 2, 1), np.uint8)) for crop in crops()[:PICTURES]]
    return [emptied(picture, number) for number, picture in enumerate(targets)], targets


def test_clip_is_that_of_torch_fidelity_and_so_are_the_distances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = SPECS["clip_b32"]
    state = fill_state_dict(openai_shapes(wanted.model))
    state = {name: one.half().float() for name, one in state.items()}  # the authors' file is of 16 bits
    converted = _convert_openai_clip(state, None)
    save_file({name: one.contiguous() for name, one in converted.items()}, tmp_path / "clip.safetensors")
    monkeypatch.setenv(timm_weights.variable(wanted.model), str(tmp_path / "clip.safetensors"))
    theirs = build_model(dict(state), torch.float32).visual
    mean, deviation = (torch.tensor(some)[:, None, None] for some in OF_CLIP)
    ours, reference = [], []
    for images in pictures():
        levels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
        with torch.inference_mode():
            reference.append(theirs((levels - 255 * mean) / (255 * deviation)))
        ours.append(EXTRACTORS["clip_b32"].open(CPU)(images))
        np.testing.assert_allclose(ours[-1], reference[-1].numpy(), rtol=1e-3, atol=1e-4)
    x, y = (one.double() for one in reference)
    moments = [metric_fid.fid_features_to_statistics(one) for one in (x, y)]
    fid = metric_fid.fid_statistics_to_metric(*moments, verbose=False)[metric_fid.KEY_METRIC_FID]
    kid = metric_kid.kid_features_to_metric(x, y, kid_subsets=1, kid_subset_size=PICTURES, rng_seed=0, verbose=False)[
        metric_kid.KEY_METRIC_KID_MEAN
    ]
    assert frechet_distance(ours[0], ours[1]) == pytest.approx(fid, rel=1e-3)
    assert kernel_distance(ours[0], ours[1]) == pytest.approx(kid, rel=1e-3, abs=1e-6)
    assert fid > 0.01


@pytest.mark.parametrize("name", ["clip_b32", "clip_l336"])
def test_the_authors_files_have_the_tensors_of_timms_models(name: str) -> None:
    shapes, wanted = openai_shapes(SPECS[name].model), SPECS[name]
    with torch.device("meta"):
        tensors = {key: torch.empty(shape) for key, shape in shapes.items()}
        theirs = build_model(dict(tensors), torch.float32).visual.state_dict()
        network = timm.create_model(wanted.model, pretrained=False)
    assert {f"visual.{key}": tuple(one.shape) for key, one in theirs.items()} == {
        key: shape for key, shape in shapes.items() if key.startswith("visual.")
    }
    converted: Mapping[str, Any] = _convert_openai_clip(tensors, network)
    assert {key: one.shape for key, one in converted.items()} == {
        key: one.shape for key, one in network.state_dict().items()
    }


def test_dinov2_is_that_of_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = "vit_small_patch14_dinov2.lvd142m"
    state = timm_weights.synthetic_state(model)
    save_file(state, tmp_path / "dinov2.safetensors")
    monkeypatch.setenv(timm_weights.variable(model), str(tmp_path / "dinov2.safetensors"))
    theirs = Dinov2Model(Dinov2Config(hidden_size=384, num_attention_heads=6, image_size=518, patch_size=14)).eval()
    theirs.load_state_dict(for_transformers(state, theirs.state_dict()))
    opened = open_network(TimmFeatures(model), CPU)
    levels = torch.from_numpy(np.stack(opened.sized(crops()[:1]))).permute(0, 3, 1, 2)
    inputs = opened.inputs(levels)
    assert inputs.shape == (1, 3, 518, 518)
    with torch.inference_mode():
        expected = theirs(inputs).last_hidden_state[:, 0]
        found = opened.network.forward_head(opened.network.forward_features(inputs), pre_logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def for_transformers(state: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors of timm's DINOv2 by the names of transformers."""
    swaps = {"embeddings.cls_token": "cls_token", "embeddings.position_embeddings": "pos_embed",
             "encoder.layer.": "blocks.", "embeddings.patch_embeddings.projection": "patch_embed.proj",
             "attention.o_proj": "attn.proj", "layer_scale1.lambda1": "ls1.gamma",
             "layer_scale2.lambda1": "ls2.gamma", "layernorm": "norm"}  # fmt: skip
    found = {}
    for name in wanted:
        named = name
        for theirs, timms in swaps.items():
            named = named.replace(theirs, timms)
        part = "qkv".find(name.split(".")[-2][0]) if "_proj." in name and "o_proj" not in name else -1
        if part >= 0:
            _, block, *_, kind = named.split(".")
            found[name] = state[f"blocks.{block}.attn.qkv.{kind}"].chunk(3)[part]
        else:
            found[name] = wanted[name] if name == "embeddings.mask_token" else state[named]
    return found
