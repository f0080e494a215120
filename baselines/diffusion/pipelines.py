"""Pipelines of diffusers, opened from a folder: no network, no code of the model's, safetensors only."""

import contextlib
import inspect
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.weights import Weights
from inpaint_bench.weights.models import open_index, variant

PARAMETERS = {"steps": "num_inference_steps", "guidance": "guidance_scale"}  # our names and the library's
USUAL = {"guidance": 7.5, "strength": 1.0}  # of the card's method for any model, which has every option
CLIP = 77  # tokens; the limit of a call is that of longer texts
UNSEEDED = ("DPMSolverSDEScheduler",)  # its noise is torch's own, not the sample's
OFF = {"safety_checker": None, "requires_safety_checker": False, "add_watermarker": False}


def open_pipeline(weights: Weights, device: torch.device, dtype: str, scheduler: str, offload: bool) -> Any:
    """A pipeline with its weights on a device; with `offload` one part at a time is there.

    Raises InputError for a model that does not inpaint or is not whole, for a scheduler that does not fit, and for
    `offload` on a CPU.
    """
    if offload and device.type != "cuda":
        raise InputError("--offload keeps parts of a model off the GPU, and there is none here. Leave it out.")
    assert weights.path is not None
    pipeline = _read(weights.path, getattr(torch, dtype))
    pipeline.set_progress_bar_config(disable=True)
    if scheduler:
        pipeline.scheduler = _scheduler(pipeline, scheduler)
    if offload:
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.to(device)
    return pipeline


def _read(folder: Path, dtype: torch.dtype) -> Any:
    """The pipeline that inpaints with a model: its own class, or the one that the library has for such models."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
    index = open_index(folder)
    own: Any = getattr(diffusers, index.kind, None)
    if not isinstance(own, type):
        raise InputError(f"{folder}: diffusers {diffusers.__version__} has no pipeline '{index.kind}'. Update it.")
    takes_masks = "mask_image" in inspect.signature(own.__call__).parameters
    known = inspect.signature(own).parameters
    off: dict[str, object] = {name: value for name, value in OFF.items() if name in known}
    off |= dict.fromkeys(name for name in index.absent if name in known)
    kind: Any = own if takes_masks else diffusers.AutoPipelineForInpainting
    with _complaints() as complaints:
        try:
            pipeline = kind.from_pretrained(
                folder, torch_dtype=dtype, variant=variant(folder) or None, use_safetensors=True,
                local_files_only=True, trust_remote_code=False, **off,
            )  # fmt: skip
        except ValueError as error:
            if "can't find a pipeline" not in str(error):
                raise
            raise InputError(
                f"{folder}: a pipeline '{index.kind}', for which diffusers has none that inpaints."
            ) from error
    _refuse_partial(folder, pipeline, complaints)
    return pipeline


class _Listener(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self.heard = heard

    def emit(self, entry: logging.LogRecord) -> None:
        self.heard.append(entry.getMessage())


@contextlib.contextmanager
def _complaints() -> Iterator[list[str]]:
    """What diffusers and transformers log while a model is read, in place of their showing it; no progress bars."""
    import diffusers
    import transformers

    heard: list[str] = []
    handler = _Listener(heard)
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_warning()
        library.utils.logging.disable_progress_bar()
        library.utils.logging.disable_default_handler()
        logging.getLogger(library.__name__).addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield heard
    finally:
        for library in (diffusers, transformers):
            logging.getLogger(library.__name__).removeHandler(handler)
            library.utils.logging.enable_default_handler()
            library.utils.logging.set_verbosity_error()


def _refuse_partial(folder: Path, pipeline: Any, complaints: list[str]) -> None:
    """Raise InputError where a weight was missing, and the library drew it at random, and for NaN and infinity."""
    for text in complaints:
        if "newly initialized" in text:
            words = " ".join(text.split())
            raise InputError(f"{folder}: weights are missing, and would be drawn at random: {words[:200]}…")
    for name, part in pipeline.components.items():
        if isinstance(part, torch.nn.Module) and not all(bool(one.isfinite().all()) for one in part.parameters()):
            raise InputError(f"{folder}: {name} holds NaN or infinite values: the file is damaged. Fetch it again.")


def _scheduler(pipeline: Any, name: str) -> Any:
    """A scheduler by its class, with the configuration of the model's own.

    Raises InputError for one that does not fit, and for one that draws noise from no generator: its outputs would
    depend on what was computed before.
    """
    fitting = {kind.__name__: kind for kind in pipeline.scheduler.compatibles if kind.__name__ not in UNSEEDED}
    if name not in fitting:
        raise InputError(f"no scheduler of this model is called '{name}'. {did_you_mean(name, fitting)}")
    return fitting[name].from_config(pipeline.scheduler.config)


def settings(pipeline: Any, options: dict[str, object]) -> dict[str, object]:
    """The options as the pipeline takes them; one at its usual value that the pipeline does not take is left out.

    Raises InputError for another one that it does not take, and for a strength that leaves no step.
    """
    known = inspect.signature(pipeline.__call__).parameters
    guided = getattr(getattr(getattr(pipeline, "transformer", None), "config", None), "guidance_embeds", True)
    found: dict[str, object] = {}
    for name, value in options.items():
        named = PARAMETERS.get(name, name)
        if named in known and (guided or name != "guidance"):
            found[named] = value
        elif value != USUAL.get(name, ""):
            raise InputError(f"{type(pipeline).__name__} of diffusers takes no {name}. Leave that option out.")
    steps, strength = found.get("num_inference_steps", 1), found.get("strength", 1.0)
    if isinstance(steps, int) and isinstance(strength, float) and int(steps * strength) < 1:
        raise InputError(f"a strength of {strength:g} leaves none of {steps} steps. Give more of one of them.")
    return {name: value for name, value in found.items() if value != ""}


def refuse_long(pipeline: Any, prompt: str) -> None:
    """Raise InputError for a prompt that every tokenizer of the pipeline would cut."""
    tokenizers = [one for name in ("tokenizer", "tokenizer_2", "tokenizer_3") if (one := getattr(pipeline, name, None))]
    usual = inspect.signature(pipeline.__call__).parameters.get("max_sequence_length")
    most_of_call = usual.default if usual is not None and isinstance(usual.default, int) else None
    found = []
    for tokenizer in tokenizers:
        most = int(tokenizer.model_max_length)
        most = most if most_of_call is None or most <= CLIP else min(most, most_of_call)
        found.append((len(tokenizer(prompt).input_ids), most))
    if found and all(length > most for length, most in found):
        length, most = max(found, key=lambda pair: pair[1])
        raise InputError(f"a prompt of {length} tokens; the model takes {most}, and the rest would be cut off.")
