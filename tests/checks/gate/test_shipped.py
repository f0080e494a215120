"""The expected results that ship: of the sample and every method that needs no download, without facts of a machine."""

import json

import pytest

from inpaint_bench.analysis.per_pair import average
from inpaint_bench.checks.gate import gate
from inpaint_bench.checks.gate.accept import open_expected, shipped_expected
from inpaint_bench.checks.gate.sides import GateSide
from inpaint_bench.data.datasets import open_dataset
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.metrics import METRICS, RECORDED
from inpaint_bench.metrics.registry import signature

FOLDER = shipped_expected("sample")


@pytest.fixture(scope="module")
def expected() -> GateSide:
    return open_expected(FOLDER)


def test_they_are_of_the_sample_and_of_every_method_that_needs_no_download(expected: GateSide) -> None:
    dataset = open_dataset("sample", None)
    assert expected.run.info.fingerprint == dataset.fingerprint
    assert expected.run.pairs == dataset.pairs
    methods = {name for name, (_, card) in find_baselines(None).items() if card.ships or not card.learned}
    assert set(expected.run.info.methods) == methods
    images = {name for name in dataset.page.metrics if name in METRICS} | set(RECORDED)
    assert {(method, metric) for method in methods for metric in images} == set(expected.values)


def test_their_signatures_are_those_of_a_run_today(expected: GateSide) -> None:
    for result in expected.results.values():
        if result.metric in METRICS:
            plain = signature(METRICS[result.metric], "round", raw=False)
            assert result.signature == plain or result.signature.startswith(f"{plain}:")  # of a choice among samples


def test_every_mean_is_that_of_its_scores(expected: GateSide) -> None:
    rows, means = expected.run.buckets, 0
    for (method, metric, bucket), result in expected.results.items():
        if (method, metric) in expected.values:
            found = average(expected.values[method, metric].values[rows[bucket]].tolist())
            assert (found.value, found.n) == (result.value, result.n)
            means += 1
    assert means == len(expected.run.info.methods) * 6 * 4


def test_they_state_no_machine_and_are_small() -> None:
    for info in json.loads((FOLDER / "run.json").read_text())["methods"].values():
        assert {key for key, value in info.items() if value} <= {"code", "weights"}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < 1_500_000


def test_their_history_has_reasons_and_dates() -> None:
    for line in (FOLDER / "history.jsonl").read_text().splitlines():
        one = json.loads(line)
        assert len(one["reason"]) > 10
        assert one["date"] > "2020"


def test_they_pass_their_own_gate_and_are_found_by_the_name_of_the_dataset(expected: GateSide) -> None:
    found = gate(expected.run)
    assert found.exit_code == 0
    assert "376 of 376 results pass.\n" in found.to_text()
