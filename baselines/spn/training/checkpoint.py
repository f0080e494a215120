"""The state of a run on disk: one file, written whole, from which the run goes on to the same numbers.

It holds both networks, both optimisers, the gradient scaler, the running mean of the weights, the step and what was
best so far. Learning rate, order of the pictures, crops, holes and noise all follow from the step and the seed: there
is no other generator of random numbers whose state would matter.
"""

import io
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor

from baselines.spn.training.config import Config
from inpaint_bench import files
from inpaint_bench.errors import InputError

FILE = "checkpoint.pt"
SCHEMA = "inpaint-bench training 1"
FREE = {"log_every", "checkpoint_every", "validate_every", "tensorboard", "saved", "heads", "compile", "accumulate"}


def facts(config: Config) -> dict[str, Any]:
    """What of a run's settings decides its numbers."""
    found: dict[str, Any] = msgspec.to_builtins(config)
    return {key: value for key, value in found.items() if key not in FREE}


def save_checkpoint(out: Path, config: Config, data: str, content: dict[str, Any]) -> None:
    """Write the checkpoint whole; `data` says what the run learns from."""
    buffer = io.BytesIO()
    torch.save({"schema": SCHEMA, "config": facts(config), "data": data, **content}, buffer)
    files.write_whole(out / FILE, buffer.getvalue())


def load_checkpoint(out: Path, config: Config, data: str, device: torch.device) -> dict[str, Any] | None:
    """The checkpoint of a folder, if there is one.

    Raises InputError when it is broken or of a run with other settings or other data, naming the first that differs.
    """
    path = out / FILE
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # whatever torch raises for a file that is none of its own
        raise InputError(f"{path}: not a whole checkpoint. Move it away to begin anew.") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path}: not a checkpoint of this command. Choose another --out.")
    before, now = {**facts(Config()), **content["config"]}, facts(config)
    for key in now:
        if before.get(key) != now[key]:
            raise InputError(
                f"{path}: was trained with {key} = {before.get(key)}, and {key} = {now[key]} is asked for. "
                "Choose another --out, or the settings it began with."
            )
    if content["data"] != data:
        raise InputError(f"{path}: was trained on other pictures or masks. Choose another --out, or give those.")
    return content


def save_weights(path: Path, state: dict[str, Tensor], config: Config, metadata: dict[str, str]) -> None:
    """Write a generator's weights as the adapter of its method loads them."""
    dtype = torch.float16 if config.saved == "float16" else torch.float32
    kept = {name: tensor for name, tensor in state.items() if config.heads or not name.startswith("feature_mapping")}
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in kept.items()}
    files.write_whole(path, save(tensors, metadata=metadata))
