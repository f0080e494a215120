"""CTSDG (Guo, Yang, Huang, ICCV 2021): two coupled U-Nets of partial convolutions inpaint texture and structure, each
decoding from the other's code; their fused features give the image.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.ctsdg.blocks import CFA, BiGFF, Features, Known, Masked, PartialConv, Projection, enlarged

CHANNELS = (64, 128, 256, 512, 512, 512, 512)  # of the encoders' levels 1 to 7; each halves the size
KERNELS = (7, 5, 5, 3, 3, 3, 3)


class Generator(nn.Module):
    """The two-stream generator (section 3.1) with its fusion module (3.2, 3.3). Sizes are multiples of 128."""

    def __init__(self) -> None:
        super().__init__()
        self._add_stream("texture", 3)
        self._add_stream("structure", 2)
        self.structure_feature_projection = Projection("structure_resolver", 1, nn.Sigmoid())
        self.texture_feature_projection = Projection("texture_resolver", 3, nn.Tanh())
        self.bigff = BiGFF(64)
        self.fusion_layer1 = nn.Sequential(nn.Conv2d(128, 64, 3, stride=2, padding=1), nn.LeakyReLU(0.2))
        self.cfa = CFA(64)
        self.fusion_layer2 = nn.Sequential(nn.Conv2d(128, 64, 3, padding=1), nn.LeakyReLU(0.2))
        self.out_layer = nn.Sequential(nn.Conv2d(192, 3, 1), nn.Tanh())

    def _add_stream(self, stream: str, inputs: int) -> None:
        channels = (inputs, *CHANNELS)
        for level, kernel in enumerate(KERNELS, start=1):
            encoder = PartialConv(
                channels[level - 1], channels[level], kernel, nn.ReLU(inplace=True), stride=2, normalised=level > 1
            )
            self.add_module(f"ec_{stream}_{level}", encoder)
        for level in range(7, 0, -1):
            skip, outputs = channels[level - 1], max(channels[level - 1], 64)
            decoder = PartialConv(channels[level] + skip, outputs, 3, nn.LeakyReLU(0.2, inplace=True))
            self.add_module(f"dc_{stream}_{level}", decoder)

    def forward(
        self,
        image: Float[Tensor, "batch 3 height width"],
        structure: Float[Tensor, "batch 2 height width"],
        known: Known,
    ) -> Float[Tensor, "batch 3 height width"]:
        """The image in [-1, 1], from the image in [-1, 1], its edges (0 or 1) with its grey values in [0, 1], all zero
        in the hole, and the mask, 1 in the known region.
        """
        textures = self._encoded("texture", Masked(image, known))
        structures = self._encoded("structure", Masked(structure, known))
        texture = self._decoded("texture", structures[-1], textures)  # each decodes from the other's code
        return self._fused(texture, self._decoded("structure", textures[-1], structures))

    def _encoded(self, stream: str, state: Masked) -> list[Masked]:
        levels = [state]
        for level in range(1, 8):
            levels.append(self.get_submodule(f"ec_{stream}_{level}")(levels[-1]))
        return levels

    def _decoded(self, stream: str, state: Masked, skips: list[Masked]) -> Features:
        for level in range(7, 0, -1):
            state = self.get_submodule(f"dc_{stream}_{level}")(enlarged(state), skips[level - 1])
        return state.features

    def _fused(self, texture: Features, structure: Features) -> Tensor:
        both = self.bigff(texture, structure)
        fused = self.fusion_layer1(both)
        fused = self.fusion_layer2(torch.cat([fused, self.cfa(fused)], dim=1))
        return self._picture(fused, both)

    def _picture(self, fused: Float[Tensor, "batch 64 h w"], both: Float[Tensor, "batch 128 2*h 2*w"]) -> Tensor:
        """`out_layer` on both features, the fused ones enlarged; a 1x1 convolution commutes with the enlargement."""
        conv, tanh = self.out_layer
        assert isinstance(conv, nn.Conv2d)
        of_fused, of_both = torch.split(conv.weight, [fused.shape[1], both.shape[1]], dim=1)
        enlarged = F.interpolate(F.conv2d(fused, of_fused), scale_factor=2.0, mode="bilinear", align_corners=False)
        picture: Tensor = tanh(F.conv2d(both, of_both, conv.bias) + enlarged)
        return picture
