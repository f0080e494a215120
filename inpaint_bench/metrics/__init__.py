"""Metrics by name, each with its direction, unit and signature. Importing this package loads no torch."""

from inpaint_bench.metrics.base import Metric
from inpaint_bench.metrics.declarations import METRICS, RECORDED
from inpaint_bench.metrics.registry import metric

__all__ = ["METRICS", "RECORDED", "Metric", "metric"]
