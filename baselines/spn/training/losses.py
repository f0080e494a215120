"""Every loss of SPN, each term without its weight: as the authors' code has it, and as the paper prints it.

Predictions are raw, never composited. A mean is over all elements: images, channels and pixels. `README.md` of this
folder lists where code and paper differ.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from baselines.spn.discriminators import Judged
from inpaint_bench.data.images import Images, Masks

Form: TypeAlias = Literal["code", "paper"]
Adversarial: TypeAlias = Literal["bce", "hinge", "minimax"]
Scalar = Float[Tensor, ""]
Map = Float[Tensor, "batch channels rows columns"]
Maps: TypeAlias = Sequence[Float[Tensor, "_ _ _ _"]]  # of several sizes
Latents = Float[Tensor, "batch latent rows columns"]

VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)  # of relu1_1 … relu5_1, as coded
WINDOW, C1, C2 = 11, 0.01**2, 0.03**2  # of SSIM on a scale of 1
STABLE = 1e-5  # added to the distance of two samples before it divides


def reconstruction(prediction: Images, target: Images, mask: Masks, form: Form, hole: float) -> Scalar:
    """L1 whose weight is 1 + `hole` in the hole (Eq. 10; 2 in the code, 4 in the paper): mean, or sum per image."""
    return _l1(prediction, target, 1 + hole * mask, form)


def prior(head: Map, target: Map, mask: Masks, form: Form, hole: float) -> Scalar:
    """The distance of one level of the pyramid to its pretext features (Eq. 4), 1 + `hole` times as heavy in the hole.

    The mask is brought to the level's size by nearest neighbour.
    """
    return _l1(head, target, 1 + hole * F.interpolate(mask, size=head.shape[2:]), form)


def _l1(found: Tensor, wanted: Tensor, weight: Tensor, form: Form) -> Tensor:
    error = (found.float() - wanted.float()).abs() * weight
    return error.mean() if form == "code" else error.sum() / len(error)


def similarity(prediction: Images, target: Images, mask: Masks) -> Scalar:
    """1 - SSIM of the composite, as the harness's `ssim` but not rounded to 8 bits: windows of 11, sample covariance.

    No loss of the paper. Images are at least 11 pixels a side.
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


def scores(judged: Judged) -> Map:
    """A discriminator's patch scores before any sigmoid: the last activation where all five are kept."""
    return (judged.features[-1] if len(judged.features) == 5 else judged.patches).float()


def discriminator(real: Judged, fake: Judged, kind: Adversarial) -> dict[str, Scalar]:
    """`d_real`, `d_fake`, and `d_total`: half their sum as coded, their whole sum in the paper's minimax game.

    bce and minimax take the logarithm of probabilities (Eq. 11), hinge the scores themselves.
    """
    losses: dict[str, Callable[[Tensor, int], Tensor]] = {"bce": _bce, "minimax": _bce, "hinge": _hinge}
    d_real, d_fake = losses[kind](scores(real), 1), losses[kind](scores(fake), 0)
    return {"d_real": d_real, "d_fake": d_fake, "d_total": (d_real + d_fake) / (1 if kind == "minimax" else 2)}


def adversarial(fake: Judged, kind: Adversarial) -> Scalar:
    """What the generator minimises: -log D (bce), log(1 - D) (minimax, Eq. 11) or -score (hinge), in the mean."""
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
    """The mean over the discriminator's features of their mean absolute difference (first part of Eq. 13)."""
    return torch.stack([_mean_l1(one, other) for one, other in zip(fake, real, strict=True)]).mean()


def perceptual(real: Maps, fake: Maps, form: Form) -> Scalar:
    """The weighted sum of mean absolute differences of VGG19's maps (Eq. 13): 1/32 … 1 as coded, 1/5 each printed."""
    weights = VGG_WEIGHTS if form == "code" else (1 / len(real),) * len(real)
    return torch.stack([w * _mean_l1(a, b) for w, a, b in zip(weights, fake, real, strict=True)]).sum()


def _mean_l1(one: Tensor, other: Tensor) -> Tensor:
    return (one.float() - other.float()).abs().mean()


def diversity_distance(one: Maps, other: Maps, mask: Masks) -> Scalar:
    """How far two samples lie apart in VGG19's maps, in the hole, as coded: each map's mean over the mask's mean.

    A hole that is lost at a map's size adds nothing; the code would divide by zero.
    """
    parts = [_mean_l1(a * m, b * m) / m.mean().clamp(min=1 / m.numel()) for a, b, m in _masked(one, other, mask)]
    return torch.stack(parts).sum()


def diversity(one: Maps, other: Maps, mask: Masks, form: Form) -> Scalar:
    """What drives two samples apart (Eq. 14): one reciprocal of the summed distance, or the mean of each map's own."""
    if form == "code":
        return 1 / (diversity_distance(one, other, mask) + STABLE)
    norms = [((a.float() - b.float()) * m).abs().sum() / len(a) for a, b, m in _masked(one, other, mask)]
    return torch.stack([1 / (norm + STABLE) for norm in norms]).mean()


def _masked(one: Maps, other: Maps, mask: Masks) -> list[tuple[Tensor, Tensor, Tensor]]:
    pairs = zip(one, other, strict=True)
    return [(a, b, F.interpolate(mask, size=a.shape[2:])) for a, b in pairs]


def divergence(mean: Latents, deviation: Latents, form: Form) -> Scalar:
    """KL of Gaussians: KL(N(0,1) || N(mean, deviation)), its mean, as coded; Eq. 6's KL(q || p), summed per image."""
    mean, deviation = mean.float(), deviation.float()
    if form == "code":
        return (deviation.log() + (1 + mean.square()) / (2 * deviation.square()) - 0.5).mean()
    return ((deviation.square() + mean.square() - 1) / 2 - deviation.log()).sum() / len(mean)
