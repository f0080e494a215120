"""Two folders that are a dataset: one of images, one of their masks."""

from pathlib import Path

from inpaint_bench.api.progress import note, progress_bar
from inpaint_bench.data import datasets
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.errors import InputError


def open_folders(
    targets: Path | None, masks: Path | None, mask_threshold: int | None, jobs: int, quiet: bool
) -> Dataset:
    """The pairs of a folder of images and one of masks of the same names, read once.

    Raises InputError where one of the two is missing, and as `datasets.open_folders` and `datasets.see` do.
    """
    if (targets is None) != (masks is None):
        raise InputError("targets and masks go together: one folder of images, one of masks of the same names.")
    if targets is None or masks is None:
        raise InputError(
            "a mask threshold goes with targets and masks of your own; of a dataset the protocol page says "
            "which values are hole."
        )
    every = datasets.open_folders(targets, masks, mask_threshold)
    if every.rule:
        note(f"{every.rule}.")
    with progress_bar("reading the images", len(every.pairs), quiet) as advance:
        return datasets.see(every, jobs, lambda: advance(1))
