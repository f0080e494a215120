"""Declarations of metrics: name, direction, unit, signature, and where the value is computed.

A declaration is plain data. Importing one loads neither torch nor OpenCV: the code that computes a metric is imported
when its `function` is first used.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Float32

from inpaint_bench import files
from inpaint_bench.data.protocols import EightBit
from inpaint_bench.metrics.pixel_stats import PerImage

if TYPE_CHECKING:
    import torch

    from inpaint_bench.data.images import Hole, Pixels
    from inpaint_bench.metrics.batch import Batch, TensorOrArray

Better: TypeAlias = Literal["higher", "lower"]
Features = Float[np.ndarray, "images width"]  # one row per image, in the order of the pairs
FeatureVector = Float32[np.ndarray, " width"]  # of one image
Compares: TypeAlias = Literal["target", "image", "any"]  # with a ground truth; with what was there, to be removed
Reference: TypeAlias = str | Callable[..., Any]  # 'pixel:ssim' for inpaint_bench.metrics.pixel.ssim, or a function


def resolve(reference: Reference) -> Callable[..., Any]:
    """Return the function that a reference names, importing its module; a function is returned unchanged."""
    if not isinstance(reference, str):
        return reference
    module, _, name = reference.partition(":")
    function: Callable[..., Any] = getattr(import_module(f"inpaint_bench.metrics.{module}"), name)
    return function


def docstring(reference: Reference) -> str:
    """Return the docstring of the function that a reference names, read from its source: no module is imported."""
    if not isinstance(reference, str):
        return getdoc(reference) or ""
    module, _, name = reference.partition(":")
    return _docstrings(module)[name]


@cache
def _docstrings(module: str) -> dict[str, str]:
    """The docstring of every function of a module of this package."""
    path = Path(__file__).parent.joinpath(*module.split(".")).with_suffix(".py")
    functions = [node for node in ast.parse(files.read_bytes(path)).body if isinstance(node, ast.FunctionDef)]
    return {function.name: ast.get_docstring(function) or "" for function in functions}


def available() -> str:
    """Return '': the `absent` of a metric that needs only what is always installed."""
    return ""


@dataclass(frozen=True)
class Metric:
    """An image metric: one number per image, from a composite, its target and the hole."""

    name: str
    implementation: Reference  # a function of a Batch
    better: Better
    unit: str
    decimals: int  # printed in tables
    stem: str  # the start of the signature: the name and what is particular to the computation
    version: int = 1
    used_by: str = ""  # the papers that print this number, as in "SPN, SPL, RN"; '' for our own
    absent: Callable[[], str] = available  # why the metric cannot be computed here and how to fix it, or ''
    slow: bool = False  # computed by a network: its values are cached
    joint: Reference = ""  # a function of a Batch and names: metrics that state the same one are computed in one pass
    network: Callable[[], str] = available  # the start of the hash of weights that are found by path, '' without them
    of_prompt: bool = False  # compares the image with the pair's prompt
    compares: Compares = "target"

    @property
    def function(self) -> "Callable[[Batch], PerImage]":
        """The function that computes the metric, imported when first used."""
        return resolve(self.implementation)

    def of(self, batch: "Batch") -> PerImage:
        """Compute the metric of each image of a batch, float64 (batch,). Metrics of one batch share its statistics."""
        return self.function(batch)

    def with_others(self, batch: "Batch", names: Sequence[str]) -> "dict[str, PerImage]":
        """Compute metrics of the same `joint`, this one among them, by name: the values that each has alone."""
        return resolve(self.joint)(batch, names) if self.joint else {self.name: self.of(batch)}

    def __call__(
        self,
        composite: "TensorOrArray",
        target: "TensorOrArray",
        mask: "TensorOrArray",
        rule: EightBit = "round",
        device: "torch.device | str" = "cpu",
        prompts: Sequence[str] = (),
    ) -> PerImage:
        """Compute the metric of each image of a batch.

        Nothing is composited: the metric scores the images that it is given. Put the target's known region into a raw
        prediction first, `mask * prediction + (1 - mask) * target`, to get the number that runs and tables show.

        Args:
            composite: float RGB images in [0, 1], (batch, 3, height, width), a tensor on any device or an array.
            target: the ground truth, of the same shape and range.
            mask: 1 in the hole and 0 in the known region, (batch, 1, height, width).
            rule: how values become 8 bits before they are compared, as in saved files: "round" or "truncate".
            device: where the computation runs. On "cpu" the value of an image has the same bits in every batch.
            prompts: of each image, '' for none, for a metric that compares the image with it.

        Returns:
            float64 (batch,), in the metric's own unit; nan where the metric is not defined, inf where it is infinite.

        Raises:
            InputError: for other shapes, types or values, and where the network behind the metric is not installed.

        Example:
            >>> import torch
            >>> from inpaint_bench.metrics import metric
            >>> target = torch.full((2, 3, 64, 64), 0.5)
            >>> composite, mask = target.clone(), torch.zeros(2, 1, 64, 64)
            >>> composite[0, :, :32], mask[..., :32, :] = 1.0, 1
            >>> metric("mae")(composite, target, mask).round(4).tolist()
            [0.249, 0.0]
        """
        from inpaint_bench.metrics.batch import Batch

        return self.of(Batch.of(composite, target, mask, rule, device, prompts))


@dataclass(frozen=True)
class SetMetric:
    """A set metric: one number per set of pairs, from features of the composites and of their targets."""

    name: str
    function: Callable[[Features, Features], float]  # of the composites' features and the targets', paired by row
    better: Better
    decimals: int
    stem: str
    extractor: str  # the name of the network whose features are compared
    version: int = 1
    unit: str = ""
    used_by: str = ""
    biased: bool = False  # whether its expectation grows as the number of images falls, as a Fréchet distance's does
    compares: Compares = "target"


@dataclass(frozen=True)
class StudyMetric:
    """A metric of people's votes: one number per set of pairs and method, beside the others of the study."""

    name: str
    implementation: Reference  # a function of tables of wins
    better: Better
    unit: str
    decimals: int
    stem: str
    absent: Callable[[], str]  # no program computes it: how it is got
    version: int = 1
    used_by: str = ""
    compares: Compares = "any"

    @property
    def function(self) -> Callable[[Any], Any]:
        """The function that computes the metric, imported when first used."""
        return resolve(self.implementation)


@dataclass(frozen=True)
class SamplesMetric:
    """A samples metric: one number per pair of a stochastic method, from the samples of that pair."""

    name: str
    implementation: Reference  # a function of the samples, the hole and the device
    better: Better
    unit: str
    decimals: int
    stem: str
    version: int = 1
    used_by: str = ""
    absent: Callable[[], str] = available
    compares: Compares = "any"

    @property
    def function(self) -> "Callable[[Sequence[Pixels], Hole, torch.device], float]":
        """The function that computes the metric, imported when first used."""
        return resolve(self.implementation)
