"""Datasets and their pairs: opened for PyTorch, built, verified, imported, shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.utils.data import Dataset as TorchDataset

from inpaint_bench import files
from inpaint_bench.analysis.results import bucket_sizes
from inpaint_bench.api.arguments import AnyPath, as_path
from inpaint_bench.api.progress import progress_bar
from inpaint_bench.data import datasets, digests, pair_lists, prepare, tensors
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.index_arrays import import_index
from inpaint_bench.errors import HashError, InputError, some
from inpaint_bench.figures.inline import strip

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 4  # pairs that a notebook shows


class PairDataset(TorchDataset[dict[str, Any]]):
    """The fixed pairs of a protocol as a PyTorch dataset.

    An item is a dict: `pair` (its name), `image` (3, height, width), RGB in [0, 1] with zeros in the hole, `mask` (1,
    height, width) with 1 in the hole, and `target`, the whole image.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @property
    def pairs(self) -> "pd.DataFrame":
        """One row a pair: names, and, once the pixels were read, their hashes, mask ratio and bucket."""
        import pandas as pd

        return pd.DataFrame(self.dataset.pairs)

    @property
    def fingerprint(self) -> str:
        """Which image meets which mask, under which rules: twelve hexadecimal digits."""
        return self.dataset.fingerprint

    @property
    def pixels(self) -> str:
        """The pixel digest of the pairs, 64 hexadecimal digits; '' before their pixels were read."""
        return self.dataset.pixels

    def _repr_html_(self) -> str:
        page, count = self.dataset.page, len(self.dataset.pairs)
        first = [prepare.prepare(page, self.dataset.data, pair) for pair in self.dataset.pairs[:SHOWN]]
        title = f"{page.name}: {count} pairs, fingerprint {self.fingerprint}; the first {len(first)}"
        return strip(title, [(one.pair.pair, (one.target, one.target * ~one.hole[..., None])) for one in first])

    def __len__(self) -> int:
        return len(self.dataset.pairs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        prepared = prepare.prepare(self.dataset.page, self.dataset.data, self.dataset.pairs[index])
        target, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
        image = tensors.emptied(target, mask)
        return {"pair": prepared.pair.pair, "image": image[0], "mask": mask[0], "target": target[0]}


def load_dataset(dataset: str = "sample", data: AnyPath | None = None, pairs: AnyPath | None = None) -> PairDataset:
    """A protocol's pairs as a PyTorch dataset; `.pairs` is a DataFrame.

    `dataset` is a protocol's name, the path of a page or 'photos:DIR', `data` the folder that holds its images/ and
    masks/, `pairs` another list of pairs. Raises InputError for an unknown name and where data are missing; an item
    raises HashError where its pixels are not those that were recorded.

    >>> import inpaint_bench as ib
    >>> dataset = ib.load_dataset("sample")
    >>> len(dataset), dataset[0]["image"].shape, dataset.pairs.loc[0, "bucket"]
    (75, torch.Size([3, 256, 256]), '0.0-0.2')
    """
    return PairDataset(open_pairs(dataset, data, pairs))


def open_pairs(dataset: str, data: AnyPath | None, pairs: AnyPath | None) -> Dataset:
    """A protocol on this machine. Raises InputError as `load_dataset` does."""
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
