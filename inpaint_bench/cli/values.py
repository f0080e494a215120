"""What the texts of options become: shards, files by name, contracts, settings of methods."""

import os
import re
from collections.abc import Sequence
from typing import Any

import click

from inpaint_bench.errors import InputError


def as_shard(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """K/N as two numbers, 1 <= K <= N, K-L/N as three; of 'auto' those of the engine's variables.

    Raises BadParameter for others.
    """
    if value is None:
        return None
    if value == "auto":
        from inpaint_bench.api.executing import shard_of

        try:
            return shard_of(os.environ)
        except InputError as error:
            raise click.BadParameter(str(error)) from error
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?/(\d{1,9})", value)
    numbers = tuple(int(number) for number in found.groups() if number) if found else ()
    if not numbers or list(numbers) != sorted(numbers) or numbers[0] < 1:
        raise click.BadParameter(f"'{value}' is no shard; give K/N with 1 <= K <= N, as in 2/8, or K-L/N.")
    return numbers


def as_named_files(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Each NAME=FILE by its name. Raises BadParameter when one of the two is missing."""
    named = {}
    for value in values:
        name, _, path = value.partition("=")
        if not name or not path:
            raise click.BadParameter(f"'{value}' must be NAME=FILE, as in spn=spn.safetensors.")
        named[name] = path
    return named


class Folder(click.Path):
    """A path, in which `~` is the home folder even where no shell has looked at it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        return super().convert(os.path.expanduser(value), param, ctx)  # noqa: PTH111  # which raises for nobody's


class Entries(click.types.StringParamType):
    """One text a use of the option; of its environment variable, the whole."""

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """The value as it is: blanks separate nothing."""
        return [rv]


def joined(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str:
    """What an option was given in several uses, as one list."""
    return ",".join(values)


def as_contracts(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Each [NAME=]CONTRACT by the method's name, '*' for all: what stands before a ':' is one."""
    found = {}
    for value in values:
        name, colon, contract = value.partition(":")
        found[name if colon else "*"] = contract if colon else value
    return found


def as_settings(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Each METHOD.OPTION=VALUE by method and option. Raises BadParameter where one of the three is missing."""
    found: dict[str, dict[str, str]] = {}
    for entry in values:
        named, equals, value = entry.partition("=")
        method, dot, name = named.rpartition(".")
        if not (method and dot and name and equals):
            raise click.BadParameter(f"'{entry}' must be METHOD.OPTION=VALUE, as in sdxl-inpaint.steps=30.")
        if found.setdefault(method, {}).setdefault(name, value) != value:
            raise click.BadParameter(f"{named} is given twice, with {found[method][name]} and with {value}.")
    return found
