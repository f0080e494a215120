"""SPL: Context-Aware Image Inpainting with Learned Semantic Priors (Zhang et al., IJCAI 2021).

Two branches. The prior learner takes the masked image at twice the size and outputs a map of semantic priors, trained
with the features of a classifier. The image branch encodes the masked image, and the prior modulates its residual
blocks.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3, RowwiseConv2d
from baselines.layers import BasicRegionNorm, LearnableRegionNorm, ResidualDenseBlock
from baselines.spl.blocks import ModulatedBlock, ResidualBlock


class SemanticPriorGenerator(nn.Module):
    """The generator of SPL, with the published parameter names.

    Height and width are multiples of 4. All maps are channels-last: the normalisations operate on rows of pixels.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(3)
        self.encoder_conv1 = nn.Conv2d(3, 64, 7)
        self.encoder_in1 = BasicRegionNorm(64)
        self.encoder_conv2 = nn.Conv2d(64, 128, 4, stride=2, padding=1)
        self.encoder_in2 = BasicRegionNorm(128)
        self.encoder_conv3 = nn.Conv2d(128, 256, 4, stride=2, padding=1)
        self.encoder_in3 = BasicRegionNorm(256)
        self.middle = nn.ModuleList(ModulatedBlock(256, prior_channels=256) for _ in range(8))
        self.decoder = nn.Sequential(
            Conv3x3(256, 512, padding=1),
            nn.PixelShuffle(2),
            LearnableRegionNorm(),
            nn.ReLU(inplace=True),
            Conv3x3(128, 256, padding=1),
            nn.PixelShuffle(2),
            LearnableRegionNorm(),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(3),
            RowwiseConv2d(64, 3, 7),
        )
        # The prior learner: "sm" are the semantic maps.
        self.encoder_conv1_sm = nn.Conv2d(4, 64, 7)
        self.encoder_conv2_sm = nn.Conv2d(64, 128, 4, stride=2, padding=1)
        self.encoder_conv3_sm = nn.Conv2d(128, 256, 4, stride=2, padding=1)
        self.encoder_conv4_sm = nn.Conv2d(256, 256, 4, stride=2, padding=1)
        self.encoder_sm_out = Conv3x3(256, 256, padding=1)
        self.rdbs = nn.ModuleList(ResidualDenseBlock(256, growth=32) for _ in range(16))
        self.gff = nn.Sequential(nn.Conv2d(16 * 256, 256, 1), Conv3x3(256, 256, padding=1))
        self.feature_recon = nn.Sequential(*(ResidualBlock(256) for _ in range(4)))
        self.feature_mapping = nn.Conv2d(256, 152, 1)  # predicts the classifier's features: for training only
        self.leaky = nn.LeakyReLU(0.1, inplace=True)
        self.to(memory_format=torch.channels_last)

    def forward(
        self,
        x: Float[Tensor, "batch 3 height width"],
        mask: Float[Tensor, "batch 1 height width"],
        masked_512: Float[Tensor, "batch 3 twice_height twice_width"],
        mask_512: Float[Tensor, "batch 1 twice_height twice_width"],
    ) -> Float[Tensor, "batch 3 height width"]:
        """The whole image in [0, 1] from an RGB image in [0, 1] and its mask, 1 = hole.

        The hole is set to white here, so its content is ignored. The last two arguments are the image with a white hole
        and the mask at twice the size (nearest neighbour): the input of the prior learner.
        """
        prior = self.prior(torch.cat([masked_512, mask_512], dim=1))
        x = (x * (1 - mask) + mask).contiguous(memory_format=torch.channels_last)
        x = self.encoder_in1(self.encoder_conv1(self.pad(x)), mask).relu_()
        x = self.encoder_in2(self.encoder_conv2(x), mask).relu_()
        x = self.encoder_in3(self.encoder_conv3(x), mask).relu_()
        for block in self.middle:
            x = block(x, prior)
        return (torch.tanh(self.decoder(x)) + 1) / 2

    def prior(self, x: Float[Tensor, "batch 4 height width"]) -> Float[Tensor, "batch 256 prior_height prior_width"]:
        """The semantic prior, an eighth of the size, from an RGB image with a white hole and its mask."""
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.leaky(self.encoder_conv1_sm(self.pad(x)))
        x = self.leaky(self.encoder_conv2_sm(x))
        x = self.leaky(self.encoder_conv3_sm(x))
        shallow = self.leaky(self.encoder_conv4_sm(x))
        deep = self.encoder_sm_out(shallow)
        outputs = []
        for block in self.rdbs:
            deep = block(deep)
            outputs.append(deep)
        fused = self.gff(torch.cat(outputs, dim=1)).add_(shallow)
        prior: Tensor = self.feature_recon(fused)
        return prior
