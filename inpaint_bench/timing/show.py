"""Times as a table, in text, Markdown or CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from inpaint_bench.timing import Series, Timing
from inpaint_bench.timing.costs import CONVENTION

COLUMNS = (
    "method",
    "ms",
    "p90",
    "p99",
    "calls",
    "CPU ms",
    "samples",
    "ms of samples",
    "end to end ms",
    "memory MiB",
    "parameters M",
    "GFLOP",
)
FEW = 100  # with fewer calls, the 99th percentile is close to the maximum


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    value = 1000 * seconds
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cells(timing: Timing) -> tuple[str, ...]:
    """A method's row of the table. Times are in milliseconds; '-' marks what was not measured."""
    network, several, cost = timing.network, timing.network_of_samples, timing.cost
    memory = timing.memory.peak
    return (
        f"{timing.method} (synthetic)" if timing.synthetic else timing.method,
        *([_ms(network.percentile(p)) for p in (50, 90, 99)] if network else "---"),
        str(len(network.seconds)) if network else "-",
        _ms(network.cpu if network else None),
        str(timing.samples) if several else "-",
        _ms(several.p50 if several else None),
        _ms(timing.end_to_end.p50),
        "-" if memory is None else f"{memory / 2**20:.0f}",
        "-" if cost.parameters is None else f"{cost.parameters / 1e6:.1f}",
        "-" if cost.flop is None else f"{cost.flop / 1e9:.1f}",
    )


def title(timings: Sequence[Timing]) -> str:
    """The inputs, device and day of the timings."""
    settings = _once(
        f"{t.setting.batch} of {t.setting.size}x{t.setting.size} per call, {t.pictures}, {t.setting.dtype}, "
        f"{t.setting.device}, {t.day}"
        for t in timings
    )
    return "; ".join(settings)


def notes(timings: Sequence[Timing]) -> list[str]:
    """Notes on the columns, the machine, and what may have distorted the times."""
    lines = [_columns(timings), f"{CONVENTION}{_uncounted(timings)}."]
    lines += [f"memory: {how}." for how in _once(t.memory.how for t in timings if t.memory.peak is not None)]
    lines += [f"no memory of {t.method}: {t.memory.how.rstrip('.')}." for t in timings if t.memory.peak is None]
    if any(timing.synthetic for timing in timings):
        lines.append("synthetic: weights made from tensor names; their values do not affect the run time.")
    lines += [f"machine: {facts}." for facts in _once(_machine(timing) for timing in timings)]
    for sentence in _once(one for timing in timings for one in timing.unstable):
        methods = [timing.method for timing in timings if sentence in timing.unstable]
        lines.append(f"unstable, {'every method' if len(methods) == len(timings) else ', '.join(methods)}: {sentence}")
    return lines


def _columns(timings: Sequence[Timing]) -> str:
    series = [one for timing in timings for one in (timing.network, timing.end_to_end) if one]
    clocks = _once(timing.network.clock for timing in timings if timing.network)
    columns = [
        f"ms: median per network call, {' and '.join(clocks) or 'wall'} clock; methods take turns",
        "p90, p99: percentiles of the same calls",
        "CPU ms: median CPU time over all threads",
        "end to end: from files to 8-bit composites",
    ]
    if any(len(one.seconds) < FEW for one in series):
        columns.append(f"with fewer than {FEW} calls, p99 is close to the maximum")
    return "; ".join(columns) + "."


def _uncounted(timings: Sequence[Timing]) -> str:
    names = sorted({name for timing in timings for name in timing.cost.uncounted})
    return f"; nor are {', '.join(names)}" if names else ""


def _machine(timing: Timing) -> str:
    made = timing.made_by
    versions = [f"{name} {version}" for name, version in made.environment.items() if version]
    machine = {"system": made.machine.get("system", "unknown"), **timing.machine}
    return "; ".join([*(f"{name} {value}" for name, value in machine.items()), *versions])


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def as_text(timings: Sequence[Timing]) -> str:
    """A plain-text table with one note per line."""
    lines = [COLUMNS, *(cells(timing) for timing in timings)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    rows = [
        "  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    rule = "-" * len(rows[0])
    return "\n".join([title(timings), "", rows[0], rule, *rows[1:], "", *notes(timings), ""])


def as_markdown(timings: Sequence[Timing]) -> str:
    """A GitHub Markdown table with the notes as a list."""
    lines = [COLUMNS, ("---", *["---:"] * (len(COLUMNS) - 1)), *(cells(timing) for timing in timings)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{title(timings)}\n\n{body}\n\n" + "".join(f"- {note}\n" for note in notes(timings))


CSV_COLUMNS = (
    *("method", "weights", "device", "size", "batch", "what", "samples", "calls"),
    *("p50_seconds", "p90_seconds", "p99_seconds", "cpu_seconds", "memory_bytes", "parameters", "flop"),
)


def as_csv(timings: Sequence[Timing]) -> str:
    """One line per method and series: network, network with several samples, end to end; seconds in full precision."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for timing in timings:
        for what, samples, series in (
            ("network", 1, timing.network),
            ("network", timing.samples, timing.network_of_samples),
            ("end to end", 1, timing.end_to_end),
        ):
            if series:
                writer.writerow(_csv_row(timing, what, samples, series))
    return out.getvalue()


def _csv_row(timing: Timing, what: str, samples: int, series: Series) -> list[object]:
    setting, cost, counted = timing.setting, timing.cost, what == "network" and samples == 1
    values = [timing.memory.peak, cost.parameters, cost.flop] if counted else [None] * 3
    return [
        timing.method,
        timing.made_by.loaded_with or "none",
        setting.device,
        setting.size,
        setting.batch,
        what,
        samples,
        len(series.seconds),
        *(repr(series.percentile(percent)) for percent in (50, 90, 99)),
        repr(series.cpu),
        *("" if value is None else value for value in values),
    ]


FORMATS: dict[str, Callable[[Sequence[Timing]], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}
