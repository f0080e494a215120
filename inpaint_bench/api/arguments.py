"""Arguments that many functions of the API share, and their plain forms."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from inpaint_bench import files
from inpaint_bench.metrics.own_metric import PairMetric

AnyPath: TypeAlias = str | Path
Names: TypeAlias = str | Sequence[str] | None  # one name, several, or None for all
Methods: TypeAlias = str | Sequence[str] | Mapping[str, str | Callable[..., Any]] | None

Metrics: TypeAlias = Names | Sequence[str | PairMetric] | Mapping[str, str | PairMetric | Callable[..., Any]]

JOBS = min(8, os.cpu_count() or 1)


def as_path(path: AnyPath | None) -> Path | None:
    """A path, `~` being the home folder, or None for none."""
    return None if path is None else files.expanded(path)


def as_metrics(given: Metrics, better: Mapping[str, str] | None = None, code: AnyPath | None = None) -> list[str]:
    """The names of metrics, once those of one's own are known. Raises InputError for what is no metric."""
    from inpaint_bench.api.progress import note
    from inpaint_bench.runner.own_metrics import make_known  # heavy

    if (given is None or (isinstance(given, str) and "=" not in given)) and not better:
        return as_names(given)
    names, notes = make_known(given, better or {}, as_path(code))
    for sentence in notes:
        note(sentence)
    return names


def as_names(names: Names) -> list[str]:
    """Names as a list, each once: of one text they are separated by commas."""
    if names is None:
        return []
    listed = names.split(",") if isinstance(names, str) else names
    return list(dict.fromkeys(name.strip() for name in listed if name.strip()))
