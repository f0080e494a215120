"""What makes a method's composites: code, weights, options, libraries, machine; the same within one method."""

import platform
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

import msgspec

from inpaint_bench import __version__
from inpaint_bench.errors import InputError
from inpaint_bench.methods.options import in_words
from inpaint_bench.runner import machines
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.run_info import MethodInfo

if TYPE_CHECKING:  # heavy
    import torch

    from inpaint_bench.methods.base import Method

LIBRARIES = ("numpy", "numba", "opencv-python-headless", "pillow", "scikit-image", "torch")


def method_info(method: "Method", device: "torch.device", known_error_allowed: bool = False) -> MethodInfo:
    """What produces a method's composites now, on this machine; without torch's settings, which it may still change."""
    versions = {name: installed(name) for name in (*LIBRARIES, *method.libraries)}
    machine = machines.facts_of(method, device)
    command = ("inpaint-bench", *sys.argv[1:])
    environment = {"inpaint-bench": __version__, "python": platform.python_version(), **versions}
    made_by = (method.source, method.code, method.weights.sha256, device.type, command, environment, machine)
    return MethodInfo(*made_by, known_error_allowed, method.weights.unpinned, method.notes, dict(method.options))


def refuse_other(run: RunFolder, method: "Method") -> None:
    """Raise InputError where a run holds composites of a method that other code, weights or options made."""
    if not run.samples_of(method.name):
        return
    before = _made_by(run, method)
    facts = [
        ("source", before.source, method.source),
        ("code", before.code, method.code),
        ("weights", before.weights, method.weights.sha256),
    ]
    if before.options != dict(method.options):
        facts.append(("options", in_words(before.options), in_words(method.options)))
    _refuse(run, method, facts)


def refuse_mixture(run: RunFolder, method: "Method", now: MethodInfo, allow_mixed: bool = False) -> None:
    """Raise InputError where existing composites were produced by another machine, code, weights or libraries.

    With `allow_mixed`, machine and libraries may differ.
    """
    refuse_other(run, method)
    before = _made_by(run, method)
    machines_differ = [] if allow_mixed else _differences(before, now)
    _refuse(run, method, [("device", before.device, now.device), *machines_differ])


def _made_by(run: RunFolder, method: "Method") -> MethodInfo:
    before = run.info.methods.get(method.name)
    if before is None:
        raise InputError(f"{run.folder_of(method.name)}: run.json says nothing of what made it. Delete that folder.")
    return before


def _refuse(run: RunFolder, method: "Method", facts: Iterable[tuple[str, str, str]]) -> None:
    """Raise InputError for the first fact whose value before is not that of now."""
    for fact, old, new in facts:
        if old != new:
            two_methods = "Other options are another method: give it a name of its own. " if fact == "options" else ""
            raise InputError(
                f"{run.folder_of(method.name)}: made with {fact} {old or 'none'}, now it is {new or 'none'}; "
                f"the two are not mixed. {two_methods}Start it anew with --fresh {method.name}, or choose another "
                "--out."
            )


def mixture(infos: Sequence[MethodInfo]) -> MethodInfo:
    """What made the parts of a method, on machines and with libraries that may differ: which of them do is noted."""
    found = infos[0]
    for info in infos[1:]:
        mixed = {*found.mixed, *info.mixed, *(fact for fact, *_ in _differences(found, info))}
        found = msgspec.structs.replace(
            found,
            machine=machines.joined(found.machine, info.machine),
            environment=machines.joined(found.environment, info.environment),
            known_error_allowed=found.known_error_allowed or info.known_error_allowed,
            mixed=tuple(sorted(mixed)),
        )
    return found


def _differences(before: MethodInfo, now: MethodInfo) -> list[tuple[str, str, str]]:
    """The facts of libraries and machine that differ, each with both values."""
    versions = [(name, version, now.environment.get(name, "")) for name, version in sorted(before.environment.items())]
    differ = [one for one in versions if one[1] != one[2]]
    return [*differ, *machines.differences(before.machine, now.machine)]


def installed(name: str) -> str:
    """The version of an installed package; '' where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
