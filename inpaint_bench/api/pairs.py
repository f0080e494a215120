"""The pairs of datasets: opened, built, verified, imported, counted."""

from pathlib import Path

from inpaint_bench import files
from inpaint_bench.analysis.results import bucket_sizes
from inpaint_bench.api.arguments import AnyPath, as_path
from inpaint_bench.api.progress import progress_bar
from inpaint_bench.data import datasets, digests, pair_lists, prepare
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.index_arrays import import_index
from inpaint_bench.errors import HashError, InputError, some


def open_pairs(dataset: str, data: AnyPath | None, pairs: AnyPath | None) -> Dataset:
    """A protocol on this machine. Raises InputError for an unknown name, and where data are missing."""
    return datasets.open_dataset(dataset, as_path(data), as_path(pairs))


def build_pairs(
    dataset: str,
    data: AnyPath | None = None,
    pairs: AnyPath | None = None,
    out: AnyPath | None = None,
    export: AnyPath | None = None,
    jobs: int = 2,
    quiet: bool = False,
) -> Dataset:
    """Read every pair for the first time and record the hashes of its pixels; the list is written to `out` too.

    `export` is a folder for what methods are given: images/ with the hole emptied, and masks/.
    """
    opened = open_pairs(dataset, data, pairs)
    with progress_bar("pairs", datasets.unseen(opened), quiet) as advance:
        seen = datasets.see(opened, jobs, lambda: advance(1))
    if out:
        files.write_if_changed(Path(out), pair_lists.to_csv(seen.pairs))
    if export:
        with progress_bar("export", len(seen.pairs), quiet) as advance:
            prepare.export(seen.page, seen.data, list(seen.pairs), Path(export), jobs, lambda: advance(1))
    return seen


def verify_pairs(
    dataset: str, data: AnyPath | None = None, pairs: AnyPath | None = None, jobs: int = 2, quiet: bool = False
) -> Dataset:
    """Compare the pixels on disk with the hashes that were recorded. Raises HashError where they differ."""
    opened = open_pairs(dataset, data, pairs)
    if not all(pair.seen for pair in opened.pairs):
        raise InputError(f"{dataset}: no hashes were recorded yet. `inpaint-bench pairs build` does that first.")
    with progress_bar("pairs", len(opened.pairs), quiet) as advance:
        wrong = list(prepare.verify(opened.page, opened.data, list(opened.pairs), jobs, lambda: advance(1)))
    if wrong:
        raise HashError(f"{wrong[0][1]} In all {len(wrong)} pairs differ: {some((name for name, _ in wrong), 20)}.")
    return opened


def verify_dataset(
    dataset: str, data: AnyPath | None = None, pairs: AnyPath | None = None, jobs: int = 2, quiet: bool = False
) -> tuple[Dataset, bool]:
    """Read every pair and compare pixels with the hashes that were recorded and with the digests that are known.

    Returns the dataset and whether a digest of it is known. Raises HashError where the pixels are other ones.
    """
    opened = open_pairs(dataset, data, pairs)
    recorded = all(pair.seen for pair in opened.pairs)
    found = (verify_pairs if recorded else build_pairs)(dataset, data, pairs, jobs=jobs, quiet=quiet)
    known, digest = digests.known_digests(found.fingerprint), found.pixels
    if known and digest not in known:
        listed = ", ".join(f"{one[:12]} ({seen})" for one, seen in known.items())
        raise HashError(
            f"{found.data.images}: the pixels have the digest {digest[:12]}; known for {found.page.name} is {listed}. "
            "This is another copy of the data, or an image library decodes it in another way: numbers from it are not "
            "comparable."
        )
    return found, bool(known)


def import_pairs(
    dataset: str, index: AnyPath, out: AnyPath, data: AnyPath | None = None, pairs: AnyPath | None = None
) -> tuple[int, str]:
    """Write a list of pairs from an index array (.npy), as the code of EC, RN, SPL and SPN reads it.

    Returns the number of pairs and the fingerprint. Raises InputError for an array that does not fit.
    """
    opened = open_pairs(dataset, data, pairs)
    names = [pair.image for pair in opened.pairs]
    imported = import_index(Path(index), names, datasets.mask_names(opened.page, opened.data))
    files.write_whole(Path(out), pair_lists.to_csv(imported))
    return len(imported), pair_lists.fingerprint(opened.page, imported)


def counts(dataset: Dataset) -> dict[str, int]:
    """How many pairs each bucket of a dataset holds, and all; empty before its pixels were read."""
    if not all(pair.seen for pair in dataset.pairs):
        return {}
    return bucket_sizes(dataset.pairs, dataset.page)
