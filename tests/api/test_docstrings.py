"""The examples in the API's docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import inpaint_bench.api
from inpaint_bench import api

MODULES = [f"inpaint_bench.api.{found.name}" for found in pkgutil.iter_modules(api.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_hold(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_every_function_that_the_package_exports_has_an_example_or_takes_long() -> None:
    long = {"predict", "merge", "train", "time", "check", "inpaint", "compare", "table", "score_features", "read_study"}
    long |= {"submit_run", "check_leaderboard", "build_leaderboard", "push", "pull"}
    shown = inpaint_bench._API
    for name in shown.keys() - long:
        documented = getattr(inpaint_bench, name).__doc__ or ""
        if name in ("methods", "metrics"):
            documented = getattr(importlib.import_module("inpaint_bench.api.listing"), name).__doc__ or ""
        assert ">>>" in documented, name
