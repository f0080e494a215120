"""The metrics by name, each with its direction, unit and signature."""

from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.images import EightBit
from inpaint_bench.metrics import image
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.image import known_error
from inpaint_bench.metrics.kinds import Metric
from inpaint_bench.metrics.sums import PerImage

__all__ = ["METRICS", "RECORDED", "Batch", "Metric", "PerImage", "known_error", "metric", "signature"]


_IMAGE_METRICS = (
    Metric("ssim", image.ssim, "higher", "", 3, "ssim:rgb:uniform11:sample-cov"),
    Metric("ssim_hole", image.ssim_hole, "higher", "", 3, "ssim_hole:rgb:uniform11:sample-cov:centre"),
    Metric("psnr", image.psnr, "higher", "dB", 2, "psnr:rgb"),
    Metric("psnr_hole", image.psnr_hole, "higher", "dB", 2, "psnr_hole:rgb"),
    Metric("mae", image.mae, "lower", "", 4, "mae:rgb"),
    Metric("mae_hole", image.mae_hole, "lower", "", 4, "mae_hole:rgb"),
    Metric("mae_spn", image.mae_spn, "lower", "", 4, "mae_spn:rgb:channel-mean"),
    Metric("mae_spn_hole", image.mae_spn_hole, "lower", "", 4, "mae_spn_hole:rgb:channel-mean"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _IMAGE_METRICS}

# Written down beside the chosen metrics without being asked for; of the raw prediction, whatever is scored.
RECORDED: dict[str, Metric] = {
    "known_error": Metric("known_error", image.known_errors, "lower", "", 4, "known_error:rgb:pred")
}


def metric(name: str) -> Metric:
    """The metric of that name. Raises InputError, with the nearest one, when there is none."""
    if name not in METRICS:
        raise InputError(f"no metric is called '{name}'. {did_you_mean(name, METRICS)}")
    return METRICS[name]


def signature(metric: Metric, eight_bit: EightBit, raw: bool) -> str:
    """How a value was computed, e.g. 'psnr:rgb:u8t:comp:v1': unlike signatures never share a column.

    After the stem come the 8-bit rule (u8r rounded, u8t truncated), what was scored (comp the composite,
    raw the prediction as it is) and the version. A recorded metric always reads the prediction's file: it
    names neither.
    """
    inputs = [] if metric.name in RECORDED else [f"u8{eight_bit[0]}", "raw" if raw else "comp"]
    return ":".join([metric.stem, *inputs, f"v{metric.version}"])
