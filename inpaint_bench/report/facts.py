"""The data of a report as plain values for the page, every number once."""

from collections.abc import Mapping
from typing import Any

from inpaint_bench import __version__
from inpaint_bench.analysis.results import ALL, bucket_sizes
from inpaint_bench.analysis.significance import Ranks
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report import pages, summary
from inpaint_bench.report.read import MethodData, ReportData
from inpaint_bench.report.redact_paths import redact_paths, redacted_command

Facts = dict[str, Any]  # as JSON holds it


def facts(data: ReportData, ranked: Ranks, absent: Mapping[str, str]) -> Facts:
    """Everything that the page shows except the plots, and the data of pairs, which `files_of_pairs` has.

    `absent` gives the metrics that cannot be measured here, with the reason.
    """
    buckets = _buckets(data)
    return {
        "protocol": _protocol(data),
        "buckets": buckets,
        "methods": [_method(method) for method in data.methods],
        "left_out": list(data.left_out),
        "metrics": _metrics(data),
        "groups": summary.groups(data, ranked, [bucket["name"] for bucket in buckets]),
        "notes": summary.notes(data, ranked, absent),
        **pages.summary(data),
        "commands": _commands(data),
        "version": __version__,
    }


def _protocol(data: ReportData) -> Facts:
    info = data.run.info
    page = info.protocol
    shown = {
        "pairs": str(len(data.run.pairs)),
        "part": str(info.part),
        "fingerprint": info.fingerprint,
        "pixels": info.pixels[:12],
        "image size": f"{page.size}x{page.size} pixels" if page.size else "original sizes",
        "images": f"crop {page.images.crop}, resize {page.images.resize}, grey: {page.images.grey}",
        "masks": page.masks_in_words,
        "seed": str(page.seed),
        "8 bits": page.eight_bit,
        "samples": f"{page.samples} of a stochastic method, chosen by {page.choose}",
        "licence": page.about.licence,
    }
    values = {key: redact_paths(value) for key, value in shown.items() if value}
    return {"name": page.name, "title": redact_paths(page.about.title), "choose": page.choose, "facts": values}


def _buckets(data: ReportData) -> list[Facts]:
    """The buckets that hold a pair, all of them first."""
    sizes = bucket_sizes(data.run.pairs, data.run.info.protocol)
    names = pages.shown_buckets(data, sizes)
    return [{"name": name, "title": "All" if name == ALL else name, "n": sizes[name]} for name in names]


def _method(method: MethodData) -> Facts:
    info = method.info
    return {
        "name": method.name,
        "source": redact_paths(info.source),
        "code": info.code,
        "weights": info.loaded_with,
        "device": info.device,
        "environment": info.environment,
        "machine": {fact: redact_paths(value) for fact, value in info.machine.items()},
    }


def _metrics(data: ReportData) -> Facts:
    names = dict.fromkeys(result.metric for result in data.results)
    return {
        name: {"better": KNOWN[name].better, "unit": KNOWN[name].unit, "decimals": KNOWN[name].decimals}
        for name in names
    }


def _commands(data: ReportData) -> list[str]:
    """The commands that made the outputs, each once, in the order of the methods; and that of the report."""
    made = [redacted_command(method.info.command) for method in data.methods]
    return list(dict.fromkeys([*made, redacted_command(["inpaint-bench", "report", str(data.run.path)])]))
