"""The summary of a report: a table for every reduction of samples, and the notes, as plain values for the page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inpaint_bench.analysis.labels import method_notes, metric_label
from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.results import REFERENCES, Value
from inpaint_bench.analysis.significance import Ranks
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.read import ReportData
from inpaint_bench.report.redact_paths import redact_paths
from inpaint_bench.tables.build import make_table
from inpaint_bench.tables.table import TableOptions


def notes(data: ReportData, ranked: Ranks, absent: Mapping[str, str]) -> list[str]:
    """The notes of the table of all results, without those on signatures: the page lists them elsewhere."""
    moved = method_notes(data.run, {result.method for result in data.results})
    table = make_table([(data.run, data.results)], TableOptions(), absent, ranked=ranked, more_notes=moved)
    signatures = {f": {result.signature}, " for result in data.results}
    listed = [*table.legend(), *table.notes]
    return [redact_paths(note) for note in listed if not any(signature in note for signature in signatures)]


def groups(data: ReportData, ranked: Ranks, buckets: Sequence[str]) -> list[dict[str, Any]]:
    """A table for every reduction, since different signatures share no column; those of the main reductions first."""
    page = data.run.info.protocol
    chosen = Reduction("best", page.samples, page.samples, page.choose)
    values = {(one.metric, one.signature, one.method, one.bucket): one.value for one in data.results}
    found: dict[Reduction, dict[str, Any]] = {}
    for bucket in buckets:
        options = TableOptions(buckets=(bucket,), intervals=True, all_samples=True)
        table = make_table([(data.run, data.results)], options, ranked=ranked)
        rows: Iterable[Any] = table.numbers.sort_values("row", kind="stable").itertuples()
        for one in rows:
            # a metric of samples compares those of the same methods
            reduction = chosen if isinstance(KNOWN[one.metric], SamplesMetric) else Reduction.parse(one.reduction)
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
    text = number.digits + number.mark + (f" ({number.n})" if number.n else "")
    found: dict[str, Any] = {"text": text, "value": value}
    if number.rank:
        found["rank"] = number.rank
    if number.low:
        found["interval"] = f"{number.low} to {number.high}"
    return found
