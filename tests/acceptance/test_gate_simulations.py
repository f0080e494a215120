"""The gate on the expected results of the sample: noise in the last digit is no drift, a small loss in a bucket is."""

import dataclasses
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from inpaint_bench.analysis.per_pair import PairValues, average
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.statistics import Values
from inpaint_bench.checks.gate.accept import open_expected, shipped_expected
from inpaint_bench.checks.gate.findings import find
from inpaint_bench.checks.gate.sides import GateSide
from inpaint_bench.metrics.registry import KNOWN

pytestmark = pytest.mark.acceptance

RUNS = 200
Noise = Callable[[np.random.Generator, Values, float], Values]


@pytest.fixture(scope="module")
def expected() -> GateSide:
    """What ships for the sample."""
    return open_expected(shipped_expected("sample"))


def with_noise(side: GateSide, noise: Noise, rng: np.random.Generator) -> GateSide:
    """The same run once more: every pair's score with noise, results made of them, and noise on all other numbers."""
    values = {
        key: dataclasses.replace(one, values=noise(rng, one.values, _digit(one.metric.name)))
        for key, one in sorted(side.values.items())
    }
    rows = side.run.buckets

    def again(result: Result) -> Result:
        of_pairs: PairValues | None = values.get((result.method, result.metric))
        if of_pairs:
            return msgspec.structs.replace(result, value=average(of_pairs.values[rows[result.bucket]].tolist()).value)
        assert isinstance(result.value, float)
        return msgspec.structs.replace(result, value=result.value * (1 + 1e-6 * float(rng.uniform(-1, 1))))

    return GateSide(side.run, {key: again(result) for key, result in side.results.items()}, values)


def _digit(metric: str) -> float:
    return 10.0 ** -KNOWN[metric].decimals


def in_the_last_bits(rng: np.random.Generator, values: Values, digit: float) -> Values:
    """Floats of another order of additions."""
    return values * (1 + 1e-12 * rng.uniform(-1, 1, len(values)))


def of_a_network(rng: np.random.Generator, values: Values, digit: float) -> Values:
    """Single precision on another processor."""
    return values * (1 + 1e-6 * rng.normal(size=len(values)))


def in_the_last_printed_digit(rng: np.random.Generator, values: Values, digit: float) -> Values:
    """As if every score had been rounded to what tables print."""
    return values + digit * rng.uniform(-0.5, 0.5, len(values))


def under_the_last_printed_digit(rng: np.random.Generator, values: Values, digit: float) -> Values:
    """The widest noise that one pair may have: most means move beyond the tolerance, and the test alone decides."""
    return values + digit * rng.choice([-0.999, 0.999], len(values))


@pytest.mark.parametrize(
    ("noise", "methods"),
    [
        (in_the_last_bits, []),
        (of_a_network, []),
        (in_the_last_printed_digit, []),
        (under_the_last_printed_digit, ["telea"]),  # every result is tested: of all methods it takes 20 minutes
    ],
)
def test_of_200_runs_with_noise_in_the_last_digit_at_most_one_percent_drift(
    expected: GateSide, noise: Noise, methods: list[str]
) -> None:
    alarms = 0
    for run in range(RUNS):
        rng = np.random.default_rng([run, RUNS])
        alarms += find(with_noise(expected, noise, rng), expected, methods=methods).exit_code != 0
    print(f"{noise.__name__}: {alarms} of {RUNS} runs")
    assert alarms <= 0.01 * RUNS


@pytest.mark.parametrize("noise", [in_the_last_bits, in_the_last_printed_digit])
def test_a_loss_of_03_db_in_one_bucket_is_always_found(expected: GateSide, noise: Noise) -> None:
    places = [(method, bucket) for method in expected.run.info.methods for bucket in ("0.0-0.2", "0.2-0.4", "0.4-0.6")]
    for number, (method, bucket) in enumerate(places):
        run = with_noise(expected, noise, np.random.default_rng(number))
        before = run.values[method, "psnr"]
        lost = dataclasses.replace(before, values=before.values - 0.3 * expected.run.buckets[bucket])
        results = dict(run.results)
        for name, rows in expected.run.buckets.items():
            mean = average(lost.values[rows].tolist()).value
            results[method, "psnr", name] = msgspec.structs.replace(results[method, "psnr", name], value=mean)
        found = find(GateSide(run.run, results, {**run.values, (method, "psnr"): lost}), expected)
        assert found.exit_code == 1
        first = found.of("drift")[0]
        assert (first.result.method, first.result.metric, first.result.bucket) == (method, "psnr", bucket)
        assert len(first.worst) == 5
