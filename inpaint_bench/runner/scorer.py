"""Scores of composites in the metrics of pixels, while they are made and their pixels are in memory.

They are the scores that `score_run` computes from the files: a PNG holds exactly the pixels that were saved.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

from inpaint_bench.metrics import METRICS, RECORDED, Metric
from inpaint_bench.metrics.registry import ORDER, own_names
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.pictures import Saved
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_pairs import HELD, ScoresFile, scores_of
from inpaint_bench.runner.scores import Score


@contextlib.contextmanager
def scores_when_saved(
    run: RunFolder, method: str, requested: Sequence[str], runtime: RuntimeOptions
) -> Iterator[Callable[[Saved], None]]:
    """A function that scores a saved composite, for `predict_pairs`; what was scored is on disk at the end.

    Metrics that run a network are left to `score_run`, which takes more pairs at a time, and so are those of one's own.
    """
    single = _quick(requested)
    sampled = _quick([*requested, run.info.protocol.choose])
    lock, new = threading.Lock(), list[Score]()

    def write() -> None:
        if new:
            file = ScoresFile.opened(run, method)
            file.new, file.stale = list(new), {one.key for one in new}
            file.write()
            new.clear()

    def score(saved: Saved) -> None:
        found = scores_of(run, [saved], single if saved.sample is None else sampled, runtime.metric_device)
        with lock:
            new.extend(found)
            if len(new) > HELD:
                write()

    try:
        yield score
    finally:
        write()


def _quick(names: Sequence[str]) -> list[Metric]:
    """Of some metrics those of pixels, with what is recorded of every composite, in the order of rows."""
    quick = [METRICS[name] for name in dict.fromkeys(quick_names(names))]
    return sorted([*quick, *RECORDED.values()], key=lambda metric: ORDER[metric.name])


def quick_names(names: Sequence[str]) -> list[str]:
    """Those of the metrics that are computed from pixels, without networks or code of one's own."""
    own = own_names(names)
    return [name for name in names if name in METRICS and not METRICS[name].slow and name not in own]
