"""What is timed: methods as `--methods` names them, and the calls that are made of each."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data import images, synthetic
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Hole, Pixels
from inpaint_bench.data.masks.sets import read_hole
from inpaint_bench.data.pair_lists import Pair, sample_seed
from inpaint_bench.data.prepare import Data, Prepared, export_pair
from inpaint_bench.data.protocols import Page, page_path, read_page
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.methods import programs
from inpaint_bench.methods.base import Method, PredictJob, refuse_bad
from inpaint_bench.methods.baselines import find_baselines, installed
from inpaint_bench.methods.folder import read_outputs
from inpaint_bench.methods.networks import takes_seeds
from inpaint_bench.methods.select import select_methods

Load = Callable[[torch.device], Any]


@dataclass(frozen=True)
class Named:
    """Methods as the command line names them."""

    entries: tuple[str, ...]
    dataset: str = "sample"  # for which weights are looked for
    baselines: Path | None = None
    weights: tuple[tuple[str, str], ...] = ()

    @property
    def page(self) -> Page:
        """The dataset's page. Raises InputError for an unknown one."""
        return read_page(page_path(self.dataset))


@dataclass(frozen=True)
class Subject:
    """A method that is timed; `load` is None for a program, which can only be timed from end to end."""

    method: Method
    title: str
    load: Load | None

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name


def find_subjects(named: Named) -> list[Subject]:
    """The methods that are named; with none, those that can run here, and with weights for '*' all that are installed.

    Raises InputError as `select_methods` does, and for a folder of outputs, which takes no time.
    """
    baselines, weights, entries = find_baselines(named.baselines), dict(named.weights), list(named.entries)
    for entry in entries:
        if entry.partition("=")[2].startswith("folder:"):
            raise InputError(f"--methods {entry}: outputs that are already made take no time. Name what made them.")
    if not entries and "*" in weights:
        entries = [name for name, (_, card) in baselines.items() if installed(card)]
    dataset = Dataset(named.page, Data(Path(), Path()), (), "")
    methods = select_methods(entries or None, dataset, dataset, named.baselines, weights)
    titles = {name: card.title for name, (_, card) in baselines.items()}
    return [
        Subject(
            method,
            titles[method.name] if method.source.startswith("baseline ") else method.name,
            method.load,
        )
        for method in methods
    ]


# --- pictures ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pictures:
    """Drawn pictures with drawn holes, the same on every machine, in files and prepared."""

    folder: Path
    prepared: tuple[Prepared, ...]

    @property
    def hole_share(self) -> float:
        """The share of hole pixels."""
        return sum(float(one.hole.mean()) for one in self.prepared) / len(self.prepared)

    def seeds(self, samples: int) -> Tensor:
        """So many seeds for each picture."""
        return torch.tensor([[sample_seed(0, one.pair.pair, s) for s in range(samples)] for one in self.prepared])


def draw_pictures(folder: Path, size: int, batch: int) -> Pictures:
    """Draw so many pictures and masks into images/ and masks/ of a folder."""
    prepared = []
    for number in range(batch):
        name = f"{number:05d}.png"
        (target,) = images.eight_bit(synthetic.image(size, number))
        hole = synthetic.mask(size, number)[0, 0].numpy() > 0
        files.write_whole(folder / "images" / name, images.png_bytes(target))
        files.write_whole(folder / "masks" / name, images.png_bytes(images.mask_values(hole)))
        prepared.append(Prepared(Pair(f"{number:05d}", name, name), target, hole))
    return Pictures(folder, tuple(prepared))


# --- calls ------------------------------------------------------------------------------------


def network_call(inpaint: Any, pictures: Pictures, device: torch.device, samples: int) -> Callable[[], Tensor]:
    """Images and masks that lie on the device to predictions; `samples` of a stochastic method, 0 for another."""
    image, mask = _to_device([(one.target, one.hole) for one in pictures.prepared], device)
    image = images.emptied(image, mask)
    if not samples:
        return lambda: inpaint(image, mask)
    seeds = pictures.seeds(samples)
    return lambda: inpaint(image, mask, seeds)


def end_to_end_call(
    inpaint: Any, pictures: Pictures, device: torch.device, stochastic: bool
) -> Callable[[], list[Pixels]]:
    """Files to 8-bit composites: decode, bring to the device, inpaint (one sample), composite, round."""
    seeds = pictures.seeds(1)

    def call() -> list[Pixels]:
        read = [
            (
                images.read_pixels(pictures.folder / "images" / one.pair.image),
                read_hole(pictures.folder / "masks" / one.pair.mask, None, "255"),
            )
            for one in pictures.prepared
        ]
        image, mask = _to_device(read, device)
        empty = images.emptied(image, mask)
        prediction = inpaint(empty, mask, seeds)[:, 0] if stochastic else inpaint(empty, mask)
        return images.eight_bit(images.composite(prediction.float(), image, mask))

    return call


def _to_device(pairs: Sequence[tuple[Pixels, Hole]], device: torch.device) -> tuple[Tensor, Tensor]:
    targets, holes = zip(*pairs, strict=True)
    return images.to_images(list(targets)).to(device), images.to_masks(list(holes)).to(device)


def program_call(subject: Subject, page: Page, pictures: Pictures, scratch: Path) -> Callable[[], list[Pixels]]:
    """A program from its start to 8-bit composites; its images and masks are there before."""
    pairs = tuple(one.pair for one in pictures.prepared)
    by_pair = {one.pair: one for one in pictures.prepared}
    job = PredictJob(msgspec.structs.replace(page, samples=1), pairs, by_pair.__getitem__, scratch, torch.device("cpu"))
    template = subject.method.source.removeprefix("exec:")
    for one in pictures.prepared:
        export_pair(one, scratch)

    def call() -> list[Pixels]:
        shutil.rmtree(scratch / "out", ignore_errors=True)
        if failed := programs.run_program(subject.name, template, scratch, job):
            raise failed
        outputs = programs.outputs_in(scratch / "out", pairs, None)
        made = list(read_outputs(outputs, scratch / "out", job))
        image, mask = _to_device([(one.prepared.target, one.prepared.hole) for one in made], job.device)
        return images.eight_bit(images.composite(torch.stack([one.prediction for one in made]), image, mask))

    return call


def refuse_no_prediction(name: str, predictions: object, pictures: Pictures, samples: int) -> None:
    """Raise MethodError unless there is a prediction in [0, 1] for every picture, and of every sample."""
    wanted = len(pictures.prepared)
    if not isinstance(predictions, Tensor) or predictions.ndim < 4 or len(predictions) != wanted:
        shape = tuple(predictions.shape) if isinstance(predictions, Tensor) else type(predictions).__name__
        raise MethodError(f"{name}: it gave {shape} for {wanted} pictures; a prediction for each is wanted.")
    for one, prediction in zip(pictures.prepared, predictions.detach().cpu(), strict=True):
        for sample in prediction if samples else [prediction]:
            refuse_bad(sample, one, name)


@dataclass(frozen=True)
class Alone:
    """One method with its pictures, as a process of its own is on_progress about them."""

    named: Named
    size: int
    batch: int
    device: torch.device
    scratch: Path


def call_alone(alone: Alone) -> Callable[[], object]:
    """Load the method and return its network's call with one sample."""
    (subject,) = find_subjects(alone.named)
    assert subject.load is not None
    inpaint = subject.load(alone.device)
    pictures = draw_pictures(alone.scratch, alone.size, alone.batch)
    return network_call(inpaint, pictures, alone.device, int(takes_seeds(inpaint)))
