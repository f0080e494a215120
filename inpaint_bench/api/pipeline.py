"""The pipeline: pairs → composites → scores → results, and what resumes, merges and scores runs again."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inpaint_bench import disk, files
from inpaint_bench.api import fetching
from inpaint_bench.api.arguments import JOBS, AnyPath, Methods, Metrics, Names, as_metrics, as_names, as_path
from inpaint_bench.api.executing import open_executor, predict_in_units
from inpaint_bench.api.measuring import choose_by, measure
from inpaint_bench.api.opening import open_folders
from inpaint_bench.api.outcome import Outcome
from inpaint_bench.api.progress import note, progress_bar, warn
from inpaint_bench.api.run import Run
from inpaint_bench.api.stages import FirstResults, OnResults, classical_first, has_other_results, predict_in_turn
from inpaint_bench.data import datasets
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.parts import Shard
from inpaint_bench.errors import BenchError, InputError, refuse_unknown
from inpaint_bench.executors.units import Executor
from inpaint_bench.methods.base import Method
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.devices import open_device, too_little_memory
from inpaint_bench.methods.entries import split_methods
from inpaint_bench.methods.needs import refuse_unmet
from inpaint_bench.methods.select import Given, refuse_sizes, runnable_methods, select_methods
from inpaint_bench.runner import folder, hashes
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.metrics import ChosenMetrics, choose_metrics, refuse_functions
from inpaint_bench.runner.predict import RuntimeOptions, pending, refuse_other
from inpaint_bench.weights import SYNTHETIC


@dataclass(frozen=True)
class Pipeline:
    """The options of `run` and `predict`; the parameters of `ib.run`, which documents them."""

    dataset: str = "sample"
    methods: Methods = None
    metrics: Metrics = None
    data: AnyPath | None = None
    pairs: AnyPath | None = None
    targets: AnyPath | None = None
    masks: AnyPath | None = None
    limit: int | None = None
    shard: Shard | None = None
    baselines: AnyPath | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    device: str = "auto"
    batch: int = 8
    jobs: int = JOBS
    timeout: float | None = None
    out: AnyPath | None = None
    raw: bool = False
    allow_known_error: bool = False
    code: AnyPath | None = None
    fresh: Names = None
    quiet: bool = False
    mask_threshold: int | None = None
    fetch: bool = False
    accept_licence: bool = False
    io: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    resize_for_method: bool = False
    offload: bool = False
    executor: Executor | None = None  # None: in this process
    units: int | None = None  # of each method, where an executor works on them; None: so that each is some ten minutes
    allow_mixed: bool = False
    better: Mapping[str, str] = field(default_factory=dict)
    verify: bool = False
    samples: str = "chosen"

    def predict(self) -> Outcome:
        """Composites of every method; nothing is scored."""
        dataset, methods, runtime = self._prepare()
        out = as_path(self.out) or folder.default_folder(dataset)
        with files.only_one(out):
            started, failures = self._predict(out, dataset, methods, runtime, ChosenMetrics(()))
        return Outcome(Run(started), tuple(one.name for one in methods), ChosenMetrics(()), tuple(failures))

    def run(self, on_results: OnResults | None = None) -> Outcome:
        """Composites, scores and results of every method; a shard has no results before it is merged.

        `on_results` is called with the results so far while a run that has none yet is worked on in this process.
        """
        choose = choose_by(self.samples)
        requested = as_metrics(self.metrics, self.better, self.code)
        dataset, methods, runtime = self._prepare()
        chosen = choose_metrics(requested, dataset.page, self.dataset, dataset.pairs)
        named = chosen if "all" in requested else ChosenMetrics((), left_out=chosen.left_out)  # tables name the page's
        for sentence in named.notes():
            warn(sentence)
        if self.executor:
            refuse_functions(chosen.names)
        out = as_path(self.out) or folder.default_folder(dataset)
        synthetic = tuple(one.name for one in methods if one.weights.sha256 == SYNTHETIC)
        with files.only_one(out), nullcontext() if self.verify else hashes.kept():
            started, failures = self._predict(out, dataset, methods, runtime, chosen, on_results)
            scored = [one.name for one in methods if one.name not in synthetic]
            with disk.names_synced_once(out):
                run, unscored = measure(started, dataset, scored, chosen, runtime, self.quiet, choose, not self.verify)
        names = tuple(one.name for one in methods)
        return Outcome(run, names, chosen, tuple(failures), synthetic, tuple(unscored))

    def device_of_run(self) -> str:
        """The device that a run would use on this machine; raises what a run raises before it works on a pair."""
        as_metrics(self.metrics, self.better, self.code)
        return str(self._prepare()[2].device)

    def _prepare(self) -> tuple[Dataset, list[Method], RuntimeOptions]:
        if self.units and self.executor is None:
            raise InputError(
                "--units: this run is worked on in one process. Give --processes, --gpus or --executor too."
            )
        folders = (as_path(self.targets), as_path(self.masks))
        if folders == (None, None) and self.mask_threshold is None:
            every = datasets.open_dataset(self.dataset, as_path(self.data), as_path(self.pairs))
        else:
            every = open_folders(*folders, self.mask_threshold, self.jobs, self.quiet)
        dataset = datasets.take(every, self.limit, self.shard)
        elsewhere = self.executor is not None and self.executor.remote  # this machine only gathers what units made
        device = open_device("auto" if elsewhere else self.device)
        if self.device == "auto" and not elsewhere:
            note(f"device: {device}, chosen by --device auto.")
        requested = split_methods(self.methods) if isinstance(self.methods, str) else self.methods
        baselines = as_path(self.baselines)
        given = Given(
            baselines, self.weights, as_path(self.code), self.io, self.options, self.resize_for_method, self.offload
        )
        if requested:
            refuse_sizes(requested, dataset.page, given)
        if self.fetch:
            fetching.fetch_for_run(requested, self.dataset, self.weights, baselines, self.accept_licence)
        methods = select_methods(requested, dataset, every, given)
        refuse_unknown("method of --fresh is", as_names(self.fresh), [method.name for method in methods])
        if not requested:
            for sentence in runnable_methods(find_baselines(baselines), dataset.page)[1]:
                note(sentence)
        for method in methods:
            refuse_unmet(method.name, method.needs, method.options, dataset)
            memory = "" if elsewhere else _memory(method, device, self.offload)
            for sentence in filter(None, (method.notes, memory)):
                note(f"{method.name}: {sentence}.")
        with progress_bar("reading the pairs", len(dataset.pairs), self.quiet) as advance:
            dataset = datasets.see(dataset, self.jobs, lambda: advance(1))
        limits = (self.batch, self.jobs, self.timeout)
        return dataset, methods, RuntimeOptions(device, *limits, self.allow_known_error, self.allow_mixed)

    def _predict(
        self,
        out: Path,
        dataset: Dataset,
        methods: Sequence[Method],
        runtime: RuntimeOptions,
        chosen: ChosenMetrics,
        on_results: OnResults | None = None,
    ) -> tuple[RunFolder, list[BenchError]]:
        """Composites of every method, in units or in turn. One that fails keeps what it finished; the others go on."""
        with disk.names_synced_once(out):
            started = folder.start(out, dataset, self.raw).with_metrics(chosen.own())
        for name in as_names(self.fresh):
            started.forget(name)
        failures: list[BenchError] = []
        in_units = [method for method in methods if self.executor and pending(started, method)]
        if self.executor and in_units:
            if dataset.part:
                raise InputError("units are cut from the whole dataset: leave out --limit and --shard.")
            for method in in_units:
                refuse_other(started, method, runtime)
            with disk.names_synced_once(out):
                started, failures = predict_in_units(self, self.executor, started, in_units, runtime)
        here, first = [method for method in methods if method not in in_units], None
        if on_results and not self.executor and dataset.part.kind != "shard" and not has_other_results(started):
            here = classical_first(here)
            first = FirstResults(dataset, here, chosen, runtime, self.quiet, on_results)
        failures += predict_in_turn(started, dataset, here, chosen.names, runtime, self.quiet, first)
        return replace(started, info=folder.read_info(out)), failures


def _memory(method: Method, device: Any, offload: bool) -> str:
    return "" if offload and method.offloads else too_little_memory(method.needs, device)


def run(
    dataset: str = "sample",
    methods: Methods = None,
    metrics: Metrics = None,
    *,
    data: AnyPath | None = None,
    pairs: AnyPath | None = None,
    targets: AnyPath | None = None,
    masks: AnyPath | None = None,
    limit: int | None = None,
    shard: Shard | None = None,
    baselines: AnyPath | None = None,
    weights: Mapping[str, str] | None = None,
    device: str = "auto",
    batch: int = 8,
    jobs: int = JOBS,
    timeout: float | None = None,
    out: AnyPath | None = None,
    allow_known_error: bool = False,
    code: AnyPath | None = None,
    fresh: Names = None,
    quiet: bool = False,
    mask_threshold: int | None = None,
    fetch: bool = False,
    accept_licence: bool = False,
    io: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
    resize_for_method: bool = False,
    offload: bool = False,
    processes: int = 1,
    gpus: int = 0,
    executor: str = "",
    units: int | None = None,
    allow_mixed: bool = False,
    better: Mapping[str, str] | None = None,
    verify: bool = False,
    samples: str = "chosen",
) -> Run:
    """Inpaint every pair of a dataset with each method, score the composites, and return the run.

    Called again with the same arguments it resumes: finished pairs are not computed twice.

    Args:
        dataset: a protocol's name, the path of a protocol page, or 'photos:DIR' for a folder of photographs.
        methods: names of baselines, separated by commas or in a list; or a dict of names, each with an entry such as
            'folder:results', 'python:module:load' or 'exec:…', or with a callable `(image, mask) -> prediction` on
            tensors: image (batch, 3, height, width) in [0, 1] with zeros in the hole, mask (batch, 1, height, width)
            with 1 in the hole. A callable of `(image, mask, seeds)` is stochastic: seeds (batch, samples), predictions
            (batch, samples, 3, height, width). Default: every method that can run here.
        metrics: names, or 'all'; or a dict of names, each with a function `(composite, target, mask) -> number` on
            arrays of a pair or an entry such as 'python:module:function' or 'exec:…'. Default: the protocol's.
        data: the folder that holds the dataset's images/ and masks/.
        pairs: another list of pairs, as `pairs import` writes it.
        targets, masks: in place of `dataset`, a folder of images and one of masks of the same names or of LaMa's, as
            a_mask000.png, or one mask file for all; 255 in the hole.
        limit: only the first so many pairs.
        shard: (k, n) for the k-th of n parts of the pairs, (k, l, n) for the k-th to the l-th; `merge` joins them.
        baselines: a folder of baselines of one's own, each with a card.toml.
        weights: by method, or '*' for all, a weights file or 'synthetic'.
        device: 'auto' (cuda, else mps, else cpu), 'cpu', 'cuda', 'cuda:1' or 'mps'.
        batch: images that a network takes at once.
        jobs: threads that read and write.
        timeout: seconds that an exec: program may run, a method or a metric.
        out: the run folder. Default: runs/<dataset>.
        allow_known_error: score outputs whose known region is far from the target's.
        code: the folder that the code of exec: and python: methods and metrics is in; a change in it is noticed.
        fresh: methods whose finished pairs are computed anew.
        quiet: no progress bars.
        mask_threshold: with `masks`, values above it are hole, 0 to 254. Default: 255 is, and all others must be 0.
        fetch, accept_licence: first fetch the published weights of named methods that have none here, as licensed.
        io: by method, or '*' for all, the contract of an exported network ('torchscript:FILE', 'onnx:FILE'), as --io.
        options: by method, values of the options that it declares, as in {'sdxl-inpaint': {'steps': 30}}.
        resize_for_method: resize images for methods that do not take their size, and predictions back; recorded.
        offload: keep one part at a time of a model on the GPU, where the method can (diffusion models).
        processes: cut the run into shards, and work on them in so many processes of this machine.
        gpus: with `processes`, give each process one of the first so many GPUs; 1 process each by default.
        executor: 'slurm:KEY=VALUE,…', 'ray:ADDRESS,KEY=VALUE,…' or a plug-in's: where the run is worked on, in units.
        units: of each method, where the run is worked on in units. Default: so many that each is some ten minutes.
        better: of metrics of one's own, 'lower' or 'higher'; their functions may say it by an attribute `better`.
        allow_mixed: let machines that differ work on one method; recorded, and noted in tables.
        verify: hash every composite again, not only those that moved, and derive results that are up to date too.
        samples: of a stochastic method, those that have features and objects: the 'chosen' ones, or 'all'.

    Raises:
        InputError: for an unknown name, a file that cannot be used, or a method that fails on bad input.
        IncompleteError: where a method failed on a pair, or weights cannot be fetched; what was finished is kept.
        HashError: where a target, mask or scored composite is not what it was, or weights are not the published ones.

    >>> import inpaint_bench as ib
    >>> run = ib.run("sample", methods=["mean-fill"], metrics=["psnr"], limit=2, out="runs/doctest", quiet=True)
    >>> run.results.query("metric == 'psnr' and bucket == 'all'")[["method", "n"]].values.tolist()
    [['mean-fill', 2]]
    """
    outcome = Pipeline(
        dataset, methods, metrics, data, pairs, targets, masks, limit, shard, baselines, weights or {}, device, batch,
        jobs, timeout, out, code=code, fresh=fresh, allow_known_error=allow_known_error, quiet=quiet,
        mask_threshold=mask_threshold, fetch=fetch, accept_licence=accept_licence, io=io or {},
        options=options or {}, resize_for_method=resize_for_method, offload=offload,
        executor=open_executor(executor, processes, gpus), units=units, allow_mixed=allow_mixed, better=better or {},
        verify=verify, samples=samples,
    ).run()  # fmt: skip
    outcome.raise_failures()
    return outcome.run


def predict(dataset: str = "sample", methods: Methods = None, **options: Any) -> Run:
    """Inpaint every pair with each method and save the composites; nothing is scored. Parameters as those of `run`.

    Raises what `run` raises.
    """
    engine = open_executor(options.pop("executor", ""), options.pop("processes", 1), options.pop("gpus", 0))
    outcome = Pipeline(dataset, methods, executor=engine, **options).predict()
    outcome.raise_failures()
    return outcome.run
