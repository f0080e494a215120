"""Findings on reported numbers as text and as JSON."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.checks.claims import Check
from inpaint_bench.checks.claims.base import listed
from inpaint_bench.checks.claims.measured import Compared


def as_text(found: Check, compared: Sequence[Compared]) -> str:
    """Findings, coverage and, if there are runs, a line for every cell that was compared."""
    lines = []
    for one in found.findings:
        lines += [f"{one.level}: {one.check}", f"  {listed(one.cells)}", f"  {one.text}", ""]
    counted = Counter(one.level for one in found.findings)
    lines.append(f"{len(found.cells)} reported numbers: " + ", ".join(
        f"{counted[level]} {level}{'' if counted[level] == 1 else 's'}" for level in ("contradiction", "suspicion")
    ))  # fmt: skip
    lines += [*_coverage(found)]
    lines += [f"shares of the buckets that fit every All of {name}: {text}" for name, text in found.shares.items()]
    return "\n".join([*lines, *_compared(compared), ""])


def _coverage(found: Check) -> Iterator[str]:
    total, cover = len(found.cells), found.coverage
    for what, cells in (
        ("an equation among printed numbers checks", cover.exact),
        ("bounds alone check", cover.bounds),
        ("no check covers", cover.none),
    ):
        named = ", ".join(f"{count} {metric}" for metric, count in Counter(cell.metric for cell in cells).items())
        yield f"{what} {len(cells)} of {total} ({len(cells) / total:.0%}){f': {named}' if named else ''}"


def _compared(compared: Sequence[Compared]) -> Iterator[str]:
    for run in dict.fromkeys(one.run for one in compared):
        rows = [one for one in compared if one.run == run]
        counted = Counter(one.outcome.split(" by")[0].split(" because")[0] for one in rows)
        yield f"\n{run}: " + ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))
        width = max(len(one.cell.name) for one in rows)
        for one in rows:
            yield f"{one.cell.name.ljust(width)}  {_measured(one)}{one.outcome}"


def _measured(one: Compared) -> str:
    if one.measured is None or one.outcome.startswith("not"):
        return ""
    digits = max(0, -int(str(one.cell.value.as_tuple().exponent))) + 1
    if isinstance(one.measured, str):
        return f"measured {one.measured}: "
    interval = f" [{one.low:.{digits}f}, {one.high:.{digits}f}]" if one.low is not None and one.high is not None else ""
    return f"measured {one.measured:.{digits}f}{interval}: "


def as_json(found: Check, compared: Sequence[Compared]) -> str:
    """Everything as JSON, with every printed digit."""
    content = {
        "schema": 1,
        "findings": [
            {"level": f.level, "check": f.check, "cells": [_cell(cell) for cell in f.cells], "text": f.text}
            for f in found.findings
        ],
        "coverage": {
            "all": len(found.cells),
            "exact": len(found.coverage.exact),
            "bounds": len(found.coverage.bounds),
            "none": len(found.coverage.none),
        },
        "shares": found.shares,
        "measured": [
            _cell(one.cell)
            | {"run": one.run, "measured": one.measured, "low": one.low, "high": one.high, "says": one.outcome}
            for one in compared
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"


def _cell(cell: Reported) -> dict[str, object]:
    names = ("paper", "table", "dataset", "row", "method", "bucket", "metric", "unit")
    return {name: getattr(cell, name) for name in names} | {"value": str(cell.value)}


FORMATS: dict[str, Callable[[Check, Sequence[Compared]], str]] = {"text": as_text, "json": as_json}
