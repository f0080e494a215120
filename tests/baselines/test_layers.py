"""Blocks that several baselines share are what their definitions say."""

import torch
from torch import nn

from baselines.convolutions import Conv3x3, Kept, RowwiseConv2d
from baselines.layers import BasicRegionNorm
from baselines.rfr.network import FoldedConvTranspose2d
from inpaint_bench.data import synthetic


def test_region_normalisation_is_the_definition_over_two_filled_maps() -> None:
    x, mask = torch.rand(2, 5, 16, 12) * 9 + 3, synthetic.mask(16)[..., :12].repeat(2, 1, 1, 1)
    norm = BasicRegionNorm(5).requires_grad_(False)
    gains = torch.rand(2, 5)
    norm.foreground_gamma.copy_(gains[0])
    norm.background_gamma.copy_(gains[1])
    expected = torch.zeros_like(x)
    for region, gain in ((mask, gains[0]), (1 - mask, gains[1])):
        share = region.mean((2, 3), keepdim=True)
        mean = (x * region).mean((2, 3), keepdim=True) / share
        painted = nn.functional.instance_norm(x * region + mean * (1 - region))
        expected += region * painted * share.sqrt() * (1 + gain.view(1, -1, 1, 1))
    torch.testing.assert_close(norm(x, mask), expected, rtol=0, atol=1e-5)


def test_the_rowwise_convolution_is_a_convolution() -> None:
    x, conv = torch.rand(2, 6, 14, 11), RowwiseConv2d(6, 3, 7).requires_grad_(False)
    expected = nn.functional.conv2d(x, conv.weight, conv.bias)
    torch.testing.assert_close(conv(x), expected, rtol=0, atol=1e-5)


def test_a_kept_value_is_derived_again_only_when_its_weights_have_changed() -> None:
    weight, kept = nn.Parameter(torch.ones(3)), Kept[torch.Tensor]()

    def derive() -> torch.Tensor:
        return 2 * weight

    with torch.no_grad():
        first = kept.get([weight], derive)
        assert kept.get([weight], derive) is first
        weight.add_(1)
        assert torch.equal(kept.get([weight], derive), torch.full((3,), 4.0))
        weight.data = torch.full((3,), 5.0)
        assert torch.equal(kept.get([weight], derive), torch.full((3,), 10.0))
    assert kept.get([weight], derive).requires_grad


def test_a_folded_transposed_convolution_is_a_transposed_convolution() -> None:
    x = torch.rand(2, 6, 5, 7)
    conv = FoldedConvTranspose2d(6, 4, 4, stride=2, padding=1, bias=False).requires_grad_(False)
    expected = nn.functional.conv_transpose2d(x, conv.weight, stride=2, padding=1)
    torch.testing.assert_close(conv(x), expected, rtol=0, atol=1e-5)


def test_what_is_kept_under_bf16_serves_float32() -> None:
    conv, x = Conv3x3(128, 64), torch.rand(1, 128, 34, 34)
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            conv(x)
        kept = conv(x)
        conv.kept = Kept()
        assert torch.equal(conv(x), kept)
