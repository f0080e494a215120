"""The regression gate: compares the results of a run with expected ones, for CI."""

from collections.abc import Sequence
from pathlib import Path

from inpaint_bench.analysis.run import RunData
from inpaint_bench.checks.gate.accept import open_expected, shipped_expected
from inpaint_bench.checks.gate.findings import Findings, find
from inpaint_bench.checks.gate.policy import DEFAULT, FILE, read_policy, refuse_idle
from inpaint_bench.checks.gate.sides import side_of


def gate(
    run: RunData,
    expected: Path | None = None,
    policy: Path | None = None,
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> Findings:
    """The findings on every expected result of a run, or on those of some methods and metrics.

    `expected` is a folder of expected results; by default the one that ships for the run's dataset. `policy` is a TOML
    file of tolerances; by default policy.toml beside the expected results, if there is one. Raises InputError where
    there are no expected results, for a name or a policy rule that fits none of them, and HashError where a scores
    file is not the one that the results were made from, or a result was edited.
    """
    ours = side_of(run)
    theirs = open_expected(expected or shipped_expected(run.info.protocol.name))
    beside = theirs.run.path / FILE
    file = policy or (beside if beside.is_file() else None)
    rules = read_policy(file) if file else DEFAULT
    refuse_idle(rules, theirs.results.values(), str(file))
    return find(ours, theirs, rules, methods, metrics)
