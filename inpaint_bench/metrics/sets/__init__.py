"""Set metrics by name: distances between the features of composites and those of their targets."""

from collections.abc import Callable, Mapping

from inpaint_bench.metrics.base import SetMetric
from inpaint_bench.metrics.sets.clip_mmd import cmmd, cmmd_of_subsets, paired_cmmd, paired_cmmd_of_subsets
from inpaint_bench.metrics.sets.frechet import fid_pic2018, frechet_distance, frechet_of_subsets
from inpaint_bench.metrics.sets.ids import ids_of_subsets, pids, pids_insample, uids, uids_insample
from inpaint_bench.metrics.sets.kid import (
    kernel_distance,
    kernel_of_subsets,
    paired_kernel_distance,
    paired_kernel_of_subsets,
)
from inpaint_bench.metrics.sets.rows import OfSubset, Rows, SetFunction

__all__ = ["OF_SUBSETS", "SET_METRICS", "UNPAIRED", "OfSubset", "Rows", "SetFunction", "of_timm"]


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


def of_timm(extractor: str) -> tuple[SetMetric, SetMetric]:
    """The Fréchet distance and the kernel distance on the features of an extractor that is called timm/NAME."""
    return _frechet(f"fd:{extractor}", extractor), _kernel(f"kid:{extractor}", extractor)


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
    _frechet("fd_dinov2", "dinov2_l"),
    _kernel("kid_dinov2", "dinov2_l"),
    _frechet("fd_dinov2_b", "dinov2_b"),
    _kernel("kid_dinov2_b", "dinov2_b"),
    _frechet("fd_clip", "clip_b32"),
    _kernel("kid_clip", "clip_b32"),
    SetMetric("cmmd", cmmd, "lower", 3, "cmmd:rbf10:x1000:v-statistic", "clip_l336"),
)
SET_METRICS: dict[str, SetMetric] = {metric.name: metric for metric in _SET_METRICS}

# Fast forms for many subsets of the same pairs, which share the work that does not depend on the subset.
OF_SUBSETS: Mapping[SetFunction, Callable[[Rows, Rows], OfSubset]] = {
    frechet_distance: frechet_of_subsets,
    fid_pic2018: frechet_of_subsets,
    kernel_distance: kernel_of_subsets,
    paired_kernel_distance: paired_kernel_of_subsets,
    cmmd: cmmd_of_subsets,
    paired_cmmd: paired_cmmd_of_subsets,
    **{function: ids_of_subsets(function) for function in (uids, pids, uids_insample, pids_insample)},
}

# Forms without the terms that pair each composite with its own target, or each image with itself.
UNPAIRED: Mapping[SetFunction, SetFunction] = {kernel_distance: paired_kernel_distance, cmmd: paired_cmmd}
