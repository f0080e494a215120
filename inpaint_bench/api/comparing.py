"""Two methods compared, metrics compared, and reported numbers checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench.api.arguments import AnyPath, Names
from inpaint_bench.api.run import Run, as_run, load_run
from inpaint_bench.errors import InputError

if TYPE_CHECKING:
    from inpaint_bench.analysis.comparison import Comparison
    from inpaint_bench.analysis.metric_agreement import MetricAgreement
    from inpaint_bench.checks.claims import Check
    from inpaint_bench.checks.claims.base import ClaimFinding
    from inpaint_bench.checks.claims.measured import Compared


def compare(
    a: str, b: str, run: "Run | AnyPath" = "runs/sample", run_of_b: "Run | AnyPath | None" = None, metrics: Names = None
) -> "Comparison":
    """Method `a` against method `b` on the pairs of a run, or of two runs of the same pairs; see `Run.compare`."""
    first = as_run(run)
    if run_of_b is None or run_of_b == run:
        return first.compare(a, b, None, metrics)
    return first.compare(a, b, as_run(run_of_b), metrics)


def compare_metrics(
    run: "Run | AnyPath" = "runs/sample",
    methods: Names = None,
    metrics: Names = None,
    *,
    study: AnyPath | None = None,
    answers: Sequence[AnyPath] = (),
) -> "MetricAgreement":
    """Which metrics of a run say the same; see `Run.compare_metrics`.

    `answers` to a study of the run are read into it first, as `read_study` does; `study` is its folder, by default
    the one beside the run. Raises what both raise, and InputError for a study without answers.

    >>> import inpaint_bench as ib
    >>> _ = ib.run("sample", methods=["telea", "mean-fill"], metrics=["psnr", "mae"], limit=8, out="runs/m", quiet=True)
    >>> ib.compare_metrics("runs/m").frame.query("over == 'pairs'")[["a", "b", "methods"]].values.tolist()
    [['psnr', 'mae', 2]]
    """
    opened = as_run(run)
    if study and not answers:
        raise InputError(f"--study {study}: name its answers too, --answers FILE; answers that were read need neither.")
    if answers:
        from inpaint_bench.api.study import folder_of, read_study

        read_study(study or folder_of(opened), answers, opened)
        opened = load_run(opened.path)
    return opened.compare_metrics(methods, metrics)


@dataclass(frozen=True)
class Claims:
    """What was found of reported numbers: `check` has contradictions, suspicions and coverage."""

    check: "Check"
    compared: "tuple[Compared, ...]"

    @property
    def contradictions(self) -> "Sequence[ClaimFinding]":
        """Numbers that cannot all be true."""
        return self.check.contradictions

    def to_text(self) -> str:
        """A line a finding, the coverage, and a line a compared cell."""
        from inpaint_bench.checks.claims.formats import as_text

        return as_text(self.check, self.compared)

    def to_json(self) -> str:
        """Everything, with every digit."""
        from inpaint_bench.checks.claims.formats import as_json

        return as_json(self.check, self.compared)


def check_claims(reported: Sequence[AnyPath] = (), runs: Sequence[AnyPath] = ()) -> Claims:
    """Reported numbers that cannot all be true, and each reported number against the runs that measured it.

    `reported` are CSV files; by default those that come with the package. Raises InputError for a file that is none,
    and where a run has nothing that is reported.
    """
    from inpaint_bench.analysis.reported import read_all
    from inpaint_bench.checks.claims import check_claims as check
    from inpaint_bench.checks.claims.measured import compare_with_run

    cells = read_all([Path(path) for path in reported])
    compared = tuple(row for run in runs for row in compare_with_run(cells, Run.open(Path(run))))
    return Claims(check(cells), compared)
