"""RFR in plain torch modules: masks of every channel, attention by convolutions with the vectors of all positions."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.rfr.attention import Attention, Memory, Scoring
from baselines.rfr.network import FoldedConvTranspose2d, RFRNet
from baselines.rfr.partial import Partial, PartialConv
from plain.swap import pair, swapped, weights


class PlainPartial(PartialConv):
    def forward(self, *inputs: Partial) -> Partial:
        values = torch.cat([one.values for one in inputs], dim=1)
        masks = torch.cat([one.known.expand_as(one.values) for one in inputs], dim=1)
        stride, padding = self.stride, self.weight.shape[2] // 2
        count = functional.conv2d(masks, torch.ones_like(self.weight), stride=stride, padding=padding)
        known = count.clamp(0, 1)
        ratio = self.weight[0].numel() / (count + 1e-8) * known
        found = functional.conv2d(values * masks, self.weight, stride=stride, padding=padding)
        return Partial(found * ratio, known[:, :1])


class PlainScoring(Scoring):
    def forward(self, features: Tensor, known: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        """For one image; scores have an axis for keys, and the two of the map for queries."""
        kernels = features[0].flatten(1).T[:, :, None, None] + 1e-7
        kernels = kernels / kernels.square().sum(1, keepdim=True).sqrt()
        scores = functional.conv2d(features, kernels)
        scores = (functional.avg_pool2d(scores, 3, stride=1, padding=1) * 9).softmax(1)
        if memory is not None:
            present = self.ratio.abs() + 1e-7
            scores = (memory.scores * memory.known + scores * present) / (memory.known + present)
        return functional.conv_transpose2d(scores, kernels), Memory(scores, known)


class PlainAttention(Attention):
    def forward(self, features: Tensor, known: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        small = functional.interpolate(known, features.shape[2:], mode="nearest")
        mixture, memory = self.att(features, small, memory)
        return self.combiner(torch.cat([mixture, features], dim=1)), memory


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    PartialConv: PlainPartial,
    Scoring: PlainScoring,
    Attention: PlainAttention,
    FoldedConvTranspose2d: nn.ConvTranspose2d,
}


def rfr() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image."""
    image, mask = pair()
    ours = weights("rfr").into(RFRNet()).eval()
    plain = swapped(weights("rfr").into(RFRNet()), PLAIN)
    return lambda: ours(image, 1 - mask), lambda: plain(image, 1 - mask)
