"""What the pixels of each pair add up to: all that the image metrics need, collected in one walk."""

from dataclasses import astuple, dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

PixelBatch = UInt8[np.ndarray, "batch height width 3"]
HoleBatch = Bool[np.ndarray, "batch height width"]
PerImage = Float64[np.ndarray, "batch"]
Counts = Int64[np.ndarray, "batch"]

PEAK = 255
WINDOW = 11  # side of the SSIM window
BORDER = WINDOW // 2  # pixels at each edge on which no window is centred

C1, C2 = 6.5025, 58.5225  # the constants of SSIM: (0.01 * 255)^2 and (0.03 * 255)^2
# The same for means multiplied by n^2 and covariances multiplied by n(n - 1), where n pixels lie in a window:
# that makes everything but these two an integer.
LUMINANCE = C1 * WINDOW**4
CONTRAST = C2 * WINDOW**2 * (WINDOW**2 - 1)


@dataclass(frozen=True, eq=False)
class Region:
    """Sums over one region of each pair; a difference is composite minus target, in 8-bit levels."""

    pixels: Counts
    squared: Counts  # squared differences of every pixel and channel
    absolute: Counts  # absolute differences of every pixel and channel
    mixed: Counts  # absolute values of the three differences of a pixel added together
    windows: Counts  # values of the SSIM map: three for each pixel of the region on which a window is centred
    similarity: PerImage  # those values added up

    def __sub__(self, part: "Region") -> "Region":
        """What is left of a region without a part of it."""
        return Region(*(mine - its for mine, its in zip(astuple(self), astuple(part), strict=True)))


@dataclass(frozen=True, eq=False)
class Sums:
    """The sums of each pair over the whole image and over its hole."""

    whole: Region
    hole: Region

    @classmethod
    def of(cls, integers: Int64[np.ndarray, "batch 2 5"], similarity: Float64[np.ndarray, "batch 2"]) -> "Sums":
        """From the counts of a Region in order and its similarity, the whole image's before the hole's."""
        regions = []
        for side in (0, 1):
            pixels, squared, absolute, mixed, windows = integers[:, side].T
            regions.append(Region(pixels, squared, absolute, mixed, windows, similarity[:, side]))
        return cls(*regions)

    @property
    def known(self) -> Region:
        """The sums over the known region."""
        return self.whole - self.hole
