"""The executors by name: this machine, Slurm, Ray, and those of plug-ins."""

import csv
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from inpaint_bench.errors import BenchError, InputError, did_you_mean
from inpaint_bench.executors.local import Local
from inpaint_bench.executors.units import Executor

GROUP = "inpaint_bench.executors"  # of entry points, each a function of a text that returns an Executor


def open_executor(text: str = "", processes: int = 1, gpus: int = 0) -> Executor | None:
    """The executor 'NAME' or 'NAME:OPTIONS'; None where one process is enough: this one.

    Raises InputError for an unknown name, for options that it does not have, and where its engine is not here.
    """
    name, _, given = text.partition(":")
    if name in ("", "local"):
        if given:
            raise InputError(f"--executor local:{given}: its options are --processes and --gpus.")
        slots = max(processes, gpus)
        return Local(slots, gpus) if slots > 1 or gpus or name else None
    if processes > 1 or gpus:
        raise InputError(f"--processes and --gpus are of this machine, not of --executor {name}: leave them out.")
    known = {"slurm": _slurm, "ray": _ray}
    brought = {point.name: point for point in entry_points(group=GROUP)}
    if name in known:
        return known[name](options_of(name, given))
    if name in brought:
        return _brought(brought[name], given)
    raise InputError(f"no executor is called '{name}'. {did_you_mean(name, ['local', *known, *brought])}")


def options_of(name: str, text: str) -> dict[str, str]:
    """KEY=VALUE by key, separated by commas; a pair with a comma stands in quotes. A first VALUE alone is the address.

    Raises InputError where one has no key, or two have the same.
    """
    try:
        words = next(csv.reader([text], quotechar="'", skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise InputError(f"--{name}: {text!a} cannot be read ({error}). A pair with a comma: 'KEY=A,B'.") from error
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        key, equals, value = word.strip().partition("=")
        if not equals and place == 0 and name == "ray":
            key, value = "address", key
        elif not (key and equals):
            raise InputError(f"--{name}: '{word}' must be KEY=VALUE, as in time=60; with a comma in quotes, 'KEY=A,B'.")
        if key in found:
            raise InputError(f"--{name}: {key} is given twice.")
        found[key] = value
    return found


def _slurm(options: dict[str, str]) -> Executor:
    from inpaint_bench.executors.slurm import open_slurm

    return open_slurm(options)


def _ray(options: dict[str, str]) -> Executor:
    from inpaint_bench.executors.ray import open_ray

    return open_ray(options)


def _brought(point: EntryPoint, given: str) -> Executor:
    try:
        make: Callable[[str], Executor] = point.load()
        return make(given)
    except BenchError:
        raise
    except Exception as error:  # whatever the code of others raises
        raise InputError(
            f"--executor {point.name}: {point.value} fails: {type(error).__name__}: {error}. Ask its authors."
        ) from error
