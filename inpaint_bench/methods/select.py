"""What `--methods` may say: names of baselines' methods, and three ways to bring one's own."""

import re
from collections.abc import Mapping
from pathlib import Path

from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.protocols import NAME, Page
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods.base import Method
from inpaint_bench.methods.baselines import Baseline, find_baselines, loader, runnable, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.methods.folder import folder_method
from inpaint_bench.methods.networks import network_method, python_method
from inpaint_bench.methods.programs import program_method
from inpaint_bench.weights import NO_WEIGHTS, open_weights

KINDS = ("folder", "python", "exec")


def split_methods(text: str) -> list[str]:
    """The entries of `--methods`, separated by commas; within quotes a comma is a comma."""
    entries, quoted, current = [], "", ""
    for letter in text:
        if letter in "'\"" and (not quoted or letter == quoted):
            quoted = "" if quoted else letter
        if letter == "," and not quoted:
            entries.append(current)
            current = ""
        else:
            current += letter
    return [entry.strip() for entry in [*entries, current] if entry.strip()]


def choose_methods(
    entries: list[str],
    dataset: Dataset,
    every: Dataset,
    baselines: Path | None,
    named_weights: Mapping[str, str],
) -> list[Method]:
    """The methods of `--methods`; with no entry, all that can run here as they are.

    `every` is the whole dataset, of which `dataset` may be a shard; `named_weights` are files by method, '*' for all,
    or 'synthetic'. Raises InputError for an unknown name.
    """
    known = find_baselines(baselines)
    if not entries:
        entries, _ = runnable_methods(known, dataset.page)
    names = [entry.partition("=")[0] for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--methods names '{name}' twice. Give each method a name of its own.")
    if strangers := sorted(named_weights.keys() - {*names, "*"}):
        raise InputError(
            f"--weights names '{strangers[0]}', which is not among --methods. {did_you_mean(strangers[0], names)}"
        )
    return [
        _own(entry, every, named_weights.get(entry.partition("=")[0]))
        if "=" in entry
        else _of_baseline(entry, dataset.page.name, known, named_weights)
        for entry in entries
    ]


def runnable_methods(known: Mapping[str, tuple[Baseline, MethodCard]], page: Page) -> tuple[list[str], list[str]]:
    """The methods that can run here as they are, and a sentence about each that only the page's size keeps from it."""
    found, left_out = [], []
    for name, (baseline, card) in known.items():
        if not runnable(baseline, card, page.name):
            continue
        if card.sizes.take(page.size):
            found.append(name)
        else:
            given = f"pictures of {page.size} pixels" if page.size else "pictures of any size"
            left_out.append(f"{name} is left out: it takes {card.sizes}, and the protocol gives {given}.")
    return found, left_out


def _of_baseline(
    name: str, dataset: str, known: Mapping[str, tuple[Baseline, MethodCard]], named_weights: Mapping[str, str]
) -> Method:
    if name not in known:
        raise InputError(f"no method is called '{name}'. {did_you_mean(name, known)}")
    baseline, card = known[name]
    named = named_weights.get(name, named_weights.get("*") if card.learned else None)
    weights = weights_of(baseline, card, dataset, named)
    return network_method(name, f"baseline {baseline.folder.name}", baseline.code, loader(baseline, card), weights)


def _own(entry: str, every: Dataset, weights: str | None) -> Method:
    name, _, rest = entry.partition("=")
    kind, _, target = rest.partition(":")
    if not re.fullmatch(NAME, name):
        raise InputError(
            f"--methods {entry}: '{name}' cannot name a method; use small letters, digits, '.', '_' and '-'."
        )
    if kind == "python":
        return python_method(name, target, open_weights(Path(weights)) if weights else NO_WEIGHTS)
    if weights is not None:
        raise InputError(f"--weights {name}: a {kind}: method takes no weights from here.")
    if kind == "folder":
        if not target:
            raise InputError(f"--methods {entry}: give folder:DIR, the folder of its outputs.")
        return folder_method(name, Path(target), every.pairs)
    if kind == "exec":
        return program_method(name, target)
    raise InputError(f"--methods {entry}: '{kind}' is no way to bring a method. {did_you_mean(kind, KINDS)}")
