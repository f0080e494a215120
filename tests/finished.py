"""A finished run of a small dataset, made without the command line."""

from pathlib import Path

from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import write_results
from inpaint_bench.analysis.run import RunData
from inpaint_bench.data import datasets
from inpaint_bench.methods.select import select_methods
from inpaint_bench.runner import folder
from inpaint_bench.runner.predict import predict_pairs
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score import score_method


def finished_run(page: Path, out: Path, methods: list[str]) -> RunData:
    """A run of some methods, with the scores and results of the page's metrics."""
    dataset = datasets.see(datasets.open_dataset(str(page), None), jobs=1)
    runtime = RuntimeOptions("cpu", jobs=1)
    run = folder.start(out, dataset)
    for method in select_methods(methods, dataset, dataset):
        run = predict_pairs(run, dataset, method, runtime)
        score_method(run, dataset, method.name, dataset.page.metrics, runtime)
    write_results(run, derive_results(RunData(run)))
    return RunData.open(out)
