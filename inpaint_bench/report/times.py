"""The times of a report: those of methods that were timed in the same setting."""

from collections import Counter
from collections.abc import Mapping

from inpaint_bench.report.read import MethodData, ReportData
from inpaint_bench.timing import Timing

SAME = ("processor", "threads", "GPU")  # facts of a machine that must be equal for times to be comparable


def setting(timing: Timing) -> str:
    """The setting of a timing as text; times in one plot share it."""
    one = timing.setting
    where = ", ".join(f"{fact} {timing.machine[fact]}" for fact in SAME if timing.machine.get(fact))
    return f"{one.size}x{one.size} pixels ({timing.pictures}), batch {one.batch}, {one.dtype} on {one.device} ({where})"


def times_shown(data: ReportData, timings: Mapping[str, Timing]) -> tuple[dict[str, float], tuple[str, ...]]:
    """The median seconds per image of each method, from image to prediction, and notes.

    For a stochastic method it is the time of all the samples that one was chosen from. Only times in the setting of
    most methods are shown; a note says why each other method is missing.
    """
    timed = {method.name: timings[method.name] for method in data.methods if method.name in timings}
    if not timed:
        return {}, ()
    common, _ = Counter(setting(timing) for timing in timed.values()).most_common(1)[0]
    found: dict[str, float] = {}
    notes = [f"median seconds per image: {common}"]
    for method in data.methods:
        timing = timed.get(method.name)
        seconds = None if timing is None else _seconds(data, method, timing)
        if timing is None or setting(timing) != common or seconds is None:
            notes.append(f"not shown: {method.name}, {_why(timing, common)}")
            continue
        found[method.name] = seconds
        notes += [f"{method.name}: {sentence}" for sentence in timing.unstable]
    return found, tuple(notes)


def _seconds(data: ReportData, method: MethodData, timing: Timing) -> float | None:
    samples = data.run.info.protocol.samples
    if method.samples and samples > 1:
        of_all = timing.network_of_samples if timing.samples == samples else None
        return None if of_all is None else of_all.p50 / timing.setting.batch
    return None if timing.network is None else timing.network.p50 / timing.setting.batch


def _why(timing: Timing | None, common: str) -> str:
    if timing is None:
        return "which was not timed"
    if setting(timing) != common:
        return f"timed at {setting(timing)}"
    return "whose scored outputs were not timed without reading and writing files"
