"""Quality against time, of the methods that were timed alike."""

from collections import Counter
from collections.abc import Mapping

from inpaint_bench.report.read import Contents, ReportedMethod
from inpaint_bench.timing import Timing

ALIKE = ("processor", "threads", "GPU")  # facts of a machine without which times are not to be compared


def setting(timing: Timing) -> str:
    """What times have in common that stand in one plot."""
    one = timing.setting
    where = ", ".join(f"{fact} {timing.machine[fact]}" for fact in ALIKE if timing.machine.get(fact))
    return f"{one.size}x{one.size} pixels ({timing.pictures}), batch {one.batch}, {one.dtype} on {one.device} ({where})"


def times_shown(contents: Contents, timings: Mapping[str, Timing]) -> tuple[dict[str, float], tuple[str, ...]]:
    """The median seconds a picture of each method, from image to prediction, and what has to be message of them.

    A stochastic method's are those of all the samples that its score chose from. Only times of the setting that most
    methods have are shown; of every other method it is message why it is not.
    """
    timed = {method.name: timings[method.name] for method in contents.methods if method.name in timings}
    if not timed:
        return {}, ()
    common, _ = Counter(setting(timing) for timing in timed.values()).most_common(1)[0]
    found: dict[str, float] = {}
    notes = [f"median seconds of a picture: {common}"]
    for method in contents.methods:
        timing = timed.get(method.name)
        seconds = None if timing is None else _seconds(contents, method, timing)
        if timing is None or setting(timing) != common or seconds is None:
            notes.append(f"not shown: {method.name}, {_why(timing, common)}")
            continue
        found[method.name] = seconds
        notes += [f"{method.name}: {sentence}" for sentence in timing.unstable]
    return found, tuple(notes)


def _seconds(contents: Contents, method: ReportedMethod, timing: Timing) -> float | None:
    samples = contents.run.info.protocol.samples
    if method.samples and samples > 1:
        of_all = timing.network_of_samples if timing.samples == samples else None
        return None if of_all is None else of_all.p50 / timing.setting.batch
    return None if timing.network is None else timing.network.p50 / timing.setting.batch


def _why(timing: Timing | None, common: str) -> str:
    if timing is None:
        return "which was not timed"
    if setting(timing) != common:
        return f"timed at {setting(timing)}"
    return "of which what is scored was not timed apart from files"
