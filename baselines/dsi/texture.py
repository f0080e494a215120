"""The texture generator: paints the image from the known region and the sampled structure (section 3.3)."""

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.dsi.blocks import Conv2d, GatedConv2d, GatedDeconv2d, Maps, Scope, with_mask

Weights = Float[Tensor, "batch rows columns places"]


class AttentionTransfer(nn.Module):
    """The attention of every position to all positions, by the similarity of the sampled structure; without parameters.

    Positions of the hole are candidates too: the structure decides, not the image.
    """

    def __init__(self) -> None:
        super().__init__()
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, structure: Float[Tensor, "batch channels height width"]) -> Weights:
        """Weights over all positions, in raster order, for each position; they sum to 1."""
        height, width = structure.shape[2:]
        windows = F.unfold(structure, 3, padding=1)
        lengths = windows.square().sum(dim=1)
        distance = lengths[:, :, None] + lengths[:, None, :] - 2 * windows.transpose(1, 2) @ windows
        mean = distance.mean(dim=2, keepdim=True)
        deviation = distance.std(dim=2, keepdim=True, correction=0)
        likeness = -torch.tanh((distance - mean) / deviation)
        weights: Tensor = self.softmax(50 * _fuse(likeness, height, width))
        return weights.reshape(-1, height, width, height * width)


def _fuse(likeness: Tensor, height: int, width: int) -> Tensor:
    """Add to the score of every pair of positions those of the adjacent pairs, along rows, then along columns."""
    places = height * width
    by_rows = _along_diagonal(likeness).reshape(-1, height, width, height, width)
    by_columns = _along_diagonal(by_rows.permute(0, 2, 1, 4, 3).reshape(-1, places, places))
    back = by_columns.reshape(-1, width, height, width, height).permute(0, 2, 1, 4, 3)
    return back.reshape(-1, places, places)


def _along_diagonal(x: Tensor) -> Tensor:
    total = x.clone()
    total[:, 1:, 1:] += x[:, :-1, :-1]
    total[:, :-1, :-1] += x[:, 1:, 1:]
    return total


class Transfer(nn.Module):
    """Patches of a map, each replaced by a weighted mean of all patches."""

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.patch = patch

    def forward(self, weights: Weights, x: Maps) -> Maps:
        """The reconstructed map; it has one patch per position."""
        patches = F.pixel_unshuffle(x, self.patch)
        mixed = weights.flatten(1, 2) @ patches.flatten(2).transpose(1, 2)
        mixed = mixed.transpose(1, 2).reshape(patches.shape)
        return F.pixel_shuffle(mixed, self.patch).contiguous(memory_format=torch.channels_last)


class TextureGenerator(Scope):
    """The known region and the sampled structure to an image."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = (self._gated(5, 64, size=5), self._gated(32, 128, stride=2), self._gated(64, 128))
        self.coarse = (self._gated(64, 256, stride=2),)
        self.structure = (
            self._gated(64, 256),
            self._gated(128, 256),
            self.create(GatedDeconv2d((3, 3), (128, 256))),
        )
        self.middle = (
            self._gated(256, 256),
            self._gated(128, 256),
            *(self._gated(128, 256, rate=rate) for rate in (2, 4, 8, 16)),
        )
        self.attention = AttentionTransfer()
        self.transfer_fine, self.transfer_middle = Transfer(4), Transfer(2)
        self.late = (self._gated(128, 256), self._gated(128, 256))
        self.up = (
            (self._gated(256, 256), self.create(GatedDeconv2d((3, 3), (128, 128)))),
            (self._gated(128, 128), self.create(GatedDeconv2d((3, 3), (64, 64)))),
        )
        self.paint = (self._gated(32, 64), self.create(Conv2d((3, 3), (32, 3))))

    def _gated(self, channels: int, out: int, size: int = 3, stride: int = 1, rate: int = 1) -> GatedConv2d:
        return self.create(GatedConv2d((size, size), (channels, out), stride=stride, rate=rate))

    def encode_known(
        self, image: Float[Tensor, "batch 3 height width"], mask: Float[Tensor, "batch 1 height width"]
    ) -> tuple[Float[Tensor, "batch 64 height//2 width//2"], Float[Tensor, "batch 128 height//4 width//4"]]:
        """The part that does not depend on the structure: fine and coarse features of the known region."""
        fine = _through(self.fine, with_mask(image, mask))
        return fine, _through(self.coarse, fine)

    def forward(
        self,
        structure: Float[Tensor, "batch 64 height width"],
        fine: Float[Tensor, "batch 64 4*height 4*width"],
        coarse: Float[Tensor, "batch 128 2*height 2*width"],
    ) -> Float[Tensor, "batch 3 8*height 8*width"]:
        """The inpainted image, RGB in [-1, 1], from the structure features and the output of `encode_known`."""
        middle = _through(self.middle, torch.cat([coarse, _through(self.structure, structure)], dim=1))
        weights = self.attention(structure)
        x = _through(self.late, middle)
        x = _through(self.up[0], torch.cat([x, self.transfer_middle(weights, middle)], dim=1))
        x = _through(self.up[1], torch.cat([x, self.transfer_fine(weights, fine)], dim=1))
        return torch.tanh(_through(self.paint, x))


def _through(layers: Iterable[Callable[[Tensor], Tensor]], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x
