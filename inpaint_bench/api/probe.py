"""The probe: whether a machine that units are sent to has what they need, and which device they would use there."""

import socket
from pathlib import Path
from typing import Any

from inpaint_bench import __version__, files
from inpaint_bench.errors import InputError
from inpaint_bench.methods.code import hash_of


def question(units: list[dict[str, Any]]) -> dict[str, Any]:
    """What the probe is given: what this machine has, and a unit of each method."""
    return {"versions": _versions(), "units": units}


def answer(asking: dict[str, Any]) -> dict[str, str]:
    """The name of this machine and the device that it computes on.

    Raises InputError, with the machine's name, where the package is another one than that of who asks, and as `run`
    does for a device, data or weights that are not here: the first pair is read, and weights are looked for.
    """
    from inpaint_bench.api.pipeline import Pipeline

    host, here = socket.gethostname(), _versions()
    for what, theirs in asking["versions"].items():
        if here[what] != theirs:
            raise InputError(
                f"{host}: {what} {here[what]} is installed there, and {theirs} here. Install the same on every machine."
            )
    device = ""
    for options in asking["units"]:
        try:
            device = Pipeline(**{**options, "shard": None, "limit": 1, "quiet": True}).device_of_run()
        except InputError as error:
            raise InputError(f"{host}: {error}") from error
    return {"host": host, "device": device}


def _versions() -> dict[str, str]:
    code = hash_of(Path(files.PACKAGE).rglob("*.py"), files.PACKAGE)
    return {"inpaint-bench": f"{__version__} (code {code})"}
