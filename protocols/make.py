"""Write the files that ship beside the pages: the masks of the sample dataset, and the lists of pairs.

    python protocols/make.py

writes the same bytes on every machine, in some minutes. The list of the sample contains the hashes of its pixels;
those of paris, places2 and celeba only contain names, since their data cannot ship; those of drawn masks also contain
what is known of the masks. The names of the images of celeba-hq are in a file of the dataset, so what is known of
drawn masks is in a list of its own. Published lists never change: this script documents how they were made.
"""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from inpaint_bench.data import pair_lists, prepare
from inpaint_bench.data.images import mask_values, png_bytes
from inpaint_bench.data.masks import drawn
from inpaint_bench.data.masks.draw import draw
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.data.protocols import Protocol, read_page
from inpaint_bench.files import write_if_changed

HERE = Path(__file__).resolve().parent
MASKS = {"strokes": 10, "walks": 10, "boxes": 4, "half": 1}  # number per kind and bucket of the sample
BUCKETS = ((1, 20), (20, 40), (40, 60))  # percent; holes of at least 1%, as in NVIDIA's set
NVIDIA = [f"{index:05d}.png" for index in range(12000)]
NAMES = {
    "paris": [f"{number:03d}_im.png" for number in range(1, 101)],
    "places2": [f"Places365_val_{number:08d}.jpg" for number in range(1, 12001)],
    "celeba": [f"{number:06d}.jpg" for number in range(182638, 194638)],
}


def sample_masks() -> dict[str, bytes]:
    """The PNG files of the sample's masks by name; every mask has its own seed."""
    masks: dict[str, bytes] = {}
    for low, high in BUCKETS:
        for kind, count in MASKS.items():
            for number in range(count):
                hole = draw(kind, 256, len(masks), low, high)
                masks[f"{kind}-{low:02d}-{high}-{number}.png"] = png_bytes(mask_values(hole))
    return masks


def sample_pairs(page: Protocol) -> list[Pair]:
    """The sample's pairs with the hashes of their pixels."""
    data = prepare.Data(HERE / "sample" / "images", HERE / "sample" / "masks")
    names = (prepare.list_once(data.images), prepare.list_once(data.masks))
    return list(prepare.see(page, data, pair_lists.draw_pairs(*names, page.seed), jobs=2))


DRAWN = {  # pages with drawn masks, and the images whose names ship
    "paris-drawn": NAMES["paris"],
    "places2-drawn": NAMES["places2"],
    "celeba-drawn": NAMES["celeba"],
    "places2-512": NAMES["places2"],
    "celeba-hq-drawn": None,
    "celeba-hq-512": None,
}


def drawn_pairs(name: str) -> Pairs:
    """The pairs of a page with drawn masks; of one whose images' names do not ship, numbers in their place."""
    page = read_page(HERE / f"{name}.toml")
    names = DRAWN[name] or [f"{number:05d}" for number in range(page.count)]
    return pair_lists.draw_pairs(names, drawn.mask_names(page), page.seed)


def with_mask(page: Protocol, pair: Pair) -> Pair:
    """The pair with what is recorded of its mask, which is drawn."""
    assert page.size is not None
    return prepare.with_mask(page, pair, drawn.draw_named(pair.mask, page.size))


def drawn_list(name: str, pairs: Iterable[Pair]) -> tuple[Path, bytes]:
    """The file that ships beside a page with drawn masks."""
    if DRAWN[name]:
        return HERE / f"{name}.pairs.csv", pair_lists.to_csv(pairs)
    return HERE / f"{name}.masks.csv", pair_lists.masks_to_csv(pairs)


def main() -> None:
    """Write every file."""
    for name, data in sample_masks().items():
        write_if_changed(HERE / "sample" / "masks" / name, data)
    page = read_page(HERE / "sample.toml")
    write_if_changed(HERE / "sample.pairs.csv", pair_lists.to_csv(sample_pairs(page)))
    for dataset, names in NAMES.items():
        paired = pair_lists.draw_pairs(names, NVIDIA, read_page(HERE / f"{dataset}.toml").seed)
        write_if_changed(HERE / f"{dataset}.pairs.csv", pair_lists.to_csv(paired))
    with ProcessPoolExecutor() as pool:
        for dataset in DRAWN:
            known = partial(with_mask, read_page(HERE / f"{dataset}.toml"))
            write_if_changed(*drawn_list(dataset, pool.map(known, drawn_pairs(dataset), chunksize=50)))


if __name__ == "__main__":
    main()
