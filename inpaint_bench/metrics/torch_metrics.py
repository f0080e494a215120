"""Image metrics as `torchmetrics.Metric`, for training loops. They give the values of runs and tables.

    metric = ImageMetric("ssim").to(device)
    metric.update(composite, target, mask)
    metric.compute()

Import this module directly: nothing else in the package loads torchmetrics.
"""

import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torchmetrics import Metric

from inpaint_bench.data.protocols import EightBit
from inpaint_bench.data.tensors import Images, Masks
from inpaint_bench.metrics import metric


class ImageMetric(Metric):
    """The mean of an image metric over all images with a finite value.

    The states `finite`, `infinite` and `undefined` count the images of each kind. Without a finite value the mean is
    nan. States are summed across processes, in any order.

    Args:
        name: the name of an image metric, such as "ssim".
        rule: how values in [0, 1] become 8 bits before they are compared: "round" or "truncate".

    Raises:
        InputError: for an unknown name, and for a metric that is not an image metric.
    """

    full_state_update = False
    is_differentiable = False  # of 8-bit values

    total: Float64[Tensor, ""]
    finite: Int64[Tensor, ""]
    infinite: Int64[Tensor, ""]
    undefined: Int64[Tensor, ""]

    def __init__(self, name: str, rule: EightBit = "round") -> None:
        super().__init__()
        self.metric, self.rule = metric(name), rule
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        for count in ("finite", "infinite", "undefined"):
            self.add_state(count, torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]  # a property of the instance, not of the class
        """Whether a higher value is better."""
        return self.metric.better == "higher"

    def update(self, composite: Images, target: Images, mask: Masks) -> None:
        """Add a batch.

        Images are float RGB in [0, 1], (batch, 3, height, width); masks are (batch, 1, height, width), 1 in the hole.
        Raises InputError for other values.
        """
        device = "cuda" if self.device.type == "cuda" else "cpu"
        values = torch.from_numpy(self.metric(composite.detach(), target, mask, self.rule, device)).to(self.device)
        finite, infinite = values.isfinite(), values.isinf()
        self.total += values[finite].sum()
        self.finite += finite.sum()
        self.infinite += infinite.sum()
        self.undefined += values.isnan().sum()

    def compute(self) -> Float64[Tensor, ""]:
        """The mean over all images with a finite value, a float64 scalar; nan where there is none."""
        return self.total / self.finite
