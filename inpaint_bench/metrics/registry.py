"""Every metric of every kind by name, in the order of tables: lookup, availability, signatures, marks of few images."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from inpaint_bench.data.protocols import EightBit
from inpaint_bench.errors import InputError, NotComparableError, did_you_mean, some
from inpaint_bench.metrics.base import Metric, SamplesMetric, SetMetric, StudyMetric
from inpaint_bench.metrics.declarations import DIVERSITY, METRICS, PREFERENCE, RECORDED
from inpaint_bench.metrics.detection import DETECTION_METRICS, DETECTORS, DetectionMetric
from inpaint_bench.metrics.features import EXTRACTORS, timm_extractor
from inpaint_bench.metrics.features.timm_files import model_of
from inpaint_bench.metrics.features.timm_specs import TimmFeatures
from inpaint_bench.metrics.own_metric import OwnMetric
from inpaint_bench.metrics.sets import SET_METRICS, of_timm

Value = TypeVar("Value")
AnyMetric: TypeAlias = Metric | SetMetric | SamplesMetric | DetectionMetric | StudyMetric


class ByName(dict[str, Value]):
    """What is known of metrics by name. A distance on a model of timm is added when its name is first looked up."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (_is_of_timm(name) and super().__contains__(name))

    def __missing__(self, name: str) -> Value:
        if name in self:
            return self[name]
        raise KeyError(name)


SAMPLES_METRICS: dict[str, SamplesMetric] = {DIVERSITY.name: DIVERSITY}
STUDY_METRICS: dict[str, StudyMetric] = {PREFERENCE.name: PREFERENCE}
CHOOSABLE: dict[str, AnyMetric] = ByName(
    {**METRICS, **SET_METRICS, **SAMPLES_METRICS, **DETECTION_METRICS, **STUDY_METRICS}
)
KNOWN: dict[str, AnyMetric] = ByName({**CHOOSABLE, **RECORDED})
ORDER: dict[str, int] = ByName({name: number for number, name in enumerate(KNOWN)})
SHIPPED = len(ORDER)

_BY_KIND: tuple[tuple[type, dict[str, Any]], ...] = (
    (Metric, METRICS),
    (SetMetric, SET_METRICS),
    (SamplesMetric, SAMPLES_METRICS),
    (DetectionMetric, DETECTION_METRICS),
    (StudyMetric, STUDY_METRICS),
)

FEW, VERY_FEW = 2048, 500  # below these numbers of images a Fréchet distance is mostly bias, and is marked † or ‡


def register(metric: AnyMetric) -> None:
    """Make a metric that does not ship, and whose name is free, known in this process.

    In tables and files such metrics follow all others, by name: whichever came first.
    """
    next(by_name for kind, by_name in _BY_KIND if isinstance(metric, kind))[metric.name] = metric
    CHOOSABLE[metric.name] = KNOWN[metric.name] = metric
    for number, name in enumerate(sorted([*list(ORDER)[SHIPPED:], metric.name]), SHIPPED):
        ORDER.pop(name, None)
        ORDER[name] = number


def _is_of_timm(name: object) -> bool:
    """Whether a name is a distance on a model of timm, fd:timm/NAME or kid:timm/NAME, which then is registered."""
    kind, _, extractor = str(name).partition(":")
    model = model_of(extractor)
    if model is None or kind not in ("fd", "kid"):
        return False
    EXTRACTORS.setdefault(extractor, timm_extractor(extractor, TimmFeatures(model)))
    for metric in of_timm(extractor):
        if metric.name not in set(KNOWN):  # not `in KNOWN`, which asks here
            register(metric)
    return True


def declare(metric: OwnMetric) -> None:
    """Make a metric of one's own known: one with its code takes the place of an earlier one of its name.

    Raises InputError where the name stands for a metric that ships, and NotComparableError where another direction or
    unit was declared for it before.
    """
    before = KNOWN.get(metric.name)
    if before is not None and not isinstance(before, OwnMetric):
        raise InputError(f"a metric that ships is called '{metric.name}'. Choose another name.")
    if before is None:
        register(metric)
        return
    for what, old, new in (("better", before.better, metric.better), ("unit", before.unit, metric.unit)):
        if old != new:
            raise NotComparableError(
                f"{metric.name}: is declared with {what} = '{new}', and elsewhere with '{old}'. Give one of the two "
                "another name."
            )
    if metric.runs or not before.runs:
        METRICS[metric.name] = CHOOSABLE[metric.name] = KNOWN[metric.name] = metric


def own_names(names: Iterable[str]) -> list[str]:
    """Those of the names that are metrics of one's own."""
    return [name for name in names if isinstance(KNOWN.get(name), OwnMetric)]


def find(name: str) -> AnyMetric:
    """Look up a metric of any kind. Raises InputError, which names the closest one, for an unknown name."""
    if name not in CHOOSABLE:
        raise InputError(f"no metric is called '{name}'. {did_you_mean(name, CHOOSABLE)}")
    return CHOOSABLE[name]


def metric(name: str) -> Metric:
    """Look up an image metric, which can be called on a batch of images.

    Raises InputError for an unknown name, with the closest one, and for a metric of another kind, with its use.

    Example:
        >>> from inpaint_bench.metrics import metric
        >>> metric("psnr").better
        'higher'
    """
    if name in METRICS:
        return METRICS[name]
    if name not in KNOWN:
        raise InputError(f"no metric is called '{name}'. {did_you_mean(name, METRICS)}")
    raise InputError(f"'{name}' is {_kind(KNOWN[name])} An image metric is needed here, such as ssim.")


def _kind(metric: AnyMetric) -> str:
    """What a metric that is not called on a batch is computed from, and where to request it."""
    if metric.name in RECORDED:
        return "computed from raw predictions and recorded with every run."
    if isinstance(metric, SamplesMetric):
        return (
            "a samples metric, one number per pair of a stochastic method: "
            f"request it in a run, --metrics {metric.name}."
        )
    if isinstance(metric, StudyMetric):
        return f"a study metric, one number per method from people's votes: {metric.absent()}"
    kind, source = "set", "features"
    if isinstance(metric, DetectionMetric):
        kind, source = "detection", "detections"
    return (
        f"a {kind} metric, one number per set of images from their {source}: request it in a run or for a folder of "
        f"outputs, --metrics {metric.name}."
    )


def absent(metric: AnyMetric) -> str:
    """Why a metric cannot be computed here and how to fix it, or ''."""
    if isinstance(metric, SetMetric):
        return EXTRACTORS[metric.extractor].absent()
    if isinstance(metric, DetectionMetric):
        return DETECTORS[metric.detector].absent()
    return metric.absent()


def signature(metric: AnyMetric, eight_bit: EightBit, raw: bool, network: str = "") -> str:
    """How a value was computed, e.g. 'psnr:rgb:u8t:comp:v1'. Values with different signatures never share a column.

    The parts after the stem: `network`, as `network_signature` gives it, where there is one; the 8-bit rule (u8r
    rounded, u8t truncated); what was scored (comp the composite, raw the prediction itself); the version. A recorded
    metric always reads the raw prediction and has neither of the two middle parts.
    """
    inputs = [] if metric.name in RECORDED else [f"u8{eight_bit[0]}", "raw" if raw else "comp"]
    return ":".join([metric.stem, *([network] if network else []), *inputs, f"v{metric.version}"])


def network_signature(metric: AnyMetric) -> str:
    """The signature of the metric's extractor, detector or weights that are found by path, or '' where it has none."""
    if isinstance(metric, SetMetric):
        return EXTRACTORS[metric.extractor].signature()
    if isinstance(metric, DetectionMetric):
        return DETECTORS[metric.detector].signature()
    return metric.network() if isinstance(metric, Metric) else ""


def biased(name: str) -> bool:
    """Whether the expectation of a metric grows as the number of images falls: true of Fréchet distances."""
    metric = KNOWN[name]
    return isinstance(metric, SetMetric) and metric.biased


def few(name: str, n: int) -> str:
    """The mark of a Fréchet distance of n images: '†' below 2,048, '‡' below 500, '' for any other metric."""
    if not biased(name) or n >= FEW:
        return ""
    return "‡" if n < VERY_FEW else "†"


def refuse_marked(marked: Sequence[str]) -> None:
    """Raise NotComparableError, the effect of --strict, where there is a marked Fréchet distance."""
    if marked:
        raise NotComparableError(
            f"--strict: a Fréchet distance of fewer than {FEW} pictures is mostly bias: {some(marked)}. "
            "Take more pairs, compare by the kernel distance (kid…), or leave out --strict."
        )


def companion(name: str) -> str | None:
    """The kernel distance on the features of a Fréchet distance, which is reported with it because it has no bias."""
    metric = KNOWN[name]
    if not (isinstance(metric, SetMetric) and metric.biased):
        return None
    kernels = (other for other in SET_METRICS.values() if other.name.startswith("kid"))
    return next((other.name for other in kernels if other.extractor == metric.extractor), None)


def with_companions(names: Iterable[str]) -> list[str]:
    """The names without repetitions, each Fréchet distance followed by its kernel distance."""
    both = [one for name in names for one in (name, companion(name)) if one is not None]
    return list(dict.fromkeys(both))


def extractors(metrics: Iterable[str]) -> list[str]:
    """The names of the extractors whose features the metrics compare."""
    found = (KNOWN[name] for name in metrics)
    return list(dict.fromkeys(one.extractor for one in found if isinstance(one, SetMetric)))


def detectors(metrics: Iterable[str]) -> list[str]:
    """The names of the detectors whose objects the metrics count."""
    found = (KNOWN[name] for name in metrics)
    return list(dict.fromkeys(one.detector for one in found if isinstance(one, DetectionMetric)))
