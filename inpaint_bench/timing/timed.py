"""What is timed: the selected methods, and the calls made of each."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data import images, synthetic, tensors
from inpaint_bench.data.datasets import Dataset, open_page
from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.masks.sets import read_hole
from inpaint_bench.data.pair_lists import sample_seed
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.data.prepare import Data, Prepared, export_pair
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.methods import programs
from inpaint_bench.methods.base import Method, PredictJob
from inpaint_bench.methods.baselines import find_baselines, installed
from inpaint_bench.methods.folder import read_outputs
from inpaint_bench.methods.parameters import no_prompts, takes_seeds
from inpaint_bench.methods.predictions import refuse_bad
from inpaint_bench.methods.select import NOTHING_GIVEN, Given, select_methods


@dataclass(frozen=True)
class Selection:
    """Methods as the command line selects them."""

    entries: tuple[str, ...]
    dataset: str = "sample"  # whose weights are used
    given: Given = NOTHING_GIVEN

    @property
    def page(self) -> Protocol:
        """The dataset's page. Raises InputError for an unknown one."""
        return open_page(self.dataset)[0]


@dataclass(frozen=True)
class TimedMethod:
    """A method that is timed. A program, whose method has no `load`, can only be timed end to end."""

    method: Method
    title: str

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name


def find_timed_methods(selection: Selection) -> list[TimedMethod]:
    """The selected methods. Without entries: those that can run here, or, with weights for '*', all installed ones.

    Raises InputError as `select_methods` does, and for a folder of existing outputs, which cannot be timed.
    """
    entries, baselines = list(selection.entries), find_baselines(selection.given.baselines)
    for entry in entries:
        if entry.partition("=")[2].startswith("folder:"):
            raise InputError(
                f"--methods {entry}: a folder of existing outputs cannot be timed. Name the method that wrote them."
            )
    if not entries and "*" in selection.given.weights:
        entries = [name for name, (_, card) in baselines.items() if installed(card) and card.model is None]
    dataset = Dataset(selection.page, Data(Path(), Path()), Pairs(), "")
    methods = select_methods(entries or None, dataset, dataset, selection.given)
    return [TimedMethod(method, method.title or method.name) for method in methods]


# --- images -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SyntheticImages:
    """Synthetic images and masks, the same on every machine, as files and in memory."""

    folder: Path
    prepared: tuple[Prepared, ...]

    @property
    def mask_ratio(self) -> float:
        """The mean mask ratio."""
        return sum(float(one.hole.mean()) for one in self.prepared) / len(self.prepared)

    def seeds(self, samples: int) -> Tensor:
        """Seeds (batch, samples) of the images."""
        return torch.tensor([[sample_seed(0, one.pair.pair, s) for s in range(samples)] for one in self.prepared])


def draw_images(folder: Path, size: int, batch: int) -> SyntheticImages:
    """Write `batch` synthetic images and masks into images/ and masks/ of a folder."""
    prepared = []
    for number in range(batch):
        name = f"{number:05d}.png"
        (target,) = tensors.eight_bit(synthetic.image(size, number))
        hole = synthetic.mask(size, number)[0, 0].numpy() > 0
        files.write_whole(folder / "images" / name, images.png_bytes(target))
        files.write_whole(folder / "masks" / name, images.png_bytes(images.mask_values(hole)))
        prepared.append(Prepared(Pair(f"{number:05d}", name, name), target, hole))
    return SyntheticImages(folder, tuple(prepared))


# --- calls ------------------------------------------------------------------------------------


def network_call(inpaint: Any, inputs: SyntheticImages, device: torch.device, samples: int) -> Callable[[], Tensor]:
    """The call from tensors on the device to predictions; `samples` is 0 for a deterministic method."""
    image, mask = _to_device([(one.target, one.hole) for one in inputs.prepared], device)
    image, prompts = tensors.emptied(image, mask), no_prompts(inpaint, len(image))
    if not samples:
        return lambda: inpaint(image, mask, **prompts)
    seeds = inputs.seeds(samples)
    return lambda: inpaint(image, mask, seeds, **prompts)


def end_to_end_call(
    inpaint: Any, inputs: SyntheticImages, device: torch.device, stochastic: bool
) -> Callable[[], list[Pixels]]:
    """The call from files to 8-bit composites: decode, copy to the device, inpaint (one sample), composite, round."""
    seeds, prompts = inputs.seeds(1), no_prompts(inpaint, len(inputs.prepared))

    def call() -> list[Pixels]:
        read = [
            (
                images.read_pixels(inputs.folder / "images" / one.pair.image),
                read_hole(inputs.folder / "masks" / one.pair.mask, None, "255"),
            )
            for one in inputs.prepared
        ]
        image, mask = _to_device(read, device)
        empty = tensors.emptied(image, mask)
        prediction = inpaint(empty, mask, seeds, **prompts)[:, 0] if stochastic else inpaint(empty, mask, **prompts)
        return tensors.eight_bit(tensors.composite(prediction.float(), image, mask))

    return call


def _to_device(pairs: Sequence[tuple[Pixels, Hole]], device: torch.device) -> tuple[Tensor, Tensor]:
    targets, holes = zip(*pairs, strict=True)
    return tensors.to_images(list(targets)).to(device), tensors.to_masks(list(holes)).to(device)


def program_call(
    timed: TimedMethod, page: Protocol, inputs: SyntheticImages, scratch: Path
) -> Callable[[], list[Pixels]]:
    """The call of a program, from its start to 8-bit composites; its images and masks are written before."""
    pairs = tuple(one.pair for one in inputs.prepared)
    by_pair = {one.pair: one for one in inputs.prepared}
    job = PredictJob(msgspec.structs.replace(page, samples=1), pairs, by_pair.__getitem__, scratch, torch.device("cpu"))
    template = timed.method.command
    for one in inputs.prepared:
        export_pair(one, scratch)

    def call() -> list[Pixels]:
        shutil.rmtree(scratch / "out", ignore_errors=True)
        if failed := programs.run_program(timed.name, template, scratch, job):
            raise failed
        outputs = programs.outputs_in(scratch / "out", pairs, None)
        predictions = list(read_outputs(outputs, scratch / "out", job))
        image, mask = _to_device([(one.prepared.target, one.prepared.hole) for one in predictions], job.device)
        return tensors.eight_bit(tensors.composite(torch.stack([one.prediction for one in predictions]), image, mask))

    return call


def refuse_no_prediction(name: str, predictions: object, inputs: SyntheticImages, samples: int) -> None:
    """Raise MethodError unless there is a prediction in [0, 1] for every image and sample."""
    wanted = len(inputs.prepared)
    if not isinstance(predictions, Tensor) or predictions.ndim < 4 or len(predictions) != wanted:
        shape = tuple(predictions.shape) if isinstance(predictions, Tensor) else type(predictions).__name__
        raise MethodError(f"{name}: it returned {shape} for {wanted} images; it must return a prediction for each.")
    for one, prediction in zip(inputs.prepared, predictions.detach().cpu(), strict=True):
        for sample in prediction if samples else [prediction]:
            refuse_bad(sample, one, name)


@dataclass(frozen=True)
class MemoryJob:
    """One method and its inputs, sent to the process that measures its memory."""

    selection: Selection
    size: int
    batch: int
    device: torch.device
    scratch: Path


def memory_call(job: MemoryJob) -> Callable[[], object]:
    """Load the method and return its network call with one sample."""
    (timed,) = find_timed_methods(job.selection)
    assert timed.method.load is not None
    inpaint = timed.method.load(job.device)
    inputs = draw_images(job.scratch, job.size, job.batch)
    return network_call(inpaint, inputs, job.device, int(takes_seeds(inpaint)))
