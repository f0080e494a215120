"""The state of a run, and the checkpoint file from which it resumes to exactly the same numbers.

A checkpoint holds both networks, their optimisers and learning rate schedules, the gradient scaler, the averaged
weights, the step and the best validation so far. The order of photographs, crops, holes and noise all follow from the
step and the seed: there is no other random number generator whose state matters.
"""

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from baselines.spn.training.config import Config
from baselines.spn.training.networks import HEADS, Networks, open_networks
from baselines.spn.training.schedule import scheduler
from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.weights.torch_files import read_torch

FILE = "checkpoint.pt"
SCHEMA = "inpaint-bench training 2"
FREE = {"log_every", "checkpoint_every", "validate_every", "log", "saved", "heads", "compile", "accumulate"}
Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]
PROGRESS = ("step", "best", "best_step", "seconds", "validated")


class Progress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a run is, as the checkpoint says."""

    step: Annotated[int, msgspec.Meta(ge=0)]
    best: float | None
    best_step: Annotated[int, msgspec.Meta(ge=0)]
    seconds: float
    validated: list[dict[str, float]]


@dataclass
class TrainState:
    """Everything that changes during a run."""

    networks: Networks
    optimisers: dict[str, Adam]
    schedulers: dict[str, LambdaLR]
    scaler: torch.amp.GradScaler
    ema: AveragedModel | None
    step: int = 0
    best: float | None = None
    best_step: int = 0
    seconds: float = 0.0
    validated: list[dict[str, float]] = field(default_factory=list)

    @property
    def evaluated(self) -> Any:
        """The generator that is validated and saved: the averaged one, where the run averages."""
        return self.networks.generator if self.ema is None else self.ema.module

    def stateful(self) -> dict[str, Any]:
        """Every part with a state dict, by name."""
        parts = {"generator": self.networks.generator, "discriminator": self.networks.discriminator}
        found: dict[str, Any] = {**parts, "scaler": self.scaler}
        found |= {f"{name}_optimiser": optimiser for name, optimiser in self.optimisers.items()}
        found |= {f"{name}_scheduler": each for name, each in self.schedulers.items()}
        return found if self.ema is None else {**found, "ema": self.ema}


def initial_state(config: Config, device: torch.device) -> TrainState:
    """The state before the first step. Raises InputError as `open_networks` does."""
    networks = open_networks(config, device)
    trained = {"generator": networks.generator, "discriminator": networks.discriminator}
    optimisers = {name: Adam(network.parameters(), lr=1.0, betas=config.betas) for name, network in trained.items()}
    schedulers = {name: scheduler(config, optimiser) for name, optimiser in optimisers.items()}
    scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
    return TrainState(networks, optimisers, schedulers, scaler, averaged(networks.generator, config.ema_decay))


def averaged(generator: nn.Module, decay: float) -> AveragedModel | None:
    """The exponential moving average of the weights; at first nearly a plain mean, to forget initial values."""
    if not decay:
        return None

    def update(average: Tensors, current: Tensors, count: Tensor | int) -> None:
        steps = int(count) - 1
        lerp = get_ema_multi_avg_fn(min(decay, (1 + steps) / (10 + steps)))  # type: ignore[no-untyped-call]
        lerp(average, current, count)

    model = AveragedModel(generator, multi_avg_fn=update)
    model.n_averaged.fill_(1)  # the initial weights are the first of the average; at 0 the first update replaces them
    return model


def facts(config: Config) -> dict[str, Any]:
    """The settings that determine a run's numbers."""
    found: dict[str, Any] = msgspec.to_builtins(config)
    return {key: value for key, value in found.items() if key not in FREE}


def save_checkpoint(out: Path, config: Config, data: str, state: TrainState) -> None:
    """Write the checkpoint atomically; `data` identifies the photographs and masks."""
    content = {name: part.state_dict() for name, part in state.stateful().items()}
    progress = {name: getattr(state, name) for name in PROGRESS}
    buffer = io.BytesIO()
    torch.save({"schema": SCHEMA, "config": facts(config), "data": data, **content, "progress": progress}, buffer)
    files.write_whole(out / FILE, buffer.getvalue())


def resume(out: Path, config: Config, data: str, state: TrainState, device: torch.device) -> None:
    """Load the checkpoint of a folder into the state, if there is one.

    Raises InputError when it is broken or of a run with other settings or data, naming the first that differs.
    """
    path = out / FILE
    content = _read_checkpoint(path, config, data, device)
    if content is None:
        return
    try:
        for name, part in state.stateful().items():
            part.load_state_dict(content[name])
        progress = msgspec.convert(content["progress"], Progress)
    except Exception as error:  # each part has its own way to refuse a state of another kind
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: not a checkpoint of this command ({type(error).__name__}: {reason}). Move it away to start over."
        ) from error
    for name in PROGRESS:
        setattr(state, name, getattr(progress, name))


def _read_checkpoint(path: Path, config: Config, data: str, device: torch.device) -> dict[str, Any] | None:
    if not os.path.lexists(path):
        return None
    if not path.is_file():
        raise InputError(f"{path}: is not a file, and a checkpoint is one. Move it away to start over.")
    content = read_torch(path, device, again="Move it away to start over.")
    if content.get("schema") != SCHEMA:
        raise InputError(f"{path}: not a checkpoint of this command. Choose another --out.")
    before, now = content.get("config"), facts(config)
    if not isinstance(before, dict) or "data" not in content:
        raise InputError(f"{path}: not a checkpoint of this command. Choose another --out.")
    for key in now:
        if before.get(key) != now[key]:
            raise InputError(
                f"{path}: was trained with {key} = {before.get(key)}, and {key} = {now[key]} is requested. "
                "Choose another --out, or the original settings."
            )
    if content["data"] != data:
        raise InputError(f"{path}: was trained on other photographs or masks. Choose another --out, or name those.")
    return content


def save_weights(path: Path, state: TrainState, config: Config) -> None:
    """Write the generator's weights as the adapter of its method loads them."""
    dtype = torch.float16 if config.saved == "float16" else torch.float32
    weights = state.evaluated.state_dict()
    kept = {name: tensor for name, tensor in weights.items() if config.heads or not name.startswith(HEADS)}
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in kept.items()}
    metadata = {"training": f"{config.method}, width {config.network.width}, step {state.step}"}
    files.write_whole(path, save(tensors, metadata=metadata))
