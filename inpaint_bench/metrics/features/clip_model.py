"""The CLIP model of a folder, opened by transformers as torchmetrics calls one.

The library builds what the folder's settings say, of any size. They are therefore compared with the tensors first, and
what it made of the settings for pictures and texts is tried once.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from inpaint_bench.errors import InputError, some
from inpaint_bench.metrics.features.clip_folder import WEIGHTS
from inpaint_bench.metrics.features.networks import built_once
from inpaint_bench.weights.loading import refuse_differences

LARGEST = 1024  # pixels a side of what pictures are resized to
TOWERS = ("text", "vision")
SETTINGS = {"local_files_only": True, "trust_remote_code": False}


class Towers:
    """A CLIP model as torchmetrics calls one: it expects embeddings, which transformers wraps since version 5."""

    def __init__(self, model: Any, where: str) -> None:
        self.model, self.config, self.where = model, model.config, where

    def to(self, _: torch.device) -> "Towers":
        """Itself: it is where it was opened."""
        return self

    def get_image_features(self, pixels: Tensor) -> Tensor:
        """Embeddings of images. Raises InputError where they are not finite."""
        return self._embedding(self.model.get_image_features(pixel_values=pixels))

    def get_text_features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Embeddings of texts. Raises InputError where they are not finite."""
        return self._embedding(self.model.get_text_features(input_ids=tokens, attention_mask=mask))

    def _embedding(self, output: Any) -> Tensor:
        found = output if isinstance(output, Tensor) else torch.as_tensor(output.pooler_output)
        if not found.isfinite().all():
            raise InputError(f"{self.where}: its embeddings are not finite. Fetch it again.")
        return found


@built_once
def open_clip(folder: Path, sha256: str, device: torch.device) -> tuple[Towers, Any]:
    """CLIP's towers and what prepares their inputs, once per process, files and device.

    Raises InputError for files of another network, and for damaged ones.
    """
    import transformers

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        config = transformers.CLIPConfig.from_pretrained(folder, **SETTINGS)
        _refuse_misfit(folder, config, transformers.CLIPModel)
        with torch.random.fork_rng(devices=[]):  # what the file lacks would be drawn, and is refused below
            model, info = transformers.CLIPModel.from_pretrained(
                folder, config=config, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **SETTINGS
            )
        processor = transformers.CLIPProcessor.from_pretrained(folder, **SETTINGS)
        _try(processor, model.config)
    except InputError:
        raise
    except Exception as error:  # the library raises many kinds
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{folder}: not a CLIP model that transformers opens ({reason}). Fetch it again.") from error
    wrong = {*info["missing_keys"], *map(str, info["mismatched_keys"])}
    wrong |= {name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()}
    if wrong:
        raise InputError(f"{folder}: its weights are not whole, or of another network ({some(sorted(wrong))}).")
    return Towers(model.eval().requires_grad_(False).to(device), str(folder)), processor


def _refuse_misfit(folder: Path, config: Any, network: Any) -> None:
    """Raise InputError unless the tensors of the file have the names and shapes that the settings ask for.

    Layers are counted first: they are built one by one, where sizes cost nothing.
    """
    with safe_open(folder / WEIGHTS, "pt") as file:
        sizes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    for tower in TOWERS:
        start = f"{tower}_model.encoder.layers."
        layers = {name.removeprefix(start).partition(".")[0] for name in sizes if name.startswith(start)}
        stated = getattr(config, f"{tower}_config").num_hidden_layers
        if stated != len(layers):
            raise InputError(
                f"{folder}: its config.json states {str(stated)[:20]} layers of the {tower} model, and {WEIGHTS} has "
                f"{len(layers)}. Fetch it again."
            )
    with torch.device("meta"):
        wanted = network(config).state_dict()
        given = {name: torch.empty(size) for name, size in sizes.items() if not name.endswith("position_ids")}
    refuse_differences(str(folder / WEIGHTS), given, wanted)


def _try(processor: Any, config: Any) -> None:
    """Raise ValueError unless pictures and texts become inputs of the model's size, and of finite numbers."""
    side, settings = config.vision_config.image_size, processor.image_processor
    for size in (settings.size, settings.crop_size):
        if any(not 0 < length <= LARGEST for length in dict(size).values()):
            raise ValueError(f"pictures are resized or cut to {dict(size)}")
    levels = torch.zeros((3, side, 2 * side), dtype=torch.uint8)
    pixels = processor(images=[levels], return_tensors="pt", padding=True)["pixel_values"]
    if pixels.shape != (1, 3, side, side) or not pixels.isfinite().all():
        raise ValueError(f"pictures become inputs of shape {tuple(pixels.shape)}, or not finite")
    tokens = processor(text=["a", "Good photo."], return_tensors="pt", padding=True)["input_ids"]
    if tokens.ndim != 2 or len(processor.tokenizer) > config.text_config.vocab_size:
        raise ValueError(f"it has {len(processor.tokenizer)} tokens, and the model {config.text_config.vocab_size}")
