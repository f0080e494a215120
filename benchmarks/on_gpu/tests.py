"""The tests marked gpu: networks against their reference activations, bf16, batches and their order, metrics."""

import importlib.util
import os
from collections import Counter
from pathlib import Path

import pytest

from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.features import EXTRACTORS
from inpaint_bench.metrics.registry import absent
from on_gpu import FAILED, FINISHED
from on_gpu.part import PartRun, run_part

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "gpu"
WORKERS = 4
QUICK = "pic or psnr or lite0"  # of the tests' names


class Rows:
    """A plugin of pytest that makes every finished test a row."""

    def __init__(self, part: PartRun) -> None:
        self.part, self.outcomes = part, Counter[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A row for a test, or for what failed or was skipped before it began."""
        if report.when != "call" and report.passed:
            return
        self.outcomes[report.outcome] += 1
        row = {
            "test": report.nodeid.rpartition("::")[2],
            "outcome": report.outcome,
            "seconds": round(report.duration, 2),
        }
        lines = str(report.longrepr or "").strip().splitlines()
        self.part.add(**row, **({"why": lines[-1][:300]} if lines and not report.passed else {}))


def work(part: PartRun) -> int:
    """Run the tests; those that were skipped, and none at all, count as failed."""
    os.environ["INPAINT_BENCH_TEST_DEVICE"] = str(part.device)
    unmeasured = [name for name, metric in METRICS.items() if absent(metric)]
    unmeasured += [name for name, extractor in EXTRACTORS.items() if extractor.absent()]
    part.notes.append(f"Not measured here (`inpaint-bench doctor` says why): {', '.join(unmeasured) or 'nothing'}.")
    words = [str(FOLDER), f"--confcutdir={FOLDER}", "-m", "gpu", "-W", "default", "-p", "no:cacheprovider"]
    if part.quick:
        words += ["-k", QUICK]
    elif importlib.util.find_spec("xdist") is not None:
        words += ["-n", str(WORKERS), "--dist", "worksteal"]
    rows = Rows(part)
    pytest.main(words, plugins=[rows])
    part.notes.insert(0, f"{sum(rows.outcomes.values())} tests: {dict(rows.outcomes)}.")
    part.save()
    return FINISHED if set(rows.outcomes) == {"passed"} else FAILED


if __name__ == "__main__":
    run_part("tests", "Tests", work)
