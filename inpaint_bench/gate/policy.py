"""The gate's policy: how far a record may lie from the expected one before it counts as moved."""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.judge import Number, Policy
from inpaint_bench.metrics.catalogue import KNOWN
from inpaint_bench.protocols import Spec
from inpaint_bench.records import Record

FILE = "policy.toml"  # beside expected records
ALPHA = 0.01  # of all records together: at most one gate of a hundred calls chance a drift
TENTH = 0.1  # of the last digit that tables print of a metric: as far its mean may move
RELATIVE = 1e-5  # or by this share of the expected value: networks' numbers on another processor

Size = Annotated[float, msgspec.Meta(ge=0)]


class Rule(Spec, frozen=True):
    """What holds for the records that it fits: names, or patterns as in psnr*."""

    metric: str = "*"
    method: str = "*"
    bucket: str = "*"
    absolute: Size | None = None  # in the metric's unit
    relative: Size | None = None  # of the expected value
    noise: Size | None = None  # how far a single pair may move by chance, in the metric's unit
    paired: bool | None = None  # whether the pairs are asked if a move can be chance
    improved: Literal["pass", "drift"] | None = None  # what a number that got better is

    def fits(self, record: Record) -> bool:
        """Whether it is about that record."""
        patterns = ((record.metric, self.metric), (record.method, self.method), (record.bucket, self.bucket))
        return all(fnmatchcase(name, pattern) for name, pattern in patterns)


class GatePolicy(Spec, frozen=True):
    """A policy file. Of the rules that fit a record the last one that gives a key holds for that key."""

    schema: Literal[1]
    alpha: Annotated[float, msgspec.Meta(ge=0.001, lt=1)] = ALPHA
    rules: tuple[Rule, ...] = ()

    def of(self, record: Record) -> Policy:
        """What counts as a move of that record.

        Without a rule: a tenth of the last digit that tables print of its metric, or 1e-5 of the value if that is
        more. A move beyond it is chance if the pairs say so, and none of them moved by more than one such digit.
        """
        metric, rule = KNOWN[record.metric], self._rule(record)
        digit = 10.0**-metric.decimals
        return Policy(
            metric.better,
            TENTH * digit if rule.absolute is None else rule.absolute,
            RELATIVE if rule.relative is None else rule.relative,
            rule.paired is not False,
            digit if rule.noise is None else rule.noise,
            self.alpha,
        )

    def refuses_better(self, record: Record) -> bool:
        """Whether a number that got better is drift too."""
        return self._rule(record).improved == "drift"

    def _rule(self, record: Record) -> Rule:
        """All rules that fit a record as one."""
        keys = ("absolute", "relative", "noise", "paired", "improved")
        given = {
            key: value
            for rule in self.rules
            if rule.fits(record)
            for key in keys
            if (value := getattr(rule, key)) is not None
        }
        return Rule(**given)

    def by_key(self, records: Iterable[Record]) -> Callable[[Number], Policy]:
        """The policy of each number, by its key: method, metric and bucket of its record."""
        policies = {(record.method, record.metric, record.bucket): self.of(record) for record in records}
        return lambda number: policies[number.key[0], number.key[1], number.key[2]]


DEFAULT = GatePolicy(schema=1)


def read_policy(path: Path) -> GatePolicy:
    """A policy file. Raises InputError naming the file, the key and what is allowed."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=GatePolicy)
    except OSError as error:
        raise InputError(f"{path}: there is no such policy file ({error.strerror}).") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # its kin ValidationError too
        raise InputError(f"{path}: {_said_plainly(str(error))}") from error


def refuse_idle(policy: GatePolicy, records: Iterable[Record], where: str) -> None:
    """Raise InputError when a rule fits no expected record: it would hold for nothing, whatever was meant."""
    listed = list(records)
    for number, rule in enumerate(policy.rules, start=1):
        if any(rule.fits(record) for record in listed):
            continue
        for what in ("metric", "method", "bucket"):
            known, pattern = {getattr(record, what) for record in listed}, getattr(rule, what)
            if not any(fnmatchcase(name, pattern) for name in known):
                sentence = f"no {what} that is expected fits '{pattern}'. {did_you_mean(pattern, known)}"
                raise InputError(f"{where}: rule {number}: {sentence}")
        raise InputError(f"{where}: rule {number} fits no expected record: its names never stand together.")


def _said_plainly(message: str) -> str:
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", message)
    if unknown is None:
        return f"{message.replace('`$.', '`')}."
    kind: type[Spec] = Rule if unknown[2] else GatePolicy
    where = " in [[rules]]" if unknown[2] else ""
    return f"no key is called '{unknown[1]}'{where}. {did_you_mean(unknown[1], kind.__struct_fields__)}"
