"""Benchmarks image inpainting: fixed mask-image pairs, named metrics, comparable tables.

    import inpaint_bench as ib

    run = ib.run("sample", methods=["telea", "spn-small"], metrics=["ssim", "psnr"])
    run.results                                  # a DataFrame, one row a number
    run.table("table1").to_latex()
    ib.run("sample", methods={"mine": my_inpaint})
    ib.score("targets/", "masks/", "predictions/")
    ib.methods(), ib.metrics(), ib.datasets()    # what is here, and what each lacks

Names are imported when they are first used: `import inpaint_bench` loads neither torch nor pandas.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from inpaint_bench.hardware import keep_compiled_code

__version__ = "0.2.0"

keep_compiled_code()  # before anything imports torch

_API = {  # name → the module of the API that defines it
    "run": "running",
    "predict": "running",
    "merge": "merging",
    "make_study": "study",
    "read_study": "study",
    "study_power": "power",
    "submit_run": "leaderboard",
    "check_leaderboard": "leaderboard",
    "build_leaderboard": "leaderboard",
    "load_run": "run",
    "Run": "run",
    "score": "scoring",
    "score_features": "scoring",
    "cite": "citing",
    "compare": "comparing",
    "compare_metrics": "comparing",
    "push": "sharing",
    "pull": "sharing",
    "model_index": "cards",
    "table": "tables",
    "load_method": "models",
    "metric": "models",
    "inpaint": "models",
    "check": "models",
    "time": "models",
    "train": "extensions",
    "load_dataset": "pair_dataset",
    "methods": "listing",
    "metrics": "listing",
    "datasets": "listing",
}
_ELSEWHERE = {
    "Table": "inpaint_bench.tables.table",
    "Protocol": "inpaint_bench.data.protocols",
    "BenchError": "inpaint_bench.errors",
    "InputError": "inpaint_bench.errors",
    "IncompleteError": "inpaint_bench.errors",
    "MethodError": "inpaint_bench.errors",
    "NotComparableError": "inpaint_bench.errors",
    "HashError": "inpaint_bench.errors",
}
_LISTED = ("methods", "metrics")  # subpackages whose names are functions of the API too

__all__ = [
    "BenchError",
    "HashError",
    "IncompleteError",
    "InputError",
    "MethodError",
    "NotComparableError",
    "Protocol",
    "Run",
    "Table",
    "__version__",
    "build_leaderboard",
    "check",
    "check_leaderboard",
    "cite",
    "compare",
    "compare_metrics",
    "datasets",
    "inpaint",
    "load_dataset",
    "load_method",
    "load_run",
    "make_study",
    "merge",
    "methods",
    "metric",
    "metrics",
    "model_index",
    "predict",
    "pull",
    "push",
    "read_study",
    "run",
    "score",
    "score_features",
    "study_power",
    "submit_run",
    "table",
    "time",
    "train",
]

if TYPE_CHECKING:
    from inpaint_bench.api.cards import model_index
    from inpaint_bench.api.citing import cite
    from inpaint_bench.api.comparing import compare, compare_metrics
    from inpaint_bench.api.extensions import train
    from inpaint_bench.api.leaderboard import build_leaderboard, check_leaderboard, submit_run
    from inpaint_bench.api.listing import datasets, methods, metrics
    from inpaint_bench.api.merging import merge
    from inpaint_bench.api.models import check, inpaint, load_method, metric, time
    from inpaint_bench.api.pair_dataset import load_dataset
    from inpaint_bench.api.power import study_power
    from inpaint_bench.api.run import Run, load_run
    from inpaint_bench.api.running import predict, run
    from inpaint_bench.api.scoring import score, score_features
    from inpaint_bench.api.sharing import pull, push
    from inpaint_bench.api.study import make_study, read_study
    from inpaint_bench.api.tables import table
    from inpaint_bench.data.protocols import Protocol
    from inpaint_bench.errors import (
        BenchError,
        HashError,
        IncompleteError,
        InputError,
        MethodError,
        NotComparableError,
    )
    from inpaint_bench.tables.table import Table


class _Package(ModuleType):
    """This package: `ib.methods()` and `ib.metrics()` list what there is, although subpackages have these names."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _LISTED and isinstance(value, ModuleType):  # the import system binds a subpackage
            value.__class__ = _ListedPackage
        super().__setattr__(name, value)


class _ListedPackage(ModuleType):
    """A subpackage that lists its contents when it is called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module("inpaint_bench.api.listing"), name)(*args, **kwargs)


def __getattr__(name: str) -> Any:
    if name in _LISTED:
        return import_module(f"inpaint_bench.{name}")
    if name in _API:
        return getattr(import_module(f"inpaint_bench.api.{_API[name]}"), name)
    if name in _ELSEWHERE:
        return getattr(import_module(_ELSEWHERE[name]), name)
    raise AttributeError(f"module 'inpaint_bench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__


sys.modules[__name__].__class__ = _Package
