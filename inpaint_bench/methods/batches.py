"""Predictions of a method that is a Python function, which is called with batches of images of one size."""

from collections.abc import Callable, Iterator
from itertools import groupby, islice

import torch
from torch import Tensor

from inpaint_bench.data import tensors
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.errors import BenchError, InputError, MethodError
from inpaint_bench.methods.base import Prediction, PredictJob
from inpaint_bench.methods.foreign import blamed
from inpaint_bench.methods.networks import Load
from inpaint_bench.methods.parameters import no_prompts, takes_prompts, takes_seeds
from inpaint_bench.methods.predictions import refuse_bad
from inpaint_bench.methods.probe import refuse_inverted
from inpaint_bench.methods.sizes import Sizes
from inpaint_bench.threads import in_order
from inpaint_bench.weights import SYNTHETIC, Weights

PROBE = 256  # pixels a side of the images that are tried before a run of images of any size


def predict_all(
    name: str, load: Load, weights: Weights, job: PredictJob, sizes: Sizes, probed: bool
) -> Iterator[Prediction]:
    """The predictions of a job, in its order.

    Raises MethodError where the method fails on a pair, InputError for masks that seem inverted and images of a size
    that it does not take.
    """
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
