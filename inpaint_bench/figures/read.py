"""What a figure shows of a run: targets, masked inputs, and the composites that were scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.statistics.samples import chosen_samples
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset, of_run
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.metrics import RECORDED
from inpaint_bench.metrics.registry import KNOWN
from inpaint_bench.runner.folder import RunFolder, open_run
from inpaint_bench.runner.scores import Score, read_scores, scores_path

FIRST = 4  # pairs that are shown where none are asked for


@dataclass(frozen=True)
class Shown:
    """The pairs and methods of a run that a figure shows."""

    run: RunFolder
    dataset: Dataset
    pairs: tuple[Pair, ...]
    methods: tuple[str, ...]

    def prepared(self, pair: Pair) -> Prepared:
        """The target and hole of a pair. Raises HashError when they are not what they were."""
        return prepare(self.dataset.page, self.dataset.data, pair)


def open_shown(
    path: Path,
    data: Path | None = None,
    folders: tuple[Path | None, Path | None] = (None, None),
    pairs: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> Shown:
    """The pairs named, or the first few, and the methods named, or all of the run.

    Raises InputError for a name that is not in the run, and for a pair that a method has not finished.
    """
    run = open_run(path)
    by_name = {pair.pair: pair for pair in run.pairs}
    for name in pairs:
        if name not in by_name:
            raise InputError(f"{path}: no pair here is called '{name}'. {did_you_mean(name, by_name)}")
    for name in methods:
        if name not in run.info.methods:
            raise InputError(f"{path}: no method here is called '{name}'. {did_you_mean(name, run.info.methods)}")
    chosen = tuple(by_name[name] for name in pairs) or run.pairs[:FIRST]
    shown = tuple(methods) or tuple(sorted(run.info.methods))
    if not shown:
        raise InputError(f"{path}: there is no method in it to show. `inpaint-bench run` adds some.")
    for method in shown:
        finished = run.samples_of(method)
        for pair in chosen:
            if pair.pair not in finished:
                raise InputError(
                    f"{path / method}: pair {pair.pair} has no composite, or lacks samples. Run it again, or leave "
                    "the method or the pair out."
                )
    return Shown(run, of_run(run.info.protocol, run.pairs, data, folders), chosen, shown)


def samples(shown: Shown, method: str, pair: Pair) -> list[int]:
    """The samples of a stochastic method; [] for one with a single output."""
    return [sample for sample in shown.run.samples_of(method)[pair.pair] if sample is not None]


def composite(shown: Shown, method: str, pair: Pair, sample: int | None) -> Pixels:
    """A composite. Raises HashError when it was scored and is not any more what was scored."""
    path = shown.run.composite(method, pair.pair, sample)
    scored = {one.composite for one in _scores(shown, method, pair) if one.metric in RECORDED and one.sample == sample}
    if scored and (found := files.file_sha256(path)[:16]) not in scored:
        raise HashError(
            f"{path}: not the picture that was scored: sha256 {found}, not {scored.pop()}. "
            f"`inpaint-bench score {shown.run.path}` scores what has changed."
        )
    return images.read_png(path)[0]


def chosen(shown: Shown, method: str, pair: Pair) -> int | None:
    """The sample that counts, by the protocol's metric, the first on ties; none for a single output.

    Raises InputError where the samples of the pair are not scored.
    """
    if not (listed := samples(shown, method, pair)):
        return None
    by = shown.run.info.protocol.choose
    values = {one.sample: one.value for one in _scores(shown, method, pair) if one.metric == by}
    if any(sample not in values for sample in listed):
        raise InputError(
            f"{shown.run.path / method}: the samples of pair {pair.pair} have no {by}, by which one is chosen. "
            f"`inpaint-bench score {shown.run.path} --metrics {by}` adds it."
        )
    table = np.array([[values[sample] for sample in listed]])
    return listed[int(chosen_samples(table, KNOWN[by].better)[0])]


def _scores(shown: Shown, method: str, pair: Pair) -> list[Score]:
    path = scores_path(shown.run, method)
    return [one for one in read_scores(path) if one.pair == pair.pair] if path.is_file() else []
