"""DSI in plain torch modules: weight norms are computed at every call, and all logits anew for every code.

A sample for an image of 256 pixels would take about half an hour, so two parts are compared: what is computed once for
such an image, with codes that are given, and the sampling of all codes of an image of 64 pixels.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.dsi import blocks, structure, texture
from baselines.dsi.network import DSI
from baselines.dsi.sampling import draw
from baselines.dsi.vqvae import CODES
from plain.swap import pair, swapped, weights


class PlainWN(blocks.WNConv2d):
    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, self.before) if self.before else x
        length = self.V.square().sum(dim=(0, 1, 2)).clamp(min=1e-12).sqrt()
        kernel = (self.V * (self.g / length)).permute(3, 2, 0, 1)
        return functional.conv2d(x, kernel, self.b, self.stride, self.padding, self.rate)


class PlainDense(blocks.WNDense):
    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x.movedim(1, -1), self.prepare(), self.b).movedim(-1, 1)


def with_mask(image: Tensor, mask: Tensor) -> Tensor:
    return torch.cat([image, torch.ones_like(mask), mask], dim=1)


class PlainCondition(structure.StructureCondition):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        x = with_mask(image, mask)
        for layer in self.layers:
            x = layer(x)
        return x


class PlainTexture(texture.TextureGenerator):
    def encode_known(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        fine = with_mask(image, mask)
        for layer in self.fine:
            fine = layer(fine)
        return fine, self.coarse[0](fine)


class PlainAttention(texture.AttentionTransfer):
    def forward(self, x: Tensor) -> Tensor:
        """For one map; likenesses have an axis for the position, and one for all that it is compared with."""
        channels, height, width = x.shape[1:]
        windows = functional.unfold(x, 3, padding=1)[0].T
        lengths = windows.square().sum(1)
        products = functional.conv2d(x, windows.view(-1, channels, 3, 3), padding=1)[0].flatten(1)
        distance = lengths[:, None] + lengths - 2 * products.T
        deviation = distance.std(1, keepdim=True, correction=0)
        likeness = -torch.tanh((distance - distance.mean(1, keepdim=True)) / deviation)
        for rows, columns in ((height, width), (width, height)):
            summed = functional.conv2d(likeness[None, None], torch.eye(3)[None, None], padding=1)
            pairs = summed.view(rows, columns, rows, columns).permute(1, 0, 3, 2)
            likeness = pairs.reshape(height * width, height * width)
        return (50 * likeness).softmax(1).view(1, height, width, -1)


class PlainTransfer(texture.Transfer):
    def forward(self, attention: Tensor, x: Tensor) -> Tensor:
        side = self.patch
        patches = functional.unfold(x, side, stride=side)[0].T.reshape(-1, x.shape[1], side, side)
        return functional.conv_transpose2d(attention.permute(0, 3, 1, 2), patches, stride=side)


class PlainDSI(DSI):
    def forward(self, image: Tensor, mask: Tensor, uniform: Tensor) -> Tensor:
        """One sample."""
        condition, pixelcnn, codebook, painter = self.parts
        known, (rows, columns) = condition(image, mask), uniform.shape[2:]
        features = torch.zeros(1, 64, rows, columns)
        for row in range(rows):
            for column in range(columns):
                logits = pixelcnn(features, known)[:, :, row, column]
                codes = draw(logits, uniform[:, 0, row, column])
                features[:, :, row, column] = codebook(codes[:, None, None])[:, :, 0, 0]
        painted: Tensor = painter(features, *painter.encode_known(image, mask))
        return painted[None]


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    blocks.WNConv2d: PlainWN,
    blocks.WNDense: PlainDense,
    structure.StructureCondition: PlainCondition,
    texture.TextureGenerator: PlainTexture,
    texture.AttentionTransfer: PlainAttention,
    texture.Transfer: PlainTransfer,
    DSI: PlainDSI,
}


def dsi() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, without the sampling: the condition of the codes, and the texture for given ones."""
    image, mask = pair()
    image, generator = (2 * image - 1) * (1 - mask), torch.Generator().manual_seed(0)
    codes = torch.randint(CODES, (1, 4, 4), generator=generator).repeat(1, 8, 8)  # patches that resemble each other

    def run(network: DSI) -> Tensor:
        condition, _, codebook, painter = network.parts
        painted: Tensor = painter(codebook(codes), *painter.encode_known(image, mask))
        return torch.cat([condition(image, mask).flatten(), painted.flatten()])

    ours, plain = weights("dsi").into(DSI()).eval(), swapped(weights("dsi").into(DSI()), PLAIN)
    return lambda: run(ours), lambda: run(plain)


def dsi_64() -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Ours and the plain one, one sample for one image of 64 pixels: 64 codes."""
    image, mask = pair(64)
    image, generator = (2 * image - 1) * (1 - mask), torch.Generator().manual_seed(0)
    uniform = torch.rand(1, 1, 8, 8, generator=generator, dtype=torch.float64)
    ours, plain = weights("dsi").into(DSI()).eval(), swapped(weights("dsi").into(DSI()), PLAIN)
    return lambda: ours(image, mask, uniform), lambda: plain(image, mask, uniform)
