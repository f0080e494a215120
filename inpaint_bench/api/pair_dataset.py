"""A protocol's pairs as a PyTorch dataset."""

from typing import TYPE_CHECKING, Any

from torch.utils.data import Dataset as TorchDataset

from inpaint_bench.api.arguments import AnyPath
from inpaint_bench.api.pairs import open_pairs
from inpaint_bench.data import prepare, tensors
from inpaint_bench.data.datasets import Dataset
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
