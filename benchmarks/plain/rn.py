"""RN in plain torch modules."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.rn.network import RegionNormGenerator, ResidualBlock
from plain.regions import REGIONS
from plain.swap import pair, swapped, weights


class PlainBlock(ResidualBlock):
    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = x + self.conv_block(x)
        return total


class PlainGenerator(RegionNormGenerator):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.pad(x * (1 - mask) + mask)
        x = functional.relu(self.encoder_in1(self.encoder_conv1(x), mask))
        x = functional.relu(self.encoder_in2(self.encoder_conv2(x), mask))
        x = functional.relu(self.encoder_in3(self.encoder_conv3(x), mask))
        return (torch.tanh(self.decoder(self.middle(x))) + 1) / 2


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    **REGIONS,
    ResidualBlock: PlainBlock,
    RegionNormGenerator: PlainGenerator,
}


def rn() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, on one image."""
    image, mask = pair()
    ours = weights("rn").into(RegionNormGenerator()).eval()
    plain = swapped(weights("rn").into(RegionNormGenerator()), PLAIN)
    return lambda: ours(image, mask), lambda: plain(image, mask)
