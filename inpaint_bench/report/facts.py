"""The data of a report as plain values for the page, every number once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inpaint_bench import __version__
from inpaint_bench.analysis.results import ALL, bucket_sizes, json_value
from inpaint_bench.analysis.significance import SignificanceTable
from inpaint_bench.data.protocols import bucket_names
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report import summary
from inpaint_bench.report.read import MethodData, ReportData
from inpaint_bench.report.redact_paths import redact_paths, redacted_command

Facts = dict[str, Any]  # as JSON holds it
Scores = list[float | str | None]


def facts(
    data: ReportData, significance: SignificanceTable, absent: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]
) -> Facts:
    """Everything that the page shows except the plots.

    `absent` gives the metrics that cannot be measured here, with the reason; `sizes` the height and width of the images
    of each pair.
    """
    buckets = _buckets(data)
    return {
        "protocol": _protocol(data),
        "buckets": buckets,
        "methods": [_method(method) for method in data.methods],
        "left_out": list(data.left_out),
        "metrics": _metrics(data),
        "groups": summary.groups(data, significance, [bucket["name"] for bucket in buckets]),
        "notes": summary.notes(data, significance, absent),
        "pairs": _pairs(data, sizes),
        "scores": _scores(data.methods),
        "samples": {method.name: _samples(method) for method in data.methods if method.samples},
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
    names = [ALL, *bucket_names(data.run.info.protocol)]
    return [{"name": name, "title": "All" if name == ALL else name, "n": sizes[name]} for name in names if sizes[name]]


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


# --- per pair -------------------------------------------------------------------------------------


def _pairs(data: ReportData, sizes: Mapping[str, tuple[int, int]]) -> list[Facts]:
    return [
        {
            "pair": one.pair,
            "image": one.image,
            "mask": one.mask,
            "ratio": float(one.ratio),
            "bucket": one.bucket,
            "height": sizes[one.pair][0],
            "width": sizes[one.pair][1],
        }
        for one in data.run.pairs
    ]


def _scores(methods: Sequence[MethodData]) -> dict[str, dict[str, Scores]]:
    """By metric and method the score of every pair, in their order."""
    found: dict[str, dict[str, Scores]] = {}
    for method in methods:
        for name, one in method.values().items():
            found.setdefault(name, {})[method.name] = _json_values(one.values.tolist())
    return found


def _samples(method: MethodData) -> Facts:
    assert method.samples is not None
    tables = {name: [_json_values(row) for row in table.tolist()] for name, table in method.samples.tables.items()}
    return {"chosen": list(method.samples.chosen), "scores": tables}


def _json_values(values: Iterable[float]) -> Scores:
    return [json_value(value) for value in values]
