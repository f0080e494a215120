"""The learning rate of a run."""

import math

from baselines.spn.training.config import Config


def learning_rate(config: Config, step: int) -> float:
    """The learning rate of a step: rising, then constant and dropped late, or falling as a cosine."""
    finish = config.finish
    if finish is not None and step >= finish.start:
        step -= finish.start
        if step < finish.warm_up:
            return finish.lr * (step + 1) / finish.warm_up
        return _falling(finish.lr, config.lr_late, step / (config.steps - finish.start))
    if step < config.warm_up:
        return config.lr * (step + 1) / config.warm_up
    share = step / config.steps
    if config.decay == "step":
        return config.lr if share < config.late else config.lr_late
    return _falling(config.lr, config.lr_late, share)


def _falling(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
