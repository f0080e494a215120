"""Pixel metrics: SSIM, PSNR, MSE and MAE over the whole image, the hole and the band along its edge.

Each takes a batch and returns one float64 number per image. In the formulas x is the composite and y the target, in
8-bit RGB values from 0 to 255. A region without pixels gives nan, which is counted and left out of means.
"""

import numpy as np

from inpaint_bench.data.images import Hole, Pixels, absolute_difference
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.pixel_stats import PEAK, PerImage, PixelCounts, Region


def ssim(batch: Batch) -> PerImage:
    """Structural similarity (SSIM) over uniform 11x11 windows, as in the evaluation code of SPN.

    Mean over windows and channels of

        (2 ux uy + C1)(2 vxy + C2) / ((ux^2 + uy^2 + C1)(vx + vy + C2))

    with the means u and the sample covariances v (divided by n - 1) of one channel over a window. All windows that
    lie entirely within the image count; C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 11 pixels.
    Source: Wang et al. 2004, eq. 13, as eval_final.py of SPN computes it: `structural_similarity` of scikit-image with
    win_size=11.
    """
    return _similarity(batch.stats.whole)


def ssim_hole(batch: Batch) -> PerImage:
    """SSIM of the hole: the mean of the map of `ssim` over windows centred on a hole pixel.

    No window is centred within 5 pixels of the image's edge; a hole that lies entirely there gives nan.

    Range: -1 to 1; higher is better, 1 for identical images.
    Source: inpaint-bench.
    """
    return _similarity(batch.stats.hole)


def ssim_band(batch: Batch) -> PerImage:
    """SSIM of the band: the mean of the map of `ssim` over windows centred within 8 pixels of the hole's edge.

    The band: hole pixels with a known pixel at most 8 pixels away, and known pixels with a hole pixel at most 8 away
    (Euclidean distance between centres). No window is centred within 5 pixels of the image's edge; a band that lies
    entirely there, or is empty, gives nan.

    Range: -1 to 1; higher is better, 1 for identical images.
    Source: inpaint-bench.
    """
    return _similarity(batch.band)


def psnr(batch: Batch) -> PerImage:
    """Peak signal-to-noise ratio (PSNR) of 8-bit RGB, in dB.

        10 log10(255^2 / MSE)

    with the mean of (x - y)^2 over all pixels and channels as MSE. Infinite values are counted and left out of means.

    Range: 0 to infinity; higher is better, infinite for identical images.
    Source: eval_final.py of SPN: `peak_signal_noise_ratio` of scikit-image.
    """
    return _ratio(batch.stats.whole)


def psnr_hole(batch: Batch) -> PerImage:
    """PSNR of the hole, in dB: `psnr` with the mean squared error over hole pixels only.

    Range: 0 to infinity; higher is better, infinite for identical holes, nan without a hole.
    Source: inpaint-bench.
    """
    return _ratio(batch.stats.hole)


def psnr_band(batch: Batch) -> PerImage:
    """PSNR of the band, in dB: `psnr` with the mean squared error over pixels within 8 pixels of the hole's edge.

    The band: hole pixels with a known pixel at most 8 pixels away, and known pixels with a hole pixel at most 8 away
    (Euclidean distance between centres).

    Range: 0 to infinity; higher is better, infinite for identical bands, nan without one.
    Source: inpaint-bench.
    """
    return _ratio(batch.band)


def mse(batch: Batch) -> PerImage:
    """Mean squared error (MSE): the mean of (x - y)^2 over all pixels and channels, in squared 8-bit levels.

    Range: 0 to 65025; lower is better, 0 for identical images.
    Source: the usual definition.
    """
    return mean(batch.stats.whole.squared, 3 * batch.stats.whole.pixels)


def mse_hole(batch: Batch) -> PerImage:
    """MSE of the hole: `mse` over hole pixels only, in squared 8-bit levels.

    Range: 0 to 65025; lower is better, nan without a hole.
    Source: inpaint-bench.
    """
    return mean(batch.stats.hole.squared, 3 * batch.stats.hole.pixels)


def mae(batch: Batch) -> PerImage:
    """Mean absolute error (MAE): the mean of |x - y| / 255 over all pixels and channels.

    This is the usual definition, not that of the SPN, SPL and RN tables, which is `mae_spn`.

    Range: 0 to 1; lower is better, 0 for identical images.
    Source: the usual definition.
    """
    return mean(batch.stats.whole.absolute, 3 * PEAK * batch.stats.whole.pixels)


def mae_hole(batch: Batch) -> PerImage:
    """MAE of the hole: `mae` over hole pixels only.

    Range: 0 to 1; lower is better, nan without a hole.
    Source: inpaint-bench.
    """
    return mean(batch.stats.hole.absolute, 3 * PEAK * batch.stats.hole.pixels)


def mae_band(batch: Batch) -> PerImage:
    """MAE of the band: `mae` over pixels within 8 pixels of the hole's edge.

    The band: hole pixels with a known pixel at most 8 pixels away, and known pixels with a hole pixel at most 8 away
    (Euclidean distance between centres).

    Range: 0 to 1; lower is better, nan without a band.
    Source: inpaint-bench.
    """
    return mean(batch.band.absolute, 3 * PEAK * batch.band.pixels)


def mae_spn(batch: Batch) -> PerImage:
    """MAE of channel means, the "MAE" in the tables of SPN, SPL and RN.

    Mean over pixels of |mean of x's channels - mean of y's channels| / 255. Errors of different channels cancel: it is
    never larger than `mae`, and a wrong colour may score 0. The tables print it times 10.

    Range: 0 to 1; lower is better, 0 for identical images.
    Source: `L1` in eval_final.py of SPN, also in the code of RN and SPL.
    """
    return mean(batch.stats.whole.channel_sum, 3 * PEAK * batch.stats.whole.pixels)


def mae_spn_hole(batch: Batch) -> PerImage:
    """MAE of channel means in the hole: `mae_spn` over hole pixels only.

    Range: 0 to 1; lower is better, nan without a hole.
    Source: inpaint-bench.
    """
    return mean(batch.stats.hole.channel_sum, 3 * PEAK * batch.stats.hole.pixels)


def mae_spn_band(batch: Batch) -> PerImage:
    """MAE of channel means in the band: `mae_spn` over pixels within 8 pixels of the hole's edge.

    The band: hole pixels with a known pixel at most 8 pixels away, and known pixels with a hole pixel at most 8 away
    (Euclidean distance between centres).

    Range: 0 to 1; lower is better, nan without a band.
    Source: inpaint-bench.
    """
    return mean(batch.band.channel_sum, 3 * PEAK * batch.band.pixels)


def known_error(prediction: Pixels, target: Pixels, hole: Hole) -> float:
    """Known-region error of one image: the mean of |x - y| / 255 over known pixels and channels of a raw prediction.

    It is computed before compositing, on uint8 RGB (height, width, 3) and a bool hole (height, width).

    Range: 0 to 1; lower is better, 0 where the known region is unchanged, nan where all is hole.
    Source: inpaint-bench.
    """
    known = ~hole
    values = 3 * int(np.count_nonzero(known))
    return absolute_difference(prediction, target, known) / (PEAK * values) if values else float("nan")


def known_errors(batch: Batch) -> PerImage:
    """Known-region error: the mean of |x - y| / 255 over known pixels and channels of raw predictions.

    The batch holds raw predictions in the place of composites.

    Range: 0 to 1; lower is better, 0 where the known region is unchanged, nan where all is hole.
    Source: inpaint-bench.
    """
    pairs = zip(batch.composites, batch.targets, batch.holes, strict=True)
    return np.array([known_error(*pair) for pair in pairs], dtype=np.float64)


def mean(total: PixelCounts | PerImage, count: PixelCounts) -> PerImage:
    """Divide totals by counts, float64 (batch,); nan where the count is 0."""
    quotient = np.full(count.shape, np.nan)
    np.divide(total, count, out=quotient, where=count > 0)
    return quotient


def decibels(peak: int, error: PerImage) -> PerImage:
    """PSNR in dB, 10 log10(peak^2 / error), from mean squared errors (batch,); infinite where the error is 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(peak**2 / error))


def _similarity(region: Region) -> PerImage:
    return mean(region.similarity, region.windows)


def _ratio(region: Region) -> PerImage:
    return decibels(PEAK, mean(region.squared, 3 * region.pixels))
