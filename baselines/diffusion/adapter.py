"""Diffusion models take RGB in [0, 1] with zeros in the hole, the mask, 1 in the hole, and a prompt, by diffusers.

Every sample is computed by itself, from noise that its own seed draws on the CPU: it depends on no other image of a
batch and, but for rounding, not on the device.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch

from baselines.diffusion.pipelines import open_pipeline, refuse_long, settings
from baselines.layers import refuse_size
from inpaint_bench.data.tensors import Images, Masks, Samples
from inpaint_bench.weights import Weights

InpaintWithPrompts = Callable[..., Samples]  # of (image, mask, seeds, prompts)


def load(
    weights: Weights,
    device: torch.device,
    *,
    dtype: str,
    scheduler: str,
    prompt: str,
    offload: bool = False,
    **options: object,
) -> InpaintWithPrompts:
    """The pipeline of a model's folder. `prompt` is that of images without one; the others are the card's options."""
    pipeline = open_pipeline(weights, device, dtype, scheduler, offload)
    common = settings(pipeline, options)
    refuse_long(pipeline, str(options.get("negative_prompt", "")))
    refuse_long(pipeline, prompt)
    processor = getattr(pipeline, "image_processor", None)
    multiple = int(processor.config.vae_scale_factor) if processor else 64

    @torch.inference_mode()
    def inpaint(image: Images, mask: Masks, seeds: torch.Tensor, prompts: Sequence[str] = ()) -> Samples:
        refuse_size("this model", image, multiple)
        height, width = image.shape[2:]
        found = []
        for one, hole, of_one, text in zip(image, mask, seeds, prompts or [""] * len(image), strict=True):
            refuse_long(pipeline, text or prompt)
            given = {"prompt": text or prompt, "image": one[None], "mask_image": hole[None]}
            found.append(torch.cat([_sample(pipeline, int(seed), height, width, given | common) for seed in of_one]))
        return torch.stack(found)

    return inpaint


def _sample(pipeline: Any, seed: int, height: int, width: int, given: dict[str, Any]) -> Images:
    """One prediction, (1, 3, height, width) in [0, 1]."""
    noise = torch.Generator("cpu").manual_seed(seed)
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning):  # of what the library calls
            warnings.simplefilter("ignore", kind)
        prediction: Images = pipeline(height=height, width=width, generator=noise, output_type="pt", **given).images
    return prediction.float()
