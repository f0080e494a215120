"""DSI: sample the structure of the whole image as codes, one after the other, then paint the texture."""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from baselines.dsi.blocks import Scopes
from baselines.dsi.sampling import CodeSampler
from baselines.dsi.structure import StructureCondition, StructurePixelCNN
from baselines.dsi.texture import TextureGenerator
from baselines.dsi.vqvae import TopCodebook, VQDecoder, VQEncoder

Images = Float[Tensor, "batch 3 height width"]  # RGB in [-1, 1], 0 in the hole
Masks = Float[Tensor, "batch 1 height width"]  # 1 = hole
Features = Float[Tensor, "batch 64 height//8 width//8"]  # of the top codes


class VQVAE(Scopes):
    """The hierarchical VQ-VAE; inpainting uses only its top codebook."""

    def __init__(self) -> None:
        super().__init__({"vq_encoder": VQEncoder(), "vq_decoder": VQDecoder()})

    def forward(self, image: Images) -> Images:
        """The reconstruction of the whole image."""
        decoded: Tensor = self["vq_decoder"](*self["vq_encoder"](image))
        return decoded


class StructureGenerator(Scopes):
    """The distribution over the top codes of the whole image; the known region is sampled as well."""

    def __init__(self) -> None:
        condition, pixelcnn, codebook = StructureCondition(), StructurePixelCNN(), TopCodebook()
        super().__init__({"structure_condition": condition, "structure_pixelcnn": pixelcnn, "vq_encoder": codebook})
        self.parts = condition, pixelcnn, codebook

    def forward(self, image: Images, mask: Masks, features: Features) -> Float[Tensor, "batch 512 height//8 width//8"]:
        """The logits of every code, given the features of the codes before it."""
        condition, pixelcnn, _ = self.parts
        logits: Tensor = pixelcnn(features, condition(image, mask))
        return logits


class TextureNetwork(Scopes):
    """The texture generator, and the codebook of the structure that it is conditioned on."""

    def __init__(self) -> None:
        texture = TextureGenerator()
        super().__init__({"texture_generator": texture, "vq_encoder": TopCodebook()})
        self.encode_known = texture.encode_known

    def forward(self, image: Images, mask: Masks, features: Features) -> Images:
        """The inpainted image, RGB in [-1, 1]."""
        painted: Tensor = self["texture_generator"](features, *self.encode_known(image, mask))
        return painted


class DSI(Scopes):
    """Everything that inpainting needs: the structure generator, the top codebook, the texture generator."""

    def __init__(self) -> None:
        condition, pixelcnn = StructureCondition(), StructurePixelCNN()
        texture, codebook = TextureGenerator(), TopCodebook()
        super().__init__(
            {
                "structure_condition": condition,
                "structure_pixelcnn": pixelcnn,
                "texture_generator": texture,
                "vq_encoder": codebook,
            }
        )
        self.parts = condition, pixelcnn, codebook, texture

    def forward(
        self, image: Images, mask: Masks, uniform: Float64[Tensor, "batch samples height//8 width//8"]
    ) -> Float[Tensor, "batch samples 3 height width"]:
        """Samples in [-1, 1], one per set of uniform draws in [0, 1), one draw per code.

        Every image and every sample is computed alone: in a batch results may round differently, and a code whose draw
        is close to the boundary of the next code would change.
        """
        condition, pixelcnn, codebook, _ = self.parts
        known = [(image[i : i + 1], mask[i : i + 1]) for i in range(len(image))]
        conditions = torch.cat([condition(*one) for one in known])
        codes, _ = CodeSampler(pixelcnn, codebook.vectors).sample(conditions, uniform)
        return torch.stack([self._paint(*one, drawn) for one, drawn in zip(known, codes, strict=True)])

    def _paint(self, image: Images, mask: Masks, codes: Tensor) -> Tensor:
        """All samples of one image."""
        *_, codebook, texture = self.parts
        seen = texture.encode_known(image, mask)
        return torch.cat([texture(codebook(sample[None]), *seen) for sample in codes])
