"""SPN, deterministic and probabilistic, in plain torch modules; the heads are computed, as the authors' code does."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.spn import blocks
from baselines.spn.network import SPN, Generator, Priors
from baselines.spn.prob import ProbabilisticSPN
from plain.regions import region_normalised
from plain.swap import pair, swapped, weights


class PlainRegionNorm(blocks.RegionNorm):
    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        mask = functional.interpolate(mask, size=features.shape[2:])
        normal = region_normalised(features, mask)
        scales = [1 + gamma[:, None, None] for gamma in (self.foreground_gamma, self.background_gamma)]
        shifts = [beta[:, None, None] for beta in (self.foreground_beta, self.background_beta)]
        return normal * mask * scales[0] + shifts[0] + normal * (1 - mask) * scales[1] + shifts[1]


class PlainSpade(blocks.Spade):
    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        hidden = self.mlp_shared(label)
        gamma, beta = self.mlp_gamma(hidden), self.mlp_beta(hidden)
        found: Tensor = functional.instance_norm(features) * (1 + gamma) + beta
        return found


class PlainMiddle(blocks.MiddleBlock):
    def forward(self, features: Tensor, prior: Tensor) -> Tensor:
        out = features
        for layer in self.conv_block:
            out = layer(out, prior) if isinstance(layer, blocks.Modulation) else layer(out)
        found: Tensor = out + features
        return found


class PlainDecoder(blocks.DecoderBlock):
    def forward(self, features: Tensor, prior: Tensor) -> Tensor:
        out = features
        for layer in self.conv_block:
            out = layer(out, prior) if isinstance(layer, blocks.Modulation) else layer(out)
        total: Tensor = self.conv_s(self.SPADE_s(features, prior)) + out
        return total


class PlainMerge(blocks.MergeBlock):
    def skip(self, encoded: Tensor) -> Tensor:
        return encoded

    def forward(self, skip: Tensor, decoded: Tensor) -> Tensor:
        both = torch.cat([skip, decoded], dim=1)
        total: Tensor = self.conv_block(both) + self.shortcut(both)
        return total


class Painting(Generator):
    def paint(self, features: Tensor, priors: Priors) -> Tensor:
        self.distil(priors)
        for block in self.middle:
            features = block(features, priors.quarter)
        pyramid = iter((priors.half, priors.full))
        for layer in self.decoder:
            features = layer(features, next(pyramid)) if isinstance(layer, PlainDecoder) else layer(features)
        prediction: Tensor = (features + 1) / 2
        return prediction


class PlainSPN(Painting, SPN):
    pass


class PlainProbabilistic(Painting, ProbabilisticSPN):
    pass


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    blocks.RegionNorm: PlainRegionNorm,
    blocks.Spade: PlainSpade,
    blocks.MiddleBlock: PlainMiddle,
    blocks.DecoderBlock: PlainDecoder,
    blocks.MergeBlock: PlainMerge,
}


def spn() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image."""
    image, mask = pair()
    ours = weights("spn").into(SPN()).eval().to(memory_format=torch.channels_last)
    plain = swapped(weights("spn").into(SPN()), {**PLAIN, SPN: PlainSPN})
    return lambda: ours(image, mask)[0], lambda: plain(image, mask)[0]


def spn_prob() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, one draw for one image."""
    image, mask = pair()
    noise = torch.randn(1, 128, 8, 8, generator=torch.Generator().manual_seed(0))
    ours = weights("spn-prob").into(ProbabilisticSPN()).eval().to(memory_format=torch.channels_last)
    swaps = {**PLAIN, ProbabilisticSPN: PlainProbabilistic}
    plain = swapped(weights("spn-prob").into(ProbabilisticSPN()), swaps)
    return lambda: ours(image, mask, noise)[0], lambda: plain(image, mask, noise)[0]
