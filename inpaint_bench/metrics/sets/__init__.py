"""The set metrics by name: distances between the features of composites and those of their targets."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from inpaint_bench.metrics.base import SetMetric
from inpaint_bench.metrics.sets.frechet import frechet_distance, frechet_of_subsets
from inpaint_bench.metrics.sets.ids import ids_of_subsets, pids, pids_insample, uids, uids_insample
from inpaint_bench.metrics.sets.kid import (
    kernel_distance,
    kernel_of_subsets,
    paired_kernel_distance,
    paired_kernel_of_subsets,
)
from inpaint_bench.metrics.sets.rows import OfRows, Rows

__all__ = ["OF_SUBSETS", "SET_METRICS", "UNPAIRED", "OfRows", "Rows", "SetFunction"]

SetFunction: TypeAlias = Callable[[Rows, Rows], float]


def fid_pic2018(x: Rows, y: Rows) -> float:
    """Fréchet distance on the Inception features of the 2018 script: most likely what the papers printed as FID.

    An inference, not a fact. SPN's code names PICNet's script, which does not ship the network it imports; two
    repositories of that time ship the one that fits: torchvision's ImageNet Inception-v3, which is fed values in
    [-0.03, 0.43] where it was trained on [-1, 1]. So it is not on the scale of `fid`. The distance is that of `fid`;
    that the script drops the last n % 64 pictures and pairs by an unsorted listing is not repeated. Lower is better.
    """
    return frechet_distance(x, y)


def _frechet(name: str, extractor: str, function: SetFunction = frechet_distance, used_by: str = "") -> SetMetric:
    return SetMetric(name, function, "lower", 2, f"{name}:frechet:ddof1", extractor, used_by=used_by, biased=True)


def _kernel(name: str, extractor: str) -> SetMetric:
    return SetMetric(name, kernel_distance, "lower", 4, f"{name}:poly3:unbiased", extractor)


def _paired_kernel(name: str, extractor: str) -> SetMetric:
    return SetMetric(name, paired_kernel_distance, "lower", 4, f"{name}:poly3:u-statistic", extractor)


def _unseen(name: str, function: SetFunction, extractor: str) -> SetMetric:
    return SetMetric(name, function, "higher", 3, f"{name}:linear-svc:folds10", extractor)


def _seen(name: str, function: SetFunction, extractor: str) -> SetMetric:
    return SetMetric(name, function, "higher", 3, f"{name}:linear-svc:in-sample", extractor)


_SET_METRICS = (
    _frechet("fid", "inception", used_by="DSI, LaMa"),
    _frechet("fid_pic2018", "inception_pic2018", fid_pic2018, used_by="EC, PIC, WF; SPN and SPL by inference"),
    _kernel("kid", "inception"),
    _kernel("kid_pic2018", "inception_pic2018"),
    _paired_kernel("kid_paired", "inception"),
    _unseen("uids", uids, "inception"),
    _unseen("pids", pids, "inception"),
    _seen("uids_insample", uids_insample, "inception"),
    _seen("pids_insample", pids_insample, "inception"),
    _frechet("fd_lite0", "lite0"),
    _kernel("kid_lite0", "lite0"),
    _paired_kernel("kid_paired_lite0", "lite0"),
    _unseen("uids_lite0", uids, "lite0"),
    _unseen("pids_lite0", pids, "lite0"),
    _frechet("fd_vgg16", "vgg16"),
    _kernel("kid_vgg16", "vgg16"),
)
SET_METRICS: dict[str, SetMetric] = {metric.name: metric for metric in _SET_METRICS}

# How the same number is found for many subsets of one set of pairs, from work that is done once.
OF_SUBSETS: Mapping[SetFunction, Callable[[Rows, Rows], OfRows]] = {
    frechet_distance: frechet_of_subsets,
    fid_pic2018: frechet_of_subsets,
    kernel_distance: kernel_of_subsets,
    paired_kernel_distance: paired_kernel_of_subsets,
    **{function: ids_of_subsets(function) for function in (uids, pids, uids_insample, pids_insample)},
}

# The same number without what is only due to composites rank beside their own targets.
UNPAIRED: Mapping[SetFunction, SetFunction] = {kernel_distance: paired_kernel_distance}
