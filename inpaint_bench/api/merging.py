"""The shards of a run, joined into one run."""

from collections.abc import Sequence
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.api.arguments import AnyPath, Names, as_names
from inpaint_bench.api.outcome import Outcome, incomplete, warn_of_strays
from inpaint_bench.api.run import Run
from inpaint_bench.api.writing import write_derived
from inpaint_bench.runner import folder
from inpaint_bench.runner import merge as merging
from inpaint_bench.runner.merge_scores import merge_scores
from inpaint_bench.runner.metrics import choose_recorded


def merge(parts: Sequence[AnyPath], out: AnyPath, metrics: Names = None, *, allow_mixed: bool = False) -> Outcome:
    """Join the run folders of all shards into one run, in whatever order they come.

    With `allow_mixed`, shards of a method may come from machines that differ; the run records it, and tables note it.

    Raises IncompleteError where a shard or a pair is missing, NotComparableError where the parts were made
    differently, and InputError where a pair is there twice or `out` holds something else.
    """
    folders, into = [Path(part) for part in parts], Path(out)
    with files.only_one(into), disk.names_synced_once(into):
        for part in folders:
            opened = folder.open_run(part)
            warn_of_strays(opened, opened.info.methods)
        merged = merging.merge(folders, into, allow_mixed)
        chosen = choose_recorded(as_names(metrics), merged, str(out))
        merge_scores([folder.open_run(part) for part in folders], merged)
        joined = write_derived(Run(merged), chosen)
    return Outcome(joined, tuple(merged.info.methods), chosen, tuple(incomplete(merged, merged.info.methods)))
