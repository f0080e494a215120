"""One training step: the discriminator's update, then the generator's, as in the authors' code of both methods."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.spn.discriminators import DiscriminatorOutput
from baselines.spn.training import losses
from baselines.spn.training.checkpoint import TrainState
from baselines.spn.training.config import Config
from baselines.spn.training.data import Examples
from baselines.spn.training.distributed import Processes, synchronised
from baselines.spn.training.losses import Terms
from baselines.spn.training.networks import GeneratorPass, Noise, Output
from baselines.spn.training.schedule import Phase, phase_at


@dataclass(frozen=True)
class Part:
    """A micro-batch: its share of the batch and of the noise, and whether it is the last."""

    examples: Examples
    noise: Noise | None
    last: bool


class TrainStep:
    """Updates both networks of a state on one batch."""

    def __init__(self, config: Config, state: TrainState, processes: Processes) -> None:
        self.config, self.state = config, state
        ends = config.prior_until < 1  # the prior loss, and with it the use of the heads
        self.generate = processes.parallel(GeneratorPass(state.networks.generator), find_unused=ends)
        self.discriminate = processes.parallel(state.networks.discriminator)

    def __call__(self, examples: Examples, noise: Noise | None) -> Terms:
        """One step on a batch; every loss, as its mean over the micro-batches."""
        phase = phase_at(self.config, self.state.step)
        parts = list(_parts(examples, noise, self.config.accumulate))
        outputs: list[Output | None] = [None] * len(parts)
        real: list[DiscriminatorOutput | None] = [None] * len(parts)
        found: list[Terms] = []
        if phase.adversarial:
            for number, part in enumerate(parts):
                with torch.set_grad_enabled(len(parts) == 1):  # a batch in one part needs one pass for both updates
                    outputs[number] = self._generate(part, phase)
                real[number], terms = self._update_discriminator(part, outputs[number])
                found.append(terms)
        for number, part in enumerate(parts):
            output = outputs[number] if len(parts) == 1 else None
            found.append(self._update_generator(part, output, real[number], phase))
        self.state.step += 1
        for each in self.state.schedulers.values():
            each.step()
        names = dict.fromkeys(name for terms in found for name in terms)
        return {name: torch.stack([terms[name].detach() for terms in found if name in terms]).mean() for name in names}

    def _generate(self, part: Part, phase: Phase) -> Output:
        with self._autocast():
            output: Output = self.generate(part.examples.image, part.examples.mask, part.noise, phase.prior)
        return output

    def _update_discriminator(self, part: Part, output: Output | None) -> tuple[DiscriminatorOutput, Terms]:
        """Its answer for the targets before the update, and the losses."""
        assert output is not None
        with synchronised(self.discriminate, part.last):
            with self._autocast():
                real: DiscriminatorOutput = self.discriminate(part.examples.image)
                fake: DiscriminatorOutput = self.discriminate(output.prediction.detach())
                terms = losses.discriminator(real, fake, self.config.adversarial_loss)
            self._backward(terms["d_total"])
        if part.last:
            self._step("discriminator")
        return DiscriminatorOutput(real.patches.detach(), tuple(x.detach() for x in real.features)), terms

    def _update_generator(
        self, part: Part, output: Output | None, real: DiscriminatorOutput | None, phase: Phase
    ) -> Terms:
        networks = self.state.networks
        with synchronised(self.generate, part.last):
            with self._autocast(), frozen(networks.discriminator):
                if output is None:
                    output = self._generate(part, phase)
                terms = losses.generator_losses(networks, part.examples, output, real, self.config, phase)
            self._backward(terms["g_total"])
        if part.last:
            self._step("generator")
            self.state.scaler.update()
            if self.state.ema is not None:
                self.state.ema.update_parameters(networks.generator)
        return terms

    def _autocast(self) -> AbstractContextManager[object]:
        dtype = torch.float16 if self.config.precision == "fp16" else torch.bfloat16
        device = next(self.state.networks.generator.parameters()).device
        return torch.autocast(device.type, dtype=dtype, enabled=self.config.precision != "float32")

    def _backward(self, loss: Tensor) -> None:
        self.state.scaler.scale(loss / self.config.accumulate).backward()  # type: ignore[no-untyped-call]

    def _step(self, name: str) -> None:
        scaler, optimiser = self.state.scaler, self.state.optimisers[name]
        if name == "generator" and self.config.clip:
            scaler.unscale_(optimiser)
            nn.utils.clip_grad_norm_(self.state.networks.generator.parameters(), self.config.clip)
        scaler.step(optimiser)
        optimiser.zero_grad(set_to_none=True)


def _parts(examples: Examples, noise: Noise | None, count: int) -> Iterator[Part]:
    for number in range(count):
        drawn = None if noise is None else noise.chunk(count, dim=1)[number]
        yield Part(examples.part(number, count), drawn, number == count - 1)


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Compute no gradients for the network's own parameters; its input still gets one."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
