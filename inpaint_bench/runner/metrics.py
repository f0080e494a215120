"""The metrics of a run: those requested or the protocol's, without those that cannot be measured here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.errors import InputError
from inpaint_bench.metrics import Metric, metric
from inpaint_bench.metrics.own_metric import MetricInfo, OwnMetric
from inpaint_bench.metrics.registry import CHOOSABLE, ORDER, AnyMetric, absent, find, own_names, with_companions
from inpaint_bench.runner.folder import RunFolder

WITHOUT = {"none": "the protocol has no ground truth.", "target": "the protocol's images hold nothing to be removed."}


@dataclass(frozen=True)
class ChosenMetrics:
    """Metrics by name, and those that cannot be measured here, each with the reason and what mends it."""

    names: tuple[str, ...]
    absent: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # of 'all': those that the protocol has no use for

    def own(self) -> dict[str, MetricInfo]:
        """What a run records of those that are one's own."""
        return {name: one.info for name in self.names if isinstance(one := CHOOSABLE[name], OwnMetric)}

    def notes(self) -> list[str]:
        """A sentence for every reason."""
        lacking = {**self.left_out, **self.absent}
        reasons = dict.fromkeys(lacking.values())
        return [
            f"not measured: {', '.join(name for name in lacking if lacking[name] == why)}: {why}" for why in reasons
        ]


NO_PROMPT = "no pair has a prompt, and it compares the image with one. Take a list of pairs with a column prompt"


def choose_metrics(requested: Sequence[str], page: Protocol, where: str, pairs: Iterable[Pair] = ()) -> ChosenMetrics:
    """The metrics requested, all of them for 'all', or the page's; a Fréchet distance brings its kernel distance.

    Of `pairs` it matters whether one has a prompt.

    Raises InputError for an unknown name, naming the page in `where` if it is the page's, and for one that was
    requested by name and cannot be measured here.
    """
    every = "all" in requested
    broken = _plugins(requested)
    for name in requested:
        if name in broken:
            raise InputError(broken[name])
    try:
        if page.reference == "target":
            metric(page.choose)
        for name in page.metrics:  # also where others are requested: tables go by the page
            if why := _unsuitable(name, page):
                raise InputError(f"{name} {why}.")
    except InputError as error:
        raise InputError(f"the protocol page of {where}: {error}") from error
    names = with_companions(find(name).name for name in (_all(requested) if every else requested or page.metrics))
    left_out = {name: WITHOUT[page.reference] for name in names if _unsuitable(name, page)}
    if not every and (named := [name for name in requested if name in left_out]):
        raise InputError(f"{named[0]} {_unsuitable(named[0], page)}.")
    names = [name for name in names if name not in left_out]
    prompted = any(pair.prompt for pair in pairs)
    lacking = {name: why for name in names if (why := _absent(find(name), prompted))}
    if not every and (named := [name for name in requested if name in lacking]):
        raise InputError(f"{named[0]} cannot be measured here: {lacking[named[0]].rstrip('.')}.")
    return ChosenMetrics(tuple(name for name in names if name not in lacking), lacking | broken, left_out)


def _unsuitable(name: str, page: Protocol) -> str:
    """Why a metric is none for a protocol, as the end of a sentence that begins with its name; '' where it is one."""
    found = find(name)
    if page.reference == "none" and found.compares == "target":
        return "compares with a ground truth, and this protocol has none"
    if page.reference == "target" and found.compares == "image":
        return "compares with what was to be removed, and this protocol has a ground truth"
    if page.reference == "none" and isinstance(found, OwnMetric) and "{targets}" in found.command:
        return "asks for {targets}, and this protocol has none"
    return ""


def choose_recorded(requested: Sequence[str], run: RunFolder, where: str) -> ChosenMetrics:
    """As `choose_metrics`, of a run in which nothing is computed: what it declares itself needs no code here."""
    shipped = [name for name in requested if name not in run.info.metrics]
    if requested and not shipped:
        return ChosenMetrics(tuple(requested))
    chosen = choose_metrics(shipped, run.info.protocol, where, run.pairs)
    own = [name for name in run.info.metrics if not requested or name in requested or "all" in requested]
    absent = {name: why for name, why in chosen.absent.items() if name not in own}
    return ChosenMetrics(tuple(dict.fromkeys([*chosen.names, *own])), absent)


def _plugins(requested: Sequence[str]) -> dict[str, str]:
    """Make the requested metrics of plug-ins known, of 'all' every one; why some cannot be, by name."""
    if all(name in CHOOSABLE and name not in own_names([name]) for name in requested):
        return {}
    from inpaint_bench.runner.own_metrics import open_plugins  # heavy

    return open_plugins(None if "all" in requested else requested)


def _all(requested: Sequence[str]) -> list[str]:
    """What 'all' stands for: every metric that ships, those of plug-ins, and what was requested beside it."""
    from inpaint_bench.runner.own_metrics import plugin_names  # heavy

    others = {*own_names(CHOOSABLE)} - {*plugin_names(), *requested}
    return [name for name in CHOOSABLE if name not in others]


def refuse_functions(names: Sequence[str]) -> None:
    """Raise InputError for a metric that is a Python object of this process: no other one has it."""
    for name in own_names(names):
        found = CHOOSABLE[name]
        if isinstance(found, OwnMetric) and found.info.entry.startswith("callable:"):
            raise InputError(f"{name}: a function cannot be sent to another process: give python:MODULE:FUNCTION.")


def _absent(metric: AnyMetric, prompted: bool) -> str:
    """Why a metric cannot be measured here, or on pairs of which none has a prompt; ''."""
    return absent(metric) or (NO_PROMPT if isinstance(metric, Metric) and metric.of_prompt and not prompted else "")


def still_measurable(names: Sequence[str], measured: set[str]) -> list[str]:
    """The names, and those of metrics that the run was measured in before, so that their results stay up to date."""
    own = own_names(CHOOSABLE)  # another command's code may be another one: those are measured where they are named
    kept = sorted((name for name in measured if name in CHOOSABLE and name not in own), key=ORDER.__getitem__)
    again = [name for name in kept if not absent(find(name))]
    return list(dict.fromkeys([*names, *again]))
