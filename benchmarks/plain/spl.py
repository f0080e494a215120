"""SPL in plain torch modules."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.spl.blocks import SpatialModulation
from baselines.spl.network import SemanticPriorGenerator
from plain.regions import REGIONS
from plain.swap import pair, swapped, weights


class PlainModulation(SpatialModulation):
    def forward(self, x: Tensor, prior: Tensor) -> Tensor:
        shared = self.mlp_shared(prior)
        gamma, beta = self.mlp_gamma(shared), self.mlp_beta(shared)
        found: Tensor = functional.instance_norm(x) * (1 + gamma) + beta
        return found


class PlainGenerator(SemanticPriorGenerator):
    def forward(self, x: Tensor, mask: Tensor, masked_512: Tensor, mask_512: Tensor) -> Tensor:
        prior = self.prior(torch.cat([masked_512, mask_512], dim=1))
        self.feature_mapping(prior)
        x = functional.relu(self.encoder_in1(self.encoder_conv1(self.pad(x * (1 - mask) + mask)), mask))
        x = functional.relu(self.encoder_in2(self.encoder_conv2(x), mask))
        x = functional.relu(self.encoder_in3(self.encoder_conv3(x), mask))
        for block in self.middle:
            x = block(x, prior)
        return (torch.tanh(self.decoder(x)) + 1) / 2

    def prior(self, x: Tensor) -> Tensor:
        for conv in (self.encoder_conv1_sm, self.encoder_conv2_sm, self.encoder_conv3_sm, self.encoder_conv4_sm):
            x = self.leaky(conv(self.pad(x) if conv is self.encoder_conv1_sm else x))
        deep, outputs = self.encoder_sm_out(x), []
        for block in self.rdbs:
            deep = block(deep)
            outputs.append(deep)
        found: Tensor = self.feature_recon(self.gff(torch.cat(outputs, dim=1)) + x)
        return found


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    **REGIONS,
    SpatialModulation: PlainModulation,
    SemanticPriorGenerator: PlainGenerator,
}


def spl() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image."""
    image, mask = pair()
    twice = [functional.interpolate(each, scale_factor=2) for each in (image * (1 - mask) + mask, mask)]
    ours = weights("spl").into(SemanticPriorGenerator()).eval()
    plain = swapped(weights("spl").into(SemanticPriorGenerator()), PLAIN)
    return lambda: ours(image, mask, *twice), lambda: plain(image, mask, *twice)
