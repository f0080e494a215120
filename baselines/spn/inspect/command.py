"""What `inpaint-bench inspect` calls: pictures of pairs and of a run's results, and a page about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from baselines.spn.inspect import edges, neighbours
from baselines.spn.inspect.edges import Edges
from baselines.spn.inspect.index import Facts, page
from baselines.spn.inspect.look import NETWORKS, look
from baselines.spn.inspect.pictures import save_rows
from baselines.spn.inspect.views import View, seed_of, views
from baselines.spn.network import SPN
from baselines.spn.prob import ProbabilisticSPN
from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.pair_lists import Pair, sample_seed
from inpaint_bench.data.prepare import prepare
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods.baselines import find_baselines, weights_of
from inpaint_bench.metrics.features import Extractor
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.weights import SYNTHETIC, Weights

PAGE = "inspect.md"
SAMPLES = 2  # of a stochastic method, side by side

Results = tuple[RunFolder, Sequence[str], str]


@dataclass(frozen=True, eq=False)
class Inside:
    """A method's network, opened, and the edges to set beside its pyramid."""

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
    results: Results | None,
    device: torch.device,
    out: Path,
    tell: Callable[[str], None],
) -> Path:
    """Write the pictures of pairs of a dataset and of a run's results; the path of the page about them.

    `results`: a run, the methods to show (all where none is named) and the name of the features to place them by.
    Raises InputError for weights that are not here or of another network, IncompleteError for a method of the run
    that has not finished, and what reading the pairs raises.
    """
    inside = _open(method, dataset.page.name, named_weights, device)
    ready = _ready(results)
    shown = []
    for number, pair in enumerate(pairs, 1):
        tell(f"pair {pair.pair}, {number} of {len(pairs)}")
        shown.append((pair, _write_pair(inside, dataset, pair, device, out)))
    placed = None
    if results and ready:
        tell(f"t-SNE of {results[0].path}")
        placed = neighbours.place(results[0], dataset, *ready, seed_of(results[0].info.fingerprint, "t-SNE"), device)
        neighbours.write(placed, out)
    facts = Facts(inside.title, inside.method, inside.weights, inside.edges, dataset)
    files.write_whole(out / PAGE, page(facts, shown, placed).encode())
    return out / PAGE


def _open(method: str, dataset: str, named: Mapping[str, str], device: torch.device) -> Inside:
    if strangers := sorted(named.keys() - {method, edges.NAME}):
        raise InputError(
            f"--weights names '{strangers[0]}'; here it may name {method} and {edges.NAME}. "
            f"{did_you_mean(strangers[0], (method, edges.NAME))}"
        )
    baselines = find_baselines()
    baseline, card = baselines[method]
    weights = weights_of(baseline, card, dataset, named.get(method))
    beside = edges.open_edges(edges.weights_for(*baselines[edges.NAME], dataset, named.get(edges.NAME)), device)
    network = weights.into(NETWORKS[method]()).to(device).to(memory_format=torch.channels_last).eval()
    return Inside(method, card.title, network, weights, beside)


def _ready(results: Results | None) -> tuple[dict[str, str], Extractor] | None:
    """What can be refused is refused before anything is drawn."""
    if results is None:
        return None
    run, methods, features = results
    return neighbours.choose(run, methods), neighbours.open_extractor(features)


def _write_pair(inside: Inside, dataset: Dataset, pair: Pair, device: torch.device, out: Path) -> list[View]:
    rules, prepared = dataset.page, prepare(dataset.page, dataset.data, pair)
    seeds = [sample_seed(rules.seed, pair.pair, sample) for sample in range(SAMPLES)]
    looks = look(inside.method, inside.network, prepared, seeds, rules.eight_bit, device)
    found = views(prepared, looks, inside.edges)
    mark = (
        "synthetic weights: not trained"
        if inside.weights.sha256 == SYNTHETIC
        else f"weights {inside.weights.sha256[:8]}"
    )
    for view in found:
        heading = f"{inside.title} · pair {pair.pair} of {rules.name} · {mark}"
        save_rows(out / f"{pair.pair}.{view.name}", heading, view.rows)
    return found
