"""Metrics of one's own: what declares one, what a run records of it, and the number that its code may give."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from inpaint_bench import files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import MethodError
from inpaint_bench.metrics.base import Better, Metric
from inpaint_bench.metrics.pixel_stats import PerImage

if TYPE_CHECKING:
    from inpaint_bench.metrics.batch import Batch

DECIMALS, MOST_DECIMALS = 3, 10  # printed in tables
UNIT = r"[A-Za-z0-9 /.%°µ²³·-]{0,20}"
PairFunction = Callable[..., Any]  # of (composite, target, mask), arrays of one pair

Unit = Annotated[str, msgspec.Meta(pattern=rf"^{UNIT}\Z")]
Decimals = Annotated[int, msgspec.Meta(ge=0, le=MOST_DECIMALS)]


class MetricInfo(Schema, frozen=True):
    """What run.json records of a metric of one's own, so that the run is read without its code."""

    entry: str  # 'python:MODULE:FUNCTION', 'exec:COMMAND', 'callable:MODULE.NAME' or 'plugin:MODULE:NAME'
    code: str  # the start of the hash of its code, '' where none is known
    better: Better
    unit: Unit = ""
    decimals: Decimals = DECIMALS


_NOTHING = MetricInfo("", "", "higher")  # a metric of one's own always has its own


@dataclass(frozen=True)
class PairMetric:
    """Declares a metric of one's own, as plug-ins do.

    `function(composite, target, mask)` is given arrays of one pair, uint8 (height, width, 3) twice, where the target is
    None under a protocol without ground truth, and bool (height, width), True in the hole. It returns a number, or None
    where the metric is not defined.
    """

    name: str
    function: PairFunction
    better: Better
    unit: str = ""
    decimals: int = DECIMALS


@dataclass(frozen=True)
class OwnMetric(Metric):
    """A metric of one's own, as the registry holds it; without its code where a run that was read declares it."""

    info: MetricInfo = _NOTHING
    of_pair: PairFunction | None = None
    command: str = ""  # of a program

    @property
    def runs(self) -> bool:
        """Whether its code is here."""
        return self.of_pair is not None or bool(self.command)


def own_metric(name: str, info: MetricInfo, of_pair: PairFunction | None = None, command: str = "") -> OwnMetric:
    """A metric of one's own. Its signature starts with its name, the kind of its entry, a hash of entry and code."""

    def of_batch(batch: "Batch") -> PerImage:
        if of_pair is None:
            raise MethodError(f"{name}: is computed in runs and by `score`, and not of a batch.")
        pairs = zip(batch.composites, batch.targets, batch.holes, strict=True)
        return np.array([as_number(of_pair(*one)) for one in pairs], dtype=np.float64)

    def absent() -> str:
        if of_pair is not None or command:
            return ""
        return f"the run declares it, and its code is not given. Give it again: --metrics {name}={info.entry}."

    of_batch.__doc__ = getattr(of_pair, "__doc__", None) or f"{info.entry}: no definition is given."
    kind = info.entry.partition(":")[0]
    stem = f"{name}:{kind}:" + files.sha256(f"{info.entry}\n{info.code}".encode())[:12]
    return OwnMetric(
        name, of_batch, info.better, info.unit, info.decimals, stem, absent=absent, info=info, of_pair=of_pair,
        command=command, compares="any",
    )  # fmt: skip


def as_number(returned: object) -> float:
    """What a metric of one's own gave for a pair; NaN for None, which says that it is not defined there.

    Raises MethodError for what is no real number, for NaN and for -inf.
    """
    if returned is None:
        return math.nan
    shape = getattr(returned, "shape", None)
    if shape is not None and tuple(shape) == () and hasattr(returned, "item"):  # of NumPy or torch
        returned = returned.item()
    elif shape is not None:
        raise MethodError(f"it gave an array of shape {tuple(shape)}; it must give a number.")
    if isinstance(returned, bool) or not isinstance(returned, Real):
        raise MethodError(f"it gave {type(returned).__name__}; it must give a number.")
    value = float(returned)
    if math.isnan(value) or value == -math.inf:
        raise MethodError(f"it gave {value}; it must give a number, or None where the metric is not defined.")
    return value
