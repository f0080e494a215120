"""`methods`, `datasets` and `metrics`: what there is, and what is known of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inpaint_bench.cli.options import FOLDER, option

if TYPE_CHECKING:
    from inpaint_bench.metrics.registry import AnyMetric

ZONES = {"hole": "in", "edge": "at the edge of", "away": "away from"}


@click.group(invoke_without_command=True)
@click.pass_context
def datasets(ctx: click.Context) -> None:
    """List the datasets, or show one: how to get its data, and under which licence."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_datasets)


@datasets.command("list")
def list_datasets() -> None:
    """One line a dataset."""
    from inpaint_bench.data.protocols import page_names, page_path, read_page

    pages = [read_page(page_path(name)) for name in page_names()]
    _columns([(page.name, f"{page.count} pairs", page.about.title) for page in pages])


@datasets.command("show")
@click.argument("name")
def show_dataset(name: str) -> None:
    """A dataset's protocol, and how to get its data."""
    from inpaint_bench.data.protocols import bucket_names, page_path, read_page

    path = page_path(name)
    page = read_page(path)
    images = f"{page.images.resize} to {page.size}" if page.size else "as they are"
    _columns(
        [
            ("title", page.about.title),
            ("paper", page.about.paper or "-"),
            ("pairs", f"{page.count}, seed {page.seed}, buckets {', '.join(bucket_names(page))}"),
            ("images", f"crop {page.images.crop}, {images}, grey pictures: {page.images.grey}"),
            (
                "masks",
                f"{page.masks.set}, resize {page.masks.resize}, hole where the value is {page.masks.hole}",
            ),
            ("8 bits", page.eight_bit),
            ("metrics", ", ".join(page.metrics)),
            ("licence", page.about.licence),
            ("page", str(path)),
        ]
    )
    click.echo(f"\nHow to get the data\n{page.about.get.strip()}")


@click.group(invoke_without_command=True)
@click.pass_context
def methods(ctx: click.Context) -> None:
    """List the methods, or show one: its paper, its code, its weights, and where ours departs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_methods)


@methods.command("list")
@option("--baselines", type=FOLDER, help="A folder of your own baselines.")
@option("--dataset", default="sample", show_default=True, help="For which dataset weights are looked for.")
def list_methods(baselines: Path | None, dataset: str) -> None:
    """One line a method, and whether it can run here."""
    from inpaint_bench.methods.baselines import find_baselines, installed, runnable

    rows = []
    for name, (baseline, card) in find_baselines(baselines).items():
        lacks = (
            "no weights here"
            if installed(card)
            else f"needs inpaint-bench[{card.requires.extra if card.requires else ''}]"
        )
        rows.append((name, "runs here" if runnable(baseline, card, dataset) else lacks, card.title))
    _columns(rows)


@methods.command("show")
@click.argument("name")
@option("--baselines", type=FOLDER, help="A folder of your own baselines.")
def show_method(name: str, baselines: Path | None) -> None:
    """A method's card."""
    from inpaint_bench.errors import InputError, did_you_mean
    from inpaint_bench.methods.baselines import find_baselines

    known = find_baselines(baselines)
    if name not in known:
        raise InputError(f"no method is called '{name}'. {did_you_mean(name, known)}")
    baseline, card = known[name]
    rows = [
        ("title", card.title),
        ("paper", f"{card.paper}{f' ({card.year})' if card.year else ''}"),
        ("code", f"{card.repository} {card.commit}".strip()),
        ("licence", card.licence),
        ("stochastic", "yes" if card.stochastic else "no"),
        ("sizes", "; ".join(filter(None, (str(card.sizes), card.sizes_note)))),
        ("baseline", str(baseline.folder)),
    ]
    if card.learned:
        rows += [
            ("parameters", f"{card.parameters:,} {card.parameters_note}".strip()),
            ("training", card.training_data or "-"),
        ]
    for published in card.weights:
        where = f"{published.host} {published.id}{f', {published.file}' if published.file else ''}"
        rows.append((f"weights, {published.dataset}", f"{where}; licence: {published.licence}"))
    if card.ships:
        rows.append(("weights that ship", f"{card.name}.safetensors {card.ships[:12]}, for any dataset"))
    rows += [("departs", departure) for departure in card.departures]
    _columns(rows)


@click.group(invoke_without_command=True)
@click.pass_context
def metrics(ctx: click.Context) -> None:
    """List the metrics, or show one: its formula and its signature."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_metrics)


@metrics.command("list")
def list_metrics() -> None:
    """One line a metric: which way is better, its unit, whose numbers it is, and what it is or what it lacks here."""
    from inpaint_bench.metrics.registry import CHOOSABLE, absent

    rows = []
    for name, found in CHOOSABLE.items():
        lacks = absent(found)
        what = f"cannot run here: {lacks.split('. ')[0]}" if lacks else _summary(found)
        rows.append((name, f"{found.better} is better", found.unit or "-", _used_by(found) or "-", what))
    _columns(rows)


@metrics.command("show")
@click.argument("name")
def show_metric(name: str) -> None:
    """A metric's definition, whose published numbers it is, and its signature."""
    from inpaint_bench.metrics.registry import absent, find, network_signature, signature

    found = find(name)
    click.echo(f"{found.name}, {found.better} is better{f', in {found.unit}' if found.unit else ''}")
    click.echo(f"used by: {_used_by(found) or 'no paper whose code we know'}\n")
    click.echo(f"{_definition(found)}\n")
    lacks = absent(found)
    network = "" if lacks else network_signature(found)
    click.echo(f"signature in the four protocols of the paper: {signature(found, 'truncate', False, network)}")
    click.echo(f"signature in our own: {signature(found, 'round', False, network)}")
    if lacks:
        click.echo(f"\ncannot run here, where the network's signature would follow: {lacks}")


def _definition(metric: "AnyMetric") -> str:
    """The docstring of the function that computes it, or that makes all those of a detector."""
    from inspect import getdoc

    from inpaint_bench.metrics.detection import DetectionMetric, detection_metrics

    return getdoc(detection_metrics if isinstance(metric, DetectionMetric) else metric.function) or ""


def _summary(metric: "AnyMetric") -> str:
    """The first line of its definition; of a detector's metrics, the line that says what this one is."""
    from inpaint_bench.metrics.detection import DetectionMetric

    lines = _definition(metric).split("\n")
    if not isinstance(metric, DetectionMetric):
        return lines[0]
    kind = metric.name.partition("_")[2].removesuffix(f"_{metric.zone}")
    what = next(line for line in lines if line.startswith(f"`{kind}` ")).split(maxsplit=1)[1]
    return f"{metric.detector}, objects {ZONES[metric.zone]} the hole: {what}"


def _used_by(metric: "AnyMetric") -> str:
    return getattr(metric, "used_by", "")


def _columns(rows: Sequence[Sequence[str]]) -> None:
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(rows[0]))] if rows else []
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
