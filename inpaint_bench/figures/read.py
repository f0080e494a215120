"""The images of a figure: targets, masked inputs, and the composites that were scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_bench import files
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.statistics.samples import chosen_samples
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset, of_run
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.errors import HashError, InputError, did_you_mean
from inpaint_bench.metrics.registry import KNOWN

FIRST = 4  # pairs in a figure unless some are named


@dataclass(frozen=True, eq=False)
class FigureData:
    """Some pairs and methods of a run, and where their images are."""

    run: RunData
    dataset: Dataset
    pairs: tuple[Pair, ...]
    methods: tuple[str, ...]

    def prepared(self, pair: Pair) -> Prepared:
        """The target and hole of a pair. Raises HashError when they have changed since the run."""
        return prepare(self.dataset.page, self.dataset.data, pair)

    def samples(self, method: str, pair: Pair) -> list[int]:
        """The samples of a stochastic method; [] for a method with one output per pair."""
        return [sample for sample in self.run.folder.samples_of(method)[pair.pair] if sample is not None]

    def composite(self, method: str, pair: Pair, sample: int | None) -> Pixels:
        """A composite. Raises HashError when it was scored and has changed since."""
        path = self.run.folder.composite(method, pair.pair, sample)
        scored = self.run.pictures_of(method).get((pair.pair, sample))
        if scored is not None and (found := files.file_sha256(path)[:16]) != scored:
            raise HashError(
                f"{path}: not the picture that was scored: sha256 {found}, not {scored}. "
                f"`inpaint-bench score {self.run.path}` scores what has changed."
            )
        return images.read_png(path)[0]

    def chosen(self, method: str, pair: Pair) -> int | None:
        """The best sample by the protocol's metric, the first on ties; None for a method with one output per pair.

        Raises InputError where the samples of the pair are not scored.
        """
        if not (listed := self.samples(method, pair)):
            return None
        by, scores = self.run.info.protocol.choose, self.run.scores_of(method)
        table = scores.table.of(by) if scores else None
        rows = table.where(table.pair == self.run.pairs.names.index(pair.pair)) if table else None
        of_pair = dict(zip(rows.sample.tolist(), rows.value.tolist(), strict=True)) if rows else {}
        if any(sample not in of_pair for sample in listed):
            raise InputError(
                f"{self.run.path / method}: the samples of pair {pair.pair} have no {by}, by which one is chosen. "
                f"`inpaint-bench score {self.run.path} --metrics {by}` adds it."
            )
        values = np.array([[of_pair[sample] for sample in listed]], dtype=np.float64)
        return listed[int(chosen_samples(values, KNOWN[by].better)[0])]


def figure_data(
    run: RunData,
    data: Path | None = None,
    folders: tuple[Path | None, Path | None] = (None, None),
    pairs: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> FigureData:
    """The named pairs and methods of a run; by default its first four pairs and all of its methods.

    `data` holds the dataset's images/ and masks/; `folders` are the images and masks of a run of two folders. Raises
    InputError for a name that is not in the run, for missing data, and for a pair that a method has not finished.
    """
    by_name = {pair.pair: pair for pair in run.pairs}
    for what, names, known in (("pair", pairs, list(by_name)), ("method", methods, list(run.info.methods))):
        for name in names:
            if name not in known:
                raise InputError(f"{run.path}: no {what} here is called '{name}'. {did_you_mean(name, known)}")
    chosen_pairs = tuple(by_name[name] for name in pairs) or tuple(run.pairs[:FIRST])
    chosen_methods = tuple(methods) or tuple(sorted(run.info.methods))
    if not chosen_methods:
        raise InputError(f"{run.path}: there is no method in it to show. `inpaint-bench run` adds some.")
    for method in chosen_methods:
        finished = run.folder.samples_of(method)
        for pair in chosen_pairs:
            if pair.pair not in finished:
                raise InputError(
                    f"{run.path / method}: pair {pair.pair} has no composite, or lacks samples. Run it again, or leave "
                    "the method or the pair out."
                )
    return FigureData(run, of_run(run.info.protocol, run.pairs, data, folders), chosen_pairs, chosen_methods)
