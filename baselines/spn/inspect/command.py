"""What `inpaint-bench inspect` calls: the figures of pairs and of a run's results, and a page that explains them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from baselines.spn.inspect import edges, tsne
from baselines.spn.inspect.activations import NETWORKS, activations
from baselines.spn.inspect.edges import Edges
from baselines.spn.inspect.page import PageFacts, inspect_page
from baselines.spn.inspect.panels import save_rows
from baselines.spn.inspect.views import View, seed_of, views
from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.pair_lists import sample_seed
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import prepare
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods.baselines import find_baselines, weights_of
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.weights import SYNTHETIC, Weights

PAGE = "inspect.md"
SAMPLES = 2  # of a stochastic method

RunResults = tuple[RunFolder, Sequence[str], str]


@dataclass(frozen=True, eq=False)
class Inspected:
    """A method with its network, and the edges to compare its pyramid with."""

    method: str
    title: str
    network: SPN | ProbabilisticSPN
    weights: Weights
    edges: Edges


def inspect_method(
    method: str,
    dataset: Dataset,
    pairs: Sequence[Pair],
    named_weights: Mapping[str, str],
    results: RunResults | None,
    device: torch.device,
    out: Path,
    on_progress: Callable[[str], None],
) -> Path:
    """Write the figures of pairs of a dataset and of a run's results; the path of the page.

    `results`: a run, the methods to show (all if none are named) and the name of the features for t-SNE.
    Raises InputError for weights that are missing or of another network, IncompleteError for a method of the run that
    has not finished, and whatever reading the pairs raises.
    """
    inspected = _open(method, dataset.page.name, named_weights, device)
    checked = _check_results(results)
    shown = []
    for number, pair in enumerate(pairs, 1):
        on_progress(f"pair {pair.pair}, {number} of {len(pairs)}")
        shown.append((pair, _write_pair(inspected, dataset, pair, device, out)))
    embedding = None
    if results and checked:
        run, _, _ = results
        on_progress(f"t-SNE of {run.path}")
        embedding = tsne.embed_run(run, dataset, *checked, seed_of(run.info.fingerprint, "t-SNE"), device)
        tsne.write(embedding, out)
    facts = PageFacts(inspected.title, inspected.method, inspected.weights, inspected.edges, dataset)
    files.write_whole(out / PAGE, inspect_page(facts, shown, embedding).encode())
    return out / PAGE


def _open(method: str, dataset: str, named: Mapping[str, str], device: torch.device) -> Inspected:
    if strangers := sorted(named.keys() - {method, edges.NAME}):
        raise InputError(
            f"--weights names '{strangers[0]}'; here it may name {method} and {edges.NAME}. "
            f"{did_you_mean(strangers[0], (method, edges.NAME))}"
        )
    baselines = find_baselines()
    baseline, card = baselines[method]
    weights = weights_of(baseline, card, dataset, named.get(method))
    source = edges.open_edges(edges.weights_for(*baselines[edges.NAME], dataset, named.get(edges.NAME)), device)
    network = weights.into(NETWORKS[method]()).to(device).to(memory_format=torch.channels_last).eval()
    return Inspected(method, card.title, network, weights, source)


def _check_results(results: RunResults | None) -> tuple[dict[str, str], Extractor] | None:
    """The titles of the methods and the extractor; errors are raised here, before any figure is drawn."""
    if results is None:
        return None
    run, methods, features = results
    return tsne.choose(run, methods), tsne.open_extractor(features)


def _write_pair(inspected: Inspected, dataset: Dataset, pair: Pair, device: torch.device, out: Path) -> list[View]:
    rules, prepared = dataset.page, prepare(dataset.page, dataset.data, pair)
    seeds = [sample_seed(rules.seed, pair.pair, sample) for sample in range(SAMPLES)]
    samples = activations(inspected.method, inspected.network, prepared, seeds, rules.eight_bit, device)
    found = views(prepared, samples, inspected.edges)
    sha256 = inspected.weights.sha256
    note = "synthetic weights: not trained" if sha256 == SYNTHETIC else f"weights {sha256[:8]}"
    for view in found:
        heading = f"{inspected.title} · pair {pair.pair} of {rules.name} · {note}"
        save_rows(out / f"{pair.pair}.{view.name}", heading, view.rows)
    return found
