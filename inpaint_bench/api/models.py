"""Methods and metrics as objects: loaded, run on one image, checked against reference activations, timed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_bench import files
from inpaint_bench.api.arguments import AnyPath, Methods, as_path
from inpaint_bench.api.listing import find_method
from inpaint_bench.api.progress import note, progress_bar
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods.baselines import find_baselines, installed, loader, weights_of
from inpaint_bench.methods.devices import open_device
from inpaint_bench.methods.options import chosen
from inpaint_bench.methods.select import Given

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from inpaint_bench.checks.activations.stages import Stage
    from inpaint_bench.metrics.base import Metric
    from inpaint_bench.timing.measure import TimingOutcome


def load_method(
    name: str,
    weights: AnyPath | None = None,
    device: str = "auto",
    dataset: str = "sample",
    baselines: AnyPath | None = None,
    options: Mapping[str, object] | None = None,
) -> Callable[..., Any]:
    """A method's function `inpaint(image, mask)`, or `inpaint(image, mask, seeds)` of a stochastic one.

    Image (batch, 3, height, width), RGB in [0, 1], with zeros in the hole; mask (batch, 1, height, width), 1 in the
    hole; seeds (batch, samples), int64. Predictions are in [0, 1], of the image's shape, or (batch, samples, 3, height,
    width), and not composited. `weights` is a file or 'synthetic'; by default those added for `dataset`, or shipped.
    `options` are values of those that its card declares.

    Raises InputError for an unknown method or option and where its weights or a package are missing.

    >>> import inpaint_bench as ib, torch
    >>> inpaint = ib.load_method("telea", device="cpu")
    >>> mask = torch.zeros(1, 1, 32, 32); mask[..., 8:16, 8:16] = 1
    >>> inpaint(torch.full((1, 3, 32, 32), 0.5) * (1 - mask), mask).shape
    torch.Size([1, 3, 32, 32])
    """
    baseline, card = find_method(name, as_path(baselines))
    loaded = weights_of(baseline, card, dataset, None if weights is None else str(weights))
    values = chosen(name, card.options, options or {})
    function: Callable[..., Any] = loader(baseline, card)(loaded, open_device(device), **values)
    return function


@dataclass(frozen=True)
class LoadedMetric:
    """An image metric that is called with predictions: `metric(prediction, target, mask)`.

    `name`, `better` ('higher' or 'lower'), `unit` and `signature` say what its numbers are.
    """

    name: str
    better: str
    unit: str
    signature: str
    metric: "Metric"
    device: Any

    def __call__(
        self, prediction: Any, target: Any, mask: Any, raw: bool = False, prompts: Sequence[str] = ()
    ) -> "np.ndarray":
        """The value of each image, float64: of the composite, or of the prediction as it is if `raw`.

        Prediction and target (batch, 3, height, width) in [0, 1], mask (batch, 1, height, width) with 1 in the hole;
        `prompts`, one an image, for a metric that compares the two.
        Raises InputError for other values or shapes that do not fit.
        """
        from inpaint_bench.data.tensors import composite

        scored = prediction if raw else composite(prediction, target, mask)
        return self.metric(scored, target, mask, device=self.device, prompts=prompts)


def metric(name: str, device: str = "cpu") -> LoadedMetric:
    """An image metric by name. Raises InputError, with the nearest name, for one that is none or cannot run here.

    >>> import inpaint_bench as ib, torch
    >>> target, mask = torch.full((1, 3, 16, 16), 0.5), torch.zeros(1, 1, 16, 16); mask[..., 4:8, 4:8] = 1
    >>> ib.metric("mae_hole")(target + 0.1, target, mask).round(3).tolist()
    [0.098]
    """
    from inpaint_bench.methods.devices import metric_device
    from inpaint_bench.metrics import metric as find
    from inpaint_bench.metrics.registry import absent, network_signature, signature

    found = find(name)
    if lacks := absent(found):
        raise InputError(f"{name} cannot be measured here: {lacks.rstrip('.')}.")
    named = signature(found, "round", False, network_signature(found))
    return LoadedMetric(name, found.better, found.unit, named, found, metric_device(open_device(device)))


@dataclass(frozen=True)
class InpaintedFile:
    """The files that `inpaint_file` wrote."""

    paths: tuple[Path, ...]
    hole_pixels: int
    method: str


def inpaint_file(
    image: AnyPath,
    mask: AnyPath,
    out: AnyPath,
    method: str,
    *,
    samples: int = 1,
    mask_threshold: int | None = None,
    **options: Any,
) -> InpaintedFile:
    """`inpaint`, written to PNG files: FILE, or FILE.s0.png and so on for several samples.

    Raises InputError for an `out` that is no PNG or that is read, and as `inpaint` does.
    """
    import numpy as np

    from inpaint_bench.data.images import png_bytes
    from inpaint_bench.runner.inpaint import output_paths, read_picture

    paths = output_paths(Path(out), samples, (Path(image), Path(mask)))
    hole = read_picture(Path(image), Path(mask), mask_threshold).hole
    painted = inpaint(image, mask, method, samples=samples, mask_threshold=mask_threshold, **options)
    for path, picture in zip(paths, painted, strict=True):
        files.write_whole(path, png_bytes(np.asarray(picture)))
    return InpaintedFile(tuple(paths), int(hole.sum()), method.partition("=")[0])


def inpaint(
    image: AnyPath,
    mask: AnyPath,
    method: str = "telea",
    *,
    weights: Mapping[str, str] | None = None,
    dataset: str = "sample",
    baselines: AnyPath | None = None,
    device: str = "auto",
    seed: int = 0,
    samples: int = 1,
    mask_threshold: int | None = None,
    io: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
    offload: bool = False,
) -> "list[Image]":
    """One picture of any size through a method: the composite of every sample, as PIL images of the picture's size.

    `image` is a picture file, `mask` a file of its size with 255 in the hole, or values above `mask_threshold`; the
    others are as in `run`. Raises InputError for files that cannot be used, and MethodError where the method fails.
    """
    from PIL import Image

    from inpaint_bench.data.datasets import open_page
    from inpaint_bench.runner.inpaint import Brush, open_method, read_picture
    from inpaint_bench.weights import SYNTHETIC

    where = open_device(device)
    given = Given(as_path(baselines), weights or {}, io=io or {}, options=options or {}, offload=offload)
    opened = open_method(method, dataset, given)
    if opened.weights.sha256 == SYNTHETIC:
        note(f"{opened.name}: synthetic weights paint nonsense.")
    picture = read_picture(Path(image), Path(mask), mask_threshold)
    with files.scratch("inpaint") as scratch:
        brush = Brush(opened, scratch / "program", where, seed, samples)
        return [Image.fromarray(pixels) for pixels in brush.paint(picture, open_page(dataset)[0])]


def check(
    method: str | None = None,
    golden: AnyPath | None = None,
    baselines: AnyPath | None = None,
    device: str = "cpu",
) -> "Iterator[tuple[str, Stage]]":
    """A method's networks, or those of every installed one, against reference activations, stage by stage.

    Raises InputError for an unknown method and for a file about another network.
    """
    from inpaint_bench.checks.activations.stages import check_adapter, check_file

    every = find_baselines(as_path(baselines))
    known = {name: found for name, found in every.items() if installed(found[1]) and found[1].model is None}
    if method in every.keys() - known.keys() and every[method][1].model is not None:
        raise InputError(f"{method} is run by a library: there are no reference activations of its networks.")
    if method is not None and method not in known:
        raise InputError(f"no method that is installed here is called '{method}'. {did_you_mean(method, known)}")
    where = open_device(device)
    for name in known if method is None else [method]:
        baseline, card = known[name]
        stages = [check_file(baseline, Path(golden), where)] if golden else []
        if not golden:
            stages = [check_file(baseline, baseline.folder / file, where) for file in card.golden]
            stages.append(check_adapter(baseline, card, where))
        for stage in chain.from_iterable(stages):
            yield name, stage


def time(
    methods: Methods = None,
    *,
    dataset: str = "sample",
    baselines: AnyPath | None = None,
    weights: Mapping[str, str] | None = None,
    io: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, object]] | None = None,
    offload: bool = False,
    device: str = "auto",
    size: int = 256,
    batch: int = 1,
    samples: int | None = None,
    runs: int | None = None,
    seconds: float | None = None,
    out: AnyPath = "runs/timing",
    quiet: bool = False,
) -> "TimingOutcome":
    """Time each method's network and the whole way from files to composites; OUT/METHOD/timing.json holds the samples.

    Methods warm up and then take turns. `runs` calls (50 on a CPU, 200 on a GPU) or `seconds` (5, or 10) of each are
    measured. The outcome has `.timings` and `.raise_failures()`. Raises InputError for unknown methods.
    """
    from inpaint_bench.methods.entries import split_methods
    from inpaint_bench.timing.measure import STEPS, TimingOptions, time_methods
    from inpaint_bench.timing.timed import Selection, find_timed_methods
    from inpaint_bench.timing.timer import ON_CPU, ON_GPU

    where, folder = open_device(device), Path(out)
    usual = ON_GPU if where.type == "cuda" else ON_CPU
    enough = replace(usual, runs=runs or usual.runs, seconds=usual.seconds if seconds is None else seconds)
    entries = split_methods(methods) if isinstance(methods, str) else list(methods or ())
    given = Given(as_path(baselines), weights or {}, io=io or {}, options=options or {}, offload=offload)
    selection = Selection(tuple(entries), dataset, given)
    timed = find_timed_methods(selection)
    with files.only_one(folder), progress_bar("timing", STEPS * len(timed), quiet) as advance:
        timing = TimingOptions(selection, where, size, batch, samples, enough)
        return time_methods(timed, timing, folder, lambda: advance(1))


def timings_text(timings: Sequence[Any], format_: str) -> str:
    """Times as a table: 'text', 'markdown' or 'csv'."""
    from inpaint_bench.timing.show import FORMATS

    return FORMATS[format_](timings)
