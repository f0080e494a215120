"""Metrics of one's own as users give them, made known: a module's function, a program, a plug-in, a Python function."""

import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from inpaint_bench import decode
from inpaint_bench.data.protocols import NAME
from inpaint_bench.errors import BenchError, InputError, did_you_mean
from inpaint_bench.methods.code import folder_code, function_code, module_code, only_known, program_code
from inpaint_bench.methods.entries import placeholders, split_methods, unquoted
from inpaint_bench.methods.foreign import blamed, imported
from inpaint_bench.metrics.own_metric import MetricInfo, OwnMetric, PairFunction, PairMetric, own_metric
from inpaint_bench.metrics.registry import KNOWN, declare

GROUP = "inpaint_bench.metrics"  # of entry points, each a PairMetric, or a function that says which way is better
RESERVED = ("all", "pair", "sample", "n")  # of --metrics, and columns of `score`
NEEDED, ALLOWED = {"composites", "out"}, {"composites", "targets", "masks", "out"}
DIRECTIONS = ("lower", "higher")
_imported: dict[str, str] = {}  # by module, the hash of its code when it was first imported here


def make_known(given: object, better: Mapping[str, str], folder: Path | None = None) -> tuple[list[str], list[str]]:
    """The names of the metrics that are given, once those of one's own are known, and notes about these.

    `given` is a text as of `--metrics`, or a list of names, of entries NAME=KIND:TARGET and of PairMetrics, or a
    dictionary from names to entries, functions and PairMetrics. `better` says of names which way is better, `folder`
    where their code is. Raises InputError for what is no metric, or does not say which way is better.
    """
    brought, names = _by_name(given)
    if strangers := sorted(better.keys() - brought.keys()):
        raise InputError(
            f"--better names '{strangers[0]}', which is not one of the metrics of your own. "
            f"{did_you_mean(strangers[0], brought)}"
        )
    notes = []
    for name, entry in brought.items():
        if not re.fullmatch(NAME, name) or name in RESERVED:
            raise InputError(
                f"'{name}' cannot name a metric; use small letters, digits, '.', '_' and '-', but none of "
                f"{', '.join(RESERVED)}."
            )
        metric, known = _opened(name, entry, better.get(name), folder)
        declare(metric)
        notes += [f"{name}: {only_known(known)}."] if known else []
    return names, notes


def _by_name(given: object) -> tuple[dict[str, object], list[str]]:
    """What a user brings, by name, and the names of all metrics."""
    if isinstance(given, Mapping):
        brought = {str(name): entry for name, entry in given.items() if entry != name}  # {"ssim": "ssim"}: what ships
        return brought, [str(name) for name in given]
    listed = split_methods(given, "--metrics") if isinstance(given, str) else given or ()
    if not isinstance(listed, Sequence):
        raise InputError(f"metrics: an object of type {type(given).__name__} is neither a list nor a dictionary.")
    brought, names = {}, []
    for one in listed:
        if not isinstance(one, (str, PairMetric)):
            raise InputError(
                f"metrics: an object of type {type(one).__name__} has no name. Give {{'mine': …}}, a dictionary."
            )
        name, equals, rest = (one.name, "=", "") if isinstance(one, PairMetric) else one.strip().partition("=")
        if equals and name in brought:
            raise InputError(f"two metrics are called '{name}'. Give each metric a name of its own.")
        if equals:
            brought[name] = one if isinstance(one, PairMetric) else unquoted(rest)
        names += [name] if name else []
    return brought, list(dict.fromkeys(names))


def _opened(name: str, entry: object, better: str | None, folder: Path | None) -> tuple[OwnMetric, str]:
    """A metric of one's own, and where its code is known from; '' where a user named its folder, or it is no file."""
    if isinstance(entry, PairMetric):
        declared = _declared(name, entry, better)
        info = _info(name, f"callable:{_qualified(entry.function)}", function_code(entry.function), declared)
        return own_metric(name, info, entry.function), ""
    if callable(entry):
        declared = _declared(name, entry, better)
        info = _info(name, f"callable:{_qualified(entry)}", function_code(entry), declared)
        return own_metric(name, info, entry), ""
    if not isinstance(entry, str):
        raise InputError(f"{name}: an object of type {type(entry).__name__} is no metric. Give a function or an entry.")
    kind, _, target = entry.partition(":")
    target = unquoted(target)
    if kind == "python":
        module, function = imported(f"{name}=python:{target}", target, "score")
        code, known = module_code(module)
        _refuse_stale(name, module, code)
        code, known = (folder_code(folder), "") if folder else (code, known)
        info = _info(name, f"python:{target}", code, _declared(name, function, better, module))
        return own_metric(name, info, function), known
    if kind == "exec":
        used = placeholders(f"{name}=exec:{target}", target)
        if not NEEDED <= used <= ALLOWED:
            raise InputError(
                f"{name}=exec:{target}: a command needs {{composites}} and {{out}}, and may use {{targets}} and "
                "{masks}; no other braces are allowed."
            )
        code, known = (folder_code(folder), "") if folder else program_code(target)
        info = _info(name, f"exec:{target}", code, _declared(name, None, better))
        return own_metric(name, info, command=target), known
    raise InputError(f"{name}={entry}: '{kind}' is no kind of metric. {did_you_mean(kind, ('python', 'exec'))}")


def _refuse_stale(name: str, module: ModuleType, code: str) -> None:
    """Raise InputError where the files of a module changed after they were imported: the hash is not of what runs."""
    if _imported.setdefault(f"{module.__name__} {module.__file__}", code) != code:
        raise InputError(f"{name}: the code of {module.__name__} changed since it was imported. Start Python again.")


def _qualified(function: PairFunction) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def _declared(name: str, of: object, better: str | None, module: ModuleType | None = None) -> dict[str, Any]:
    """Direction, unit and decimals: as the option says, or attributes of a function; its module may say the first."""
    stated = {what: getattr(of, what) for what in ("better", "unit", "decimals") if hasattr(of, what)}
    if module is not None and getattr(module, "better", None) in DIRECTIONS:
        stated.setdefault("better", module.better)
    if better is not None:
        stated["better"] = better
    if "better" not in stated:
        function = getattr(of, "__name__", "")
        beside = f", or {function}.better = 'lower' beside the function" if function else ""
        raise InputError(
            f"{name}: it does not say which way is better: --better {name}=lower or {name}=higher{beside}."
        )
    if stated["better"] not in DIRECTIONS:
        raise InputError(f"{name}: better is {stated['better']!r:.60}; it must be lower or higher.")
    return stated


def _info(name: str, entry: str, code: str, declared: Mapping[str, Any]) -> MetricInfo:
    """What run.json records. Raises InputError for a unit or decimals that are not allowed."""
    facts = {"entry": entry, "code": code, **declared}
    try:
        info: MetricInfo = decode.json(msgspec.json.encode(facts), MetricInfo)
    except (msgspec.DecodeError, TypeError) as error:
        raise InputError(
            f"{name}: its unit must be text of at most 20 letters, digits and signs such as % and /, and its decimals "
            f"a number from 0 to 10 ({error})."
        ) from error
    return info


# --- plug-ins -------------------------------------------------------------------------------------


def plugin_names() -> list[str]:
    """The names of metrics that plug-ins bring; one that ships is no plug-in's."""
    return [point.name for point in entry_points(group=GROUP) if not ships(point.name)]


def ships(name: str) -> bool:
    """Whether a name is that of a metric of the package."""
    return name in KNOWN and not isinstance(KNOWN[name], OwnMetric)


def open_plugins(names: Sequence[str] | None = None) -> dict[str, str]:
    """Make the metrics of plug-ins known, or those of the names; why the others fail, a sentence each by name."""
    failures = {}
    for point in entry_points(group=GROUP):
        if not ships(point.name) and (names is None or point.name in names):
            try:
                declare(_plugged(point))
            except BenchError as error:
                failures[point.name] = str(error)
    return failures


def _plugged(point: EntryPoint) -> OwnMetric:
    with blamed(point.name, f"loading the plug-in {point.value}", InputError):
        found = point.load()
    if not re.fullmatch(NAME, point.name) or point.name in RESERVED or not callable(getattr(found, "function", found)):
        raise InputError(f"{point.name}: the plug-in {point.value} is no metric under a name of one. Ask its authors.")
    function: PairFunction = found.function if isinstance(found, PairMetric) else found
    code = _code_of(function)
    info = _info(point.name, f"plugin:{point.value}", code, _declared(point.name, found, None))
    return own_metric(point.name, info, function)


def _code_of(function: PairFunction) -> str:
    """The hash of the package that a function is in."""
    module = sys.modules.get(getattr(function, "__module__", ""))
    return module_code(module)[0] if module else function_code(function)
