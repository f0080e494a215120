"""The image metrics for other people's training loops: `torchmetrics.Metric`s that give our values.

    metric = ImageMetric("ssim").to(device)
    metric.update(composite, target, mask)
    metric.compute()

Import this module by its name: nothing else here loads torchmetrics.
"""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torchmetrics import Metric

from inpaint_bench.data.images import Images, Masks
from inpaint_bench.data.protocols import EightBit
from inpaint_bench.metrics import metric


class ImageMetric(Metric):
    """The mean of an image metric over every image seen, but for those where it is infinite or undefined.

    These are counted beside it: `finite`, `infinite` and `undefined` are numbers of images. A mean over nothing
    is nan. The states add up, so processes and parts of a set may be joined in any order.
    """

    full_state_update = False
    is_differentiable = False  # of 8-bit values

    total: Float64[Tensor, ""]
    finite: Int64[Tensor, ""]
    infinite: Int64[Tensor, ""]
    undefined: Int64[Tensor, ""]

    def __init__(self, name: str, rule: EightBit = "round") -> None:
        """By the metric's name; `rule` is how values in [0, 1] become 8 bits. Raises InputError for no such name."""
        super().__init__()
        self.metric, self.rule = metric(name), rule
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        for count in ("finite", "infinite", "undefined"):
            self.add_state(count, torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]  # a property of the instance, not of the class
        """Which way is better, as torchmetrics calls it."""
        return self.metric.better == "higher"

    def update(self, composite: Images, target: Images, mask: Masks) -> None:
        """Take in a batch of images in [0, 1] and masks with 1 in the hole. Raises InputError for other values."""
        device = "cuda" if self.device.type == "cuda" else "cpu"
        values = torch.from_numpy(self.metric(composite.detach(), target, mask, self.rule, device)).to(self.device)
        finite, infinite = values.isfinite(), values.isinf()
        self.total += values[finite].sum()
        self.finite += finite.sum()
        self.infinite += infinite.sum()
        self.undefined += values.isnan().sum()

    def compute(self) -> Float64[Tensor, ""]:
        """The mean over the images that have a finite value; nan where there is none."""
        return self.total / self.finite
