"""What a method costs, in the units of a table, and what must be known to read it."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from inpaint_bench.errors import InputError
from inpaint_bench.timing import Timing, read_timings

CONVENTION = (
    "FLOPs: convolutions, matrix products and attention as executed, a multiply-add counted as 2; "
    "work outside torch is not counted"
)
DIGITS = 3  # significant ones
UNITS = {"parameters": "million", "FLOPs": "10^9", "time": "s", "end to end": "s", "memory": "MiB"}
CONVENTIONS = {
    "parameters": "parameters: those that a call uses.",
    "FLOPs": f"{CONVENTION}; of one image.",
    "time": "time: median seconds for one image, from image to prediction.",
    "end to end": "end to end: median seconds for one image, from files to 8-bit composite, one sample.",
}


def read_all(folders: Sequence[Path]) -> list[Timing]:
    """The times in run folders. Raises InputError where there are none."""
    timings = [timing for folder in folders for timing in read_timings(folder).values()]
    if not timings:
        where = ", ".join(map(str, folders))
        raise InputError(f"{where}: nothing was timed here. `inpaint-bench time` writes what --style table6 prints.")
    return timings


def compared(timings: Sequence[Timing], methods: Sequence[str] = ()) -> list[tuple[str, Timing]]:
    """The times of some methods in their order, or of all, each with its setting and machine.

    Raises InputError for two times of one method in one setting on one machine.
    """
    order = {name: number for number, name in enumerate(methods)}
    kept = [(setting_of(timing), timing) for timing in timings if timing.method in (order or [timing.method])]
    seen = [(setting, timing.method) for setting, timing in kept]
    if twice := [method for setting, method in seen if seen.count((setting, method)) > 1]:
        raise InputError(f"two folders hold times of {twice[0]} on one machine. Make a table of each.")
    return sorted(kept, key=lambda one: order.get(one[1].method, 0))


def costs_of(timing: Timing) -> dict[str, float | None]:
    """The costs of one image by name; None for what the method does not have and what was not measured.

    Names are those of UNITS, and 'time of 5 samples' (in seconds) for a stochastic method.
    """
    cost, batch, network, several = timing.cost, timing.setting.batch, timing.network, timing.network_of_samples
    found = {
        "parameters": None if cost.parameters is None else cost.parameters / 1e6,
        "FLOPs": None if cost.flop is None else cost.flop / batch / 1e9,
        "time": None if network is None else network.p50 / batch,
        "end to end": timing.end_to_end.p50 / batch,
        "memory": None if timing.memory.peak is None else timing.memory.peak / 2**20,
    }
    return found if several is None else {**found, f"time of {timing.samples} samples": several.p50 / batch}


def heading_of(name: str) -> tuple[int, str, str]:
    """The position of a cost among others, its unit, and its heading."""
    names = [*UNITS]
    names.insert(names.index("time") + 1, "of several samples")
    unit = UNITS.get(name, "s")
    return names.index(name if name in UNITS else "of several samples"), unit, f"{name} ({unit})"


def significant(value: float) -> str:
    """A number with three significant digits, or with all of those before its point: 0.0213, 21.3, 1234."""
    size = Decimal(f"{value:.{DIGITS - 1}e}").adjusted()  # after rounding
    return f"{value:.{max(0, DIGITS - 1 - size)}f}" if value else "0"


def setting_of(timing: Timing) -> str:
    """The setting and the machine: costs are compared within one."""
    setting, machine = timing.setting, timing.machine
    chip = machine.get("GPU") or f"{machine.get('processor', '')}, threads {machine.get('threads', 'unknown')}"
    dtype = "" if setting.dtype == "float32" else f", {setting.dtype}"
    return f"{setting.batch} of {setting.size}x{setting.size} per call{dtype}, {chip}"


def notes_of(timings: Sequence[Timing]) -> list[str]:
    """What the costs of these methods mean, and what may have distorted them."""
    shown = {name for timing in timings for name, value in costs_of(timing).items() if value is not None}
    notes = [text for name, text in CONVENTIONS.items() if name in shown]
    hows = dict.fromkeys(timing.memory.how for timing in timings if timing.memory.peak is not None)
    notes += [f"memory: {how.rstrip('.')}." for how in hows]
    for timing in timings:
        if timing.cost.flop is not None and timing.cost.uncounted:
            notes.append(f"{timing.method}: FLOPs do not count {', '.join(sorted(timing.cost.uncounted))}.")
    if synthetic := [timing.method for timing in timings if timing.synthetic]:
        notes.append(f"Timed with synthetic weights, whose values do not affect the time: {', '.join(synthetic)}.")
    for sentence in dict.fromkeys(sentence for timing in timings for sentence in timing.unstable):
        methods = [timing.method for timing in timings if sentence in timing.unstable]
        who = "every method" if len(methods) == len(timings) else ", ".join(methods)
        notes.append(f"Not steady ({who}): {sentence}")
    return notes
