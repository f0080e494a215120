"""The Fréchet distance as `torchmetrics.Metric`, for training loops."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torchmetrics
from jaxtyping import Float
from torch import Tensor, nn

from inpaint_bench.errors import InputError
from inpaint_bench.metrics.sets.frechet import frechet_distance


class FrechetDistance(torchmetrics.Metric):
    """Fréchet distance between composites and targets in the features of any extractor; lower is better.

        distance = FrechetDistance(extractor, width=2048)
        distance.update(targets, real=True)
        distance.update(composites, real=False)
        distance.compute()

    Use `update`, not a call: one batch has no distance. The value is that of `frechet_distance`, in float64, whatever
    the batches and processes. It keeps the features, 4 * width bytes per image in float32: accumulated moments would
    take constant memory, but are accurate only with far more than `width` images.

    Args:
        extractor: maps what `update` is given to features (batch, width). A module is run in evaluation mode.
        width: the number of features per image.
        options: those of `torchmetrics.Metric`, such as `compute_on_cpu`, which keeps the features off the GPU.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    composites: list[Tensor]
    targets: list[Tensor]

    def __init__(self, extractor: Callable[[Tensor], Tensor], width: int, **options: Any) -> None:
        super().__init__(**options)
        self.extractor = extractor
        self.width = width
        self.add_state("composites", [], dist_reduce_fx="cat")
        self.add_state("targets", [], dist_reduce_fx="cat")

    @torch.no_grad()
    def update(self, images: Tensor, real: bool) -> None:
        """Add a batch of targets (`real=True`) or composites. Raises InputError for features of another shape."""
        features = self._extracted(images)
        if features.shape != (len(images), self.width):
            raise InputError(
                f"the extractor made features of shape {tuple(features.shape)} of {len(images)} images: "
                f"expected ({len(images)}, {self.width}). Give the extractor's own width, and pool its maps."
            )
        (self.targets if real else self.composites).append(features.detach())

    def compute(self) -> Tensor:
        """The distance, a float64 scalar. Raises InputError for fewer than two composites or targets."""
        return torch.tensor(frechet_distance(self._rows(self.composites), self._rows(self.targets)), dtype=torch.double)

    def _extracted(self, images: Tensor) -> Tensor:
        """The features; a module is in evaluation mode for the call, without dropout and batch statistics."""
        if not isinstance(self.extractor, nn.Module):
            return self.extractor(images)
        training = self.extractor.training
        try:
            return torch.as_tensor(self.extractor.eval()(images))
        finally:
            self.extractor.train(training)

    def _rows(self, kept: list[Tensor] | Tensor) -> Float[np.ndarray, "images width"]:
        """The stored features as one array; after synchronisation of processes they are one tensor."""
        batches = [kept] if isinstance(kept, Tensor) else kept
        if not batches:
            return np.empty((0, self.width))
        kind = torch.promote_types(batches[0].dtype, torch.float32)  # numpy has no bfloat16
        return np.concatenate([batch.cpu().to(kind).numpy() for batch in batches])
