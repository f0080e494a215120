"""The gate's policy: how far a result may be from the expected one before it counts as moved."""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.verdicts import Number, Policy
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.metrics.registry import KNOWN

FILE = "policy.toml"  # beside expected results
ALPHA = 0.01  # over all results together: at most one gate in a hundred mistakes chance for drift
TENTH = 0.1  # of the last digit that tables print of a metric: how far its mean may move
RELATIVE = 1e-5  # or this fraction of the expected value: what a network computes on another processor

Size = Annotated[float, msgspec.Meta(ge=0)]


class Rule(Schema, frozen=True):
    """Tolerances of the results that it matches, by names or by patterns such as psnr*."""

    metric: str = "*"
    method: str = "*"
    bucket: str = "*"
    absolute: Size | None = None  # in the metric's unit
    relative: Size | None = None  # as a fraction of the expected value
    noise: Size | None = None  # how far a single pair may move by chance, in the metric's unit
    paired: bool | None = None  # whether a paired test may call a move chance
    improved: Literal["pass", "drift"] | None = None  # the state of a result that got better

    def fits(self, result: Result) -> bool:
        """Whether it matches that result."""
        patterns = ((result.metric, self.metric), (result.method, self.method), (result.bucket, self.bucket))
        return all(fnmatchcase(name, pattern) for name, pattern in patterns)


class GatePolicy(Schema, frozen=True):
    """A policy file. Of the rules that match a result, the last one that sets a key wins."""

    schema: Literal[1]
    alpha: Annotated[float, msgspec.Meta(ge=0.001, lt=1)] = ALPHA
    rules: tuple[Rule, ...] = ()

    def of(self, result: Result) -> Policy:
        """What counts as a move of that result.

        Without a rule the tolerance is a tenth of the last digit that tables print of its metric, or 1e-5 of the value
        if that is more. A move beyond it can be chance if the paired test says so and no pair moved by more than one
        such digit.
        """
        metric, rule = KNOWN[result.metric], self._rule(result)
        digit = 10.0**-metric.decimals
        return Policy(
            metric.better,
            TENTH * digit if rule.absolute is None else rule.absolute,
            RELATIVE if rule.relative is None else rule.relative,
            rule.paired is not False,
            digit if rule.noise is None else rule.noise,
            self.alpha,
        )

    def refuses_better(self, result: Result) -> bool:
        """Whether a result that got better counts as drift too."""
        return self._rule(result).improved == "drift"

    def _rule(self, result: Result) -> Rule:
        """All rules that match a result, merged."""
        keys = ("absolute", "relative", "noise", "paired", "improved")
        given = {
            key: value
            for rule in self.rules
            if rule.fits(result)
            for key in keys
            if (value := getattr(rule, key)) is not None
        }
        return Rule(**given)

    def by_key(self, results: Iterable[Result]) -> Callable[[Number], Policy]:
        """A function from a number to its policy, by method, metric and bucket."""
        policies = {(result.method, result.metric, result.bucket): self.of(result) for result in results}
        return lambda number: policies[number.key[0], number.key[1], number.key[2]]


DEFAULT = GatePolicy(schema=1)


def read_policy(path: Path) -> GatePolicy:
    """A policy file. Raises InputError naming the file, the key and what is allowed."""
    try:
        policy: GatePolicy = decode.toml(files.read_bytes(path), GatePolicy)
    except OSError as error:
        raise InputError(f"{path}: there is no such policy file ({error.strerror}).") from error
    except msgspec.DecodeError as error:  # ValidationError is one too
        raise InputError(f"{path}: {_plain_message(str(error))}") from error
    return policy


def refuse_idle(policy: GatePolicy, results: Iterable[Result], where: str) -> None:
    """Raise InputError for a rule that matches no expected result: it would have no effect."""
    listed = list(results)
    for number, rule in enumerate(policy.rules, start=1):
        if any(rule.fits(result) for result in listed):
            continue
        for what in ("metric", "method", "bucket"):
            known, pattern = {getattr(result, what) for result in listed}, getattr(rule, what)
            if not any(fnmatchcase(name, pattern) for name in known):
                sentence = f"no expected {what} matches '{pattern}'. {did_you_mean(pattern, known)}"
                raise InputError(f"{where}: rule {number}: {sentence}")
        raise InputError(f"{where}: rule {number} matches no expected result: its names never occur together.")


def _plain_message(message: str) -> str:
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", message)
    if unknown is None:
        return f"{message.replace('`$.', '`')}."
    kind: type[Schema] = Rule if unknown[2] else GatePolicy
    where = " in [[rules]]" if unknown[2] else ""
    return f"no key is called '{unknown[1]}'{where}. {did_you_mean(unknown[1], kind.__struct_fields__)}"
