"""Every loss equals that of the authors' code on synthetic weights; closed forms and gradients are correct."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from selection import quick
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from baselines.spn import trace
from baselines.spn.discriminators import Discriminator, DiscriminatorOutput, ProbabilisticDiscriminator
from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.training import losses
from baselines.spn.training.config import as_config
from baselines.spn.training.data import Examples
from baselines.spn.training.networks import Networks, generate
from baselines.spn.training.pretext.tresnet import TResNet
from baselines.spn.training.schedule import Phase
from baselines.spn.tresnet import Pretext
from baselines.spn.vgg import VGG19
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import composite
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.weights.synthetic import fill_state_dict

FOLDER = Path(trace.__file__).parent
LEVELS = {"prior_full": "prior_256", "prior_half": "prior_128", "prior_quarter": "prior_64"}


def golden_networks(golden: dict[str, Any]) -> Networks:
    """The networks behind the losses of a golden file, with synthetic weights."""
    described = golden["losses"]["networks"]
    others = {role: replay.load(FOLDER / of["golden"]) for role, of in described.items() if "golden" in of}
    states = {role: replay.state_dict(of, of["cases"][0]) for role, of in others.items()}
    prob = "vgg" in described
    generator = ProbabilisticSPN() if prob else SPN()
    decide = ProbabilisticDiscriminator() if prob else Discriminator()
    pretext = Pretext()
    generator.load_state_dict(states["generator"])
    decide.load_state_dict(states["discriminator"])
    body = replay.split(others["pretext"], states["pretext"])["body"]
    pretext.load_state_dict({name: body[name] for name in pretext.state_dict()})
    vgg = None
    if prob:
        shapes = {name: tuple(shape) for name, shape in described["vgg"]["state_dict"].items()}
        vgg = VGG19()
        vgg.load_state_dict(fill_state_dict(shapes, described["vgg"]["fill"]["gain"]))
    return Networks(generator.eval(), decide.eval(), TResNet(pretext).eval(), vgg)


@pytest.mark.acceptance
@pytest.mark.parametrize(("method", "file"), [("spn", "spn.json"), ("spn-prob", "spn_prob.json")])
def test_every_loss_is_that_of_the_authors_code(method: str, file: str) -> None:
    golden = replay.load(FOLDER / file)
    case = golden["losses"]
    networks = golden_networks(golden)
    given = replay.inputs(golden, case)
    examples = Examples(given["x"], given["mask"], given["full_512"])
    config = as_config({"method": method}, "the test")
    noise = torch.stack(drawn) if (drawn := replay.noise(case)) else None
    with torch.inference_mode():
        output = generate(networks.generator, examples.image, examples.mask, noise, True)
        real = networks.discriminator(examples.image)
        fake = networks.discriminator(output.prediction)
        terms = losses.discriminator(real, fake, config.adversarial_loss)
        terms |= losses.generator_losses(networks, examples, output, real, config, Phase(prior=True, adversarial=True))
        if networks.vgg is not None:
            one, other = zip(*(maps.chunk(2) for maps in networks.vgg(output.prediction)), strict=True)
            terms["diversity_distance"] = losses.diversity_distance(one, other, examples.mask)
    found = {LEVELS.get(name, name): float(value) for name, value in terms.items()}
    assert replay.agrees(case["values"], found, replay.rule_of(case, "values")), found


# --- closed forms ----------------------------------------------------------------------------------


def answer(patches: Tensor) -> DiscriminatorOutput:
    """The output of a discriminator with these scores."""
    return DiscriminatorOutput(patches, (torch.ones(2, 3, 4, 4),) * 3)


SCORES = [torch.randn(2, 1, 5, 5, generator=torch.Generator().manual_seed(seed)) for seed in range(2)]


def test_bce_is_the_binary_cross_entropy_of_the_sigmoid() -> None:
    real, fake = SCORES
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    found = losses.discriminator(answer(real), answer(fake), "bce")
    d_real = F.binary_cross_entropy(real.sigmoid(), ones)
    d_fake = F.binary_cross_entropy(fake.sigmoid(), zeros)
    torch.testing.assert_close(found, {"d_real": d_real, "d_fake": d_fake, "d_total": (d_real + d_fake) / 2})
    expected = F.binary_cross_entropy(fake.sigmoid(), ones)
    torch.testing.assert_close(losses.adversarial(answer(fake), "bce"), expected)


def test_the_deterministic_discriminator_is_scored_before_its_sigmoid() -> None:
    output = Discriminator(width=4)(synthetic.image(64))
    torch.testing.assert_close(losses.scores(output).sigmoid(), output.patches)


def test_hinge_is_its_definition() -> None:
    real, fake = SCORES
    found = losses.discriminator(answer(real), answer(fake), "hinge")
    d_real, d_fake = (1 - real).clamp(min=0).mean(), (1 + fake).clamp(min=0).mean()
    torch.testing.assert_close(found, {"d_real": d_real, "d_fake": d_fake, "d_total": (d_real + d_fake) / 2})
    torch.testing.assert_close(losses.adversarial(answer(fake), "hinge"), -fake.mean())


def test_minimax_is_the_game_of_the_paper() -> None:
    real, fake = SCORES
    found = losses.discriminator(answer(real), answer(fake), "minimax")
    value = real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()
    torch.testing.assert_close(found["d_total"], -value)
    torch.testing.assert_close(losses.adversarial(answer(fake), "minimax"), (1 - fake.sigmoid()).log().mean())


def test_the_divergence_is_that_of_gaussians_either_way() -> None:
    mean, deviation = torch.randn(2, 4, 3, 3), torch.rand(2, 4, 3, 3) + 0.1
    learned, standard = Normal(mean, deviation), Normal(0.0, 1.0)
    coded = kl_divergence(standard, learned).mean()
    printed = kl_divergence(learned, standard).sum() / 2
    torch.testing.assert_close(losses.divergence(mean, deviation, "code"), coded)
    torch.testing.assert_close(losses.divergence(mean, deviation, "paper"), printed)


def test_l1_weighs_the_hole_and_is_a_mean_or_a_sum_per_image() -> None:
    target, prediction = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)
    mask = torch.zeros(2, 1, 4, 4)
    mask[:, :, :2] = 1
    assert losses.reconstruction(prediction, target, mask, "code", hole=2.0) == pytest.approx(0.5 * (3 + 1) / 2)
    assert losses.reconstruction(prediction, target, mask, "paper", hole=4.0) == pytest.approx(0.5 * 24 * (5 + 1))


def test_similarity_is_one_minus_the_metric_ssim() -> None:
    target, prediction = ((synthetic.image(64, seed) * 255).round() / 255 for seed in (0, 1))
    mask = synthetic.mask(64)
    (ssim,) = METRICS["ssim"].of(Batch.of(composite(prediction, target, mask), target, mask)).tolist()
    assert 1 - losses.similarity(prediction, target, mask) == pytest.approx(ssim, abs=1e-5)


def test_the_mask_of_a_level_is_its_nearest_resize() -> None:
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 0, 0] = 1  # the pixel that nearest keeps of its 4x4
    head, target = torch.ones(1, 5, 2, 2), torch.zeros(1, 5, 2, 2)
    assert losses.prior(head, target, mask, "code", hole=3.0) == pytest.approx((4 + 1 + 1 + 1) / 4)


def test_perceptual_weights_are_the_codes_or_the_papers() -> None:
    real, fake = [torch.zeros(1, 1, 2, 2)] * 5, [torch.full((1, 1, 2, 2), 2.0)] * 5
    assert losses.perceptual(real, fake, "code") == pytest.approx(2 * (1 / 32 + 1 / 16 + 1 / 8 + 1 / 4 + 1))
    assert losses.perceptual(real, fake, "paper") == pytest.approx(2.0)


def test_diversity_is_one_reciprocal_or_the_mean_of_five() -> None:
    one = [torch.full((1, 2, 2, 2), float(number)) for number in range(1, 6)]
    other = [torch.zeros(1, 2, 2, 2)] * 5
    mask = torch.ones(1, 1, 2, 2)
    mask[..., 0, 0] = 0
    assert losses.diversity_distance(one, other, mask) == pytest.approx(15.0)
    assert losses.diversity(one, other, mask, "code") == pytest.approx(1 / 15, rel=1e-5)
    printed = sum(1 / (6 * number) for number in range(1, 6)) / 5
    assert losses.diversity(one, other, mask, "paper") == pytest.approx(printed, rel=1e-5)


def test_a_hole_too_small_for_a_map_adds_no_diversity() -> None:
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 1, 1] = 1  # nearest takes another pixel
    maps = [torch.ones(1, 2, 4, 4), torch.ones(1, 2, 2, 2)]
    found = losses.diversity_distance(maps, [torch.zeros_like(each) for each in maps], mask)
    assert found == pytest.approx(1.0)


# --- gradients -------------------------------------------------------------------------------------


def tiny_networks(method: str) -> Networks:
    """Networks of width 2 in double precision, VGG's first three slices shrunk to nothing more than a convolution."""
    torch.manual_seed(0)
    pretext = TResNet(Pretext()).double().eval().requires_grad_(False)
    generator = SPN(2) if method == "spn" else ProbabilisticSPN(2)
    decide = Discriminator(2) if method == "spn" else ProbabilisticDiscriminator(2)
    vgg = None if method == "spn" else VGG19().double().requires_grad_(False)
    return Networks(generator.double(), decide.double().eval(), pretext, vgg)


TERMS = {
    "spn": ("l1", "g_adv", "prior_full", "prior_half", "prior_quarter", "similarity", "g_total", "d_total"),
    "spn-prob": ("l1", "g_adv", "prior_quarter", "feature_matching", "vgg", "diversity", "kl", "g_total", "d_total"),
}


@pytest.mark.parametrize("form", quick(["code", "paper"], ["code"]))
@pytest.mark.parametrize("method", TERMS)
def test_gradients_are_finite_differences(method: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "float", lambda tensor: tensor)  # the losses' own float32 would drown the differences
    networks = tiny_networks(method)
    config = as_config({"method": method, "losses": form}, "the test")
    image, mask = synthetic.image(32).double(), synthetic.mask(32).double()
    examples = Examples(image, mask, F.interpolate(image, scale_factor=2.0))
    noise = None if method == "spn" else torch.randn(2, 1, 4, 1, 1, dtype=torch.float64)

    def terms() -> dict[str, Tensor]:
        output = generate(networks.generator, examples.image, examples.mask, noise, True)
        real = networks.discriminator(image)
        fake = networks.discriminator(output.prediction)
        found = losses.discriminator(real, fake, config.adversarial_loss)
        phase = Phase(prior=True, adversarial=True, similarity=1.0)
        return found | losses.generator_losses(networks, examples, output, real, config, phase)

    for weight in (networks.generator.encoder_conv2.weight, networks.generator.encoder_conv3_sm.weight):
        check_gradients(terms, TERMS[method], weight)


def check_gradients(terms: Callable[[], dict[str, Tensor]], names: tuple[str, ...], weight: Tensor) -> None:
    """The derivative of every loss along a fixed direction, by the chain rule and by central differences."""
    direction = torch.randn(weight.shape, dtype=weight.dtype, generator=torch.Generator().manual_seed(1))
    found = terms()
    slopes = {}
    for name in names:
        (gradient,) = torch.autograd.grad(found[name], weight, retain_graph=True, allow_unused=True)
        slopes[name] = 0.0 if gradient is None else float((gradient * direction).sum())
    start, step = weight.detach().clone(), 1e-7
    with torch.no_grad():
        weight.copy_(start + step * direction)
        ahead = terms()
        weight.copy_(start - step * direction)
        behind = terms()
        weight.copy_(start)
    for name, slope in slopes.items():
        difference = float(ahead[name] - behind[name]) / (2 * step)
        assert slope == pytest.approx(difference, rel=1e-2, abs=1e-5), name


@pytest.mark.parametrize(("method", "coded"), [("spn", "bce"), ("spn-prob", "hinge")])
def test_the_paper_plays_minimax_and_the_code_bce_or_hinge(method: str, coded: str) -> None:
    assert as_config({"method": method}, "the test").adversarial_loss == coded
    assert as_config({"method": method, "losses": "paper"}, "the test").adversarial_loss == "minimax"
    assert as_config({"method": method, "adversarial": "hinge"}, "the test").adversarial_loss == "hinge"
