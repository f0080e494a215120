"""What there is: methods, metrics and datasets, as DataFrames and one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from inpaint_bench.methods.baselines import Baseline
    from inpaint_bench.methods.card import MethodCard
    from inpaint_bench.metrics.registry import AnyMetric

ZONES = {"hole": "in", "edge": "at the edge of", "away": "away from"}
Facts = list[tuple[str, str]]  # what is known of one thing, in order


@dataclass(frozen=True)
class MethodRow:
    """A method of `methods`."""

    method: str
    title: str
    runs_here: bool
    lacks: str
    stochastic: bool
    paper: str
    year: int
    parameters: int
    licence: str


@dataclass(frozen=True)
class MetricRow:
    """A metric of `metrics`."""

    metric: str
    better: str
    unit: str
    used_by: str
    lacks: str
    summary: str


@dataclass(frozen=True)
class DatasetRow:
    """A dataset of `datasets`."""

    dataset: str
    pairs: int
    size: int | None
    state: str
    here: str
    lacks: str
    mend: str
    licence: str
    title: str


def methods(dataset: str = "sample", baselines: "str | Path | None" = None) -> "pd.DataFrame":
    """One row a method: whether it runs here with weights for `dataset`, what it lacks, paper, year, parameters.

    >>> import inpaint_bench as ib
    >>> bool(ib.methods().set_index("method").loc["telea", "runs_here"])
    True
    """
    return _frame(method_rows(dataset, baselines), MethodRow)


def metrics() -> "pd.DataFrame":
    """One row a metric: direction, unit, whose published numbers it is, what it lacks here, and what it is.

    >>> import inpaint_bench as ib
    >>> ib.metrics().set_index("metric").loc["psnr", ["better", "unit"]].tolist()
    ['higher', 'dB']
    """
    return _frame(metric_rows(), MetricRow)


def datasets() -> "pd.DataFrame":
    """One row a dataset: number of pairs, image size, what of its data is here, what mends that, licence and title.

    `state` is complete, partial or missing; `here` says what is missing in words and `lacks` as a sentence.

    >>> import inpaint_bench as ib
    >>> ib.datasets().set_index("dataset").loc["sample", "pairs"].item()
    75
    """
    return _frame(dataset_rows(), DatasetRow)


def _frame(rows: Sequence[object], kind: type) -> "pd.DataFrame":
    import pandas as pd

    columns = [field.name for field in fields(kind)]
    return pd.DataFrame([[getattr(row, column) for column in columns] for row in rows], columns=columns)


def method_rows(dataset: str = "sample", baselines: "str | Path | None" = None) -> list[MethodRow]:
    """The rows of `methods`, without pandas."""
    from inpaint_bench.data.protocols import page_names, page_path, read_page
    from inpaint_bench.methods.baselines import find_baselines, installed, runnable, weights_dataset

    page = read_page(page_path(dataset)) if dataset in page_names() else None
    rows = []
    for name, (baseline, card) in find_baselines(Path(baselines) if baselines else None).items():
        here = runnable(baseline, card, weights_dataset(name, page) if page else dataset)
        extra = f"inpaint-bench[{card.requires.extra}]" if card.requires else ""
        lacks = "" if here else "weights" if installed(card) else extra
        about = (card.stochastic, card.paper, card.year, card.parameters, card.licence)
        rows.append(MethodRow(name, card.title, here, lacks, *about))
    return rows


def metric_rows() -> list[MetricRow]:
    """The rows of `metrics`, without pandas."""
    from inpaint_bench.metrics.registry import CHOOSABLE, absent
    from inpaint_bench.runner.own_metrics import open_plugins

    open_plugins()
    return [
        MetricRow(name, one.better, one.unit, used_by(one), absent(one), summary(one))
        for name, one in CHOOSABLE.items()
    ]


def dataset_rows() -> list[DatasetRow]:
    """The rows of `datasets`, without pandas."""
    from inpaint_bench.data.needs import state
    from inpaint_bench.data.protocols import page_names, page_path, read_page

    rows = []
    for name in page_names():
        page, found = read_page(page_path(name)), state(name)
        about = (page.about.licence, page.about.title)
        rows.append(DatasetRow(name, page.count, page.size, found.state, found.here, found.lacks, found.mend, *about))
    return rows


def show_dataset(name: str) -> tuple[Facts, str]:
    """The facts of a dataset, or a set of masks, and how to get its data. Raises InputError for an unknown name."""
    from inpaint_bench.data.datasets import open_page
    from inpaint_bench.data.digests import count_digests
    from inpaint_bench.data.needs import state
    from inpaint_bench.data.protocols import bucket_names, mask_set_names

    if name in mask_set_names():
        return _show_mask_set(name)
    page, path = open_page(name)
    data = state(name)
    missing = f"{data.here}{f'; {data.mend}' if data.mend else ''}" if data.here else "complete"
    images = f"{page.images.resize} to {page.size}" if page.size else "as they are"
    return [
        ("title", page.about.title),
        ("paper", page.about.paper or "-"),
        ("pairs", f"{page.count}, seed {page.seed}, buckets {', '.join(bucket_names(page))}"),
        ("images", f"crop {page.images.crop}, {images}, grey pictures: {page.images.grey}"),
        ("masks", page.masks_in_words),
        ("8 bits", page.eight_bit),
        ("metrics", ", ".join(page.metrics)),
        ("licence", page.about.licence),
        ("data", f"{data.folder}: {missing}"),
        ("pixel digests", f"{count_digests(page.name)} known"),
        ("page", str(path)),
    ], page.about.get


def _show_mask_set(name: str) -> tuple[Facts, str]:
    from inpaint_bench.data.needs import needs
    from inpaint_bench.data.protocols import read_mask_set

    found = read_mask_set(name)
    (need,) = needs(name)
    return [
        ("title", found.about.title),
        ("paper", found.about.paper or "-"),
        ("licence", found.about.licence),
        ("data", f"{need.folder}: {need}"),
    ], found.about.get


def find_method(name: str, baselines: "Path | None" = None) -> "tuple[Baseline, MethodCard]":
    """A method's baseline and card. Raises InputError for an unknown name."""
    from inpaint_bench.methods.baselines import find_baselines

    known = find_baselines(baselines)
    if name not in known:
        raise InputError(f"no method is called '{name}'. {did_you_mean(name, known)}")
    return known[name]


def show_method(name: str, baselines: "Path | None" = None) -> Facts:
    """A method's card in facts. Raises InputError for an unknown name."""
    from inpaint_bench.methods.options import as_text

    baseline, card = find_method(name, baselines)
    rows = [
        ("title", card.title),
        ("paper", f"{card.paper}{f' ({card.year})' if card.year else ''}"),
        ("code", f"{card.repository} {card.commit}".strip()),
        ("licence", card.licence),
        ("stochastic", "yes" if card.stochastic else "no"),
        ("sizes", "; ".join(filter(None, (str(card.sizes), card.sizes_note)))),
        ("baseline", str(baseline.folder)),
    ]
    if card.needs_prompt:
        rows.append(("needs", "a prompt"))
    if card.memory_gb:
        rows.append(("memory", f"about {card.memory_gb:g} GB"))
    for option in card.options:
        about = f"{option.about}; " if option.about else ""
        usual = as_text(option.default) or "empty"
        rows.append((f"option {option.name}", f"{about}{option.allowed}; default {usual}"))
    if card.learned:
        rows += [
            ("parameters", f"{card.parameters:,} {card.parameters_note}".strip()),
            ("training", card.training_data or "-"),
        ]
    if card.model is not None and card.model.repo:
        rows.append(
            ("model", f"Hugging Face, {card.model}{' (gated)' * card.model.gated}; licence: {card.model.licence}")
        )
    for published in card.weights:
        what = f"weights, {published.dataset}{f', {published.note}' if published.note else ''}"
        for file in published.files:
            where = " or ".join(map(str, file.sources))
            rows.append((what, f"{file.file + ': ' if file.file else ''}{where}; licence: {published.licence}"))
    if card.ships:
        rows.append(("shipped weights", f"{card.name}.safetensors {card.ships[:12]}, for any dataset"))
    return rows + [("differs", departure) for departure in card.departures]


def show_metric(name: str) -> tuple[Facts, str]:
    """A metric in facts, and its definition. Raises InputError for an unknown name."""
    from inpaint_bench.metrics.registry import absent, find, network_signature, signature
    from inpaint_bench.runner.own_metrics import open_plugins

    open_plugins([name])
    found = find(name)
    lacks = absent(found)
    network = "" if lacks else network_signature(found)
    facts = [
        ("metric", f"{found.name}, {found.better} is better{f', in {found.unit}' if found.unit else ''}"),
        ("used by", used_by(found) or "no paper whose code we know"),
        ("signature in the four protocols of the SPN paper", signature(found, "truncate", False, network)),
        ("signature in our own protocols", signature(found, "round", False, network)),
    ]
    return facts + ([("cannot be measured here", lacks)] if lacks else []), definition(found)


def definition(metric: "AnyMetric") -> str:
    """The docstring of the function that computes a metric, or that makes all those of a detector."""
    from inpaint_bench.metrics.base import SetMetric, docstring
    from inpaint_bench.metrics.detection import DetectionMetric, detection_metrics, removal_metrics

    if isinstance(metric, DetectionMetric):
        return docstring(removal_metrics if metric.compares == "image" else detection_metrics)
    return docstring(metric.function if isinstance(metric, SetMetric) else metric.implementation)


def summary(metric: "AnyMetric") -> str:
    """The first line of a metric's definition; of a detector's metrics, the line about this one."""
    from inpaint_bench.metrics.detection import DetectionMetric

    lines = definition(metric).split("\n")
    if not isinstance(metric, DetectionMetric):
        return lines[0]
    kind = metric.name.partition("_")[2].removesuffix(f"_{metric.zone}")
    if metric.compares == "image":
        kind = "_".join(metric.name.split("_")[:2])
    what = next(line for line in lines if line.startswith(f"`{kind}` ")).split(maxsplit=1)[1]
    return f"{metric.detector}, objects {ZONES[metric.zone]} the hole: {what}"


def used_by(metric: "AnyMetric") -> str:
    """Whose published numbers a metric is; '' where it is ours."""
    return str(getattr(metric, "used_by", ""))
