"""CLIP score and CLIP-IQA, by torchmetrics on a CLIP model of transformers. Every image goes through alone."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.clip_folder import CLIP
from inpaint_bench.metrics.features.clip_model import open_clip
from inpaint_bench.metrics.features.networks import each
from inpaint_bench.metrics.pixel_stats import PerImage

LONGEST = 77  # tokens of a prompt, with those of its start and end
SHOWN = 60  # characters of a prompt in an error


def clip_score(batch: Batch) -> PerImage:
    """CLIP score: how well the composite fits the pair's prompt, of the whole image.

    100 times the cosine between CLIP's embeddings of image and prompt, and 0 where that is negative. The model is
    openai/clip-vit-large-patch14, with its own preprocessing: the shorter side to 224, the middle square. CLIP reads 77
    tokens, and longer prompts are refused.

    Range: 0 to 100, in practice 15 to 35; higher is better, nan for a pair without a prompt.
    Source: Hessel et al. 2021, with another factor; torchmetrics.
    Raises InputError where the model is not here, for a batch without prompts, and for a prompt of more than 77 tokens.
    """
    from torchmetrics.functional.multimodal import clip_score as of_torchmetrics

    if len(batch.prompts) != len(batch.composites):
        raise InputError("clip_score compares an image with its prompt: give one prompt per image, '' for none.")
    model = open_clip(CLIP.found(), CLIP.sha256, batch.device)
    for prompt in batch.prompts:
        _refuse_long(model[1], prompt)

    def score(one: tuple[Pixels, str]) -> float:
        pixels, prompt = one
        return float(of_torchmetrics(_levels(pixels, batch.device), prompt, lambda: model)) if prompt else math.nan

    pairs = list(zip(batch.composites, batch.prompts, strict=True))
    return np.array(each(score, pairs, batch.device), np.float64)


def clip_iqa(batch: Batch) -> PerImage:
    """CLIP-IQA: whether CLIP finds the composite nearer to "Good photo." than to "Bad photo.".

    The softmax of 100 times the cosines between the embeddings of the image and of the two prompts. The model is
    openai/clip-vit-large-patch14, with its own preprocessing and positions; the paper has ResNet-50 without positions,
    on images of their own size, whose values are others.

    Range: 0 to 1; higher is better.
    Source: Wang et al. 2023; torchmetrics.
    Raises InputError where the model is not here.
    """
    from torchmetrics.functional import multimodal

    of_torchmetrics: Any = multimodal.clip_image_quality_assessment  # typed for names of models alone
    model = open_clip(CLIP.found(), CLIP.sha256, batch.device)

    def score(pixels: Pixels) -> float:
        levels = _levels(pixels, batch.device)[None].float()
        return float(of_torchmetrics(levels, lambda: model, data_range=1.0))  # the model's preprocessing divides by 255

    return np.array(each(score, list(batch.composites), batch.device), np.float64)


def _levels(pixels: Pixels, device: torch.device) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).to(device)


def _refuse_long(processor: Any, prompt: str) -> None:
    """Raise InputError for a prompt whose end CLIP would not see.

    A tokenizer keeps the settings of a call, and threads share it: they are those of torchmetrics' own calls.
    """
    tokens = len(processor(text=[prompt], padding=True).input_ids[0])
    if tokens > LONGEST:
        start = prompt if len(prompt) <= SHOWN else f"{prompt[:SHOWN]}…"
        raise InputError(
            f"clip_score: the prompt {start!r} has {tokens} tokens where CLIP reads {LONGEST}, and the rest would be "
            "cut. Shorten it, or leave out clip_score."
        )
