"""The data of a leaderboard as plain values for its page, every number with its provenance."""

import math
from collections.abc import Sequence
from typing import Any

from inpaint_bench import __version__, files
from inpaint_bench.data.protocols import page_names, read_page
from inpaint_bench.report.leaderboard.board import BoardNumber, Column, Row, buckets_of, columns_of
from inpaint_bench.report.leaderboard.neighbours import tested
from inpaint_bench.report.leaderboard.remeasured import AGREEMENT
from inpaint_bench.report.leaderboard.rows import latex_head, latex_row

Facts = dict[str, Any]  # as JSON holds it
MAIN = "psnr"  # what a protocol is ranked by when its page opens
BADGES, FILES = "badges", "files"  # folders of the site


def facts(rows: Sequence[Row]) -> Facts:
    """Everything that the page shows: protocols in order of name, those with submissions first."""
    names = sorted({row.protocol for row in rows}, key=lambda name: (not _submitted(rows, name), name))
    return {
        "version": __version__,
        "agreement": AGREEMENT,
        "protocols": [_protocol(name, [row for row in rows if row.protocol == name]) for name in names],
    }


def _submitted(rows: Sequence[Row], protocol: str) -> bool:
    return any(row.submission for row in rows if row.protocol == protocol)


def _protocol(name: str, rows: Sequence[Row]) -> Facts:
    columns, buckets = columns_of(rows), buckets_of(rows)
    submission = next((row.submission for row in rows if row.submission), None)
    page = None
    if submission:
        page = submission.header.run.protocol
    elif name in page_names():
        page = read_page(files.shipped("protocols") / f"{name}.toml")
    run = submission.header.run if submission else None
    return {
        "name": name,
        "title": page.about.title if page else "",
        "pairs": run.pairs if run else None,
        "fingerprint": run.fingerprint if run else "",
        "pixels": run.pixels if run else "",
        "main": next((column.key for column in columns if column.metric == MAIN), columns[0].key),
        "buckets": buckets,
        "columns": [_column(column) for column in columns],
        "latex": latex_head(columns),
        "rows": [_row(row, buckets, columns) for row in rows],
        "tests": {bucket: {column.key: tested(rows, bucket, column) for column in columns} for bucket in buckets},
    }


def _column(column: Column) -> Facts:
    return {
        "key": column.key,
        **{name: getattr(column, name) for name in ("metric", "signature", "label", "better", "unit")},
    }


def _row(row: Row, buckets: Sequence[str], columns: Sequence[Column]) -> Facts:
    time = row.time
    found: Facts = {
        "id": row.id,
        "name": row.name,
        "tier": row.tier,
        "title": row.title,
        "year": row.year,
        "licences": list(row.licences),
        "parameters": row.parameters,
        "time": time and {"seconds": time.seconds, "setting": time.setting, "notes": list(time.unstable)},
        "numbers": _numbers(row),
        "latex": {bucket: latex_row(row, bucket, columns) for bucket in buckets},
        "facts": {},
        "again": [],
        "file": "",
        "badge": "",
        "links": {},
        "bibtex": "",
    }
    return found | _of_submission(row) if row.submission else found


def _of_submission(row: Row) -> Facts:
    """What the page shows of a submission only."""
    one, card = row.submission, row.card
    assert one is not None
    assert card is not None
    info = one.info
    shown = {
        "measured by": card.measured_by,
        "authors": ", ".join(card.authors),
        "licence of code": card.code_licence,
        "licence of weights": card.weights_licence,
        "training data": card.training_data,
        "source": info.source,
        "code": info.code,
        "weights": info.loaded_with or "none",
        "device": info.device,
        "machine": ", ".join(f"{fact} {value}" for fact, value in info.machine.items()),
        "versions": ", ".join(" ".join(pair) for pair in info.environment.items() if pair[1]),
        "command": " ".join(info.command),
        "mixed": ", ".join(info.mixed),
        "weights of unstated hash": ", ".join(info.unpinned),
        "known region": "may differ from the target's: allowed by --allow-known-error"
        if info.known_error_allowed
        else "",
        "scored": "raw predictions" if one.header.run.raw else "",
    }
    links = {"paper": card.paper, "repository": card.repository, "composites": card.composites}
    return {
        "facts": {name: value for name, value in shown.items() if value},
        "links": {name: url for name, url in links.items() if url},
        "bibtex": card.bibtex,
        "file": f"{FILES}/{row.protocol}/{one.path.name}",
        "badge": f"{BADGES}/{row.id}.svg" if badge_number(row) else "",
        "again": [
            {"who": other.header.card.measured_by, "file": f"{FILES}/{row.protocol}/{other.path.name}"}
            for other in row.again
        ],
    }


def badge_number(row: Row) -> BoardNumber | None:
    """The number on a row's badge: PSNR over all pairs, else its first over all pairs; none where it has none."""
    of_all = [number for (bucket, _), number in row.numbers.items() if bucket == "all"]
    return next((number for number in of_all if number.column.metric == MAIN), next(iter(of_all), None))


def _numbers(row: Row) -> dict[str, dict[str, Facts]]:
    found: dict[str, dict[str, Facts]] = {}
    for (bucket, key), number in row.numbers.items():
        found.setdefault(bucket, {})[key] = _number(number)
    return found


def _number(number: BoardNumber) -> Facts:
    value = number.value
    shown: Facts = {"value": "inf" if isinstance(value, float) and math.isinf(value) else value, "text": number.text}
    rest = {"n": number.n, "low": number.low, "high": number.high, "scores": number.scores, "source": number.source}
    return {**shown, "basis": number.basis, **{name: one for name, one in rest.items() if one not in (None, "")}}
