"""Every loss of SPN: as in the authors' code, and as printed in the paper.

Each term is returned without its weight. Predictions are raw, never composited. A mean is over all elements: images,
channels and pixels. `README.md` in this folder lists the differences between code and paper.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from baselines.spn.discriminators import DiscriminatorOutput
from baselines.spn.training.config import Adversarial, Config, Form
from baselines.spn.training.data import Examples
from baselines.spn.training.networks import Networks, Output
from baselines.spn.training.schedule import Phase
from inpaint_bench.data.tensors import Images, Masks

Scalar = Float[Tensor, ""]
Map = Float[Tensor, "batch channels rows columns"]
Maps: TypeAlias = Sequence[Float[Tensor, "_ _ _ _"]]  # of several sizes
Latents = Float[Tensor, "batch latent rows columns"]
Terms: TypeAlias = dict[str, Tensor]

LEVELS = ("full", "half", "quarter")
VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)  # of relu1_1 … relu5_1, in the code
WINDOW, C1, C2 = 11, 0.01**2, 0.03**2  # of SSIM on a scale of 1
STABLE = 1e-5  # added to the distance of two samples before division
SAMPLE_WEIGHTS = {"kl": "divergence", "vgg": "perceptual", "diversity": "diversity"}  # terms and their weights' names


def reconstruction(prediction: Images, target: Images, mask: Masks, form: Form, hole: float) -> Scalar:
    """L1 with weight 1 + `hole` in the hole (Eq. 10; 2 in the code, 4 in the paper): mean, or sum per image."""
    return _l1(prediction, target, 1 + hole * mask, form)


def prior(head: Map, target: Map, mask: Masks, form: Form, hole: float) -> Scalar:
    """The L1 distance of one level of the pyramid to its pretext features (Eq. 4), with weight 1 + `hole` in the hole.

    The mask is resized to the level by nearest neighbour.
    """
    return _l1(head, target, 1 + hole * F.interpolate(mask, size=head.shape[2:]), form)


def _l1(found: Tensor, wanted: Tensor, weight: Tensor, form: Form) -> Tensor:
    error = (found.float() - wanted.float()).abs() * weight
    return error.mean() if form == "code" else error.sum() / len(error)


def similarity(prediction: Images, target: Images, mask: Masks) -> Scalar:
    """1 - SSIM of the composite, as the metric `ssim` but not rounded to 8 bits: 11x11 windows, sample covariance.

    Not a loss of the paper. Images need at least 11 pixels a side.
    """
    found = prediction.float() * mask + target * (1 - mask)
    one, other = F.avg_pool2d(found, WINDOW, 1), F.avg_pool2d(target, WINDOW, 1)
    sample = WINDOW**2 / (WINDOW**2 - 1)

    def covariance(a: Tensor, b: Tensor, mean_a: Tensor, mean_b: Tensor) -> Tensor:
        return (F.avg_pool2d(a * b, WINDOW, 1) - mean_a * mean_b) * sample

    both = covariance(found, target, one, other)
    spread = covariance(found, found, one, one) + covariance(target, target, other, other)
    map_ = (2 * one * other + C1) * (2 * both + C2) / ((one.square() + other.square() + C1) * (spread + C2))
    return 1 - map_.mean()


def scores(output: DiscriminatorOutput) -> Map:
    """The patch scores of a discriminator before the sigmoid: the last activation where all five are returned."""
    return (output.features[-1] if len(output.features) == 5 else output.patches).float()


def discriminator(real: DiscriminatorOutput, fake: DiscriminatorOutput, kind: Adversarial) -> dict[str, Scalar]:
    """`d_real`, `d_fake` and `d_total`, which is half their sum in the code and their sum in the paper's minimax game.

    bce and minimax use log probabilities (Eq. 11), hinge the scores themselves.
    """
    losses: dict[str, Callable[[Tensor, int], Tensor]] = {"bce": _bce, "minimax": _bce, "hinge": _hinge}
    d_real, d_fake = losses[kind](scores(real), 1), losses[kind](scores(fake), 0)
    return {"d_real": d_real, "d_fake": d_fake, "d_total": (d_real + d_fake) / (1 if kind == "minimax" else 2)}


def adversarial(fake: DiscriminatorOutput, kind: Adversarial) -> Scalar:
    """The generator's adversarial loss: the mean of -log D (bce), log(1 - D) (minimax, Eq. 11) or -score (hinge)."""
    found = scores(fake)
    if kind == "hinge":
        return -found.mean()
    return _bce(found, 1) if kind == "bce" else F.logsigmoid(-found).mean()


def _bce(found: Tensor, label: int) -> Tensor:
    """Binary cross entropy of the sigmoid of scores."""
    return -F.logsigmoid(found if label else -found).mean()


def _hinge(found: Tensor, label: int) -> Tensor:
    return F.relu(1 - found if label else 1 + found).mean()


def feature_matching(real: Maps, fake: Maps) -> Scalar:
    """The mean absolute difference of each of the discriminator's features, averaged (first part of Eq. 13)."""
    return torch.stack([_mean_l1(one, other) for one, other in zip(fake, real, strict=True)]).mean()


def perceptual(real: Maps, fake: Maps, form: Form) -> Scalar:
    """Weighted sum of mean absolute differences of VGG19's maps (Eq. 13): 1/32 … 1 in the code, 1/5 in the paper."""
    weights = VGG_WEIGHTS if form == "code" else (1 / len(real),) * len(real)
    return torch.stack([w * _mean_l1(a, b) for w, a, b in zip(weights, fake, real, strict=True)]).sum()


def _mean_l1(one: Tensor, other: Tensor) -> Tensor:
    return (one.float() - other.float()).abs().mean()


def diversity_distance(one: Maps, other: Maps, mask: Masks) -> Scalar:
    """The distance of two samples in VGG19's maps within the hole, as coded: the mean of a map over the mask's mean.

    A hole that vanishes at the size of a map adds nothing; the authors' code would divide by zero.
    """
    parts = [_mean_l1(a * m, b * m) / m.mean().clamp(min=1 / m.numel()) for a, b, m in _masked(one, other, mask)]
    return torch.stack(parts).sum()


def diversity(one: Maps, other: Maps, mask: Masks, form: Form) -> Scalar:
    """The diversity loss (Eq. 14): the reciprocal of the summed distance, or the mean of one reciprocal per map."""
    if form == "code":
        return 1 / (diversity_distance(one, other, mask) + STABLE)
    norms = [((a.float() - b.float()) * m).abs().sum() / len(a) for a, b, m in _masked(one, other, mask)]
    return torch.stack([1 / (norm + STABLE) for norm in norms]).mean()


def _masked(one: Maps, other: Maps, mask: Masks) -> list[tuple[Tensor, Tensor, Tensor]]:
    pairs = zip(one, other, strict=True)
    return [(a, b, F.interpolate(mask, size=a.shape[2:])) for a, b in pairs]


def divergence(mean: Latents, deviation: Latents, form: Form) -> Scalar:
    """KL of Gaussians: the mean of KL(N(0,1) || N(mean, deviation)) as coded; Eq. 6's KL(q || p), summed per image."""
    mean, deviation = mean.float(), deviation.float()
    if form == "code":
        return (deviation.log() + (1 + mean.square()) / (2 * deviation.square()) - 0.5).mean()
    return ((deviation.square() + mean.square() - 1) / 2 - deviation.log()).sum() / len(mean)


def generator_losses(
    networks: Networks,
    examples: Examples,
    output: Output,
    real: DiscriminatorOutput | None,
    config: Config,
    phase: Phase,
) -> Terms:
    """The generator's terms, and their weighted sum `g_total`.

    `real` is the discriminator's answer for the targets before its own update; None where it is not used.
    """
    weights = config.weights
    draws = len(output.prediction) // len(examples.image)
    target, mask = (x.repeat(draws, 1, 1, 1) for x in (examples.image, examples.mask))
    terms: Terms = {"l1": reconstruction(output.prediction, target, mask, config.losses, weights.hole)}
    total = weights.l1 * terms["l1"]
    if phase.similarity:
        terms["similarity"] = similarity(output.prediction, target, mask)
        total = total + phase.similarity * terms["similarity"]
    if phase.adversarial:
        found = _adversarial_losses(networks, output, real, config)
        terms |= found
        total = total + weights.adversarial * found["g_adv"]
        if "feature_matching" in found:
            total = total + weights.feature_matching * found["feature_matching"]
    if phase.prior:
        found = _prior_losses(networks, examples, output, config)
        terms |= found
        total = total + weights.prior * torch.stack(list(found.values())).sum()
    if output.posterior is not None:
        found = _sample_losses(networks, target, output, examples, config)
        terms |= found
        total = total + sum(getattr(weights, SAMPLE_WEIGHTS[name]) * value for name, value in found.items())
    return {**terms, "g_total": total}


def _adversarial_losses(networks: Networks, output: Output, real: DiscriminatorOutput | None, config: Config) -> Terms:
    fake = networks.discriminator(output.prediction)
    terms = {"g_adv": adversarial(fake, config.adversarial_loss)}
    if output.posterior is not None and config.weights.feature_matching:
        assert real is not None
        draws = len(fake.patches) // len(real.patches)
        terms["feature_matching"] = feature_matching([x.repeat(draws, 1, 1, 1) for x in real.features], fake.features)
    return terms


def _prior_losses(networks: Networks, examples: Examples, output: Output, config: Config) -> Terms:
    assert networks.pretext is not None
    with torch.no_grad():
        targets = networks.pretext(examples.image, examples.larger)
    draws = len(output.prediction) // len(examples.image)
    mask = examples.mask.repeat(draws, 1, 1, 1)
    terms = {}
    for number, level in enumerate(LEVELS):
        if 3 - number > config.network.levels:
            continue
        target = targets[number].repeat(draws, 1, 1, 1)
        terms[f"prior_{level}"] = prior(output.heads[number], target, mask, config.losses, config.weights.prior_hole)
    return terms


def _sample_losses(networks: Networks, target: Tensor, output: Output, examples: Examples, config: Config) -> Terms:
    """Divergence, perceptual distance and diversity: of the probabilistic network only."""
    assert output.posterior is not None
    weights, form = config.weights, config.losses
    terms = {"kl": divergence(output.posterior.mean, output.posterior.deviation, form)}
    if networks.vgg is None:
        return terms
    maps = networks.vgg(output.prediction)
    if weights.perceptual:
        with torch.no_grad():
            real = networks.vgg(examples.image)
        draws = len(target) // len(examples.image)
        terms["vgg"] = perceptual([x.repeat(draws, 1, 1, 1) for x in real], maps, form)
    if weights.diversity and len(target) == 2 * len(examples.image):
        one, other = zip(*(each.chunk(2) for each in maps), strict=True)
        terms["diversity"] = diversity(one, other, examples.mask, form)
    return terms
