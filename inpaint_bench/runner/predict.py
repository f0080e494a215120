"""Prediction: every pair of a dataset is inpainted and saved as an 8-bit composite."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from inpaint_bench import disk, files
from inpaint_bench.data import images, tensors
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.methods.base import Method, Prediction, PredictJob
from inpaint_bench.metrics.pixel import known_error
from inpaint_bench.runner import machines
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.known_region import check_known_region
from inpaint_bench.runner.made_by import method_info, mixture, refuse_mixture
from inpaint_bench.runner.pending import pending
from inpaint_bench.runner.pictures import Saved
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.scores import KNOWN_ERROR, composites_scored, forget_scores
from inpaint_bench.threads import in_order
from inpaint_bench.weights import SYNTHETIC


def predict_pairs(
    run: RunFolder,
    dataset: Dataset,
    method: Method,
    runtime: RuntimeOptions,
    on_progress: Callable[[], None] = lambda: None,
    on_saved: Callable[[Saved], None] = lambda saved: None,
) -> RunFolder:
    """Inpaint every pending pair and save its composite; finished pairs are kept whatever happens.

    `on_progress` is called for every finished pair, and `on_saved`, in the thread that saved it, with every composite.
    Raises MethodError when the method fails on a pair.
    """
    left = pending(run, method)
    info = method_info(method, runtime.device, runtime.allow_known_error)
    run = _noted(run, method, info, runtime.allow_mixed)
    if not left:
        return run
    checked = not (run.info.raw or runtime.allow_known_error or method.weights.sha256 == SYNTHETIC)

    def note_settings() -> None:
        nonlocal run
        machine = info.machine | machines.settings_of(method, runtime.device)
        run = _noted(run, method, msgspec.structs.replace(info, machine=machine), runtime.allow_mixed)

    forget = _forgetting(run, method.name, left)

    def save(made: Prediction) -> bool:
        raw = tensors.eight_bit(made.prediction[None], run.info.protocol.eight_bit)[0]
        if checked:
            check_known_region(method.name, raw, made.prepared, _others(dataset, made.prepared.pair), method.resized)
        on_saved(_save(run, method.name, made, raw, forget))
        return made.sample in (None, job.samples - 1)

    job = _job(run, dataset, method, left, runtime)
    with disk.names_synced_once(run.path):
        for last_of_pair in in_order(save, _once_loaded(note_settings, method.predict(job)), runtime.jobs):
            if last_of_pair:
                on_progress()
    return run


def _job(run: RunFolder, dataset: Dataset, method: Method, left: Pairs, runtime: RuntimeOptions) -> PredictJob:
    scratch, read = run.folder_of(method.name) / "program", partial(prepare, dataset.page, dataset.data)
    limits = (runtime.batch, runtime.jobs, runtime.timeout)
    return PredictJob(dataset.page, left, read, scratch, runtime.device, *limits)


def _noted(run: RunFolder, method: Method, info: MethodInfo, allow_mixed: bool) -> RunFolder:
    """The run, whose run.json says what makes the method's composites; raises InputError where another did."""
    if not run.samples_of(method.name):
        return run.with_method(method.name, info)
    refuse_mixture(run, method, info, allow_mixed)
    before = run.info.methods[method.name]
    before = mixture([before, info]) if allow_mixed else before
    allowed = before.known_error_allowed or info.known_error_allowed
    now = msgspec.structs.replace(before, known_error_allowed=allowed, notes=info.notes)
    return run.with_method(method.name, now)


def _once_loaded(note: Callable[[], None], predictions: Iterator[Prediction]) -> Iterator[Prediction]:
    """The predictions; `note` is called before the first of them, when the method is loaded."""
    for number, made in enumerate(predictions):
        if number == 0:
            note()
        yield made


def _others(dataset: Dataset, pair: Pair) -> Iterator[Callable[[], Prepared]]:
    """The other pairs of a dataset, the nearest in their order first."""
    place = next(place for place, one in enumerate(dataset.pairs) if one.pair == pair.pair)
    for index in sorted(range(len(dataset.pairs)), key=lambda index: abs(index - place))[1:]:
        yield partial(prepare, dataset.page, dataset.data, dataset.pairs[index])


def _forgetting(run: RunFolder, method: str, left: Pairs) -> Callable[[Saved], None]:
    """What removes the scores of composites that are to be made, before the first comes that is not what was scored."""
    lock, scored = threading.Lock(), composites_scored(run, method, set(left.names))
    names = set(left.names) if scored else set()

    def forget(saved: Saved) -> None:
        with lock:
            if scored.get((saved.prepared.pair.pair, saved.sample), saved.sha256[:16]) != saved.sha256[:16]:
                forget_scores(run, method, names)
                scored.clear()

    return forget


def _save(run: RunFolder, method: str, made: Prediction, raw: Pixels, before: Callable[[Saved], None]) -> Saved:
    """Write the composite of a prediction: known pixels are the target's, so that no rounding changes them."""
    prepared = made.prepared
    pixels = raw if run.info.raw else images.composite_pixels(raw, prepared.target, prepared.hole)
    error = known_error(raw, prepared.target, prepared.hole)
    texts = {KNOWN_ERROR: repr(error)}
    if made.source:
        texts["source"] = made.source
    if made.sample is not None:
        texts["sample"] = str(made.sample)
    data = images.png_bytes(pixels, texts)
    saved = Saved(prepared, made.sample, files.sha256(data), pixels, error)
    before(saved)
    files.write_whole(run.composite(method, prepared.pair.pair, made.sample), data)
    return saved
