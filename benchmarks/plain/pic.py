"""PIC in plain torch modules: 2x2 means follow the convolutions, and spectral norms are computed at every call.

They start from the stored vectors, so that every run is the first one after loading.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.pic import blocks
from baselines.pic.network import Encoder, Generator, drawn, shrunk
from baselines.pic.spectral import SpectralConv, SpectralConvTranspose
from plain.swap import pair, swapped, weights


def normalised(conv: SpectralConv) -> Tensor:
    matrix = conv.module.weight_bar.flatten(1)
    v = matrix.T @ conv.module.weight_u
    v = v / (v.norm() + 1e-12)
    u = matrix @ v
    u = u / (u.norm() + 1e-12)
    kernel: Tensor = conv.module.weight_bar / (u @ (matrix @ v))
    return kernel


class PlainConv(SpectralConv):
    def forward(self, features: Tensor, call: int) -> Tensor:
        return functional.conv2d(features, normalised(self), self.module.bias, padding=self.padding)


class PlainConvTranspose(SpectralConvTranspose):
    def forward(self, features: Tensor, call: int) -> Tensor:
        bias = self.module.bias
        return functional.conv_transpose2d(features, normalised(self), bias, stride=2, padding=1, output_padding=1)


class PlainDown(blocks.DownBlock):
    def forward(self, features: Tensor, call: int) -> Tensor:
        inside = self.conv1(functional.leaky_relu(features, self.slope), call)
        inside = self.conv2(functional.leaky_relu(inside, self.slope), call)
        return functional.avg_pool2d(inside, 2) + functional.avg_pool2d(self.bypass(features, call), 2)


class PlainFirst(blocks.FirstBlock):
    def forward(self, features: Tensor, call: int) -> Tensor:
        inside = self.conv2(functional.leaky_relu(self.conv1(features, call), self.slope), call)
        shortcut: Tensor = self.bypass(functional.avg_pool2d(features, 2), call)
        return functional.avg_pool2d(inside, 2) + shortcut


class PlainNorm(blocks.InstanceNorm):
    def forward(self, features: Tensor) -> Tensor:
        return functional.instance_norm(features, weight=self.weight, bias=self.bias)


class PlainAttention(blocks.LongShortAttention):
    def forward(self, features: Tensor, encoded: Tensor, known: Tensor, call: int) -> Tensor:
        queries = self.query_conv(features).flatten(2)
        attention = self.softmax(queries.transpose(1, 2) @ queries).transpose(1, 2)
        short = self.gamma * (features.flatten(2) @ attention).view(features.shape) + features
        others = (encoded.flatten(2) @ attention).view(features.shape)
        long = self.alpha * (1 - known) * others + known * encoded
        found: Tensor = self.model(torch.cat([short, long], dim=1), call)
        return found


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    SpectralConv: PlainConv,
    SpectralConvTranspose: PlainConvTranspose,
    blocks.DownBlock: PlainDown,
    blocks.FirstBlock: PlainFirst,
    blocks.InstanceNorm: PlainNorm,
    blocks.LongShortAttention: PlainAttention,
}


def networks() -> nn.ModuleDict:
    return weights("pic").into(nn.ModuleDict({"net_E": Encoder(), "net_G": Generator()})).eval()


def pic() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain ones, one draw for one image."""
    image, mask = pair()
    masked = (image * 2 - 1) * (1 - mask)
    packed = masked.contiguous(memory_format=torch.channels_last)
    noise = torch.randn(1, 128, 8, 8, generator=torch.Generator().manual_seed(0))

    def run(parts: nn.ModuleDict, x: Tensor) -> Tensor:
        code = parts["net_E"](x, 0)
        found: Tensor = parts["net_G"](drawn(code, noise), code, shrunk(1 - mask, code), 0)
        return found

    ours, plain = networks().to(memory_format=torch.channels_last), swapped(networks(), PLAIN)
    return lambda: run(ours, packed), lambda: run(plain, masked)
