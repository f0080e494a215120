"""The initial values with which a network fills holes before any training."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.training.config import as_config
from baselines.spn.training.init import init_diffusion, init_scaled
from baselines.spn.training.networks import build
from inpaint_bench.data.masks.draw import draw
from inpaint_bench.data.tensors import Images, Masks, to_masks
from inpaint_bench.errors import InputError

SIZE = 64


def started(network: SPN | ProbabilisticSPN, image: Images, mask: Masks) -> tuple[Images, Images]:
    """The full-size colours of the pyramid, and the prediction, of an initialised network."""
    torch.manual_seed(0)
    init_scaled(network)
    init_diffusion(network)
    with torch.inference_mode():
        if isinstance(network, ProbabilisticSPN):
            prediction, priors, _ = network(
                image, mask, torch.randn(len(image), network.latent, SIZE // 32, SIZE // 32)
            )
        else:
            prediction, priors = network(image, mask)
    return priors.full[:, :3], prediction


def hole(seed: int) -> Masks:
    return to_masks([draw("strokes", SIZE, seed, 20, 60)])


@pytest.mark.parametrize("kind", [SPN, ProbabilisticSPN])
@settings(max_examples=5)
@given(seed=st.integers(0, 1000))
def test_known_colours_are_kept_and_holes_get_colours_within_their_range(kind: Any, seed: int) -> None:
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)) * 0.5 + 0.25
    mask = hole(seed)
    colours, prediction = started(kind(16, None), image, mask)
    known = mask.expand_as(image) == 0
    torch.testing.assert_close(colours[known], image[known], rtol=0, atol=1e-5)
    assert colours.min() >= image[known].min() - 1e-5
    assert colours.max() <= image[known].max() + 1e-5
    torch.testing.assert_close(prediction, colours, rtol=0, atol=0.02)


def test_a_uniform_image_is_restored() -> None:
    image = torch.tensor([0.2, 0.5, 0.9])[None, :, None, None].expand(1, 3, SIZE, SIZE)
    colours, _ = started(SPN(16, None), image, hole(3))
    torch.testing.assert_close(colours, image, rtol=0, atol=1e-5)


def test_pixels_under_the_hole_change_nothing() -> None:
    mask = hole(4)
    image = torch.rand(1, 3, SIZE, SIZE)
    one, _ = started(SPN(16, None), image, mask)
    other, _ = started(SPN(16, None), image * (1 - mask), mask)
    assert torch.equal(one, other)


@pytest.mark.acceptance
def test_half_precision_gives_nearly_the_same() -> None:
    image, mask = torch.rand(1, 3, SIZE, SIZE), hole(5)
    exact, _ = started(SPN(16, None), image, mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, _ = started(SPN(16, None), image, mask)
    torch.testing.assert_close(rounded.float(), exact, rtol=0, atol=0.02)


def test_selecting_weights_get_no_gradient_and_all_others_do() -> None:
    torch.manual_seed(0)
    network = SPN(16)
    init_scaled(network)
    init_diffusion(network)
    prediction, priors = network(torch.rand(1, 3, SIZE, SIZE), hole(6))
    (prediction.mean() + sum(head.mean() for head in network.distil(priors))).backward()
    for name, held in (
        ("encoder_conv3_sm", 21),
        ("rdbs.0.layers.1.conv", 6),
        ("rdbs.15.lff", 12),
        ("encoder_sm_out", 12),
    ):
        gradient = network.get_parameter(f"{name}.weight").grad
        assert gradient is not None
        assert not gradient[:held].any()
        assert gradient[held:].any()
    for name in ("feature_recon_decoder.7.shortcut.1", "decoder.3.SPADE_s.mlp_beta", "decoder.6"):
        gradient = network.get_parameter(f"{name}.weight").grad
        assert gradient is not None
        assert gradient[:3].any()


@pytest.mark.parametrize("network", [{"width": 8}, {"width": 16, "levels": 2}, {"width": 16, "modulation": "concat"}])
def test_a_network_without_enough_channels_is_refused(network: dict[str, Any]) -> None:
    config = as_config({"method": "spn", "network": network, "init": "diffusion"}, "the test")
    with pytest.raises(InputError, match="init = 'diffusion' needs"):
        build(config, None)
