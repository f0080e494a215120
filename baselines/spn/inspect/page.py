"""The Markdown page of the figures: what each shows, how it was made, and with which weights."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

from baselines.spn.inspect.clusters import ATTEMPTS, STEPS, K
from baselines.spn.inspect.edges import Edges
from baselines.spn.inspect.tsne import PERPLEXITY, Embedding, perplexity
from baselines.spn.inspect.views import View
from inpaint_bench import __version__
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.pairs import Pair
from inpaint_bench.report.redact_paths import redact_paths, redacted_command
from inpaint_bench.weights import SYNTHETIC, Weights

LIBRARIES = ("numpy", "torch", "scikit-learn", "scipy", "scikit-image", "matplotlib")
NOT_TRAINED = "synthetic: made from tensor names. Nothing was trained, and the figures say nothing about the method"
COLOURS = f"""\
A cluster image shows a feature map: its positions are grouped into {K} clusters by K-means on the raw features, and
every cluster has a colour. Every map is clustered separately ({ATTEMPTS} restarts of at most {STEPS} iterations, with a
seed made from the names of pair and map).

Colours correspond between the maps of one pair. Those of the pyramid's smallest level are ordered by cluster size. The
clusters of the next level take the colours of that level, one to one, so that as many positions as possible have the
same colour in both (the Hungarian assignment on the counts of common positions, with the smaller map enlarged by
repetition); those of the largest level take the colours of the middle one. F_enc and F_dec, and each level of a second
sample, take the colours of the pyramid at their size. Every cluster gets a colour, however little it overlaps: the
percentages under each figure say how well two maps correspond. Colours do not correspond between pairs.
"""


@dataclass(frozen=True, eq=False)
class PageFacts:
    """What all figures have in common."""

    title: str
    method: str
    weights: Weights
    edges: Edges
    dataset: Dataset


def inspect_page(facts: PageFacts, pairs: Sequence[tuple[Pair, list[View]]], embedding: Embedding | None) -> str:
    """The text of inspect.md."""
    parts = [f"# Inside {facts.title}", _table(facts), f"## The colours\n\n{COLOURS}"]
    parts += ["\n".join(_pair_section(pair, views)) for pair, views in pairs]
    if embedding is not None:
        parts.append("\n".join(_run_section(embedding)))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(facts: PageFacts) -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    rows = {
        "command": f"`{redacted_command(['inpaint-bench', *sys.argv[1:]])}`",
        "method": facts.method,
        "weights": describe(facts.weights.sha256),
        "edges": f"{' '.join(facts.edges.title.split())}; weights of EC: {describe(facts.edges.weights)}",
        "dataset": f"{facts.dataset.page.name}, fingerprint {facts.dataset.fingerprint}",
        "made with": f"inpaint-bench {__version__}, {versions}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())])


def describe(sha256: str) -> str:
    """Weights as text."""
    return NOT_TRAINED if sha256 == SYNTHETIC else f"sha256 {sha256}" if sha256 else "none"


def _pair_section(pair: Pair, views: Sequence[View]) -> Iterator[str]:
    yield f"## Pair {pair.pair}: {pair.image} with {pair.mask}"
    for view in views:
        name = f"{pair.pair}.{view.name}"
        yield f"\n![{view.name} of pair {pair.pair}]({name}.png)\n"
        yield f"{view.description[0].upper()}{view.description[1:]}. Measured: {view.measured}. ([PDF]({name}.pdf))"


def _run_section(embedding: Embedding) -> Iterator[str]:
    count, run = len(embedding.images), redact_paths(str(embedding.run))
    yield "## Results among real images\n\n![t-SNE](tsne.png)\n"
    yield (
        f"{count} images of the run {run}: its real images, and the results of each method (sample 0 of every pair "
        f"for a stochastic method). t-SNE of their features, `{embedding.signature}`, with PCA initialisation and "
        f"perplexity {perplexity(count):.4g} ({PERPLEXITY:g}, or a third of the number of other images if less). "
        "Nearby images have similar features; the size of groups and the distance between them mean nothing. "
        "([PDF](tsne.pdf), [coordinates](tsne.csv))\n"
    )
    yield "| legend | weights |\n|---|---|"
    yield from (
        f"| {title} | {describe(embedding.weights[folder])} |"
        for folder, title in embedding.titles.items()
        if folder in embedding.weights
    )
