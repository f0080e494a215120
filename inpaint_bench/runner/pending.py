"""The pairs that a method still has to inpaint."""

from collections.abc import Iterable

from inpaint_bench.data import images
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.methods.base import Method
from inpaint_bench.runner.folder import RunFolder


def pending(run: RunFolder, method: Method) -> Pairs:
    """The pairs that have no composite yet, or one whose source has changed since."""
    done = run.samples_of(method.name)
    return run.pairs.only(
        number
        for number, name in enumerate(run.pairs.names)
        if name not in done or (method.stale and _stale(run, method, run.pairs[number], done[name]))
    )


def _stale(run: RunFolder, method: Method, pair: Pair, samples: Iterable[int | None]) -> bool:
    assert method.stale is not None
    texts = (images.read_png(run.composite(method.name, pair.pair, sample))[1] for sample in samples)
    return any(method.stale(pair, text) for text in texts)
