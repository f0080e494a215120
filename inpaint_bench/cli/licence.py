"""Licences of what is to be fetched: printed first, and accepted by an option or by a typed yes."""

import sys
from collections.abc import Sequence

import click

from inpaint_bench.cli.render import note
from inpaint_bench.errors import InputError


def accepted(licences: Sequence[str], accept: bool) -> None:
    """Print licences and return once they are accepted. Raises InputError where they are not."""
    for licence in licences:
        note(licence)
    if accept:
        return
    if not sys.stdin.isatty():
        raise InputError(
            "nothing was fetched: the licences above are yours to accept. Add --accept-licence, or type yes in a "
            "terminal."
        )
    if click.prompt("Type yes to accept", default="no", err=True).strip().lower() != "yes":
        raise InputError("nothing was fetched: the licences were not accepted.")
