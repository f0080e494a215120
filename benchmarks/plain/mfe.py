"""MFE in plain torch modules: known positions are counted by the published kernels of ones.

Texture and structure are filled one after the other, and the means by distance are products with one matrix.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.mfe.adapter import HOLE_COLOUR
from baselines.mfe.blocks import Resized
from baselines.mfe.equalisation import Gaussian, Neighbours
from baselines.mfe.filling import Partial, PartialConv
from baselines.mfe.network import MEDFE, FeatureEqualisation
from plain.swap import pair, swapped, weights


class PlainNorm(nn.GroupNorm):
    def forward(self, x: Tensor) -> Tensor:
        return functional.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class PlainResized(Resized):
    def forward(self, x: Tensor) -> Tensor:
        large = functional.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return functional.leaky_relu(self.norm(self.conv(large)), 0.2)


class PlainPartial(PartialConv):
    def forward(self, partial: Partial) -> Partial:
        known = partial.known.expand_as(partial.feature)
        total, count = self.input_conv(partial.feature * known), self.mask_conv(known)
        empty = count == 0
        found = (total / count.masked_fill(empty, 1)).masked_fill(empty, 0)
        return Partial(found, (~empty).to(found.dtype)[:, :1])


@cache
def weights_by_distance(side: int) -> Tensor:
    """The weights of all positions in the mean of each, in raster order; they sum to 1."""
    positions = torch.cartesian_prod(*2 * [torch.arange(side, dtype=torch.float64)])
    near = torch.exp(-(positions[:, None] - positions).square().sum(2) / (2 * 1.5**2))
    return (near / near.sum(1, keepdim=True)).float()


class PlainGaussian(Gaussian):
    def forward(self, x: Tensor) -> Tensor:
        return (weights_by_distance(x.shape[2]) @ x.flatten(2).transpose(1, 2)).reshape(x.shape)


class PlainNeighbours(Neighbours):
    def forward(self, x: Tensor) -> Tensor:
        batch, channels = x.shape[:2]
        windows = [functional.unfold(one, 3, padding=1).view(batch, channels, 9, -1) for one in (x.sigmoid(), x)]
        likeness = (windows[0] * x.sigmoid().flatten(2)[:, :, None]).mean(1, keepdim=True)
        mean = (likeness.softmax(2) * windows[1]).sum(2)
        return mean.transpose(1, 2).reshape(x.shape)


class PlainEqualisation(FeatureEqualisation):
    def forward(self, features: list[Tensor], mask: Tensor) -> list[Tensor]:
        x1, x2, x3, x4, x5, x6 = (functional.leaky_relu(feature, 0.2) for feature in features)
        structure = torch.cat([self.up(x4), self.up(x5), self.up(x6)], dim=1)
        texture = torch.cat([self.down_128(x1), self.down_64(x2), self.down_32(x3)], dim=1)
        known = self.known(mask)
        streams = []
        for one in (structure, texture):
            partial = Partial(self.down(one), known)
            sizes = [stack(partial).feature for stack in (self.cov_3, self.cov_5, self.cov_7)]
            streams.append(self.down(torch.cat(sizes, dim=1)))
        equal = self.base(self.fuse(torch.cat(streams, dim=1)))
        scales = (self.up_128, self.up_64, self.up_32, self.down_16, self.down_8, self.down_4)
        return [feature + scale(equal) for feature, scale in zip(features, scales, strict=True)]


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    nn.GroupNorm: PlainNorm,
    Resized: PlainResized,
    PartialConv: PlainPartial,
    Gaussian: PlainGaussian,
    Neighbours: PlainNeighbours,
    FeatureEqualisation: PlainEqualisation,
}


def mfe() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image."""
    image, mask = pair()
    colour = torch.tensor(HOLE_COLOUR).view(1, 3, 1, 1) / 255 * 2 - 1
    known = 1 - mask
    x = torch.cat([(image * 2 - 1) * known + colour * mask, known.expand(-1, 3, -1, -1)], dim=1)
    ours = weights("mfe").into(MEDFE()).eval()
    plain = swapped(weights("mfe").into(MEDFE()), PLAIN)
    return lambda: ours(x, mask), lambda: plain(x, mask)
