"""The hierarchical VQ-VAE: structure in the top codes, texture in the bottom codes (section 3.1 of the paper).

Inpainting uses only the top codebook; encoder and decoder are for training and inspection.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from baselines.dsi.blocks import Conv2d, Deconv2d, Layer, Scope

CODES, CODE_CHANNELS = 512, 64


class Codebook(Layer):
    """The vectors of the codes: `embedding` is (64, 512), one column per code."""

    kind = "vector_quantize"
    embedding: Tensor

    def __init__(self, **more: tuple[int, ...]) -> None:
        super().__init__(embedding=(CODE_CHANNELS, CODES), **more)

    def prepare(self) -> Tensor:
        return self.embedding.t().contiguous()

    def look_up(self, codes: Int64[Tensor, "batch height width"]) -> Float[Tensor, "batch 64 height width"]:
        """The vectors of codes 0..511, as channels."""
        return F.embedding(codes, self.kernel).movedim(-1, 1)


class VectorQuantize(Codebook):
    """Replace each position of a map by the nearest vector of the codebook (van den Oord et al., 2017).

    The moving averages `ema_*` updated the codebook during training and are not used here.
    """

    def __init__(self) -> None:
        super().__init__(ema_cluster_size=(CODES,), ema_dw=(CODE_CHANNELS, CODES))

    def forward(
        self, x: Float[Tensor, "batch 64 height width"]
    ) -> tuple[Float[Tensor, "batch 64 height width"], Int64[Tensor, "batch height width"]]:
        """The nearest vectors and their codes; the first of two that are equally near."""
        flat = x.movedim(1, -1).flatten(0, 2)
        lengths = flat.square().sum(1, keepdim=True), self.embedding.square().sum(0, keepdim=True)
        codes = (lengths[0] - 2 * flat @ self.embedding + lengths[1]).argmin(dim=1)
        codes = codes.view(x.shape[0], *x.shape[2:])
        return self.look_up(codes), codes


class TopCodebook(Scope):
    """The part of the scope `vq_encoder` that inpainting needs: the codebook of the structure."""

    def __init__(self) -> None:
        super().__init__()
        self.quantise = (self.create(Codebook()),)

    def forward(self, codes: Int64[Tensor, "batch height width"]) -> Float[Tensor, "batch 64 height width"]:
        """The structure features of top codes 0..511."""
        return self.quantise[0].look_up(codes)

    @property
    def vectors(self) -> Float[Tensor, "512 64"]:
        """The vector of every code."""
        return self.quantise[0].kernel


class Residual:
    """x + 1x1 convolution of ELU of 3x3 convolution of ELU of x."""

    def __init__(self, scope: Scope) -> None:
        self.spatial = scope.create(Conv2d((3, 3), (128, 64)))
        self.mix = scope.create(Conv2d((1, 1), (64, 128)))

    def __call__(self, x: Tensor) -> Tensor:
        residual: Tensor = self.mix(F.elu(self.spatial(F.elu(x))))
        return x + residual


class Trunk:
    """A 3x3 convolution to 128 channels, two residual blocks, ELU: the common part of every scale."""

    def __init__(self, scope: Scope, channels: int) -> None:
        self.first = scope.create(Conv2d((3, 3), (channels, 128)))
        self.blocks = [Residual(scope), Residual(scope)]

    def __call__(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return F.elu(x)


class VQEncoder(Scope):
    """An image to its top features (an eighth of the size) and bottom features (a quarter), both quantised."""

    def __init__(self) -> None:
        super().__init__()
        create = self.create
        self.down = [create(Conv2d((4, 4), (3, 64), stride=2)), create(Conv2d((4, 4), (64, 128), stride=2))]
        self.bottom_trunk = Trunk(self, 128)
        self.to_top = [create(Conv2d((4, 4), (128, 64), stride=2))]
        self.top_trunk = Trunk(self, 64)
        self.top = [create(Conv2d((1, 1), (128, 64))), create(VectorQuantize())]
        self.back_trunk = Trunk(self, 64)
        self.back = [create(Deconv2d((128, 128)))]
        self.bottom = [create(Conv2d((1, 1), (256, 64))), create(VectorQuantize())]

    def forward(
        self, image: Float[Tensor, "batch 3 height width"]
    ) -> tuple[Float[Tensor, "batch 64 height//8 width//8"], Float[Tensor, "batch 64 height//4 width//4"]]:
        """The quantised top and bottom features of an RGB image in [-1, 1]."""
        x = image
        for layer in self.down:
            x = F.elu(layer(x))
        features = self.bottom_trunk(x)
        x = F.elu(self.to_top[0](features))
        to_code, quantise = self.top
        top, _ = quantise(to_code(self.top_trunk(x)))
        from_top = self.back[0](self.back_trunk(top))
        to_code, quantise = self.bottom
        bottom, _ = quantise(to_code(torch.cat([features, from_top], dim=1)))
        return top, bottom


class VQDecoder(Scope):
    """Quantised top and bottom features to the image, in about [-1, 1] and not clamped."""

    def __init__(self) -> None:
        super().__init__()
        self.from_top = [self.create(Deconv2d((64, 64)))]
        self.trunk = Trunk(self, 128)
        self.up = [self.create(Deconv2d((128, 64))), self.create(Deconv2d((64, 3)))]

    def forward(
        self, top: Float[Tensor, "batch 64 height width"], bottom: Float[Tensor, "batch 64 2*height 2*width"]
    ) -> Float[Tensor, "batch 3 8*height 8*width"]:
        """The image of the features; the bottom ones come first."""
        x = self.trunk(torch.cat([bottom, self.from_top[0](top)], dim=1))
        image: Tensor = self.up[1](F.elu(self.up[0](x)))
        return image
