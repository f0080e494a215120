"""Which methods to run: those of baselines by name, and a user's own as a folder, a module, a program or a function."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.protocols import NAME, Protocol
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.methods.base import Method
from inpaint_bench.methods.baselines import (
    Baseline,
    find_baselines,
    loader,
    refuse_absent,
    runnable,
    weights_dataset,
    weights_of,
)
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.methods.contracts import KINDS as EXPORTED
from inpaint_bench.methods.entries import unquoted
from inpaint_bench.methods.folder import folder_method
from inpaint_bench.methods.needs import Needs, refuse_size
from inpaint_bench.methods.networks import callable_method, network_method, python_method
from inpaint_bench.methods.options import Value, chosen
from inpaint_bench.methods.programs import program_method
from inpaint_bench.methods.sizes import ANY_SIZE
from inpaint_bench.weights import NO_WEIGHTS, Weights, open_weights
from inpaint_bench.weights.models import native_side

KINDS = ("folder", "python", "exec", *EXPORTED)


@dataclass(frozen=True)
class Given:
    """What a user gives beside the names of methods. Dictionaries are by method; '*' stands for all."""

    baselines: Path | None = None  # a folder of baselines of the user's own
    weights: Mapping[str, str] = field(default_factory=dict)  # a file, or 'synthetic'
    code: Path | None = None  # the folder that the code of programs and modules is in
    io: Mapping[str, str] = field(default_factory=dict)  # the contract of an exported network
    options: Mapping[str, Any] = field(default_factory=dict)  # values of a method's options by name: see `options_of`
    resize: bool = False  # images for methods that do not take their size
    offload: bool = False  # keep one part at a time on the GPU, where a method can

    def of(self, name: str) -> "Given":
        """What is given to one of the methods."""
        return dataclasses.replace(
            self, weights=_of(self.weights, name), io=_of(self.io, name), options=_of(self.options, name)
        )

    def options_of(self, name: str) -> Mapping[str, object]:
        """The values of a method's options, its own before those for all."""
        for given in self.options.values():
            if not isinstance(given, Mapping):
                raise InputError(f"the options of a method are given by name, as in {{'{name}': {{'steps': 30}}}}.")
        both = {**self.options.get("*", {}), **self.options.get(name, {})}
        return {str(option): value for option, value in both.items()}


NOTHING_GIVEN = Given()
Stated = TypeVar("Stated")


def _of(stated: Mapping[str, Stated], name: str) -> dict[str, Stated]:
    return {key: value for key, value in stated.items() if key in (name, "*")}


def select_methods(methods: object, dataset: Dataset, every: Dataset, given: Given = NOTHING_GIVEN) -> list[Method]:
    """The methods to run, in order.

    `methods` is one of
    - a list of entries as in `--methods`: "telea", "mine=folder:DIR", "again=telea";
    - a dictionary from names to the rest of such an entry ("folder:DIR", "python:MODULE:FUNCTION", "exec:COMMAND",
      "torchscript:FILE", "onnx:FILE", or a baseline's method) or to a function `(image, mask)` or
      `(image, mask, seeds)`;
    - None: every method that can run here as it is.

    `every` is the whole dataset, of which `dataset` may be a shard. Raises InputError for an unknown name, for a name
    used twice, and for an object that is no method.
    """
    known = find_baselines(given.baselines)
    brought, names = _by_name(runnable_methods(known, dataset.page)[0] if methods is None else methods)
    if methods is not None and not names:
        raise InputError("no method is named. Name one or more, or leave methods out for all that can run here.")
    for what, stated in (("--weights", given.weights), ("--set", given.options)):
        if strangers := sorted(stated.keys() - {*names, "*"}):
            raise InputError(
                f"{what} names '{strangers[0]}', which is not one of the methods. {did_you_mean(strangers[0], names)}"
            )
    found = []
    if given.offload and not any(_offloads(brought.get(name, name), known) for name in names):
        raise InputError("--offload: none of the methods can keep a part of itself off the GPU. Leave it out.")
    for name in names:
        entry = brought.get(name, name)
        if name in brought and not re.fullmatch(NAME, name):
            raise InputError(
                f"'{name}' cannot name a method; use small letters, digits, '.', '_' and '-', as in mine=folder:DIR."
            )
        if name not in brought or (isinstance(entry, str) and entry in known):
            method = _of_baseline(name, str(entry), weights_dataset(str(entry), dataset.page), known, given)
        else:
            method = _brought(name, entry, every, known, given)
        found.append(_resized(method, dataset.page) if given.resize else method)
    return found


def refuse_sizes(methods: object, page: Protocol, given: Given) -> None:
    """Raise InputError for a baseline that does not take a page's images: before weights are fetched or read."""
    known = find_baselines(given.baselines)
    brought, names = _by_name(methods)
    for name in names:
        which = brought.get(name, name)
        if isinstance(which, str) and which in known and not given.resize:
            refuse_size(name, known[which][1].sizes, page)


def _offloads(entry: object, known: Mapping[str, tuple[Baseline, MethodCard]]) -> bool:
    return isinstance(entry, str) and any(
        known[one][1].offloads for one in (entry, entry.partition(":")[0]) if one in known
    )


def _resized(method: Method, page: Protocol) -> Method:
    """The method for images of any size, if it does not take those of a page; it is another one, and says so."""
    sizes = method.needs.sizes
    if method.load is None or sizes.take(page.size):
        return method
    from inpaint_bench.methods import resized  # heavy

    load = method.load
    stated = {**method.options, "resize_for_method": resized.in_words(sizes)}
    needs = dataclasses.replace(method.needs, sizes=ANY_SIZE)
    wrapped = network_method(
        method.name, method.source, method.code, lambda _, device: resized.resized(load(device), sizes),
        method.weights, probed=method.probed,
    )  # fmt: skip
    return dataclasses.replace(
        wrapped, options=stated, needs=needs, resized=True, title=method.title, notes=method.notes,
        libraries=method.libraries, offloads=method.offloads, import_code=method.import_code,
    )  # fmt: skip


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
        if card.model is not None or not runnable(baseline, card, weights_dataset(name, page)):
            continue  # diffusion models take minutes an image without a large GPU: they are run where they are named
        if card.sizes.take(page.size):
            found.append(name)
        else:
            given = f"images of {page.size} pixels" if page.size else "images of any size"
            left_out.append(f"{name} is left out: it takes {card.sizes}, and the protocol has {given}.")
    return found, left_out


def _of_baseline(
    name: str, which: str, dataset: str, known: Mapping[str, tuple[Baseline, MethodCard]], given: Given
) -> Method:
    """A baseline's method, which a run may call by another name."""
    if which not in known:
        raise InputError(f"no method is called '{which}'. {did_you_mean(which, known)}")
    baseline, card = known[which]
    refuse_absent(card)
    options = chosen(name, card.options, given.options_of(name))
    named = given.weights.get(name, given.weights.get("*") if card.learned and not card.model else None)
    opened = weights_of(baseline, card, dataset, named)
    source = f"baseline {baseline.folder.name}" if name == which else f"baseline {baseline.folder.name}: {which}"
    offload = {"offload": given.offload} if card.offloads else {}

    def load(weights: Weights, device: Any, **values: Value) -> Any:
        return loader(baseline, card)(weights, device, **values, **offload)

    needs = _of_model(card.needs, opened.path) if card.model and opened.path else card.needs
    method = network_method(name, source, baseline.code, load, opened, options, needs, card.probed)
    return dataclasses.replace(
        method, title=card.title, notes=card.note, libraries=card.libraries, offloads=card.offloads,
        import_code=lambda: loader(baseline, card),
    )  # fmt: skip


def _of_model(needs: Needs, folder: Path) -> Needs:
    """What a method needs whose model the user names, and whose size is that of its parts."""
    side = native_side(folder)
    if side is None or needs.sizes.min_size > 1:
        return needs
    return dataclasses.replace(needs, sizes=dataclasses.replace(needs.sizes, min_size=side))


def _brought(
    name: str, entry: object, every: Dataset, known: Mapping[str, tuple[Baseline, MethodCard]], given: Given
) -> Method:
    """A method of the user's own: the rest of an entry, or a function. `known` are the methods of baselines."""
    weights, options = given.weights.get(name), given.options_of(name)
    if not isinstance(entry, str):
        chosen(name, (), options)
        return _function(name, entry, weights)
    kind, _, target = entry.partition(":")
    target = unquoted(target)
    if kind in known and known[kind][1].model is not None:
        with_model = dataclasses.replace(given, weights={**given.weights, name: target})
        return dataclasses.replace(_of_baseline(name, kind, "", known, with_model), source=entry, title="")
    if kind == "python":
        opened = open_weights(files.expanded(weights)) if weights else NO_WEIGHTS
        return python_method(name, target, opened, given.code, options)
    if kind not in KINDS:
        allowed = did_you_mean(kind, [*KINDS, *known])
        raise InputError(f"{name}={entry}: '{kind}' is neither a kind of method nor a baseline's method. {allowed}")
    chosen(name, (), options)
    if weights is not None:
        raise InputError(f"--weights {name}: a {kind}: method takes no weights from here.")
    if kind == "exec":
        return program_method(name, target, given.code)
    if kind in EXPORTED:
        from inpaint_bench.methods import exported  # heavy

        return exported.exported_method(name, kind, files.expanded(target), given.io.get(name, given.io.get("*")))
    if not target:
        raise InputError(f"{name}={entry}: give folder:DIR, the folder of its outputs.")
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
