"""Set metrics by name: each is documented, and each reads the features of its own extractor."""

from operator import attrgetter

import numpy as np
import pytest

from inpaint_bench.metrics.base import SetMetric
from inpaint_bench.metrics.sets import OF_SUBSETS, SET_METRICS, UNPAIRED

every_metric = pytest.mark.parametrize("metric", SET_METRICS.values(), ids=attrgetter("name"))


@every_metric
def test_a_docstring_names_the_direction_and_the_bias(metric: SetMetric) -> None:
    text = metric.function.__doc__ or ""
    assert f"{metric.better} is better" in text.lower()
    assert metric.stem.startswith(f"{metric.name}:")
    assert metric.biased == ("Fréchet" in text.splitlines()[0])


@every_metric
def test_every_metric_has_a_form_for_subsets(metric: SetMetric) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(12, 5))
    found = OF_SUBSETS[metric.function](y + rng.normal(size=(12, 5)), y)(np.arange(1, 9))
    assert isinstance(found, float)


@every_metric
def test_every_fréchet_distance_has_a_kernel_distance_on_the_same_features(metric: SetMetric) -> None:
    beside = {other.extractor for other in SET_METRICS.values() if other.function in UNPAIRED}
    assert not metric.biased or metric.extractor in beside or metric.extractor == "inception_pic2018"


def test_no_two_signatures_begin_alike() -> None:
    stems = [metric.stem for metric in SET_METRICS.values()]
    assert len(set(stems)) == len(stems)
