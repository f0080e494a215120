"""Region normalisation in plain torch modules, as the published code computes it."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines import layers


def region_normalised(x: Tensor, mask: Tensor) -> Tensor:
    """Each region filled up with its mean and normalised over the whole map; the sum of both."""
    total = torch.zeros_like(x)
    for region in (mask, 1 - mask):
        count = region.sum((2, 3), keepdim=True)
        count = torch.where(count == 0, torch.ones_like(count), count)
        mean = (x * region).sum((2, 3), keepdim=True) / count
        share = count / (x.shape[2] * x.shape[3])
        total = total + functional.instance_norm(x * region + (1 - region) * mean) * share.sqrt()
    return total


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


REGIONS: dict[type[nn.Module], type[nn.Module]] = {
    layers.BasicRegionNorm: PlainRegionNorm,
    layers.LearnableRegionNorm: PlainLearnable,
}
