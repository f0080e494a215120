"""Features of any model of timm, with its own preprocessing or with that of a paper.

`open_network` gives the network with its preprocessing, for whatever is taken from it; `open_features` the extractor.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from jaxtyping import Float32, UInt8
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from timm.models import PretrainedCfg, VisionTransformer, get_pretrained_cfg
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor
from torch.nn import functional

from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.features.extractor import Extract
from inpaint_bench.metrics.features.networks import Levels, built_once, in_chunks
from inpaint_bench.metrics.features.timm_files import TimmFile, hash_of
from inpaint_bench.metrics.features.timm_specs import FLOAT_BICUBIC, Preprocessing, TimmFeatures
from inpaint_bench.weights.file_kinds import is_torch
from inpaint_bench.weights.loading import refuse_differences, refuse_infinite
from inpaint_bench.weights.tensor_files import read_tensors
from inpaint_bench.weights.torch_files import ProgramError, read_torch

Sized = UInt8[np.ndarray, "rows columns 3"]
Inputs = Float32[Tensor, "chunk 3 rows columns"]
OF_DINOV2 = r"(cls|mask)_token|pos_embed|register_tokens|(patch_embed|blocks|norm|head)\.[a-z0-9_.]+"  # names
DINOV2_OFFSET = 0.1  # DINOv2's code adds it to the new side of the grid before it divides by the old one


@dataclass(frozen=True, eq=False)
class Opened:
    """A network in evaluation mode on its device, and what becomes of a picture before it."""

    network: Any
    preprocessing: Preprocessing

    def sized(self, images: Sequence[Pixels]) -> Sequence[Sized]:
        """The pictures as the network's input has them in 8 bits; as they are where they are resized in floats."""
        how = self.preprocessing
        if how.interpolation == FLOAT_BICUBIC:
            return images
        transform = create_transform(
            (3, *how.size), interpolation=how.interpolation, crop_pct=how.crop_pct, crop_mode=how.crop, normalize=False
        )
        return [transform(Image.fromarray(image)).permute(1, 2, 0).numpy() for image in images]

    def inputs(self, levels: Levels) -> Inputs:
        """What the network is given of pictures that are `sized`."""
        how = self.preprocessing
        values = levels.float() / 255
        if how.interpolation == FLOAT_BICUBIC:
            values = functional.interpolate(values, how.size, mode="bicubic", align_corners=False)
        mean, deviation = (torch.tensor(some, device=levels.device)[:, None, None] for some in (how.mean, how.std))
        return (values - mean) / deviation


def open_network(wanted: TimmFeatures, device: torch.device) -> Opened:
    """The network of a model of timm with its weights, once per process, file and device.

    Raises InputError where timm or the weights are missing, timm has no such model, or the file is of another network;
    HashError where our copy of the file has changed.
    """
    path = TimmFile(wanted.model).found()
    return _opened(wanted, path, hash_of(path), device)


@built_once
def _opened(wanted: TimmFeatures, path: Path, sha256: str, device: torch.device) -> Opened:
    network = load_model(wanted.model, state_of(path, wanted.model), str(path))
    how = wanted.preprocessing or own_preprocessing(wanted.model)
    if wanted.dinov2_positions:
        network = _of_size(network, wanted.model, how.size)
    return Opened(network.to(device), how)


def open_features(wanted: TimmFeatures, device: torch.device) -> Extract:
    """Load the extractor: what `wanted` says of the model's output, per 8-bit RGB image. Raises as `open_network`."""
    opened = open_network(wanted, device)
    numbers = width_of(wanted)

    def features(levels: Levels) -> Float32[Tensor, "chunk numbers"]:
        rows = _output(opened.network, wanted, opened.inputs(levels))
        if rows.shape[1:] != (numbers,):
            raise InputError(
                f"timm's {wanted.model} gives features of shape {tuple(rows.shape[1:])} an image where {numbers} "
                "numbers are expected: it cannot be an extractor. Choose another model."
            )
        return rows

    return lambda images: in_chunks(features, numbers, device, opened.sized(images)) if len(images) else _none(numbers)


def _none(numbers: int) -> Float32[np.ndarray, "0 numbers"]:
    return np.empty((0, numbers), np.float32)


def _output(network: Any, wanted: TimmFeatures, inputs: Inputs) -> Float32[Tensor, "chunk numbers"]:
    if wanted.output == "pooled":
        return torch.as_tensor(network.forward_head(network.forward_features(inputs), pre_logits=True))
    projected: Tensor = network(inputs)
    return functional.normalize(projected, dim=1) if wanted.output == "unit" else projected


def state_of(path: Path, model: str) -> dict[str, Tensor]:
    """The tensors of a file of safetensors or of torch, for a model of timm.

    Raises InputError for any other file, and for a damaged one.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    with open(path, "rb") as file:
        head = file.read(512)
    try:
        state = read_torch(path) if is_torch(head) else read_tensors(path)
    except ProgramError as error:
        raise InputError(
            f"{path}: a TorchScript program, as OpenAI publishes CLIP, not weights. Give timm's file, "
            f"model.safetensors of https://huggingface.co/timm/{model}, or fetch it: inpaint-bench weights "
            f"fetch timm/{model}."
        ) from error
    strange = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if strange:
        raise InputError(f"{path}: holds more than tensors by name (such as '{strange[0]}'). Save the tensors alone.")
    return state


def load_model(model: str, state: Mapping[str, Tensor], where: str) -> Any:
    """A model of timm with these tensors, on the CPU; `where` names their file. Of DINOv2 they may have Meta's names.

    Raises InputError where timm has no such model, and unless every name, shape and kind of number matches.
    """
    network = _built(model)
    state = by_timms_names(state, network)
    refuse_differences(where, state, network.state_dict())
    network.load_state_dict(dict(state), strict=True)
    refuse_infinite(where, network.state_dict())
    return network.eval().requires_grad_(False)


def by_timms_names(state: Mapping[str, Tensor], network: Any) -> Mapping[str, Tensor]:
    """The tensors of a file of DINOv2's authors by timm's names, by timm's converter; of any other file as they are.

    Such a file has the token of masked patches, which only training uses. Nothing but that is left out, and nothing is
    resampled: where timm's converter would do so, the file is of another network.
    """
    own = network.state_dict()
    wanted = {name: own[name].shape for name in ("cls_token", "pos_embed", "patch_embed.proj.weight") if name in own}
    if not isinstance(network, VisionTransformer) or len(wanted) < 3 or "mask_token" in own:
        return state
    if not all(re.fullmatch(OF_DINOV2, name) for name in state):
        return state
    positions = wanted["pos_embed"][1] + ("register_tokens" in state)
    wanted["pos_embed"] = torch.Size((1, positions, network.embed_dim))
    wanted["mask_token"] = torch.Size((1, network.embed_dim))
    if any(name not in state or state[name].shape != shape for name, shape in wanted.items()):
        return state
    converted: dict[str, Tensor] = checkpoint_filter_fn(dict(state), network)
    return converted if len(converted) == len(state) - 1 else state


def _built(model: str, **settings: Any) -> Any:
    """A model of timm, whose values are still to be loaded. Raises InputError where timm has no such model."""
    config_of(model)
    with torch.device("meta"):  # no random initialisation: the weights replace it
        network = timm.create_model(model, pretrained=False, **settings)
    kept = network.state_dict()
    if all(name in kept for name, _ in network.named_buffers()):
        return network.to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):  # constants that are computed, and lie in no file
        return timm.create_model(model, pretrained=False, **settings)


def config_of(model: str) -> PretrainedCfg:
    """What timm says of a model's weights. Raises InputError where it has no such model."""
    try:
        found = get_pretrained_cfg(model, allow_unregistered=False)
    except RuntimeError as error:
        near = did_you_mean(model, [*timm.list_models(), *timm.list_pretrained()]).partition("Known:")[0]
        raise InputError(f"timm {timm.__version__} has no model '{model}'. {near}All: timm.list_models().") from error
    assert found is not None
    return found


def own_preprocessing(model: str) -> Preprocessing:
    """The preprocessing of timm's configuration of a model, for evaluation."""
    given = resolve_model_data_config(None, pretrained_cfg=config_of(model).to_dict())
    size, mean, deviation = (tuple(given[name]) for name in ("input_size", "mean", "std"))
    return Preprocessing(
        size[1:], given["interpolation"], given["crop_mode"], float(given["crop_pct"]), mean, deviation
    )


def width_of(wanted: TimmFeatures) -> int:
    """How many features an image has."""
    if wanted.width:
        return wanted.width
    return _own_width(wanted.model)


@built_once
def _own_width(model: str) -> int:
    with torch.device("meta"):
        network = timm.create_model(config_of(model) and model, pretrained=False)
    return int(getattr(network, "head_hidden_size", None) or network.num_features)


def _of_size(network: Any, model: str, size: tuple[int, int]) -> Any:
    """A vision transformer for pictures of another size, its position embeddings resampled as DINOv2's code does.

    That is bicubic without antialiasing, with a factor of (new side + 0.1) / old side, where timm resizes to the new
    side with antialiasing.
    """
    resized = _built(model, img_size=size)
    rows, columns = resized.patch_embed.grid_size
    before, state = network.patch_embed.grid_size, network.state_dict()
    classes, grid = state["pos_embed"][:, :1], state["pos_embed"][:, 1:]
    factors = [(new + DINOV2_OFFSET) / old for new, old in zip((rows, columns), before, strict=True)]
    maps = grid.reshape(1, *before, -1).permute(0, 3, 1, 2)
    fitted = functional.interpolate(maps, scale_factor=factors, mode="bicubic", align_corners=False)
    assert fitted.shape[2:] == (rows, columns)
    state["pos_embed"] = torch.cat([classes, fitted.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)], dim=1)
    resized.load_state_dict(state, strict=True)
    return resized.eval().requires_grad_(False)
