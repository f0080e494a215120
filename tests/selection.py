"""Which cases of a parametrised test run each time, and which with the acceptance tests alone."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def quick(every: Iterable[Any], kept: Collection[Any]) -> list[Any]:
    """All cases as parameters: those kept run each time, the others with the acceptance tests; a tuple is a case."""
    cases = [one if isinstance(one, tuple) else (one,) for one in every]
    daily = {one if isinstance(one, tuple) else (one,) for one in kept}
    assert daily <= set(cases)
    return [pytest.param(*one, marks=() if one in daily else pytest.mark.acceptance) for one in cases]
