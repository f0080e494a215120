"""The pipeline: pairs → composites → scores → results, and what resumes, merges and scores runs again."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.api import fetching
from inpaint_bench.api.arguments import JOBS, AnyPath, Methods, Metrics, Names, as_metrics, as_names, as_path
from inpaint_bench.api.executing import predict_in_units
from inpaint_bench.api.logging import log_outcome, refuse_loggers
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
from inpaint_bench.methods.devices import too_little_memory
from inpaint_bench.methods.entries import split_methods
from inpaint_bench.methods.needs import refuse_unmet
from inpaint_bench.methods.select import Given, refuse_sizes, runnable_methods, select_methods
from inpaint_bench.runner import folder, hashes
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.made_by import refuse_other
from inpaint_bench.runner.metrics import ChosenMetrics, choose_metrics, refuse_functions
from inpaint_bench.runner.pending import pending
from inpaint_bench.runner.runtime import RuntimeOptions
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
        out = self._folder(dataset)
        with files.only_one(out):
            started, failures = self._predict(out, dataset, methods, runtime, ChosenMetrics(()))
        return Outcome(Run(started), tuple(one.name for one in methods), ChosenMetrics(()), tuple(failures))

    def run(self, on_results: OnResults | None = None, log: Names = None) -> Outcome:
        """Composites, scores and results of every method; a shard has no results before it is merged.

        `on_results` is called with the results so far while a run that has none yet is worked on in this process. What
        was measured is logged with the loggers `log`; one that fails is a failure of the outcome.
        """
        refuse_loggers(log, self.shard)
        choose = choose_by(self.samples)
        requested = as_metrics(self.metrics, self.better, self.code)
        dataset, methods, runtime = self._prepare()
        chosen = choose_metrics(requested, dataset.page, self.dataset, dataset.pairs)
        named = chosen if "all" in requested else ChosenMetrics((), left_out=chosen.left_out)  # tables name the page's
        for sentence in named.notes():
            warn(sentence)
        if self.executor:
            refuse_functions(chosen.names)
        out = self._folder(dataset)
        synthetic = tuple(one.name for one in methods if one.weights.sha256 == SYNTHETIC)
        with files.only_one(out), nullcontext() if self.verify else hashes.kept():
            started, failures = self._predict(out, dataset, methods, runtime, chosen, on_results)
            scored = [one.name for one in methods if one.name not in synthetic]
            with disk.names_synced_once(out):
                run, unscored = measure(started, dataset, scored, chosen, runtime, self.quiet, choose, not self.verify)
        names = tuple(one.name for one in methods)
        return log_outcome(Outcome(run, names, chosen, tuple(failures), synthetic, tuple(unscored)), log)

    def device_of_run(self) -> str:
        """The device that a run would use on this machine; raises what a run raises before it works on a pair."""
        as_metrics(self.metrics, self.better, self.code)
        _, methods, runtime = self._prepare()
        for method in methods:
            method.import_code()
        return str(runtime.device)

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
        limits = (self.batch, self.jobs, self.timeout, self.allow_known_error, self.allow_mixed)
        runtime = RuntimeOptions("auto" if self._elsewhere else self.device, *limits)
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
            if not (self._folder(dataset) / method.name).is_dir():
                method.import_code()  # which may fail: before anything is written
            if method.notes:
                note(f"{method.name}: {method.notes}.")
        with progress_bar("reading the pairs", datasets.unseen(dataset), self.quiet) as advance:
            dataset = datasets.see(dataset, self.jobs, lambda: advance(1))
        return dataset, methods, runtime

    def _folder(self, dataset: Dataset) -> Path:
        """The run folder."""
        return as_path(self.out) or folder.default_folder(dataset)

    @property
    def _elsewhere(self) -> bool:
        """Whether this machine only gathers what units made."""
        return self.executor is not None and self.executor.remote

    def _check(self, methods: Sequence[Method], runtime: RuntimeOptions) -> None:
        """Import the code of methods that have pairs left, and note what the device is and lacks for them."""
        for method in methods:
            method.import_code()
        if methods and not self._elsewhere:
            if self.device == "auto":
                note(f"device: {runtime.device}, chosen by --device auto.")
            for method in methods:
                offloaded = self.offload and method.offloads
                if sentence := "" if offloaded else too_little_memory(method.needs, runtime.device):
                    note(f"{method.name}: {sentence}.")

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
        self._check([one for one in methods if len(started.samples_of(one.name)) < len(started.pairs)], runtime)
        in_units = [method for method in methods if self.executor and pending(started, method)]
        if self.executor and in_units:
            if dataset.part.kind == "shard":
                raise InputError("units are shards themselves: leave out --shard.")
            for method in in_units:
                refuse_other(started, method)
            with disk.names_synced_once(out):
                started, failures = predict_in_units(self, self.executor, started, in_units)
        here, first = [method for method in methods if method not in in_units], None
        if on_results and not self.executor and dataset.part.kind != "shard" and not has_other_results(started):
            here = classical_first(here)
            first = FirstResults(dataset, here, chosen, runtime, self.quiet, on_results)
        failures += predict_in_turn(started, dataset, here, chosen.names, runtime, self.quiet, first)
        return replace(started, info=folder.read_info(out)), failures
