"""The contents of a report as the page's data: plain values, every number once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from inpaint_bench import __version__
from inpaint_bench.analysis.outputs import plain
from inpaint_bench.analysis.per_pair import Value
from inpaint_bench.analysis.results import ALL, REFERENCES, bucket_sizes
from inpaint_bench.analysis.significance import SignificanceTable
from inpaint_bench.data.protocols import bucket_names
from inpaint_bench.metrics.base import SamplesMetric
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.report.read import Contents, Shown
from inpaint_bench.report.redact_paths import command_line, without_places
from inpaint_bench.tables.make import label, make_table
from inpaint_bench.tables.table import Cell, TableOptions

Facts = dict[str, Any]  # as JSON holds it

_SAMPLING = re.compile(r":(best-(\w+)-of-(\d+)(?:-from-(\d+))?|(mean|first)-of-(\d+))$")
MARKS = {"best": "bold", "near": "underlined"}


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
        "notes": [without_places(note.format(**MARKS)) for note in whole.notes if not _signs(note, contents)],
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


def _method(method: Shown) -> Facts:
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


def split_signature(signature: str) -> tuple[str, str]:
    """A signature without what it says of samples, and that: ('psnr:rgb:u8r:comp:v1', 'best-psnr-of-5')."""
    found = _SAMPLING.search(signature)
    return (signature[: found.start()], found[1]) if found else (signature, "")


def sampling_title(sampling: str) -> str:
    """What part of a signature says of samples, in words."""
    found = _SAMPLING.search(f":{sampling}")
    if found is None:
        return "One output a pair"
    _, by, best, of, other, count = found.groups()
    if other:
        return f"Mean over {count} samples" if other == "mean" else f"First of {count} samples"
    return f"Best of {best} samples by {by}" + (f", expected from {of}" if of else "")


def _groups(contents: Contents, significance: SignificanceTable, buckets: Sequence[str]) -> list[Facts]:
    """The summary, a table for every way of taking samples: unlike signatures share no column."""
    page = contents.run.info.protocol
    chosen = f"best-{page.choose}-of-{page.samples}"
    values = {(one.metric, one.signature, one.method, one.bucket): one.value for one in contents.results}
    groups: dict[str, Facts] = {}
    for bucket in buckets:
        table = make_table(contents.results, TableOptions(buckets=(bucket,), intervals=True, asides=True), significance)
        for row in table.rows:
            stem, sampling = split_signature(row.signature)
            if isinstance(KNOWN[row.metric], SamplesMetric):
                sampling = chosen  # it compares the samples of the same methods
            group = groups.setdefault(sampling, _group(sampling, chosen))
            column = {"metric": row.metric, "label": label(row.metric, stem), "signature": row.signature}
            if column not in group["columns"]:
                group["columns"].append(column)
            cells = group["rows"].setdefault(row.method, {}).setdefault(bucket, {})
            value = values.get((row.metric, row.signature, row.method, bucket))
            cells[str(group["columns"].index(column))] = _cell(row.cells[0], value)
    order = sorted(groups, key=lambda sampling: (groups[sampling]["aside"], sampling))
    return [{**groups[one], "rows": _rows(groups[one]["rows"])} for one in order]


def _group(sampling: str, chosen: str) -> Facts:
    return {"title": sampling_title(sampling), "aside": sampling not in ("", chosen), "columns": [], "rows": {}}


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


def _scores(methods: Sequence[Shown]) -> dict[str, dict[str, list[float | str | None]]]:
    """By metric and method a value of every pair, in their order."""
    found: dict[str, dict[str, list[float | str | None]]] = {}
    for method in methods:
        for name, one in method.values().items():
            found.setdefault(name, {})[method.name] = _plain(one.values.tolist())
    return found


def _samples(method: Shown) -> Facts:
    assert method.samples is not None
    tables = {name: [_plain(row) for row in table.tolist()] for name, table in method.samples.tables.items()}
    return {"chosen": list(method.samples.chosen), "scores": tables}


def _plain(values: Iterable[float]) -> list[float | str | None]:
    return [plain(value) for value in values]
