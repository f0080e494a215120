"""Pixel metrics as the code of other papers computes them, each under a name of its own.

Each takes a batch and returns one float64 number per image, over the whole image. In the formulas x is the composite
and y the target, in 8-bit RGB values from 0 to 255. They run on the CPU, whatever the batch's device.
"""

import numpy as np

from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.pixel import decibels, mean
from inpaint_bench.metrics.pixel_stats import PEAK, PerImage, PixelBatch, PixelCounts


def ssim_7(batch: Batch) -> PerImage:
    """SSIM over uniform 7x7 windows with sample covariances, as in the evaluation code of DSI.

    `ssim` with 7x7 windows: what `structural_similarity` of scikit-image computes of 8-bit RGB by default.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 7 pixels.
    Source: metrics/calculate.py of DSI, which prints it as "MS-SSIM"; it is not multi-scale.
    """
    return _uniform(batch, 7)


def ssim_51(batch: Batch) -> PerImage:
    """SSIM over uniform 51x51 windows with sample covariances, as in the evaluation code of WaveFill.

    `ssim` with 51x51 windows. Windows are centred only in the middle of the image: 206x206 positions in 256x256 pixels.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 51 pixels.
    Source: metrics.py of WaveFill.
    """
    return _uniform(batch, 51)


def ssim_51_grey(batch: Batch) -> PerImage:
    """SSIM of grey levels over uniform 51x51 windows, as in the evaluation code of EdgeConnect.

    `ssim_51` of 0.2125 R + 0.7154 G + 0.0721 B, unrounded (`rgb2gray` of scikit-image), in float64.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 51 pixels.
    Source: scripts/metrics.py of EdgeConnect.
    """
    from inpaint_bench.metrics import ssim

    return ssim.uniform(batch.grey.composites, batch.grey.targets, 51, batch.grey.white)


def ssim_gaussian(batch: Batch) -> PerImage:
    """SSIM over the gaussian window of the SSIM paper, on each RGB channel.

    `ssim` with an 11x11 gaussian window (standard deviation 1.5) and population covariances (weights that sum to 1).
    All windows that lie entirely within the image count, and the image is not downsampled first.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 11 pixels.
    Source: Wang et al. 2004, section III-C.
    """
    from inpaint_bench.metrics import ssim

    return ssim.gaussian(batch.composites, batch.targets, PEAK)


def ssim_gaussian_y(batch: Batch) -> PerImage:
    """SSIM over the gaussian window of the SSIM paper, on luma.

    `ssim_gaussian` of Y = 0.299 R + 0.587 G + 0.114 B, unrounded.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 11 pixels.
    Source: Wang et al. 2004, who compare grey images.
    """
    from inpaint_bench.metrics import grey, ssim

    x, y = (grey.grey_levels(pixels, grey.LUMA) for pixels in (batch.composites, batch.targets))
    return ssim.gaussian(x, y, grey.white(grey.LUMA))


def ssim_lama(batch: Batch) -> PerImage:
    """SSIM over gaussian windows of the zero-padded image, as in the evaluation code of LaMa.

    `ssim_gaussian` at every pixel: windows at the edge see 5 pixels of black around both images. It is computed in
    float32 with the roundings of LaMa's code, which move the value by up to 2e-5.

    Range: -1 to 1; higher is better, 1 for identical images, nan for images with a side under 11 pixels.
    Source: the evaluation of LaMa.
    """
    from inpaint_bench.metrics import lama

    return lama.similarity(batch.composites, batch.targets)


def psnr_grey(batch: Batch) -> PerImage:
    """PSNR of grey levels, in dB, as in the evaluation code of EdgeConnect.

    `psnr` of 0.2125 R + 0.7154 G + 0.0721 B, unrounded.

    Range: 0 to infinity; higher is better, infinite for identical images (EdgeConnect's training code returns 0).
    Source: scripts/metrics.py of EdgeConnect.
    """
    _, height, width = batch.holes.shape
    return decibels(batch.grey.white, batch.grey.squared / (height * width))


def mae_ec(batch: Batch) -> PerImage:
    """EdgeConnect's "MAE", a ratio of sums over grey levels: sum of |x - y| over sum of (x + y).

    Grey levels are 0.2125 R + 0.7154 G + 0.0721 B. The darker the image, the larger the number.

    Range: 0 to 1; lower is better, 0 for identical images, nan for two black ones.
    Source: `compare_mae` in scripts/metrics.py of EdgeConnect.
    """
    return mean(batch.grey.absolute, batch.grey.total)


def mae_wf(batch: Batch) -> PerImage:
    """WaveFill's "MAE", a ratio of sums over RGB: sum of |x - y| over (sum of (x + y) plus 1e-6).

    The sums are over all pixels and channels. The darker the image, the larger the number.

    Range: 0 to 1; lower is better, 0 for identical images.
    Source: `compare_mae` in metrics.py of WaveFill.
    """
    both = _levels(batch.composites) + _levels(batch.targets) + 1e-6
    return np.asarray(batch.stats.whole.absolute / both)


def mae_ec_train(batch: Batch) -> PerImage:
    """The "MAE" of EdgeConnect's training log, a ratio of sums over RGB: sum of |x - y| over sum of y.

    The sums are over all pixels and channels.

    Range: 0 to infinity; lower is better. It is infinite for a black target, and nan if the composite is black too.
    Source: the training code of EdgeConnect.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(batch.stats.whole.absolute / _levels(batch.targets))


def mae_255(batch: Batch) -> PerImage:
    """MAE in 8-bit levels: the mean of |x - y| over all pixels and channels.

    Range: 0 to 255; lower is better, 0 for identical images.
    Source: util/evaluation.py of PIC.
    """
    return mean(batch.stats.whole.absolute, 3 * batch.stats.whole.pixels)


def _uniform(batch: Batch, side: int) -> PerImage:
    from inpaint_bench.metrics import ssim

    return ssim.uniform(batch.composites, batch.targets, side, PEAK)


def _levels(pixels: PixelBatch) -> PixelCounts:
    """The sum of the 8-bit levels of each image."""
    return np.asarray(pixels.sum(axis=(1, 2, 3), dtype=np.int64))
