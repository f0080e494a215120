"""CLIP score and CLIP-IQA, by torchmetrics on a CLIP model of transformers. Every image goes through alone."""

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError, some
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.clip_folder import CLIP
from inpaint_bench.metrics.features.networks import built_once, each
from inpaint_bench.metrics.pixel_stats import PerImage

LONGEST = 77  # tokens of a prompt, with those of its start and end


def clip_score(batch: Batch) -> PerImage:
    """CLIP score: how well the composite fits the pair's prompt, of the whole image.

    100 times the cosine between CLIP's embeddings of image and prompt, and 0 where that is negative. The model is
    openai/clip-vit-large-patch14, with its own preprocessing: the shorter side to 224, the middle square. A prompt is
    cut to 77 tokens, as CLIP takes no more.

    Range: 0 to 100, in practice 15 to 35; higher is better, nan for a pair without a prompt.
    Source: Hessel et al. 2021, with another factor; torchmetrics.
    Raises InputError where the model is not here, and for a batch without prompts.
    """
    from torchmetrics.functional.multimodal import clip_score as of_torchmetrics

    if len(batch.prompts) != len(batch.composites):
        raise InputError("clip_score compares an image with its prompt: give one prompt per image, '' for none.")
    model = _opened(CLIP.found(), CLIP.sha256, batch.device)

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
    model = _opened(CLIP.found(), CLIP.sha256, batch.device)

    def score(pixels: Pixels) -> float:
        levels = _levels(pixels, batch.device)[None].float()
        return float(of_torchmetrics(levels, lambda: model, data_range=1.0))  # the model's preprocessing divides by 255

    return np.array(each(score, list(batch.composites), batch.device), np.float64)


def _levels(pixels: Pixels, device: torch.device) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).to(device)


class _Towers:
    """A CLIP model as torchmetrics calls one: it expects embeddings, which transformers wraps since version 5."""

    def __init__(self, model: Any) -> None:
        self.model, self.config = model, model.config

    def to(self, _: torch.device) -> "_Towers":
        """Itself: it is where it was opened."""
        return self

    def get_image_features(self, pixels: Tensor) -> Tensor:
        """Embeddings of images."""
        return _embedding(self.model.get_image_features(pixel_values=pixels))

    def get_text_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Embeddings of texts."""
        return _embedding(self.model.get_text_features(input_ids=tokens, attention_mask=mask))


def _embedding(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else torch.as_tensor(output.pooler_output)


@built_once
def _opened(folder: Path, sha256: str, device: torch.device) -> tuple[_Towers, Any]:
    """CLIP's towers and what prepares their inputs. Raises InputError for files of another network."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    settings = {"local_files_only": True, "trust_remote_code": False}
    try:
        with torch.random.fork_rng(devices=[]):  # what the file lacks would be drawn, and is refused below
            model, info = transformers.CLIPModel.from_pretrained(
                folder, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **settings
            )
        processor = transformers.CLIPProcessor.from_pretrained(folder, **settings)
    except Exception as error:  # the library raises many kinds
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{folder}: not a CLIP model that transformers opens ({reason}). Fetch it again.") from error
    constants = [name for name in info["unexpected_keys"] if name.endswith("position_ids")]  # of old versions
    wrong = {*info["missing_keys"], *info["unexpected_keys"], *map(str, info["mismatched_keys"])} - {*constants}
    wrong |= {name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()}
    if wrong:
        raise InputError(f"{folder}: its weights are not whole, or of another network ({some(sorted(wrong))}).")
    network = model.eval().requires_grad_(False).to(device)
    return _Towers(network), functools.partial(_prepared, processor)


def _prepared(processor: Any, text: Any = None, images: Any = None, **settings: Any) -> Any:
    """The inputs of a tower; a text that is too long is cut and keeps its end token."""
    if text is None:
        return processor(images=images, **settings)
    return processor(text=text, truncation=True, max_length=LONGEST, **settings)
