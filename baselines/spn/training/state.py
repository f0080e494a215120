"""What changes as a run goes on: its networks, their optimisers and what was best so far."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from baselines.spn.discriminators import Discriminator, ProbabilisticDiscriminator
from baselines.spn.training.compiling import compile_blocks, keep_in_cache
from baselines.spn.training.config import Config
from baselines.spn.training.perception import open_vgg
from baselines.spn.training.pretext import open_pretext
from baselines.spn.training.step import Players
from baselines.spn.training.variants import build

REMEMBERED = ("step", "best", "best_step", "seconds", "validated")


@dataclass
class State:
    """What changes as a run goes on, and is what a checkpoint holds."""

    players: Players
    optimisers: dict[str, torch.optim.Adam]
    scaler: torch.amp.GradScaler
    average: dict[str, Tensor]
    step: int = 0
    best: float | None = None
    best_step: int = 0
    seconds: float = 0.0
    validated: list[dict[str, float]] = field(default_factory=list)


def open_state(config: Config, device: torch.device) -> State:
    """The networks of a run as its seed makes them, and their optimisers."""
    pretext = open_pretext(config)
    torch.manual_seed(config.seed)
    generator = build(config, pretext.channels if pretext else None)
    width = config.network.discriminator
    judge = Discriminator(width) if config.method == "spn" else ProbabilisticDiscriminator(width)
    vgg = open_vgg(config)
    networks: list[nn.Module | None] = [generator, judge, pretext, vgg]
    for network in networks:
        if network is not None:
            network.to(device).to(memory_format=torch.channels_last)
    keep_in_cache()
    if config.compile:
        compile_blocks(generator)
    players = Players(generator, judge, pretext, vgg)
    optimisers = {
        who: torch.optim.Adam(network.parameters(), lr=config.lr, betas=config.betas)
        for who, network in (("generator", generator), ("discriminator", judge))
    }
    scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
    average = {name: value.detach().clone() for name, value in generator.state_dict().items()} if config.average else {}
    return State(players, optimisers, scaler, average)


def restore(state: State, content: dict[str, Any] | None) -> None:
    """Put a checkpoint's content into the state; nothing where there is none."""
    if content is None:
        return
    state.players.generator.load_state_dict(content["generator"])
    state.players.discriminator.load_state_dict(content["discriminator"])
    for who, optimiser in state.optimisers.items():
        optimiser.load_state_dict(content["optimisers"][who])
    state.scaler.load_state_dict(content["scaler"])
    for name, value in content["average"].items():
        state.average[name].copy_(value)
    for name in REMEMBERED:
        setattr(state, name, content[name])


def content_of(state: State) -> dict[str, Any]:
    """What a checkpoint holds of the state."""
    return {
        "generator": state.players.generator.state_dict(),
        "discriminator": state.players.discriminator.state_dict(),
        "optimisers": {who: optimiser.state_dict() for who, optimiser in state.optimisers.items()},
        "scaler": state.scaler.state_dict(),
        "average": state.average,
        **{name: getattr(state, name) for name in REMEMBERED},
    }
