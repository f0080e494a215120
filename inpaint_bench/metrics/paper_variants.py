"""Image metrics as other papers' code has them: a batch in, one float64 number per image out.

Each is a number of its own, under a name of its own: none may stand in a column with another. x is the
composite, y the target, both 8-bit RGB, over the whole image. They run on the processor, whatever the device.
"""

import numpy as np

from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.pixel import decibels, mean
from inpaint_bench.metrics.pixel_stats import PEAK, Counts, PerImage, PixelBatch


def ssim_7(batch: Batch) -> PerImage:
    """`ssim` over 7x7 windows, from -1 to 1; higher is better, 1 when identical.

    What `structural_similarity` of scikit-image does when left alone with 8-bit RGB: uniform window, sample
    covariance. `metrics/calculate.py` of DSI computes it and prints it as "MS-SSIM", which it is not.
    """
    return _uniform(batch, 7)


def ssim_51(batch: Batch) -> PerImage:
    """`ssim` over 51x51 windows, from -1 to 1; higher is better, 1 when identical.

    `metrics.py` of WaveFill. The map covers the middle of an image only: of 256x256 pixels 206x206. An image
    with a side under 51 has no window: nan.
    """
    return _uniform(batch, 51)


def ssim_51_grey(batch: Batch) -> PerImage:
    """`ssim_51` of grey levels, from -1 to 1; higher is better, 1 when identical.

    Grey is 0.2125 R + 0.7154 G + 0.0721 B, unrounded: `rgb2gray` of scikit-image. `scripts/metrics.py` of
    EdgeConnect, in float64. An image with a side under 51 has no window: nan.
    """
    from inpaint_bench.metrics import ssim

    return ssim.uniform(batch.grey.composites, batch.grey.targets, 51, batch.grey.white)


def ssim_gaussian(batch: Batch) -> PerImage:
    """Structural similarity with the window of its paper, from -1 to 1; higher is better, 1 when identical.

    As `ssim`, but an 11x11 gaussian window (standard deviation 1.5) and population covariances (weights that add
    up to 1): Wang et al. 2004, section III-C, on each channel, where the window lies whole in the image. The image
    is not made smaller first.
    """
    from inpaint_bench.metrics import ssim

    return ssim.gaussian(batch.composites, batch.targets, PEAK)


def ssim_gaussian_y(batch: Batch) -> PerImage:
    """`ssim_gaussian` of luma alone, from -1 to 1; higher is better, 1 when identical.

    Y = 0.299 R + 0.587 G + 0.114 B, unrounded: Wang et al. 2004, who compare grey pictures.
    """
    from inpaint_bench.metrics import grey, ssim

    x, y = (grey.mixed(pixels, grey.LUMA) for pixels in (batch.composites, batch.targets))
    return ssim.gaussian(x, y, grey.white(grey.LUMA))


def ssim_lama(batch: Batch) -> PerImage:
    """`ssim_gaussian` over every pixel of the zero-padded image, from -1 to 1; higher is better, 1 when identical.

    LaMa's evaluation: windows at the border see 5 pixels of black around both images. It computes in float32,
    which moves the value by up to 2e-5; so does this, product by product.
    """
    from inpaint_bench.metrics import lama

    return lama.similarity(batch.composites, batch.targets)


def psnr_grey(batch: Batch) -> PerImage:
    """`psnr` in dB of grey levels, 0 and above; higher is better, infinite when identical.

    Grey is 0.2125 R + 0.7154 G + 0.0721 B, unrounded. `scripts/metrics.py` of EdgeConnect; its training code says
    0 for identical images.
    """
    _, height, width = batch.holes.shape
    return decibels(batch.grey.white, batch.grey.squared / (height * width))


def mae_ec(batch: Batch) -> PerImage:
    """EdgeConnect's "MAE", a ratio from 0 to 1; lower is better.

    Sum of |x - y| over sum of (x + y), of grey levels 0.2125 R + 0.7154 G + 0.0721 B: `compare_mae` in its
    `scripts/metrics.py`. The darker a picture, the larger the number. Two black images have none: nan.
    """
    return mean(batch.grey.absolute, batch.grey.total)


def mae_wf(batch: Batch) -> PerImage:
    """WaveFill's "MAE", a ratio from 0 to 1; lower is better.

    Sum of |x - y| over sum of (x + y), plus 1e-6, of all pixels and channels: `compare_mae` in its `metrics.py`,
    which is EdgeConnect's on RGB. The darker a picture, the larger the number.
    """
    both = _levels(batch.composites) + _levels(batch.targets) + 1e-6
    return np.asarray(batch.sums.whole.absolute / both)


def mae_ec_train(batch: Batch) -> PerImage:
    """The "MAE" of EdgeConnect's training log, a ratio, 0 and above; lower is better.

    Sum of |x - y| over sum of y, of all pixels and channels. Where the target is black it is infinite, or nan
    if the composite is black too.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(batch.sums.whole.absolute / _levels(batch.targets))


def mae_255(batch: Batch) -> PerImage:
    """`mae` in 8-bit levels, from 0 to 255; lower is better: `util/evaluation.py` of PIC."""
    return mean(batch.sums.whole.absolute, 3 * batch.sums.whole.pixels)


def _uniform(batch: Batch, side: int) -> PerImage:
    from inpaint_bench.metrics import ssim

    return ssim.uniform(batch.composites, batch.targets, side, PEAK)


def _levels(pixels: PixelBatch) -> Counts:
    """The levels of every pixel and channel of an image added up."""
    return np.asarray(pixels.sum(axis=(1, 2, 3), dtype=np.int64))
