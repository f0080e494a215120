"""CTSDG in plain torch modules: masks of every channel, attention by convolutions with the patches of all positions.

The auxiliary image and edges are computed, as the authors' code does.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.ctsdg.blocks import CFA, RAL, Masked, PartialConv
from baselines.ctsdg.network import Generator
from plain.swap import pair, swapped, weights


class PlainPartial(PartialConv):
    def forward(self, *parts: Masked) -> Masked:
        features = torch.cat([part.features for part in parts], dim=1)
        masks = torch.cat([part.known.expand_as(part.features) for part in parts], dim=1)
        stride, padding = self.conv.stride, self.conv.kernel_size[0] // 2
        count = functional.conv2d(masks, torch.ones_like(self.conv.weight), stride=stride, padding=padding)
        known = count.clamp(0, 1)
        ratio = self.window / (count + 1e-8) * known
        return Masked(self.activation(self.bn(self.conv(features * masks) * ratio)), known[:, :1])


class PlainRAL(RAL):
    def forward(self, features: Tensor) -> Tensor:
        """For one image; scores have an axis for patches, and the two of the map for positions."""
        half = functional.interpolate(features, scale_factor=0.5, mode="bilinear", align_corners=True)
        channels, places = features.shape[1], half.shape[2] * half.shape[3]
        patches = functional.unfold(half, 3, padding=1)[0].T.reshape(places, channels, 3, 3)
        lengths = patches.square().sum((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-4)
        scores = functional.conv2d(half, patches / lengths, padding=1)
        attention = (scores * 10).softmax(1).clamp(min=1e-8)
        sources = functional.unfold(features, 4, padding=1, stride=2)[0].T.reshape(places, channels, 4, 4)
        return functional.conv_transpose2d(attention, sources, stride=2, padding=1) / 4


class PlainCFA(CFA):
    def forward(self, features: Tensor) -> Tensor:
        aggregated: Tensor = self.msfa(self.ral(features))
        return aggregated


class PlainGenerator(Generator):
    def _fused(self, texture: Tensor, structure: Tensor) -> Tensor:
        self.texture_feature_projection(texture)
        self.structure_feature_projection(structure)
        return super()._fused(texture, structure)

    def _picture(self, fused: Tensor, both: Tensor) -> Tensor:
        enlarged = functional.interpolate(fused, scale_factor=2.0, mode="bilinear", align_corners=False)
        picture: Tensor = self.out_layer(torch.cat([enlarged, both], dim=1))
        return picture


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    PartialConv: PlainPartial,
    RAL: PlainRAL,
    CFA: PlainCFA,
    Generator: PlainGenerator,
}


def ctsdg() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image without edges."""
    image, mask = pair()
    known = 1 - mask
    texture = (image * 2 - 1) * known
    structure = torch.cat([torch.zeros_like(mask), image.mean(1, keepdim=True)], dim=1) * known
    packed = [each.contiguous(memory_format=torch.channels_last) for each in (texture, structure)]
    ours = weights("ctsdg").into(Generator()).eval().to(memory_format=torch.channels_last)
    plain = swapped(weights("ctsdg").into(Generator()), PLAIN)
    return lambda: ours(*packed, known), lambda: plain(texture, structure, known)
