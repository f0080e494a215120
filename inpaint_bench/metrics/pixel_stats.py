"""Per-image sums over pixels from which the pixel metrics are computed, collected in one pass over a batch."""

from dataclasses import astuple, dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

PixelBatch = UInt8[np.ndarray, "batch height width 3"]
HoleBatch = Bool[np.ndarray, "batch height width"]
PerImage = Float64[np.ndarray, "batch"]
PixelCounts = Int64[np.ndarray, "batch"]

PEAK = 255
WINDOW = 11  # side of the SSIM window
BORDER = WINDOW // 2  # pixels at each edge on which no window is centred

C1, C2 = 6.5025, 58.5225  # the constants of SSIM: (0.01 * 255)^2 and (0.03 * 255)^2
# The same constants for means multiplied by n^2 and covariances multiplied by n(n - 1), with n pixels in a window:
# all other terms are then integers.
LUMINANCE = C1 * WINDOW**4
CONTRAST = C2 * WINDOW**2 * (WINDOW**2 - 1)


@dataclass(frozen=True, eq=False)
class Region:
    """Sums over one region of each image. Differences are composite minus target, in 8-bit levels."""

    pixels: PixelCounts
    squared: PixelCounts  # squared differences, over pixels and channels
    absolute: PixelCounts  # absolute differences, over pixels and channels
    channel_sum: PixelCounts  # absolute value of the sum of a pixel's three differences, over pixels
    windows: PixelCounts  # values of the SSIM map whose window is centred in the region, three per pixel
    similarity: PerImage  # sum of those values

    def __sub__(self, part: "Region") -> "Region":
        """The sums over this region without a part of it."""
        return Region(*(mine - its for mine, its in zip(astuple(self), astuple(part), strict=True)))


@dataclass(frozen=True, eq=False)
class PixelStats:
    """Sums over the whole of each image and over its hole."""

    whole: Region
    hole: Region

    @classmethod
    def of(cls, integers: Int64[np.ndarray, "batch 2 5"], similarity: Float64[np.ndarray, "batch 2"]) -> "PixelStats":
        """Build from arrays: index 0 of the second axis is the whole image, 1 the hole.

        `integers` holds the first five fields of `Region` in their order, `similarity` the last.
        """
        regions = []
        for side in (0, 1):
            pixels, squared, absolute, channel_sum, windows = integers[:, side].T
            regions.append(Region(pixels, squared, absolute, channel_sum, windows, similarity[:, side]))
        return cls(*regions)

    @property
    def known(self) -> Region:
        """The sums over the known region."""
        return self.whole - self.hole


def windowless(composites: PixelBatch, targets: PixelBatch, holes: HoleBatch) -> PixelStats:
    """Compute the sums of images with a side under 11 pixels, which have no value of the SSIM map."""
    difference = composites.astype(np.int64) - targets
    squared, absolute, total = (difference**2).sum(-1), np.abs(difference).sum(-1), np.abs(difference.sum(-1))
    terms = np.stack([np.ones_like(total), squared, absolute, total, np.zeros_like(total)], axis=-1)
    integers = np.stack([terms.sum(axis=(1, 2)), (terms * holes[..., None]).sum(axis=(1, 2))], axis=1)
    return PixelStats.of(integers, np.zeros((len(holes), 2)))
