"""Scoring 500 outputs again from disk: the share of processor time that is neither decoding nor metrics.

    python benchmarks/rescore.py

The outputs are made first, and the machine code of the metrics is compiled. Then one thread scores everything,
with clocks around what reads pictures and around what computes metrics. The rest, files, hashes, checks and CSV,
should be at most 15%.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from made_pairs import make_pairs

from inpaint_bench.data import datasets, images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.protocols import read_page
from inpaint_bench.methods.select import select_methods
from inpaint_bench.metrics import Metric
from inpaint_bench.runner import folder
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.predict import predict_pairs
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_pairs import score_run
from inpaint_bench.runner.scores import scores_path

PAIRS, SIZE, TARGET = 500, 256, 15
METHOD = "mean-fill"
CLOCKED: dict[str, list[tuple[Any, str]]] = {
    "decoding": [(images, "read_png"), (images, "read_pixels"), (images, "read_values")],
    "metrics": [(Metric, "of")],
}


def make_run(root: Path, dataset: Dataset, runtime: RuntimeOptions) -> RunFolder:
    """A run folder with every composite of one method."""
    (method,) = select_methods([METHOD], dataset, dataset)
    return predict_pairs(folder.start(root / "run", dataset), dataset, method, runtime)


@contextlib.contextmanager
def clocks() -> Iterator[dict[str, float]]:
    """Seconds of processor time in each kind of function, while this is held."""
    seconds = dict.fromkeys(CLOCKED, 0.0)
    before = [(owner, name, getattr(owner, name)) for pairs in CLOCKED.values() for owner, name in pairs]

    def timed(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                seconds[kind] += time.thread_time() - start

        return call

    for kind, pairs in CLOCKED.items():
        for owner, name in pairs:
            setattr(owner, name, timed(kind, getattr(owner, name)))
    try:
        yield seconds
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def main() -> None:
    """Make the outputs, score them twice, and print where the second time went."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        runtime = RuntimeOptions("cpu", jobs=1)
        page = make_pairs(root, PAIRS, SIZE)
        dataset = datasets.see(datasets.open_dataset(str(page), None), jobs=1)
        metrics = read_page(page).metrics
        run = make_run(root, dataset, runtime)
        score_run(run, dataset, METHOD, metrics, runtime)  # compile and import before the clock runs
        scores_path(run, METHOD).unlink()
        with clocks() as seconds:
            start = time.process_time()
            score_run(run, dataset, METHOD, metrics, runtime)
            whole = time.process_time() - start
    rest = whole - sum(seconds.values())
    print(f"{PAIRS} outputs, metrics {', '.join(metrics)}: {whole:.3f} s of processor time")
    for kind, spent in {**seconds, "the rest": rest}.items():
        print(f"  {kind:9} {spent:7.3f} s   {100 * spent / whole:5.1f} %   {1000 * spent / PAIRS:6.3f} ms an output")
    print(f"the rest takes {100 * rest / whole:.1f} % (at most {TARGET} % wanted)")


if __name__ == "__main__":
    main()
