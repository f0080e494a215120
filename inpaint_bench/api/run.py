"""`Run`: a finished run, with its results, scores, tables, pictures and comparisons."""

from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench.analysis.results import results_frame
from inpaint_bench.analysis.run import RunData
from inpaint_bench.api.arguments import AnyPath, Names, as_names, as_path
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.runner import sums
from inpaint_bench.runner.scores import NO_SAMPLE, scores_path

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

    from inpaint_bench.analysis.comparison import Comparison
    from inpaint_bench.analysis.metric_agreement import MetricAgreement
    from inpaint_bench.checks.gate.findings import Findings
    from inpaint_bench.data.datasets import Dataset
    from inpaint_bench.figures.inline import Slider
    from inpaint_bench.tables.table import Table


class Run(RunData):
    """A run folder. Files are read when they are first needed, each once.

    >>> import inpaint_bench as ib
    >>> run = ib.run("sample", methods=["mean-fill"], metrics=["psnr"], limit=2, out="runs/two", quiet=True)
    >>> run
    Run('runs/two': sample, first 2, 2 pairs, mean-fill)
    >>> run.scores.query("metric == 'psnr'")["pair"].tolist()
    ['00000', '00001']
    """

    def __repr__(self) -> str:
        part = f", {self.info.part}" if self.info.part else ""
        methods = ", ".join(self.methods) or "no method"
        return f"Run('{self.path}': {self.dataset}{part}, {len(self.pairs)} pairs, {methods})"

    def _repr_html_(self) -> str:
        try:
            return self.summary().to_html()
        except InputError:  # it was not scored
            return f"<p>{escape(repr(self))}</p>"

    @property
    def dataset(self) -> str:
        """The name of its protocol."""
        return self.info.protocol.name

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that say which image meets which mask, under which rules."""
        return self.info.fingerprint

    @property
    def pixels(self) -> str:
        """The pixel digest of its pairs: 64 hexadecimal digits that say what was in their images and masks."""
        return self.info.pixels

    @property
    def methods(self) -> list[str]:
        """The methods that it has outputs of."""
        return sorted(self.info.methods)

    @cached_property
    def results(self) -> "pd.DataFrame":
        """One row a number: dataset, method, metric, reduction, bucket, value, low and high (95% interval), n, …

        `infinite` and `undefined` count the pairs that are in no mean; `significance` is 'best', 'not separable' (from
        the best) or 'worse' among the methods of the run. Raises InputError where the run was not scored, and HashError
        where results are not what the scores give.
        """
        return results_frame(self.result_list)

    @cached_property
    def scores(self) -> "pd.DataFrame":
        """One row a pair, method, sample and metric, with the pair's image, mask, mask ratio and bucket.

        `sample` is missing for a method with one output a pair; `value` is inf for an infinite PSNR and NaN where a
        metric is not defined. Raises HashError where scores were edited or are gone.
        """
        import pandas as pd

        pairs = pd.DataFrame(
            [(pair.pair, pair.image, pair.mask, float(pair.ratio), pair.bucket) for pair in self.pairs],
            columns=["pair", "image", "mask", "ratio", "bucket"],
        )
        for method in self.methods:
            sums.refuse_missing(self.path, scores_path(self.folder, method))
        found = [(method, self.scores_of(method)) for method in self.methods]
        frames = [one.table.frame().assign(method=method) for method, one in found if one is not None]
        columns = ["pair", "image", "mask", "ratio", "bucket", "method", "sample", "metric", "value", "signature"]
        if not frames:
            return pd.DataFrame(columns=columns)
        texts = dict.fromkeys(("pair", "metric", "signature"), str)  # of which each frame has its own categories
        merged = pd.concat(frames, ignore_index=True).astype(texts).merge(pairs, on="pair", how="left")
        merged["sample"] = merged["sample"].astype("Int64").mask(merged["sample"] == NO_SAMPLE)
        return merged[columns]

    # --- tables, comparisons, checks --------------------------------------------------------------

    def table(
        self,
        style: str = "plain",
        *,
        methods: Names = None,
        metrics: Names = None,
        buckets: Names = None,
        intervals: bool = False,
        samples: str = "chosen",
        reported: str = "",
        strict: bool = False,
    ) -> "Table":
        """The results as a table: 'plain', 'table1', 'table2', 'table6' (times) or 'ablation'.

        `samples="all"` adds the other reductions of stochastic methods, `reported` the numbers of papers, as in
        'SPN 2023:1'. Raises InputError for an unknown name, NotComparableError if `strict` and a Fréchet distance of
        few pictures would be shown.
        """
        from inpaint_bench.api.tables import table

        return table(
            [self], style, methods=methods, metrics=metrics, buckets=buckets, intervals=intervals, samples=samples,
            reported=reported, strict=strict,
        )  # fmt: skip

    def summary(self, methods: Names = None, metrics: Names = None) -> "Table":
        """A row a method and a column a metric, over all pairs: what `inpaint-bench run` prints."""
        from inpaint_bench.api.tables import absent_metrics
        from inpaint_bench.tables.summary import summary_table

        requested = as_names(metrics)
        absent = {name: why for name, why in absent_metrics([self]).items() if name in (requested or (name,))}
        return summary_table(self, as_names(methods) or None, requested or None, absent)

    def compare(self, a: str, b: str, other: "Run | None" = None, metrics: Names = None) -> "Comparison":
        """Method `a` against method `b`, of this run or of another one of the same pairs, in paired tests.

        Raises NotComparableError where the pairs or the signatures differ, InputError for an unknown name.
        """
        from inpaint_bench.analysis.compare import compare

        return compare(a, b, self, other or self, as_names(metrics))

    def compare_metrics(self, methods: Names = None, metrics: Names = None) -> "MetricAgreement":
        """Which metrics say the same: rank correlations over methods and pairs, with 95% intervals, in `frame`.

        Where a study of the run was read, `people` says how often each metric agrees with the raters. Raises InputError
        for an unknown name, and where there are fewer than two metrics, or neither 4 methods nor 8 pairs. Raises
        HashError where people saw other composites.
        """
        from inpaint_bench.analysis.compare_metrics import compare_metrics
        from inpaint_bench.analysis.votes import refuse_stale

        refuse_stale(self)
        return compare_metrics(self, as_names(methods), as_names(metrics))

    def gate(
        self,
        expected: AnyPath | None = None,
        policy: AnyPath | None = None,
        methods: Names = None,
        metrics: Names = None,
    ) -> "Findings":
        """The results against expected ones, by default those that ship for the dataset.

        Raises InputError where nothing is expected and HashError where scores are not those of the results.
        """
        from inpaint_bench.checks.gate import gate

        of_expected, of_policy = (as_path(path) for path in (expected, policy))
        return gate(self, of_expected, of_policy, as_names(methods), as_names(metrics))

    def cite(self, baselines: AnyPath | None = None) -> str:
        """BibTeX for the tool, the protocol, the data, and every method and metric of the run, each once.

        `baselines` is the folder of one's own baselines. A method of one's own has no entry but a comment.
        """
        from inpaint_bench.api.citing import cite

        return cite(self, baselines=baselines)

    @cached_property
    def method_keys(self) -> dict[str, tuple[str, ...]]:
        """The keys of BibTeX that each method cites, as `Table.to_latex(cite=run.method_keys)` takes them."""
        from inpaint_bench.api.citing import method_keys

        return method_keys(self)

    def log(self, to: Names) -> None:
        """Log the results, as numbers and as a table, and a few composites with wandb, mlflow, trackio or tensorboard.

        Without a mode, as in 'wandb:online', a logger writes to RUN.log beside the run folder and sends nothing. Raises
        InputError for a logger that is unknown or not installed, and IncompleteError where one failed.
        """
        from inpaint_bench.api.logging import log_run

        log_run(self, to)

    # --- pictures and pages -----------------------------------------------------------------------

    def image(self, method: str, pair: str, sample: int | None = None) -> "Image":
        """The composite of a pair, as a PIL image; of a stochastic method the chosen sample unless one is named.

        Raises InputError for an unknown method or pair, and where the composite is missing.
        """
        from PIL import Image

        from inpaint_bench.data.images import read_png

        names = [one.pair for one in self.pairs]
        for what, name, known in (("method", method, self.methods), ("pair", pair, names)):
            if name not in known:
                raise InputError(f"{self.path}: no {what} here is called '{name}'. {did_you_mean(name, known)}")
        finished = self.folder.samples_of(method).get(pair, [])
        if sample is None and finished and None not in finished:
            sample = self.chosen_samples(method)[names.index(pair)]
        return Image.fromarray(read_png(self.folder.composite(method, pair, sample))[0])

    def show(
        self,
        method: str,
        pair: str,
        before: str = "input",
        *,
        sample: int | None = None,
        data: AnyPath | None = None,
        targets: AnyPath | None = None,
        masks: AnyPath | None = None,
    ) -> "Slider":
        """The composite of a pair beside what it is compared with, under a slider, as HTML that a notebook shows.

        `before` is 'input' (the image with its hole emptied), 'target', or another method of the run. Raises InputError
        for an unknown name and where pictures are not found.

        >>> import inpaint_bench as ib
        >>> run = ib.run("sample", methods=["mean-fill"], metrics=["psnr"], limit=2, out="runs/two", quiet=True)
        >>> run.show("mean-fill", "00000").to_html()[:37]
        '<figure class="inpaint-bench-slider" '
        """
        from inpaint_bench.api.showing import slider

        return slider(self, method, pair, before, sample, (data, targets, masks))

    def open_dataset(
        self,
        data: AnyPath | None = None,
        targets: AnyPath | None = None,
        masks: AnyPath | None = None,
    ) -> "Dataset":
        """The images and masks of its pairs on this machine. Raises InputError where they are not found."""
        from inpaint_bench.data.datasets import of_run

        folder, images, holes = (as_path(path) for path in (data, targets, masks))
        return of_run(self.info.protocol, self.pairs, folder, (images, holes))

    def report(
        self,
        out: AnyPath | None = None,
        *,
        data: AnyPath | None = None,
        targets: AnyPath | None = None,
        masks: AnyPath | None = None,
        jobs: int = 2,
        quiet: bool = False,
    ) -> Path:
        """Write the run as a web page that needs no network, by default report/ in its folder; the path of index.html.

        `data` holds the dataset's images/ and masks/; `targets` and `masks` are the folders of a run of two folders.
        Raises InputError where `out` holds something else and HashError where a picture is not what was scored.
        """
        from inpaint_bench.api.reports import write

        return write(self, out, data, targets, masks, jobs, quiet)


def load_run(path: AnyPath = "runs/sample") -> Run:
    """The run in a folder. Raises InputError when there is none or it is of another version.

    >>> import inpaint_bench as ib
    >>> _ = ib.run("sample", methods=["mean-fill"], metrics=["psnr"], limit=2, out="runs/two", quiet=True)
    >>> ib.load_run("runs/two").methods
    ['mean-fill']
    """
    return Run.open(Path(path))


def as_run(run: Run | AnyPath) -> Run:
    """A run, given as one or by its folder. Raises what `load_run` raises."""
    return run if isinstance(run, Run) else load_run(run)
