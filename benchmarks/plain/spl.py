"""SPL in plain torch modules."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines import layers
from baselines.spl.blocks import SpatialModulation
from baselines.spl.network import SemanticPriorGenerator
from plain.swap import pair, region_normalised, swapped, weights


class PlainRegionNorm(layers.BasicRegionNorm):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        mask = functional.interpolate(mask, size=x.shape[2:])
        normal = region_normalised(x, mask)
        scales = [1 + gamma[:, None, None] for gamma in (self.foreground_gamma, self.background_gamma)]
        shifts = [beta[:, None, None] for beta in (self.foreground_beta, self.background_beta)]
        return normal * mask * scales[0] + shifts[0] + normal * (1 - mask) * scales[1] + shifts[1]


class PlainLearnable(layers.LearnableRegionNorm):
    def forward(self, x: Tensor) -> Tensor:
        importance = self.sa(x)
        normal = region_normalised(x, (importance >= layers.THRESHOLD).float())
        shifted: Tensor = normal * (1 + self.sa.gamma_conv(importance)) + self.sa.beta_conv(importance)
        return shifted


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
    layers.BasicRegionNorm: PlainRegionNorm,
    layers.LearnableRegionNorm: PlainLearnable,
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
