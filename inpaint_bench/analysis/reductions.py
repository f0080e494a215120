"""Reductions: how the samples of a stochastic method become one value a pair."""

import re
from dataclasses import dataclass
from typing import Literal

from inpaint_bench.errors import InputError

_NAME = re.compile(r"none|best-(?P<by>\w+)-of-(?P<k>\d+)(?:-from-(?P<drawn>\d+))?|(?P<kind>mean|first)-of-(?P<of>\d+)")


@dataclass(frozen=True)
class Reduction:
    """The best of k samples by a metric, the mean of all, the first, or none for a method with one output a pair.

    `drawn` is the number of samples that exist; it exceeds `k` where the score of fewer samples is the expectation
    over all subsets of k.
    """

    kind: Literal["none", "best", "mean", "first"] = "none"
    k: int = 1
    drawn: int = 1
    by: str = ""

    @classmethod
    def parse(cls, name: str) -> "Reduction":
        """The reduction with that name. Raises InputError for any other text."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise InputError(f"no reduction is called '{name}'. Allowed: none, best-psnr-of-5, mean-of-5, first-of-5.")
        if found["by"]:
            return cls("best", int(found["k"]), int(found["drawn"] or found["k"]), found["by"])
        if found["kind"] == "mean":
            return cls("mean", int(found["of"]), int(found["of"]))
        return cls("first", 1, int(found["of"])) if found["kind"] else cls()

    @property
    def name(self) -> str:
        """As results name it: 'none', 'best-psnr-of-5', 'best-psnr-of-2-from-5', 'mean-of-5', 'first-of-5'."""
        if self.kind == "best":
            return f"best-{self.by}-of-{self.k}" + (f"-from-{self.drawn}" if self.drawn > self.k else "")
        return "none" if self.kind == "none" else f"{self.kind}-of-{self.drawn}"

    @property
    def suffix(self) -> str:
        """What it adds to a signature: ':best-psnr-of-5'; '' for none."""
        return "" if self.kind == "none" else f":{self.name}"

    @property
    def main(self) -> bool:
        """Whether tables show it by default: one output a pair, or the best of all samples."""
        return self.kind == "none" or (self.kind == "best" and self.k == self.drawn)

    @property
    def label(self) -> str:
        """As table headings name it: 'best of 5', 'best of 2 from 5', 'mean of 5'; '' for none."""
        if self.kind == "best":
            return f"best of {self.k}" + (f" from {self.drawn}" if self.drawn > self.k else "")
        return "" if self.kind == "none" else f"{self.kind} of {self.drawn}"


NONE = Reduction()
