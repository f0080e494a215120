"""How a metric is named in headings."""

from inpaint_bench.analysis.reductions import NONE, Reduction
from inpaint_bench.metrics.registry import KNOWN


def metric_label(metric: str, reduction: Reduction = NONE, unit: str = "") -> str:
    """Name, reduction, unit where it is not the metric's own, and an arrow: 'psnr best of 5 ↑', 'mae (10^-1) ↓'."""
    arrow = "↑" if KNOWN[metric].better == "higher" else "↓"
    return " ".join(part for part in (metric, reduction.label, f"({unit})" if unit else "", arrow) if part)
