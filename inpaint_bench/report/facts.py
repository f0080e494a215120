"""The contents of a report as the page's data: plain values, every number once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from inpaint_bench import __version__
from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import ALL, REFERENCES, Value, bucket_sizes, json_value
from inpaint_bench.analysis.significance import SignificanceTable
from inpaint_bench.data.protocols import bucket_names
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.read import Contents, ReportedMethod
from inpaint_bench.report.redact_paths import command_line, without_places
from inpaint_bench.tables.make import make_table
from inpaint_bench.tables.table import BEST, NEAR, Cell, TableOptions

Facts = dict[str, Any]  # as JSON holds it


def facts(
    contents: Contents, significance: SignificanceTable, absent: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]
) -> Facts:
    """Everything that the page shows but its plots. `sizes` are the height and width of each pair's pictures."""
    whole = make_table(contents.results, TableOptions(), significance, absent)
    buckets = _buckets(contents)
    return {
        "protocol": _protocol(contents),
        "buckets": buckets,
        "methods": [_method(method) for method in contents.methods],
        "left_out": list(contents.left_out),
        "metrics": _metrics(contents),
        "groups": _groups(contents, significance, [bucket["name"] for bucket in buckets]),
        "notes": [
            without_places(note.replace(BEST, "bold").replace(NEAR, "underlined"))
            for note in whole.notes
            if not _signs(note, contents)
        ],
        "pairs": _pairs(contents, sizes),
        "scores": _scores(contents.methods),
        "samples": {method.name: _samples(method) for method in contents.methods if method.samples},
        "commands": _commands(contents),
        "version": __version__,
    }


def _signs(note: str, contents: Contents) -> bool:
    """Whether a note says what a signature stands for: the page says that in a place of its own."""
    return any(f": {result.signature}, " in note for result in contents.results)


def _protocol(contents: Contents) -> Facts:
    info = contents.run.info
    page = info.protocol
    shown = {
        "pairs": len(contents.run.pairs),
        "part": info.part,
        "fingerprint": info.fingerprint,
        "pictures": f"{page.size}x{page.size} pixels" if page.size else "of their own sizes",
        "images": f"crop {page.images.crop}, resize {page.images.resize}, grey: {page.images.grey}",
        "masks": f"{page.masks.set}, resize {page.masks.resize}, a hole is {page.masks.hole}",
        "seed": page.seed,
        "8 bits": page.eight_bit,
        "samples": f"{page.samples} of a stochastic method, chosen by {page.choose}",
        "licence": page.about.licence,
    }
    facts = {key: without_places(str(value)) for key, value in shown.items() if value != ""}
    return {"name": page.name, "title": without_places(page.about.title), "choose": page.choose, "facts": facts}


def _buckets(contents: Contents) -> list[Facts]:
    """The buckets that hold a pair, all of them first."""
    sizes = bucket_sizes(contents.run.pairs, contents.run.info.protocol)
    names = [ALL, *bucket_names(contents.run.info.protocol)]
    return [{"name": name, "title": "All" if name == ALL else name, "n": sizes[name]} for name in names if sizes[name]]


def _method(method: ReportedMethod) -> Facts:
    info = method.info
    return {
        "name": method.name,
        "source": without_places(info.source),
        "code": info.code,
        "weights": info.weights,
        "device": info.device,
        "environment": info.environment,
        "machine": {fact: without_places(value) for fact, value in info.machine.items()},
    }


def _metrics(contents: Contents) -> Facts:
    names = dict.fromkeys(result.metric for result in contents.results)
    return {
        name: {"better": KNOWN[name].better, "unit": KNOWN[name].unit, "decimals": KNOWN[name].decimals}
        for name in names
    }


def _commands(contents: Contents) -> list[str]:
    """The commands that made what is shown, each once, in the order of the methods; and the report's."""
    made = [command_line(method.info.command) for method in contents.methods]
    return list(dict.fromkeys([*made, command_line(["inpaint-bench", "report", str(contents.run.path)])]))


# --- the summary ----------------------------------------------------------------------------------


def reduction_title(reduction: Reduction) -> str:
    """A reduction in words."""
    if reduction.kind == "best":
        return f"{reduction.label.capitalize()} samples by {reduction.by}"
    if reduction.kind == "none":
        return "One output a pair"
    return f"{'Mean over' if reduction.kind == 'mean' else 'First of'} {reduction.drawn} samples"


def _groups(contents: Contents, significance: SignificanceTable, buckets: Sequence[str]) -> list[Facts]:
    """The summary, a table for every way of taking samples: unlike signatures share no column."""
    page = contents.run.info.protocol
    chosen = Reduction("best", page.samples, page.samples, page.choose)
    values = {(one.metric, one.signature, one.method, one.bucket): one.value for one in contents.results}
    reductions = {(one.metric, one.signature): Reduction.parse(one.reduction) for one in contents.results}
    groups: dict[Reduction, Facts] = {}
    for bucket in buckets:
        table = make_table(contents.results, TableOptions(buckets=(bucket,), intervals=True, asides=True), significance)
        for row in table.rows:
            reduction = reductions[row.metric, row.signature]
            if isinstance(KNOWN[row.metric], SamplesMetric):
                reduction = chosen  # it compares the samples of the same methods
            group = groups.setdefault(reduction, _group(reduction))
            column = {"metric": row.metric, "label": metric_label(row.metric), "signature": row.signature}
            if column not in group["columns"]:
                group["columns"].append(column)
            cells = group["rows"].setdefault(row.method, {}).setdefault(bucket, {})
            value = values.get((row.metric, row.signature, row.method, bucket))
            cells[str(group["columns"].index(column))] = _cell(row.cells[0], value)
    order = sorted(groups, key=lambda one: (not one.main, one.suffix))
    return [{**groups[one], "rows": _rows(groups[one]["rows"])} for one in order]


def _group(reduction: Reduction) -> Facts:
    return {"title": reduction_title(reduction), "aside": not reduction.main, "columns": [], "rows": {}}


def _rows(rows: Mapping[str, Facts]) -> list[Facts]:
    return [{"method": name, "reference": name in REFERENCES, "cells": cells} for name, cells in rows.items()]


def _cell(cell: Cell, value: Value) -> Facts:
    found: Facts = {"text": replace(cell, interval=None).text, "value": value}
    if cell.rank:
        found["rank"] = cell.rank
    if cell.interval:
        found["interval"] = " to ".join(cell.interval)
    return found


# --- pair by pair ---------------------------------------------------------------------------------


def _pairs(contents: Contents, sizes: Mapping[str, tuple[int, int]]) -> list[Facts]:
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
        for one in contents.run.pairs
    ]


def _scores(methods: Sequence[ReportedMethod]) -> dict[str, dict[str, list[float | str | None]]]:
    """By metric and method a value of every pair, in their order."""
    found: dict[str, dict[str, list[float | str | None]]] = {}
    for method in methods:
        for name, one in method.values().items():
            found.setdefault(name, {})[method.name] = _plain(one.values.tolist())
    return found


def _samples(method: ReportedMethod) -> Facts:
    assert method.samples is not None
    tables = {name: [_plain(row) for row in table.tolist()] for name, table in method.samples.tables.items()}
    return {"chosen": list(method.samples.chosen), "scores": tables}


def _plain(values: Iterable[float]) -> list[float | str | None]:
    return [json_value(value) for value in values]
