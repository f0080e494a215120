"""Which methods to run: those of baselines by name, and a user's own as a folder, a module, a program or a function."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.protocols import NAME, Protocol
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods import exported
from inpaint_bench.methods.base import Method
from inpaint_bench.methods.baselines import Baseline, find_baselines, loader, runnable, weights_dataset, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.methods.entries import unquoted
from inpaint_bench.methods.folder import folder_method
from inpaint_bench.methods.networks import callable_method, network_method, python_method
from inpaint_bench.methods.programs import program_method
from inpaint_bench.weights import NO_WEIGHTS, open_weights

KINDS = ("folder", "python", "exec", *exported.KINDS)


def select_methods(
    methods: object,
    dataset: Dataset,
    every: Dataset,
    baselines: Path | None,
    weights: Mapping[str, str],
    code: Path | None = None,
    io: Mapping[str, str] = MappingProxyType({}),
) -> list[Method]:
    """The methods to run, in order.

    `methods` is one of
    - a list of entries as in `--methods`: "telea", "mine=folder:DIR", "again=telea";
    - a dictionary from names to the rest of such an entry ("folder:DIR", "python:MODULE:FUNCTION", "exec:COMMAND",
      "torchscript:FILE", "onnx:FILE", or a baseline's method) or to a function `(image, mask)` or
      `(image, mask, seeds)`;
    - None: every method that can run here as it is.

    `every` is the whole dataset, of which `dataset` may be a shard. `weights` gives a file or 'synthetic' by method,
    '*' for all; `code` is the folder that the code of programs and modules is in; `io` the contract of an exported
    network by method, '*' for all. Raises InputError for an unknown name, for a name used twice, and for an object that
    is no method.
    """
    known = find_baselines(baselines)
    brought, names = _by_name(runnable_methods(known, dataset.page)[0] if methods is None else methods)
    if methods is not None and not names:
        raise InputError("no method is named. Name one or more, or leave methods out for all that can run here.")
    if strangers := sorted(weights.keys() - {*names, "*"}):
        raise InputError(
            f"--weights names '{strangers[0]}', which is not one of the methods. {did_you_mean(strangers[0], names)}"
        )
    found = []
    for name in names:
        given = brought.get(name, name)
        if name in brought and not re.fullmatch(NAME, name):
            raise InputError(
                f"'{name}' cannot name a method; use small letters, digits, '.', '_' and '-', as in mine=folder:DIR."
            )
        if name not in brought or (isinstance(given, str) and given in known):
            found.append(_of_baseline(name, str(given), weights_dataset(str(given), dataset.page), known, weights))
        else:
            found.append(_brought(name, given, every, weights.get(name), known, code, io.get(name, io.get("*"))))
    return found


def _by_name(methods: object) -> tuple[dict[str, object], list[str]]:
    """The methods a user brings, by name, and the names of all methods, in order."""
    if isinstance(methods, Mapping):
        return dict(methods), list(methods)
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        raise InputError(
            f"methods: {_shown(methods)} is neither a list nor a dictionary. Give names, as in ['telea', 'spn'], "
            "or methods by name, as in {'mine': inpaint}."
        )
    brought: dict[str, object] = {}
    names: list[str] = []
    for entry in methods:
        if not isinstance(entry, str):
            raise InputError(f"methods: {_shown(entry)} has no name. Give {{'mine': …}}, a dictionary, not a list.")
        name, equals, rest = entry.partition("=")
        if name in names:
            raise InputError(f"two methods are called '{name}'. Give each method a name of its own.")
        names.append(name)
        if equals:
            brought[name] = unquoted(rest)
    return brought, names


def _shown(given: object) -> str:
    return f"'{given}'" if isinstance(given, str) else f"an object of type {type(given).__name__}"


def runnable_methods(known: Mapping[str, tuple[Baseline, MethodCard]], page: Protocol) -> tuple[list[str], list[str]]:
    """The methods that can run here as they are, and a sentence for each that only the protocol's size rules out."""
    found, left_out = [], []
    for name, (baseline, card) in known.items():
        if not runnable(baseline, card, weights_dataset(name, page)):
            continue
        if card.sizes.take(page.size):
            found.append(name)
        else:
            given = f"images of {page.size} pixels" if page.size else "images of any size"
            left_out.append(f"{name} is left out: it takes {card.sizes}, and the protocol has {given}.")
    return found, left_out


def _of_baseline(
    name: str, which: str, dataset: str, known: Mapping[str, tuple[Baseline, MethodCard]], weights: Mapping[str, str]
) -> Method:
    """A baseline's method, which a run may call by another name."""
    if which not in known:
        raise InputError(f"no method is called '{which}'. {did_you_mean(which, known)}")
    baseline, card = known[which]
    named = weights.get(name, weights.get("*") if card.learned else None)
    opened = weights_of(baseline, card, dataset, named)
    source = f"baseline {baseline.folder.name}" if name == which else f"baseline {baseline.folder.name}: {which}"
    method = network_method(name, source, baseline.code, loader(baseline, card), opened)
    return dataclasses.replace(method, title=card.title)


def _brought(
    name: str,
    given: object,
    every: Dataset,
    weights: str | None,
    known: Iterable[str],
    code: Path | None,
    io: str | None,
) -> Method:
    """A method of the user's own: the rest of an entry, or a function. `known` are the methods of baselines."""
    if not isinstance(given, str):
        return _function(name, given, weights)
    kind, _, target = given.partition(":")
    target = unquoted(target)
    if kind == "python":
        return python_method(name, target, open_weights(files.expanded(weights)) if weights else NO_WEIGHTS, code)
    if kind not in KINDS:
        allowed = did_you_mean(kind, [*KINDS, *known])
        raise InputError(f"{name}={given}: '{kind}' is neither a kind of method nor a baseline's method. {allowed}")
    if weights is not None:
        raise InputError(f"--weights {name}: a {kind}: method takes no weights from here.")
    if kind == "exec":
        return program_method(name, target, code)
    if kind in exported.KINDS:
        return exported.exported_method(name, kind, files.expanded(target), io)
    if not target:
        raise InputError(f"{name}={given}: give folder:DIR, the folder of its outputs.")
    folder = files.expanded(target)
    if not folder.exists():
        raise InputError(
            f"{folder}: there is no such folder of outputs. A path with a comma goes in quotes: {name}=folder:'A,B'."
        )
    return folder_method(name, folder, every.pairs, every.page.samples)


def _function(name: str, given: object, weights: str | None) -> Method:
    if not callable(given):
        raise InputError(
            f"{name}: {_shown(given)} is not a method. Give a function of (image, mask) or (image, mask, seeds), "
            "or text as in 'folder:DIR', 'python:MODULE:FUNCTION', 'exec:COMMAND'."
        )
    if weights is not None:
        raise InputError(f"--weights {name}: a function takes no weights from here; load them before.")
    return callable_method(name, given)
