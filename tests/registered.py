"""Metrics of one's own in the registry of this process."""


def forget_own_metrics() -> None:
    """Their names stand for nothing any more."""
    from inpaint_bench.metrics import METRICS
    from inpaint_bench.metrics.registry import CHOOSABLE, KNOWN, ORDER, own_names

    for name in own_names(list(KNOWN)):
        for by_name in (METRICS, CHOOSABLE, KNOWN, ORDER):
            del by_name[name]
