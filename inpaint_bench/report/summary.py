"""The summary of a report: a table for every reduction of samples, and the notes, as plain values for the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from inpaint_bench.analysis.labels import metric_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import REFERENCES, Value
from inpaint_bench.analysis.significance import SignificanceTable
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.read import ReportData
from inpaint_bench.report.redact_paths import redact_paths
from inpaint_bench.tables.make import make_table
from inpaint_bench.tables.table import BEST, NEAR, Cell, TableOptions


def notes(data: ReportData, significance: SignificanceTable, absent: Mapping[str, str]) -> list[str]:
    """The notes of the table of all results, without those on signatures: the page lists them elsewhere."""
    table = make_table(data.results, TableOptions(), significance, absent)
    signatures = {f": {result.signature}, " for result in data.results}
    return [
        redact_paths(note.replace(BEST, "bold").replace(NEAR, "underlined"))
        for note in table.notes
        if not any(signature in note for signature in signatures)
    ]


def groups(data: ReportData, significance: SignificanceTable, buckets: Sequence[str]) -> list[dict[str, Any]]:
    """A table for every reduction, since different signatures share no column; those of the main reductions first."""
    page = data.run.info.protocol
    chosen = Reduction("best", page.samples, page.samples, page.choose)
    values = {(one.metric, one.signature, one.method, one.bucket): one.value for one in data.results}
    reductions = {(one.metric, one.signature): Reduction.parse(one.reduction) for one in data.results}
    found: dict[Reduction, dict[str, Any]] = {}
    for bucket in buckets:
        for metric, signature, method, cell in _cells(data, significance, bucket):
            # a metric of samples compares those of the same methods
            reduction = chosen if isinstance(KNOWN[metric], SamplesMetric) else reductions[metric, signature]
            group = found.setdefault(reduction, _group(reduction))
            column = {"metric": metric, "label": metric_label(metric), "signature": signature}
            if column not in group["columns"]:
                group["columns"].append(column)
            cells = group["rows"].setdefault(method, {}).setdefault(bucket, {})
            value = values.get((metric, signature, method, bucket))
            cells[str(group["columns"].index(column))] = _cell(cell, value)
    order = sorted(found, key=lambda one: (not one.main, one.suffix))
    return [{**found[one], "rows": _rows(found[one]["rows"])} for one in order]


def _cells(data: ReportData, significance: SignificanceTable, bucket: str) -> Iterator[tuple[str, str, str, Cell]]:
    """Metric, signature, method and cell of every number of a bucket, in the order of tables."""
    options = TableOptions(buckets=(bucket,), intervals=True, asides=True)
    for row in make_table(data.results, options, significance).rows:
        yield row.metric, row.signature, row.method, row.cells[0]


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


def _cell(cell: Cell, value: Value) -> dict[str, Any]:
    found: dict[str, Any] = {"text": replace(cell, interval=None).text, "value": value}
    if cell.rank:
        found["rank"] = cell.rank
    if cell.interval:
        found["interval"] = " to ".join(cell.interval)
    return found
