"""A run as a web page, and figures of it."""

import contextlib
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.api.progress import note, progress_bar
from inpaint_bench.api.run import Run
from inpaint_bench.api.tables import absent_metrics
from inpaint_bench.report.read import methods_left_out
from inpaint_bench.report.write import refuse_strange, report_steps, write_report


def write(
    run: Run,
    out: str | Path | None,
    data: str | Path | None,
    targets: str | Path | None,
    masks: str | Path | None,
    jobs: int,
    quiet: bool,
) -> Path:
    """As `Run.report` says."""
    folder = Path(out) if out else run.path / "report"
    refuse_strange(folder)
    with contextlib.nullcontext() if out else files.only_one(run.path), disk.confined(folder):
        dataset = run.open_dataset(data, targets, masks)
        for name in methods_left_out(run):
            note(f"{run.path}: {name} has no results: pairs are missing or not scored, or its weights are synthetic.")
        with progress_bar("pictures and plots", report_steps(run), quiet) as advance:
            return write_report(run, dataset, folder, absent_metrics([run]), jobs, advance)
