"""One step of training: the discriminator's update, then the generator's, as both methods' code has them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.spn.discriminators import Discriminator, Judged, ProbabilisticDiscriminator
from baselines.spn.network import SPN, Priors
from baselines.spn.prob import Posterior, ProbabilisticSPN
from baselines.spn.training import losses
from baselines.spn.training.config import Config
from baselines.spn.training.data import Examples
from baselines.spn.training.pretext.features import Features
from baselines.spn.vgg import VGG

Noise = Float[Tensor, "draws batch latent rows columns"]
Terms = dict[str, Tensor]
LEVELS = ("full", "half", "quarter")


@dataclass(frozen=True)
class Painted:
    """What the generator makes of a batch; of two draws a batch of twice the size, the first draw's half first."""

    prediction: Tensor
    heads: Sequence[Tensor]
    posterior: Posterior | None


@dataclass(frozen=True)
class Players:
    """Every network of a run; pretext and VGG are frozen, and absent where no loss needs them."""

    generator: SPN | ProbabilisticSPN
    discriminator: Discriminator | ProbabilisticDiscriminator
    pretext: Features | None
    vgg: VGG | None


@dataclass(frozen=True)
class Phase:
    """Which losses count at a step of the run."""

    prior: bool
    adversarial: bool
    similarity: float = 0.0  # its weight


def phase_at(config: Config, step: int) -> Phase:
    """The prior loss ends and the discriminator begins at shares of the run; a term of weight 0 never counts."""
    weights, share = config.weights, step / config.steps
    learns = weights.prior > 0 and config.network.levels > 0 and share < config.prior_until
    judged = weights.adversarial > 0 or (config.method == "spn-prob" and weights.feature_matching > 0)
    finish = config.finish
    similarity = finish.similarity if finish is not None and step >= finish.start else 0.0
    return Phase(learns, judged and share >= config.adversarial_from, similarity)


def paint(generator: SPN | ProbabilisticSPN, examples: Examples, noise: Noise | None, heads: bool) -> Painted:
    """A forward pass on whole images: the generator empties the holes itself."""
    encoded = generator.encode(examples.image, examples.mask)
    posterior = None
    if isinstance(generator, ProbabilisticSPN):
        assert noise is not None
        draws = len(noise)
        posterior = generator.infer(encoded)
        repeated = Posterior(*(x.repeat(draws, 1, 1, 1) for x in posterior))
        encoded = type(encoded)(*(x.repeat(draws, 1, 1, 1) for x in encoded))
        priors: Priors = generator.learn(encoded, repeated, noise.flatten(0, 1))
    else:
        priors = generator.learn(encoded)
    prediction = generator.paint(encoded.image, priors)
    return Painted(prediction, generator.distil(priors) if heads else (), posterior)


def judge_terms(real: Judged, fake: Judged, config: Config) -> Terms:
    """The discriminator's losses."""
    return losses.discriminator(real, fake, config.game)


def generator_terms(
    players: Players, examples: Examples, painted: Painted, real: Judged | None, config: Config, phase: Phase
) -> Terms:
    """The generator's terms, each without its weight, and their weighted sum `g_total`.

    `real` is what the discriminator found in the targets before its own update.
    """
    form, weights = config.losses, config.weights
    draws = len(painted.prediction) // len(examples.image)
    target, mask = (x.repeat(draws, 1, 1, 1) for x in (examples.image, examples.mask))
    terms: Terms = {"l1": losses.reconstruction(painted.prediction, target, mask, form, weights.hole)}
    total = weights.l1 * terms["l1"]
    if phase.similarity:
        terms["similarity"] = losses.similarity(painted.prediction, target, mask)
        total = total + phase.similarity * terms["similarity"]
    if phase.adversarial:
        fake = players.discriminator(painted.prediction)
        terms["g_adv"] = losses.adversarial(fake, config.game)
        total = total + weights.adversarial * terms["g_adv"]
        if painted.posterior is not None and weights.feature_matching:
            assert real is not None
            terms["feature_matching"] = losses.feature_matching(
                [x.repeat(draws, 1, 1, 1) for x in real.features], fake.features
            )
            total = total + weights.feature_matching * terms["feature_matching"]
    if phase.prior:
        found = _prior_terms(players, examples, painted, config)
        terms |= found
        total = total + weights.prior * torch.stack(list(found.values())).sum()
    if painted.posterior is not None:
        found = _sample_terms(players, target, painted, examples, config)
        terms |= found
        total = total + sum(getattr(weights, NAMES[name]) * value for name, value in found.items())
    return {**terms, "g_total": total}


NAMES = {"kl": "divergence", "vgg": "perceptual", "diversity": "diversity"}


def _prior_terms(players: Players, examples: Examples, painted: Painted, config: Config) -> Terms:
    assert players.pretext is not None
    with torch.no_grad():
        targets = players.pretext(examples.image, examples.larger)
    draws = len(painted.prediction) // len(examples.image)
    mask = examples.mask.repeat(draws, 1, 1, 1)
    terms = {}
    for number, level in enumerate(LEVELS):
        if 3 - number > config.network.levels:
            continue
        wanted = targets[number].repeat(draws, 1, 1, 1)
        terms[f"prior_{level}"] = losses.prior(
            painted.heads[number], wanted, mask, config.losses, config.weights.prior_hole
        )
    return terms


def _sample_terms(players: Players, target: Tensor, painted: Painted, examples: Examples, config: Config) -> Terms:
    """Divergence, perceptual distance and diversity: of the probabilistic network alone."""
    assert painted.posterior is not None
    weights, form = config.weights, config.losses
    terms = {"kl": losses.divergence(painted.posterior.mean, painted.posterior.deviation, form)}
    if players.vgg is None:
        return terms
    maps = players.vgg(painted.prediction)
    if weights.perceptual:
        with torch.no_grad():
            wanted = players.vgg(examples.image)
        draws = len(target) // len(examples.image)
        terms["vgg"] = losses.perceptual([x.repeat(draws, 1, 1, 1) for x in wanted], maps, form)
    if weights.diversity and len(target) == 2 * len(examples.image):
        one, other = zip(*(each.chunk(2) for each in maps), strict=True)
        terms["diversity"] = losses.diversity(one, other, examples.mask, form)
    return terms


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradient reaches the network's own parameters; what it is given still gets one."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def learn(
    players: Players,
    examples: Examples,
    noise: Noise | None,
    config: Config,
    phase: Phase,
    update: Callable[[str, Tensor, bool], None],
    cast: Callable[[], AbstractContextManager[object]],
) -> Terms:
    """Both updates on one batch, in `accumulate` parts; `update(who, loss, last)` goes back through a loss and, after
    the last part, changes the weights of 'generator' or 'discriminator'. The losses are means over the parts.
    """
    parts = config.accumulate
    pieces = [
        (examples.part(i, parts), None if noise is None else noise[:, _rows(i, parts, noise)]) for i in range(parts)
    ]
    told: list[Terms] = []
    painted: Painted | None = None
    reals: list[Judged | None] = []
    for number, (piece, draw) in enumerate(pieces):
        real = None
        if phase.adversarial:
            with cast(), torch.set_grad_enabled(parts == 1):  # with one part, the same pass serves both updates
                painted = paint(players.generator, piece, draw, phase.prior)
            with cast():
                real = players.discriminator(piece.image)
                found = judge_terms(real, players.discriminator(painted.prediction.detach()), config)
            update("discriminator", found["d_total"] / parts, number == parts - 1)
            real = Judged(real.patches.detach(), tuple(x.detach() for x in real.features))
            told.append(found)
        reals.append(real)
    for number, ((piece, draw), real) in enumerate(zip(pieces, reals, strict=True)):
        with cast(), frozen(players.discriminator):
            if painted is None or parts > 1:
                painted = paint(players.generator, piece, draw, phase.prior)
            found = generator_terms(players, piece, painted, real, config, phase)
        update("generator", found["g_total"] / parts, number == parts - 1)
        told.append(found)
    return {name: torch.stack([t[name].detach() for t in told if name in t]).mean() for t in told for name in t}


def _rows(number: int, parts: int, noise: Noise) -> slice:
    size = noise.shape[1] // parts
    return slice(number * size, (number + 1) * size)
