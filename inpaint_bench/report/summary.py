"""The summary of a report: a table for every reduction of samples, and the notes, as plain values for the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import REFERENCES, Value
from inpaint_bench.analysis.significance import SignificanceTable
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.read import ReportData
from inpaint_bench.report.redact_paths import redact_paths
from inpaint_bench.tables.build import make_table
from inpaint_bench.tables.formats import cell_text
from inpaint_bench.tables.table import TableOptions


def notes(data: ReportData, significance: SignificanceTable, absent: Mapping[str, str]) -> list[str]:
    """The notes of the table of all results, without those on signatures: the page lists them elsewhere."""
    table = make_table([(data.run, data.results)], TableOptions(), absent, ranks=significance)
    signatures = {f": {result.signature}, " for result in data.results}
    return [
        redact_paths(note)
        for note in [*table.legend(), *table.notes]
        if not any(signature in note for signature in signatures)
    ]


def groups(data: ReportData, significance: SignificanceTable, buckets: Sequence[str]) -> list[dict[str, Any]]:
    """A table for every reduction, since different signatures share no column; those of the main reductions first."""
    page = data.run.info.protocol
    chosen = Reduction("best", page.samples, page.samples, page.choose)
    values = {(one.metric, one.signature, one.method, one.bucket): one.value for one in data.results}
    found: dict[Reduction, dict[str, Any]] = {}
    for bucket in buckets:
        options = TableOptions(buckets=(bucket,), intervals=True, all_samples=True)
        table = make_table([(data.run, data.results)], options, ranks=significance)
        numbers: Any = table.numbers.sort_values("row").itertuples()
        for one in numbers:
            # a metric of samples compares those of the same methods
            of_samples = isinstance(KNOWN[one.metric], SamplesMetric)
            reduction = chosen if of_samples else Reduction.parse(one.reduction)
            group = found.setdefault(reduction, _group(reduction))
            column = {"metric": one.metric, "label": metric_label(one.metric), "signature": one.signature}
            if column not in group["columns"]:
                group["columns"].append(column)
            cells = group["rows"].setdefault(one.method, {}).setdefault(bucket, {})
            value = values.get((one.metric, one.signature, one.method, bucket))
            cells[str(group["columns"].index(column))] = _cell(one, value)
    order = sorted(found, key=lambda one: (not one.main, one.suffix))
    return [{**found[one], "rows": _rows(found[one]["rows"])} for one in order]


def reduction_title(reduction: Reduction) -> str:
    """The heading of the table of a reduction."""
    if reduction.kind == "best":
        of_more = f", expected over {reduction.drawn}" if reduction.drawn > reduction.k else ""
        return f"Best of {reduction.k} samples by {reduction.by}{of_more}"
    if reduction.kind == "none":
        return "One output per pair"
    return f"{'Mean' if reduction.kind == 'mean' else 'First'} of {reduction.drawn} samples"


def _group(reduction: Reduction) -> dict[str, Any]:
    return {"title": reduction_title(reduction), "main": reduction.main, "columns": [], "rows": {}}


def _rows(rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"method": name, "reference": name in REFERENCES, "cells": cells} for name, cells in rows.items()]


def _cell(number: Any, value: Value) -> dict[str, Any]:
    """A line of `Table.numbers`; the page shows the interval apart from the rest."""
    found: dict[str, Any] = {"text": cell_text(number, interval=False), "value": value}
    if number.rank:
        found["rank"] = number.rank
    if number.low:
        found["interval"] = f"{number.low} to {number.high}"
    return found
