"""The page beside the pictures: what each is, how it was made, and with which weights."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

from baselines.spn.inspect.clusters import ATTEMPTS, STEPS, K
from baselines.spn.inspect.edges import Edges
from baselines.spn.inspect.neighbours import PERPLEXITY, Neighbours, perplexity
from baselines.spn.inspect.views import View
from inpaint_bench import __version__
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.report.redact_paths import redact_paths, redacted_command
from inpaint_bench.weights import SYNTHETIC, Weights

LIBRARIES = ("numpy", "torch", "scikit-learn", "scipy", "scikit-image", "matplotlib")
FILLED_SAYS = "filled, made from the names of tensors: nothing was trained, and the pictures say nothing of the method"
COLOURS = f"""\
A picture of clusters shows a map of features: its positions are put into {K} clusters by K-means of their raw values,
and every cluster has a colour. Every map is clustered on its own ({ATTEMPTS} starts of at most {STEPS} steps, from a
seed made of the pair's name and the map's).

Colours correspond between the maps of one pair. Those of the pyramid's smallest level go from its largest cluster to
its smallest. The clusters of the next level take the colours of that level, one to one, so that as many positions as
can be have the same colour in both (the Hungarian assignment of the counts of common positions, the smaller map
enlarged by repeating); those of the largest level take the colours of the middle one; F_enc and F_dec, and each level
of a second sample, take those of the pyramid at their size. Every cluster finds a colour, however little it shares
with the other map: how well two maps correspond is the share of positions that stands with each picture. Between
pairs, colours mean nothing.
"""


@dataclass(frozen=True, eq=False)
class Facts:
    """What all pictures have in common."""

    title: str
    method: str
    weights: Weights
    edges: Edges
    dataset: Dataset


def page(facts: Facts, shown: Sequence[tuple[Pair, list[View]]], placed: Neighbours | None) -> str:
    """inspect.md."""
    parts = [f"# Inside {facts.title}", _table(facts), f"## The colours\n\n{COLOURS}"]
    parts += ["\n".join(_of_pair(pair, views)) for pair, views in shown]
    if placed is not None:
        parts.append("\n".join(_of_run(placed)))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(facts: Facts) -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    rows = {
        "command": f"`{redacted_command(['inpaint-bench', *sys.argv[1:]])}`",
        "method": facts.method,
        "weights": told(facts.weights.sha256),
        "edges": f"{' '.join(facts.edges.title.split())}; weights of EC: {told(facts.edges.weights)}",
        "dataset": f"{facts.dataset.page.name}, fingerprint {facts.dataset.fingerprint}",
        "made with": f"inpaint-bench {__version__}, {versions}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())])


def told(sha256: str) -> str:
    """Weights in words."""
    return FILLED_SAYS if sha256 == SYNTHETIC else f"sha256 {sha256}" if sha256 else "none"


def _of_pair(pair: Pair, views: Sequence[View]) -> Iterator[str]:
    yield f"## Pair {pair.pair}: {pair.image} with {pair.mask}"
    for view in views:
        name = f"{pair.pair}.{view.name}"
        yield f"\n![{view.name} of pair {pair.pair}]({name}.png)\n"
        yield f"{_sentence(view.shows)} Counted: {view.counted}. ([PDF]({name}.pdf))"


def _of_run(placed: Neighbours) -> Iterator[str]:
    count, run = len(placed.listed), redact_paths(str(placed.run))
    yield "## Results among real images\n\n![t-SNE](tsne.png)\n"
    yield (
        f"{count} pictures of the run {run}: its real images, and the results of each method (of a stochastic "
        f"one, sample 0 of every pair). Their features, `{placed.signature}`, are placed by t-SNE, begun from the two "
        f"main components, with perplexity {perplexity(count):.4g} ({PERPLEXITY:g}, or a third of the other pictures "
        "where that is less). Near pictures have like features; how far groups are apart, and how large they are, "
        "means nothing. ([PDF](tsne.pdf), [places](tsne.csv))\n"
    )
    yield "| shown as | weights |\n|---|---|"
    yield from (
        f"| {title} | {told(placed.weights[folder])} |"
        for folder, title in placed.titles.items()
        if folder in placed.weights
    )


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
