"""Composites beside what they are compared with, for notebooks and pages."""

from typing import TYPE_CHECKING

import numpy as np

from inpaint_bench.api.arguments import AnyPath
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.prepare import prepare
from inpaint_bench.figures.inline import Slider

if TYPE_CHECKING:
    from inpaint_bench.api.run import Run


def slider(
    run: "Run", method: str, pair: str, before: str, sample: int | None, data: tuple[AnyPath | None, ...]
) -> Slider:
    """The composite of a pair, and under it the input, the target or another method's composite; see `Run.show`."""
    after = np.asarray(run.image(method, pair, sample))
    given = before in ("input", "target")
    shown = _given(run, pair, before, data) if given else np.asarray(run.image(before, pair))
    return Slider(shown, after, (before, method), f"{run.dataset}, pair {pair}")


def _given(run: "Run", pair: str, which: str, data: tuple[AnyPath | None, ...]) -> Pixels:
    """The target of a pair, or the image with its hole emptied."""
    dataset = run.open_dataset(*data)
    prepared = prepare(dataset.page, dataset.data, next(one for one in run.pairs if one.pair == pair))
    return prepared.target if which == "target" else prepared.target * ~prepared.hole[..., None]
