"""Image metrics: a batch in, one float64 number per image out.

They compare 8-bit RGB values, x of the composite with y of the target; the peak is 255. The `_hole` forms
take the same formula over hole pixels only. The `_band` forms take it over the pixels within 8 pixels of the
hole's edge, on both sides of it: hole pixels with a known pixel at most 8 pixels away, in a straight line
between their centres, and known pixels with a hole pixel at most 8 away. Where there is no such pixel they are
nan: the caller counts that and never averages it.
"""

import numpy as np

from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.pixel_stats import PEAK, Counts, PerImage, Region


def ssim(batch: Batch) -> PerImage:
    """Structural similarity as the paper's code has it, from -1 to 1; higher is better, 1 when identical.

    Mean over windows and channels of (2 ux uy + C1)(2 vxy + C2) / ((ux^2 + uy^2 + C1)(vx + vy + C2)), where
    u are means and v sample covariances (divided by n - 1) of one channel over a uniform 11x11 window, for
    every window that lies whole in the image; C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2. Wang et al. 2004,
    eq. 13, computed as eval_final.py of SPN does: `structural_similarity` of scikit-image with win_size=11.
    """
    return _similarity(batch.sums.whole)


def ssim_hole(batch: Batch) -> PerImage:
    """Mean of the map of `ssim` where a window's centre is in the hole, from -1 to 1; higher is better.

    No window is centred within 5 pixels of the image's edge: a hole that lies wholly there gives nan. Ours.
    """
    return _similarity(batch.sums.hole)


def ssim_band(batch: Batch) -> PerImage:
    """Mean of the map of `ssim` where a window's centre is in the band, from -1 to 1; higher is better.

    The band: hole pixels with a known pixel at most 8 pixels away (straight between centres), and known pixels
    with a hole pixel at most 8 away. No window is centred within 5 pixels of the image's edge. Ours.
    """
    return _similarity(batch.band)


def psnr(batch: Batch) -> PerImage:
    """Peak signal-to-noise ratio in dB, 0 and above; higher is better, infinite when identical.

    10 log10(255^2 / MSE), with the mean of (x - y)^2 over all pixels and channels as MSE, as eval_final.py
    of SPN has it: `peak_signal_noise_ratio` of scikit-image. The caller counts infinite values and never
    averages them.
    """
    return _ratio(batch.sums.whole)


def psnr_hole(batch: Batch) -> PerImage:
    """`psnr` in dB with the mean squared error over hole pixels only, 0 and above; higher is better. Ours."""
    return _ratio(batch.sums.hole)


def psnr_band(batch: Batch) -> PerImage:
    """`psnr` in dB over the band only, 0 and above; higher is better.

    The band: hole pixels with a known pixel at most 8 pixels away (straight between centres), and known pixels
    with a hole pixel at most 8 away. Ours.
    """
    return _ratio(batch.band)


def mse(batch: Batch) -> PerImage:
    """Mean of (x - y)^2 over all pixels and channels, in squared 8-bit levels from 0 to 65025; lower is better."""
    return mean(batch.sums.whole.squared, 3 * batch.sums.whole.pixels)


def mse_hole(batch: Batch) -> PerImage:
    """`mse` over hole pixels only, in squared 8-bit levels from 0 to 65025; lower is better. Ours."""
    return mean(batch.sums.hole.squared, 3 * batch.sums.hole.pixels)


def mae(batch: Batch) -> PerImage:
    """Mean absolute error, from 0 to 1; lower is better.

    Mean of |x - y| / 255 over all pixels and channels: the usual definition, not that of the paper's tables.
    """
    return mean(batch.sums.whole.absolute, 3 * PEAK * batch.sums.whole.pixels)


def mae_hole(batch: Batch) -> PerImage:
    """`mae` over hole pixels only, from 0 to 1; lower is better. Ours."""
    return mean(batch.sums.hole.absolute, 3 * PEAK * batch.sums.hole.pixels)


def mae_band(batch: Batch) -> PerImage:
    """`mae` over the band only, from 0 to 1; lower is better.

    The band: hole pixels with a known pixel at most 8 pixels away (straight between centres), and known pixels
    with a hole pixel at most 8 away. Ours.
    """
    return mean(batch.band.absolute, 3 * PEAK * batch.band.pixels)


def mae_spn(batch: Batch) -> PerImage:
    """The MAE of the paper's tables, from 0 to 1; lower is better.

    Mean over pixels of |mean of x's channels - mean of y's channels| / 255: `L1` in eval_final.py of SPN,
    also in RN and SPL. Errors of channels cancel, so it is never above `mae`, and a wrong colour may score
    0. The tables print it times 10.
    """
    return mean(batch.sums.whole.mixed, 3 * PEAK * batch.sums.whole.pixels)


def mae_spn_hole(batch: Batch) -> PerImage:
    """`mae_spn` over hole pixels only, from 0 to 1; lower is better. Ours."""
    return mean(batch.sums.hole.mixed, 3 * PEAK * batch.sums.hole.pixels)


def mae_spn_band(batch: Batch) -> PerImage:
    """`mae_spn` over the band only, from 0 to 1; lower is better.

    The band: hole pixels with a known pixel at most 8 pixels away (straight between centres), and known pixels
    with a hole pixel at most 8 away. Ours.
    """
    return mean(batch.band.mixed, 3 * PEAK * batch.band.pixels)


def known_error(prediction: Pixels, target: Pixels, hole: Hole) -> float:
    """How far a raw prediction moved the known region, from 0 to 1; lower is better, 0 when it moved nothing.

    Mean of |x - y| / 255 over known pixels and channels, before compositing; nan where all is hole. Ours.
    """
    known = ~hole
    difference = np.abs(prediction[known].astype(np.int64) - target[known])
    return int(difference.sum()) / (PEAK * difference.size) if difference.size else float("nan")


def known_errors(batch: Batch) -> PerImage:
    """`known_error` of each image of a batch whose composites are raw predictions."""
    pairs = zip(batch.composites, batch.targets, batch.holes, strict=True)
    return np.array([known_error(*pair) for pair in pairs], dtype=np.float64)


def mean(total: Counts | PerImage, count: Counts) -> PerImage:
    """Total over count; nan where there is nothing to count."""
    quotient = np.full(count.shape, np.nan)
    np.divide(total, count, out=quotient, where=count > 0)
    return quotient


def decibels(peak: int, error: PerImage) -> PerImage:
    """10 log10(peak^2 / mean squared error); infinite where there is no error."""
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(peak**2 / error))


def _similarity(region: Region) -> PerImage:
    return mean(region.similarity, region.windows)


def _ratio(region: Region) -> PerImage:
    return decibels(PEAK, mean(region.squared, 3 * region.pixels))
