"""Every metric by name, of whatever kind: what a user may ask for, what can be computed here, and in which order."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from inpaint_bench.data.protocols import EightBit
from inpaint_bench.errors import InputError, NotComparableError, did_you_mean, some
from inpaint_bench.metrics.base import Metric, SamplesMetric, SetMetric
from inpaint_bench.metrics.declarations import DIVERSITY, METRICS, RECORDED
from inpaint_bench.metrics.detection import DETECTION_METRICS, DETECTORS, DetectionMetric
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.sets import SET_METRICS

AnyMetric: TypeAlias = Metric | SetMetric | SamplesMetric | DetectionMetric

SAMPLES_METRICS: dict[str, SamplesMetric] = {DIVERSITY.name: DIVERSITY}
CHOOSABLE: dict[str, AnyMetric] = {**METRICS, **SET_METRICS, **SAMPLES_METRICS, **DETECTION_METRICS}
KNOWN: dict[str, AnyMetric] = {**CHOOSABLE, **RECORDED}
ORDER = {name: number for number, name in enumerate(KNOWN)}

FEW, VERY_FEW = 2048, 500  # below so many pictures a Fréchet distance is mostly bias: marked, and marked more


def find(name: str) -> AnyMetric:
    """The metric of that name, of any kind. Raises InputError, with the nearest one, when there is none."""
    if name not in CHOOSABLE:
        raise InputError(f"no metric is called '{name}'. {did_you_mean(name, CHOOSABLE)}")
    return CHOOSABLE[name]


def metric(name: str) -> Metric:
    """The metric of that name. Raises InputError, with the nearest one, when there is none."""
    if name not in METRICS:
        raise InputError(f"no metric is called '{name}'. {did_you_mean(name, METRICS)}")
    return METRICS[name]


def absent(metric: AnyMetric) -> str:
    """Why a metric cannot be computed here and what mends that; '' where it can."""
    if isinstance(metric, SetMetric):
        return EXTRACTORS[metric.extractor].absent()
    if isinstance(metric, DetectionMetric):
        return DETECTORS[metric.detector].absent()
    return metric.absent()


def signature(metric: AnyMetric, eight_bit: EightBit, raw: bool, network: str = "") -> str:
    """How a value was computed, e.g. 'psnr:rgb:u8t:comp:v1': unlike signatures never share a column.

    After the stem come the signature of the network, if one looked at the pictures, the 8-bit rule (u8r rounded, u8t
    truncated), what was scored (comp the composite, raw the prediction as it is) and the version. A recorded metric
    always reads the prediction's file: it names neither.
    """
    inputs = [] if metric.name in RECORDED else [f"u8{eight_bit[0]}", "raw" if raw else "comp"]
    return ":".join([metric.stem, *([network] if network else []), *inputs, f"v{metric.version}"])


def network_signature(metric: AnyMetric) -> str:
    """The signature of the network that looks at the pictures; '' for a metric whose stem says all."""
    if isinstance(metric, SetMetric):
        return EXTRACTORS[metric.extractor].signature()
    return DETECTORS[metric.detector].signature() if isinstance(metric, DetectionMetric) else ""


def biased(name: str) -> bool:
    """Whether a number grows as its n falls: a Fréchet distance does."""
    metric = KNOWN[name]
    return isinstance(metric, SetMetric) and metric.biased


def few(name: str, n: int) -> str:
    """The mark of a Fréchet distance of few pictures, and the stronger one of very few; '' where it needs none."""
    if not biased(name) or n >= FEW:
        return ""
    return "‡" if n < VERY_FEW else "†"


def refuse_marked(marked: Sequence[str]) -> None:
    """Raise NotComparableError where something bears a mark: for those who want no number that is mostly bias."""
    if marked:
        raise NotComparableError(
            f"--strict: a Fréchet distance of fewer than {FEW} pictures is mostly bias: {some(marked)}. "
            "Take more pairs, compare by the kernel distance (kid…), or leave out --strict."
        )


def companion(name: str) -> str | None:
    """The kernel distance on the same features, which stands beside every Fréchet distance: it has no bias."""
    metric = KNOWN[name]
    if not (isinstance(metric, SetMetric) and metric.biased):
        return None
    kernels = (other for other in SET_METRICS.values() if other.name.startswith("kid"))
    return next((other.name for other in kernels if other.extractor == metric.extractor), None)


def with_companions(names: Iterable[str]) -> list[str]:
    """The names, each once, every Fréchet distance with its kernel distance after it."""
    both = [one for name in names for one in (name, companion(name)) if one is not None]
    return list(dict.fromkeys(both))


def extractors(metrics: Iterable[str]) -> list[str]:
    """The networks whose features the metrics compare."""
    found = (KNOWN[name] for name in metrics)
    return list(dict.fromkeys(one.extractor for one in found if isinstance(one, SetMetric)))


def detectors(metrics: Iterable[str]) -> list[str]:
    """The detectors whose objects the metrics count."""
    found = (KNOWN[name] for name in metrics)
    return list(dict.fromkeys(one.detector for one in found if isinstance(one, DetectionMetric)))
