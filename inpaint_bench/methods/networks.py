"""Methods that are a Python function: of a baseline, of a user's module, or given as an object; run in batches."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data import tensors
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.errors import BenchError, InputError, MethodError
from inpaint_bench.methods.base import Method, Prediction, PredictJob, refuse_bad
from inpaint_bench.methods.code import folder_code, module_code, only_known
from inpaint_bench.methods.foreign import blamed, imported
from inpaint_bench.methods.needs import NO_NEEDS, Needs, stated_by
from inpaint_bench.methods.options import Value, chosen, declared_by
from inpaint_bench.methods.probe import refuse_inverted
from inpaint_bench.methods.sizes import Sizes
from inpaint_bench.threads import in_order
from inpaint_bench.weights import NO_WEIGHTS, SYNTHETIC, Weights

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
PROBE = 256  # pixels a side of the images that are tried before a run of images of any size
Load = Callable[..., Any]  # of (weights, device) and the options by keyword
_kept: dict[tuple[object, ...], Any] | None = None  # the method that stays loaded in this process, None: none does


def network_method(
    name: str,
    source: str,
    code: str,
    load: Load,
    weights: Weights,
    options: Mapping[str, Value] = NO_OPTIONS,
    needs: Needs = NO_NEEDS,
    probed: bool = True,
) -> Method:
    """A method whose `load(weights, device, **options)` returns `inpaint(image, mask)` or with `seeds` as a third.

    A function with a parameter `prompts` gets the prompt of each image too. `probed`: two images are tried before a
    run, which detects inverted masks.
    """
    bound = _once((source, code, weights.sha256, *options.items()), functools.partial(load, **options))
    return Method(
        name,
        source,
        code,
        lambda job: _predict_all(name, bound, weights, job, needs.sizes, probed),
        weights,
        load=lambda device: bound(weights, device),
        options=options,
        needs=needs,
        probed=probed,
    )


def keep_loaded() -> None:
    """From now on a method stays loaded in this process for its next run, until another one is loaded."""
    global _kept
    _kept = {} if _kept is None else _kept


def _once(key: tuple[object, ...], load: Load) -> Load:
    """The function `load`, which is not called again where the method of this key and device stays loaded."""

    def loaded(weights: Weights, device: torch.device) -> Any:
        if _kept is None:
            return load(weights, device)
        whole = (*key, str(device))
        if whole not in _kept:
            _kept.clear()
            _kept[whole] = load(weights, device)
        return _kept[whole]

    return loaded


def callable_method(name: str, function: Callable[..., Any]) -> Method:
    """A Python object that is called as `inpaint(image, mask)` or `inpaint(image, mask, seeds)`.

    Tensors are on the job's device: images (batch, 3, height, width) in [0, 1] with an empty hole, masks
    (batch, 1, height, width) with 1 in the hole, seeds (batch, samples). The code hash covers the source text of the
    function, or of the class of another object; what it refers to (weights, globals) is not covered.
    Raises InputError when it takes other parameters.
    """
    try:
        takes_seeds(function)
    except MethodError as error:
        raise InputError(f"{name}: {error}") from error
    target = function
    while isinstance(target, functools.partial):
        target = target.func
    target = target if hasattr(target, "__qualname__") else type(target)
    try:
        code = files.sha256(inspect.getsource(target).encode())[:12]
    except (OSError, TypeError):  # typed at a prompt, built in, or compiled
        code = ""
    source = f"callable:{target.__module__}.{target.__qualname__}"
    return network_method(name, source, code, lambda weights, device: function, NO_WEIGHTS)


def python_method(
    name: str, target: str, weights: Weights, folder: Path | None = None, given: Mapping[str, object] = NO_OPTIONS
) -> Method:
    """`MODULE:FUNCTION` of a user's module, a `load(weights, device)`, whose code is in `folder` if one is given.

    Keyword-only parameters with a default are its options, as `declared_by` reads them, its attribute `needs` says what
    it needs, as `Stated` lists. Raises InputError when it cannot be imported and for options that it does not have.
    """
    module, load = imported(f"{name}=python:{target}", target)
    code, known = (folder_code(folder), "") if folder else module_code(module)
    with blamed(f"{name}=python:{target}", "reading what it declares", InputError):
        options, needs = chosen(name, declared_by(load), given), stated_by(load)
    method = network_method(name, f"python:{target}", code, load, weights, options, needs)
    return replace(method, notes=only_known(known))


def _predict_all(
    name: str, load: Load, weights: Weights, job: PredictJob, sizes: Sizes, probed: bool
) -> Iterator[Prediction]:
    with blamed(name, "loading it"):
        inpaint = load(weights, job.device)
        samples = job.samples if takes_seeds(inpaint) else None

    def run(batch: list[Prepared]) -> Tensor:
        return _run_batch(inpaint, batch, job, samples)

    if probed and weights.sha256 != SYNTHETIC:  # an untrained network may well look inverted
        with blamed(name, "the probe of two images"):
            side = job.page.size or sizes.at_least(PROBE)
            refuse_inverted(name, lambda image, mask: _probe(inpaint, image, mask, job), side)
    for batch in _batches(in_order(job.prepare, job.pairs, job.jobs), job.batch):
        _refuse_size(name, batch[0], sizes)
        for prepared, prediction in _one_by_one(name, run, batch):
            if samples is None:
                yield _checked(name, prepared, None, prediction)
                continue
            if prediction.ndim != 4 or len(prediction) != samples:
                raise MethodError(
                    f"{name}: pair {prepared.pair.pair}: predictions of shape {tuple(prediction.shape)}; "
                    f"it must be ({samples}, 3, height, width), one per seed."
                )
            for sample in range(samples):
                yield _checked(name, prepared, sample, prediction[sample])


def _refuse_size(name: str, prepared: Prepared, sizes: Sizes) -> None:
    """Raise InputError for an image of a size that a method does not take."""
    height, width = prepared.hole.shape
    if not sizes.fit(height, width):
        raise InputError(
            f"{name}: pair {prepared.pair.pair}: images of {height}x{width}; allowed: {sizes}. Choose a size in the "
            "protocol, or let images be resized for it: --resize-for-method."
        )


def _checked(name: str, prepared: Prepared, sample: int | None, prediction: Tensor) -> Prediction:
    prediction = prediction.detach().float().cpu() if prediction.dtype.is_floating_point else prediction
    refuse_bad(prediction, prepared, name)
    return Prediction(prepared, sample, prediction.clamp(0, 1))


def takes_seeds(inpaint: object) -> bool:
    """Whether a method's function is stochastic: takes (image, mask, seeds) rather than (image, mask).

    Raises MethodError for anything else.
    """
    if not callable(inpaint):
        raise MethodError(f"it returned {type(inpaint).__name__}; it must return a function of (image, mask).")
    try:
        signature = inspect.signature(inpaint)
    except ValueError as error:  # of some built-in functions
        raise MethodError("its parameters cannot be inspected; wrap it in a function of (image, mask).") from error
    prompts = {"prompts": ()} if "prompts" in signature.parameters else {}
    for count in (2, 3):
        with contextlib.suppress(TypeError):
            signature.bind(*range(count), **prompts)
            return count == 3
    raise MethodError(f"its parameters are {signature}; they must be (image, mask) or (image, mask, seeds).")


def takes_prompts(inpaint: Callable[..., Any]) -> bool:
    """Whether a method's function has a parameter `prompts`, a list of one text an image."""
    return "prompts" in inspect.signature(inpaint).parameters


def no_prompts(inpaint: Callable[..., Any], count: int) -> dict[str, list[str]]:
    """Empty prompts for so many images, as keyword arguments of a function that takes some."""
    return {"prompts": [""] * count} if takes_prompts(inpaint) else {}


def _batches(prepared: Iterator[Prepared], size: int) -> Iterator[list[Prepared]]:
    """Batches of images of equal size, in order."""
    for _, alike in groupby(prepared, key=lambda one: one.hole.shape):
        while batch := list(islice(alike, size)):
            yield batch


def _one_by_one(
    name: str, run: Callable[[list[Prepared]], Tensor], batch: list[Prepared]
) -> Iterator[tuple[Prepared, Tensor]]:
    """The predictions of a batch. If the batch fails, its pairs are run one at a time, to keep the good ones."""
    predictions = None
    try:
        with blamed(name, f"pair {batch[0].pair.pair}"):
            predictions = _of_batch(run(batch), len(batch))
    except BenchError:
        if len(batch) == 1:
            raise
    if predictions is not None:
        yield from zip(batch, predictions, strict=True)
        return
    for prepared in batch:  # after the error is forgotten, which holds the memory of what failed
        yield from _one_by_one(name, run, [prepared])


def _of_batch(predictions: object, count: int) -> Tensor:
    if not isinstance(predictions, Tensor):
        raise MethodError(f"it returned {type(predictions).__name__}; it must return a tensor.")
    if predictions.ndim < 1 or len(predictions) != count:
        raise MethodError(f"it returned shape {tuple(predictions.shape)} for {count} images; the batch comes first.")
    return predictions


def _run_batch(inpaint: Callable[..., Tensor], batch: list[Prepared], job: PredictJob, samples: int | None) -> Tensor:
    image = tensors.to_images([one.target for one in batch]).to(job.device)
    mask = tensors.to_masks([one.hole for one in batch]).to(job.device)
    image = tensors.emptied(image, mask)
    prompts = {"prompts": [one.pair.prompt for one in batch]} if takes_prompts(inpaint) else {}
    if samples is None:
        return inpaint(image, mask, **prompts)
    return inpaint(image, mask, torch.tensor([job.seeds(one.pair) for one in batch]), **prompts)


def _probe(inpaint: Callable[..., Tensor], image: Tensor, mask: Tensor, job: PredictJob) -> Tensor:
    image, mask = image.to(job.device), mask.to(job.device)
    prompts = no_prompts(inpaint, len(image))
    if not takes_seeds(inpaint):
        return _of_batch(inpaint(image, mask, **prompts), len(image)).detach().cpu()
    samples = _of_batch(inpaint(image, mask, torch.zeros(len(image), 1, dtype=torch.int64), **prompts), len(image))
    return (samples[:, 0] if samples.ndim == 5 else samples).detach().cpu()
