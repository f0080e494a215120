"""What changes over a run: the learning rate, and which losses are used."""

import math
from dataclasses import dataclass

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from baselines.spn.training.config import Config


@dataclass(frozen=True)
class Phase:
    """Which losses are used at a step of the run."""

    prior: bool
    adversarial: bool
    similarity: float = 0.0  # its weight


def phase_at(config: Config, step: int) -> Phase:
    """The prior loss ends, and the discriminator begins, at a fraction of the run; a term of weight 0 is never used."""
    weights, share = config.weights, step / config.steps
    prior = weights.prior > 0 and config.network.levels > 0 and share < config.prior_until
    adversarial = weights.adversarial > 0 or (config.method == "spn-prob" and weights.feature_matching > 0)
    finish = config.finish
    similarity = finish.similarity if finish is not None and step >= finish.start else 0.0
    return Phase(prior, adversarial and share >= config.adversarial_from, similarity)


def learning_rate(config: Config, step: int) -> float:
    """The learning rate of a step: linear warm-up, then constant with a late drop, or cosine decay."""
    finish = config.finish
    if finish is not None and step >= finish.start:
        step -= finish.start
        if step < finish.warm_up:
            return finish.lr * (step + 1) / finish.warm_up
        return _cosine(finish.lr, config.lr_late, step / (config.steps - finish.start))
    if step < config.warm_up:
        return config.lr * (step + 1) / config.warm_up
    share = step / config.steps
    if config.decay == "step":
        return config.lr if share < config.late else config.lr_late
    return _cosine(config.lr, config.lr_late, share)


def _cosine(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


def scheduler(config: Config, optimiser: Optimizer) -> LambdaLR:
    """Sets the learning rate of an optimiser that was made with lr = 1, step by step."""
    made = LambdaLR(optimiser, lambda step: learning_rate(config, step))
    optimiser.step()  # changes nothing, there are no gradients yet; else the scheduler warns where an update is skipped
    return made
