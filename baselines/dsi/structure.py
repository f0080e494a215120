"""The structure generator: a distribution over the top codes, conditioned on the known region (section 3.2).

The code of a position is sampled given all codes before it, row by row, and the condition. Two streams keep the order:
`down` sees the rows above, `right` also the positions to the left in the same row (PixelCNN++, Salimans et al., 2017);
causal attention gives the right stream access to every earlier position (PixelSNAIL, Chen et al., 2018). `sampling`
samples the codes without repeating the computations for earlier positions.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from baselines.dsi.blocks import Maps, Scope, WNConv2d, WNDense, concat_elu, with_mask
from baselines.dsi.vqvae import CODE_CHANNELS, CODES

CHANNELS = 128  # of the two streams
HEADS, KEY, VALUE = 8, 16, 64  # of the causal attention
GROUPS, STEPS, OUTPUT_STEPS = 4, 5, 20


class GatedBlock:
    """x + a * sigmoid(b), where a and b come from two 3x3 convolutions; the first may be dilated."""

    def __init__(self, scope: Scope, channels: int, inner: int, rate: int = 1) -> None:
        self.first = scope.create(WNConv2d((3, 3), (2 * channels, inner), rate=rate))
        self.second = scope.create(WNConv2d((3, 3), (2 * inner, 2 * channels)))

    def __call__(self, x: Tensor) -> Tensor:
        return x + F.glu(self.second(concat_elu(self.first(concat_elu(x)))), dim=1)


class StructureCondition(Scope):
    """The known region to features at an eighth of the size, which condition every code."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[Callable[[Tensor], Tensor]] = [self.create(WNConv2d((5, 5), (5, 32)))]
        for channels in (32, 64, 128):
            layers.append(GatedBlock(self, channels, channels))
            layers.append(self.create(WNConv2d((3, 3), (channels, 2 * channels), stride=2)))
        layers += [GatedBlock(self, 256, 256, rate) for rate in (1, 1, 1, 2, 4, 8, 16, 1, 1, 1)]
        self.layers = tuple(layers)

    def forward(
        self, image: Float[Tensor, "batch 3 height width"], mask: Float[Tensor, "batch 1 height width"]
    ) -> Float[Tensor, "batch 256 height//8 width//8"]:
        """The condition for an RGB image in [-1, 1], 0 in the hole; mask 1 = hole; sizes are multiples of 8."""
        x = with_mask(image, mask)
        for layer in self.layers:
            x = layer(x)
        return x


class CausalAttention:
    """Eight heads in which a position attends to all positions before it, not to itself; the input is added."""

    def __init__(self, scope: Scope) -> None:
        sizes = (KEY, KEY, VALUE)  # of query, key and value
        self.heads = [[scope.create(WNDense((CHANNELS, size))) for size in sizes] for _ in range(HEADS)]
        self.merge = scope.create(WNDense((HEADS * VALUE, CHANNELS)))

    def __call__(self, x: Tensor) -> Tensor:
        heads = [self._attend(*(layer(x).flatten(2).transpose(1, 2) for layer in head)) for head in self.heads]
        attended = torch.cat(heads, dim=1)
        merged: Tensor = self.merge(attended.view(*attended.shape[:2], *x.shape[2:]))
        return x + merged

    @staticmethod
    def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        places = query.shape[1]
        before = torch.ones(places, places, dtype=query.dtype, device=query.device).tril(-1)
        logits = query @ key.transpose(1, 2) / KEY**0.5 - 1e10 * (1 - before)
        weights = (logits - logits.amax(dim=2, keepdim=True)).exp() * before
        weights = weights / (weights.sum(dim=2, keepdim=True) + 1e-10)  # all zero at the first position
        attended: Tensor = weights @ value
        return attended.transpose(1, 2)


class GatedStep:
    """One step of a stream: two shifted convolutions, with inputs from the other stream and the condition."""

    def __init__(self, scope: Scope, right: bool, attends: bool = False) -> None:
        size, padding = ((2, 2), (1, 0, 1, 0)) if right else ((2, 3), (1, 1, 1, 0))
        self.first = scope.create(WNConv2d(size, (2 * CHANNELS, CHANNELS), padding=padding))
        self.across = scope.create(WNDense((2 * CHANNELS, CHANNELS))) if right else None
        self.second = scope.create(WNConv2d(size, (2 * CHANNELS, 2 * CHANNELS), padding=padding))
        self.condition = scope.create(WNDense((512, 2 * CHANNELS)))
        self.attention = CausalAttention(scope) if attends else None

    def __call__(self, x: Tensor, condition: Tensor, other: Tensor | None = None) -> Tensor:
        """The stream after this step; concat_elu has already been applied to `condition`."""
        inner = self.first(concat_elu(x))
        if self.across is not None and other is not None:
            inner = inner + self.across(concat_elu(other))
        y = F.glu(self.second(concat_elu(inner)) + self.condition(condition), dim=1)
        if self.attention is not None:
            y = self.attention(y)
        return x + y


class StructurePixelCNN(Scope):
    """The distribution of every top code, given the codes before it and the condition."""

    def __init__(self) -> None:
        super().__init__()
        channels = (CODE_CHANNELS + 1, CHANNELS)
        self.enter_down = (self.create(WNConv2d((2, 3), channels, padding=(1, 1, 1, 0))),)
        above = self.create(WNConv2d((1, 3), channels, padding=(1, 1, 0, 0)))
        self.enter_right = (above, self.create(WNConv2d((2, 1), channels, padding=(0, 0, 1, 0))))
        self.steps = [
            (GatedStep(self, right=False), GatedStep(self, right=True, attends=step == STEPS - 1))
            for _ in range(GROUPS)
            for step in range(STEPS)
        ]
        self.output = [self.create(WNDense((CHANNELS, CHANNELS))) for _ in range(OUTPUT_STEPS)]
        self.logits = (self.create(WNDense((CHANNELS, CODES))),)

    def forward(
        self, features: Float[Tensor, "batch 64 height width"], condition: Float[Tensor, "batch 256 height width"]
    ) -> Float[Tensor, "batch 512 height width"]:
        """The logits of all codes at all positions; those of a position depend only on the features before it."""
        condition = concat_elu(condition)
        x = F.pad(features, (0, 0, 0, 0, 0, 1), value=1.0)  # a plane of ones, to detect the borders
        above, left = self.enter_right
        down = shift_down(self.enter_down[0](x))
        right = shift_down(above(x)) + shift_right(left(x))
        for step_down, step_right in self.steps:
            down = step_down(down, condition)
            right = step_right(right, condition, down)
        for layer in self.output:
            right = right + layer(F.elu(right))
        logits: Tensor = self.logits[0](F.elu(right))
        return logits


def shift_down(x: Maps) -> Maps:
    """Shift rows down by one; the first row becomes zero."""
    return F.pad(x, (0, 0, 1, -1))


def shift_right(x: Maps) -> Maps:
    """Shift columns right by one; the first column becomes zero."""
    return F.pad(x, (1, -1))
