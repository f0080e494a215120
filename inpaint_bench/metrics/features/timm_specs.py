"""What is taken from a model of timm, and what becomes of a picture before it: plain data, without torch."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Output: TypeAlias = Literal["pooled", "projected", "unit"]
Colours: TypeAlias = tuple[float, float, float]

FLOAT_BICUBIC = "float-bicubic"  # torch's, in floats and without antialiasing; all others are Pillow's, in 8 bits
IMAGENET: tuple[Colours, Colours] = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and deviation of RGB
OF_CLIP: tuple[Colours, Colours] = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Preprocessing:
    """Resizing, cropping and scaling, as timm's transform for evaluation does them."""

    size: tuple[int, int]  # rows and columns in pixels of the network's input
    interpolation: str  # Pillow's, or `FLOAT_BICUBIC`
    crop: str  # "squash": both sides are resized; "center": the shorter side is, and the middle is taken; "border"
    crop_pct: float  # the share of the resized picture that is taken
    mean: tuple[float, ...]  # of RGB in [0, 1]
    std: tuple[float, ...]

    def __str__(self) -> str:
        """As it stands in signatures."""
        size = "x".join(map(str, dict.fromkeys(self.size)))
        crop = self.crop if self.crop_pct == 1 else f"{self.crop}{self.crop_pct:g}"
        mean, deviation = ("-".join(f"{value:g}" for value in some) for some in (self.mean, self.std))
        return f"{size}-{self.interpolation}-{crop}:mean{mean}:std{deviation}"


@dataclass(frozen=True)
class TimmFeatures:
    """Features of a model of timm. Without `preprocessing` the model's own counts, and without `width` its own width.

    `output` is "pooled", what the model's head is given (forward_features, forward_head with pre_logits); "projected",
    the head's output, which of CLIP's image towers is the embedding; or "unit", that scaled to length 1.
    """

    model: str
    output: Output = "pooled"
    preprocessing: Preprocessing | None = None
    width: int = 0
    dinov2_positions: bool = False  # position embeddings resampled to the size of the input as DINOv2's code does


DINOV2 = Preprocessing((224, 224), "bicubic", "squash", 1.0, *IMAGENET)
SPECS = {
    "dinov2_l": TimmFeatures("vit_large_patch14_dinov2.lvd142m", "pooled", DINOV2, 1024, dinov2_positions=True),
    "dinov2_b": TimmFeatures("vit_base_patch14_dinov2.lvd142m", "pooled", DINOV2, 768, dinov2_positions=True),
    "clip_b32": TimmFeatures(
        "vit_base_patch32_clip_quickgelu_224.openai",
        "projected",
        Preprocessing((224, 224), "bicubic", "center", 1.0, *OF_CLIP),
        512,
    ),
    "clip_l336": TimmFeatures(
        "vit_large_patch14_clip_quickgelu_336.openai",
        "unit",
        Preprocessing((336, 336), FLOAT_BICUBIC, "squash", 1.0, *OF_CLIP),
        768,
    ),
}
