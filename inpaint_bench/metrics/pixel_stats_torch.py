"""`PixelStats` of a batch on a GPU: the same integers as the CPU kernels in `kernels`, and the same SSIM map."""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from inpaint_bench.metrics.pixel_stats import BORDER, CONTRAST, LUMINANCE, WINDOW, HoleBatch, PixelBatch, PixelStats

Levels = Int64[Tensor, "batch height width 3"]


def pixel_stats(composites: PixelBatch, targets: PixelBatch, holes: HoleBatch, device: torch.device) -> PixelStats:
    """Compute the sums of each image on a device.

    Images are uint8 RGB (batch, height, width, 3), holes are bool (batch, height, width); sides of 11 and more.
    """
    x, y = (torch.tensor(pixels, device=device).long() for pixels in (composites, targets))
    hole = torch.tensor(holes, device=device)
    terms, values = _terms(x - y), _similarity(x, y)
    centres = hole[:, BORDER:-BORDER, BORDER:-BORDER, None].expand_as(values)
    integers = [
        torch.cat([(terms * inside[..., None]).sum(dim=(1, 2)), windows.sum(dim=(1, 2, 3))[:, None]], dim=1)
        for inside, windows in ((torch.ones_like(hole), torch.ones_like(centres)), (hole, centres))
    ]
    similarity = [_each(values), _each(values * centres)]
    return PixelStats.of(torch.stack(integers, dim=1).cpu().numpy(), torch.stack(similarity, dim=1).cpu().numpy())


def _terms(difference: Levels) -> Int64[Tensor, "batch height width 4"]:
    """What each pixel adds to the first four fields of `Region`."""
    squared, absolute = difference.square().sum(dim=-1), difference.abs().sum(dim=-1)
    return torch.stack([torch.ones_like(squared), squared, absolute, difference.sum(dim=-1).abs()], dim=-1)


def _similarity(x: Levels, y: Levels) -> Float64[Tensor, "batch rows columns 3"]:
    """The SSIM map, in integers up to the quotient."""
    sum_x, sum_y, squares, products = (_windows(q) for q in (x, y, x * x + y * y, x * y))
    means, energy = 2 * sum_x * sum_y, sum_x.square() + sum_y.square()
    covariance, variances = 2 * WINDOW**2 * products - means, WINDOW**2 * squares - energy
    top = (means.double() + LUMINANCE) * (covariance.double() + CONTRAST)
    return top / ((energy.double() + LUMINANCE) * (variances.double() + CONTRAST))


def _windows(quantity: Levels) -> Int64[Tensor, "batch rows columns 3"]:
    """Sums over every window that lies entirely within the image."""
    return quantity.unfold(1, WINDOW, 1).sum(dim=-1).unfold(2, WINDOW, 1).sum(dim=-1)


def _each(values: Float64[Tensor, "batch rows columns 3"]) -> Float64[Tensor, " batch"]:
    """The sum of each image, one image at a time: a GPU may add in an order that depends on the batch size."""
    return torch.stack([image.sum() for image in values]) if len(values) else values.new_zeros(0)
