"""EdgeConnect in plain torch modules, without Canny's edges; spectral norms are computed at every call."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.ec import blocks
from baselines.ec.network import CompletionGenerator, EdgeGenerator, Generator
from plain.swap import pair, swapped, weights


class PlainNorm(blocks.InstanceNorm):
    def forward(self, x: Tensor) -> Tensor:
        return functional.instance_norm(x)


def normalised(conv: blocks.SpectralNorm) -> Tensor:
    matrix = conv.weight_orig.transpose(0, conv.out_axis).flatten(1)
    return conv.weight_orig / torch.dot(conv.weight_u, torch.mv(matrix, conv.weight_v))


class PlainConv(blocks.SpectralConv2d):
    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, normalised(self), self.bias, self.stride, self.padding, self.dilation)


class PlainConvTranspose(blocks.SpectralConvTranspose2d):
    def forward(self, x: Tensor) -> Tensor:
        return functional.conv_transpose2d(x, normalised(self), self.bias, self.stride, self.padding)


class Layers(Generator):
    def logits(self, x: Tensor) -> Tensor:
        found: Tensor = self.decoder(self.middle(self.encoder(x)))
        return found


class PlainEdge(Layers, EdgeGenerator):
    pass


class PlainCompletion(Layers, CompletionGenerator):
    pass


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    blocks.InstanceNorm: PlainNorm,
    blocks.SpectralConv2d: PlainConv,
    blocks.SpectralConvTranspose2d: PlainConvTranspose,
    EdgeGenerator: PlainEdge,
    CompletionGenerator: PlainCompletion,
}


def networks() -> nn.ModuleDict:
    return weights("ec").into(nn.ModuleDict({"edge": EdgeGenerator(), "inpaint": CompletionGenerator()})).eval()


def ec() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain ones, on one image without edges."""
    image, mask = pair()
    white = image + mask

    def run(stages: nn.ModuleDict) -> Tensor:
        drawn = stages["edge"](torch.cat([white.mean(1, keepdim=True), torch.zeros_like(mask), mask], dim=1))
        found: Tensor = stages["inpaint"](torch.cat([white, drawn], dim=1))
        return found

    ours, plain = networks(), swapped(networks(), PLAIN)
    return lambda: run(ours), lambda: run(plain)
