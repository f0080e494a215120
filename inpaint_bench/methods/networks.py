"""Methods that are a Python function: of a baseline, of a user's module, or given as an object."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from inpaint_bench import files
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.methods.base import Method, Prediction, PredictJob
from inpaint_bench.methods.code import folder_code, module_code, only_known
from inpaint_bench.methods.foreign import blamed, imported
from inpaint_bench.methods.needs import NO_NEEDS, Needs, stated_by
from inpaint_bench.methods.options import Value, chosen, declared_by
from inpaint_bench.methods.parameters import takes_seeds
from inpaint_bench.weights import NO_WEIGHTS, Weights

if TYPE_CHECKING:  # heavy
    import torch

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
Load = Callable[..., Any]  # of (weights, device) and the options by keyword
_kept: dict[tuple[object, ...], Any] | None = None  # the method that stays loaded in this process, None: none does


def network_method(
    name: str,
    source: str,
    code: str,
    load: Load,
    weights: Weights,
    options: Mapping[str, Value] = NO_OPTIONS,
    needs: Needs = NO_NEEDS,
    probed: bool = True,
) -> Method:
    """A method whose `load(weights, device, **options)` returns `inpaint(image, mask)` or with `seeds` as a third.

    A function with a parameter `prompts` gets the prompt of each image too. `probed`: two images are tried before a
    run, which detects inverted masks.
    """
    bound = _once((source, code, weights.sha256, *options.items()), functools.partial(load, **options))

    def predict(job: PredictJob) -> Iterator[Prediction]:
        from inpaint_bench.methods.batches import predict_all  # heavy

        return predict_all(name, bound, weights, job, needs.sizes, probed)

    return Method(
        name,
        source,
        code,
        predict,
        weights,
        load=lambda device: bound(weights, device),
        options=options,
        needs=needs,
        probed=probed,
    )


def keep_loaded() -> None:
    """From now on a method stays loaded in this process for its next run, until another one is loaded."""
    global _kept
    _kept = {} if _kept is None else _kept


def _once(key: tuple[object, ...], load: Load) -> Load:
    """The function `load`, which is not called again where the method of this key and device stays loaded."""

    def loaded(weights: Weights, device: "torch.device") -> Any:
        if _kept is None:
            return load(weights, device)
        whole = (*key, str(device))
        if whole not in _kept:
            _kept.clear()
            _kept[whole] = load(weights, device)
        return _kept[whole]

    return loaded


def callable_method(name: str, function: Callable[..., Any]) -> Method:
    """A Python object that is called as `inpaint(image, mask)` or `inpaint(image, mask, seeds)`.

    Tensors are on the job's device: images (batch, 3, height, width) in [0, 1] with an empty hole, masks
    (batch, 1, height, width) with 1 in the hole, seeds (batch, samples). The code hash covers the source text of the
    function, or of the class of another object; what it refers to (weights, globals) is not covered.
    Raises InputError when it takes other parameters.
    """
    try:
        takes_seeds(function)
    except MethodError as error:
        raise InputError(f"{name}: {error}") from error
    target = function
    while isinstance(target, functools.partial):
        target = target.func
    target = target if hasattr(target, "__qualname__") else type(target)
    try:
        code = files.sha256(inspect.getsource(target).encode())[:12]
    except (OSError, TypeError):  # typed at a prompt, built in, or compiled
        code = ""
    source = f"callable:{target.__module__}.{target.__qualname__}"
    return network_method(name, source, code, lambda weights, device: function, NO_WEIGHTS)


def python_method(
    name: str, target: str, weights: Weights, folder: Path | None = None, given: Mapping[str, object] = NO_OPTIONS
) -> Method:
    """`MODULE:FUNCTION` of a user's module, a `load(weights, device)`, whose code is in `folder` if one is given.

    Keyword-only parameters with a default are its options, as `declared_by` reads them, its attribute `needs` says what
    it needs, as `Stated` lists. Raises InputError when it cannot be imported and for options that it does not have.
    """
    module, load = imported(f"{name}=python:{target}", target)
    code, known = (folder_code(folder), "") if folder else module_code(module)
    with blamed(f"{name}=python:{target}", "reading what it declares", InputError):
        options, needs = chosen(name, declared_by(load), given), stated_by(load)
    method = network_method(name, f"python:{target}", code, load, weights, options, needs)
    return replace(method, notes=only_known(known))
