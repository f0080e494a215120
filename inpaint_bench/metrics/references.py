"""The references of the metrics that ship."""

from pathlib import Path

from inpaint_bench.data.references import References, read_references


def of_metrics() -> References:
    """The references of the metrics by name; a metric of one's own has none."""
    return read_references(Path(__file__).with_name("references.toml"))
