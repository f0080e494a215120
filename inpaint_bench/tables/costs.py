"""What methods cost, as in the paper's Table 6: parameters, operations, time and memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from inpaint_bench.errors import InputError
from inpaint_bench.tables.layout import lay_out
from inpaint_bench.tables.table import Cell, Entry, Quantity, Table, TableKey, TableOptions
from inpaint_bench.timing import Timing
from inpaint_bench.timing.cost import CONVENTION

DIGITS = 3  # significant ones


def _cost(rank: int, name: str, unit: str) -> Quantity:
    return Quantity(rank, name, "", unit, f"{name} ({unit})")


PARAMETERS = _cost(1000, "parameters", "million")
OPERATIONS = _cost(1001, "FLOPs", "10^9")
TIME = _cost(1002, "time", "s")
WHOLE = _cost(1004, "end to end", "s")
MEMORY = _cost(1005, "memory", "MiB")

CONVENTIONS = {
    PARAMETERS: "parameters: those that the way from image to prediction touches.",
    OPERATIONS: f"{CONVENTION}; of one image.",
    TIME: "time: median seconds of one image, image to prediction.",
    WHOLE: "end to end: median seconds of one image, files to 8-bit composite, one sample.",
}


def cost_table(
    timings: Sequence[Timing], options: TableOptions, beside: Sequence[Entry] = (), notes: Sequence[str] = ()
) -> Table:
    """Times as a table: a row a method, columns of one setting on one machine together.

    `beside` are numbers that papers report, with what is to be message of them. Raises InputError for two times of one
    method on one machine at one setting.
    """
    order = {name: number for number, name in enumerate(options.methods)}
    timings = sorted(timings, key=lambda timing: order.get(timing.method, len(order)))
    places: dict[TableKey, int | None] = dict.fromkeys((place_of(timing) for timing in timings), None)
    seen = [(place_of(timing), timing.method) for timing in timings]
    if twice := [method for place, method in seen if seen.count((place, method)) > 1]:
        raise InputError(f"two folders hold times of {twice[0]} on one machine. Make a table of each.")
    if len(places) == 1:
        beside = [replace(entry, place=next(iter(places))) for entry in beside]
    elif beside:
        places |= dict.fromkeys((entry.place for entry in beside), None)
    entries = [entry for timing in timings for entry in _entries(timing)]
    title = "costs" + (f", {next(iter(places))[0]}" if len(places) == 1 else "")
    message = [*_conventions(entries), *_notes(timings), *notes]
    return lay_out(title, [*entries, *beside], places, "metrics", message)


def place_of(timing: Timing) -> TableKey:
    """What times must share to share a column: the setting and the machine."""
    setting, machine = timing.setting, timing.machine
    chip = machine.get("GPU") or f"{machine.get('processor', '')}, threads {machine.get('threads', 'unknown')}"
    dtype = "" if setting.dtype == "float32" else f", {setting.dtype}"
    return f"{setting.batch} of {setting.size}x{setting.size} in a call{dtype}, {chip}", ""


def _entries(timing: Timing) -> list[Entry]:
    cost, batch = timing.cost, timing.setting.batch
    found: Mapping[Quantity, float | None] = {
        PARAMETERS: None if cost.parameters is None else cost.parameters / 1e6,
        OPERATIONS: None if cost.flop is None else cost.flop / batch / 1e9,
        TIME: None if timing.network is None else timing.network.p50 / batch,
        WHOLE: timing.end_to_end.p50 / batch,
        MEMORY: None if timing.memory.peak is None else timing.memory.peak / 2**20,
    }
    if timing.network_of_samples is not None:
        of_samples = _cost(1003, f"time of {timing.samples} samples", "s")
        found = {**found, of_samples: timing.network_of_samples.p50 / batch}
    return [
        Entry(quantity, place_of(timing), timing.method, Cell() if value is None else Cell(significant(value)))
        for quantity, value in found.items()
    ]


def significant(value: float) -> str:
    """A number of three significant digits, or all of those before its point: 0.0213, 21.3, 1234."""
    size = Decimal(f"{value:.{DIGITS - 1}e}").adjusted()  # after rounding
    return f"{value:.{max(0, DIGITS - 1 - size)}f}" if value else "0"


def _conventions(entries: Sequence[Entry]) -> list[str]:
    shown = {entry.quantity for entry in entries if entry.cell != Cell()}
    return [message for quantity, message in CONVENTIONS.items() if quantity in shown]


def _notes(timings: Sequence[Timing]) -> list[str]:
    hows = dict.fromkeys(timing.memory.how for timing in timings if timing.memory.peak is not None)
    notes = [f"memory: {how.rstrip('.')}." for how in hows]
    notes += [
        f"{timing.method}: {', '.join(sorted(timing.cost.uncounted))} are in no count of FLOPs."
        for timing in timings
        if timing.cost.flop is not None and timing.cost.uncounted
    ]
    if filled := [timing.method for timing in timings if timing.synthetic]:
        notes.append(f"Timed with values made from names, which changes no time: {', '.join(filled)}.")
    for sentence in dict.fromkeys(sentence for timing in timings for sentence in timing.unstable):
        methods = [timing.method for timing in timings if sentence in timing.unstable]
        who = "every method" if len(methods) == len(timings) else ", ".join(methods)
        notes.append(f"Not steady ({who}): {sentence}")
    return notes
