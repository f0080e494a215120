"""A dataset on this machine: the page, where its pictures and masks lie, and its list of pairs."""

import dataclasses
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.data import pair_lists, prepare
from inpaint_bench.data.masks import sets
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.data.parts import WHOLE, Part
from inpaint_bench.data.prepare import Data
from inpaint_bench.data.protocols import About, ImageRule, MaskRule, Page, page_path, read_page
from inpaint_bench.errors import InputError, some

CELEBA_TEST_STARTS = 182_637  # the 0-based number of 182638.jpg, the first picture of CelebA's test partition


@dataclass(frozen=True)
class Dataset:
    """A protocol on this machine, or a part of it."""

    page: Page
    data: Data
    pairs: tuple[Pair, ...]
    fingerprint: str  # of the whole list, or of the first pairs where only they are taken
    by_pixels: bool = False  # the fingerprint covers pixels: two folders of pictures that no page lists
    part: Part = WHOLE


def open_dataset(dataset: str, given: Path | None, pairs_file: Path | None = None) -> Dataset:
    """The dataset of a page: a shipped name or the path of a page; its list ships, is given, or is drawn.

    Raises InputError for an unknown name, missing data, or names that are not those of the list.
    """
    path = page_path(dataset)
    page = read_page(path)
    data = _find_data(page, path, given)
    listed = pairs_file or path.with_name(f"{path.stem}.pairs.csv")
    pairs = pair_lists.read_csv(listed) if pairs_file or listed.is_file() else _draw(page, data)
    if len(pairs) != page.count:
        raise InputError(f"{listed}: {len(pairs)} pairs; the page asks for {page.count}.")
    prepare.check_names(page, data, pairs)
    mark = pair_lists.fingerprint(page, pairs)
    return Dataset(page, data, tuple(_remembered(mark, pairs)), mark)


def open_folders(images: Path, masks: Path) -> Dataset:
    """Two folders of pictures and masks, matched by name, as a dataset of its own.

    Raises InputError naming the pictures without a mask and the masks without a picture.
    """
    of_images = {Path(name).stem: name for name in prepare.list_once(images)}
    of_masks = {Path(name).stem: name for name in prepare.list_once(masks)}
    for folder, has, lacks in ((masks, of_images, of_masks), (images, of_masks, of_images)):
        if missing := sorted(has.keys() - lacks.keys()):
            raise InputError(
                f"{folder}: no file here is called {some(missing)}. Give every picture a mask of its name."
            )
    if not of_images:
        raise InputError(f"{images}: there are no pictures here.")
    names = sorted(of_images)
    pairs = [Pair(f"{i:05d}", of_images[name], of_masks[name]) for i, name in enumerate(names)]
    page = Page(
        schema=1,
        name="folders",
        about=About(title="pictures and masks of two folders", licence="yours", get="yours"),
        count=len(pairs),
        images=ImageRule(resize="none", duplicates="allow"),
        masks=MaskRule(resize="none", hole="255"),
    )
    return Dataset(page, Data(images, masks), tuple(pairs), "", by_pixels=True)


def of_run(
    page: Page, pairs: tuple[Pair, ...], given: Path | None, folders: tuple[Path | None, Path | None]
) -> Dataset:
    """The dataset of a run folder, to look at its targets again. Raises InputError when its data are not there."""
    images, masks = folders
    if images and masks:
        return Dataset(page, Data(images, masks), pairs, "")
    shipped = files.shipped("protocols") / f"{page.name}.toml"
    return Dataset(page, _find_data(page, shipped, given), pairs, "")


def take(dataset: Dataset, limit: int | None, shard: tuple[int, int] | None) -> Dataset:
    """The first pairs, or every n-th from the k-th; a whole dataset when neither is asked for.

    Raises InputError when both are asked for, or when there are fewer pairs than shards.
    """
    if limit is not None and shard is not None:
        raise InputError("--limit and --shard cannot be combined: a shard is a part of the whole.")
    if limit is not None:
        if limit >= len(dataset.pairs):
            return dataset
        pairs = dataset.pairs[:limit]
        mark = pair_lists.fingerprint(dataset.page, pairs, dataset.by_pixels)
        return dataclasses.replace(dataset, pairs=pairs, fingerprint=mark, part=Part("first", count=limit))
    if shard is not None and shard != (1, 1):
        number, of = shard
        if of > len(dataset.pairs):
            raise InputError(f"--shard {number}/{of}: there are only {len(dataset.pairs)} pairs to share out.")
        return dataclasses.replace(dataset, pairs=dataset.pairs[number - 1 :: of], part=Part("shard", number, of))
    return dataset


def see(dataset: Dataset, jobs: int, on_progress: Callable[[], None] = lambda: None) -> Dataset:
    """The dataset with every pair's hashes; those of a whole list are remembered in the cache folder.

    Two folders of pictures get their fingerprint here, so they are seen before a part of them is taken.
    """
    if all(pair.seen for pair in dataset.pairs):
        return dataset
    pairs = []
    for pair in prepare.see(dataset.page, dataset.data, list(dataset.pairs), jobs):
        pairs.append(pair)
        on_progress()
    if dataset.by_pixels:
        mark = pair_lists.fingerprint(dataset.page, pairs, with_pixels=True)
        return dataclasses.replace(dataset, pairs=tuple(pairs), fingerprint=mark)
    if not dataset.part:
        files.write_if_changed(_memory(dataset.fingerprint), pair_lists.to_csv(pairs))
    return dataclasses.replace(dataset, pairs=tuple(pairs))


def _memory(mark: str) -> Path:
    return files.cache_dir() / "pairs" / f"{mark}.csv"


def _remembered(mark: str, pairs: list[Pair]) -> list[Pair]:
    """The pairs with the hashes of the first build on this machine, where there was one."""
    memory = _memory(mark)
    return pair_lists.read_csv(memory) if not all(pair.seen for pair in pairs) and memory.is_file() else pairs


def _find_data(page: Page, path: Path, given: Path | None) -> Data:
    variable = os.environ.get("INPAINT_BENCH_DATA")
    beside = path.parent / page.data if page.data and path.is_file() else None
    root = given or beside or (Path(variable) / page.name if variable else None)
    shown = page.name if path.parent == files.shipped("protocols") else path
    ask = f"`inpaint-bench datasets show {shown}` says" if path.is_file() else "The protocol's page says"
    help_line = f"{ask} how to get the data and where to put it."
    if root is None:
        raise InputError(
            f"where do the data of {page.name} lie? Give --data DIR or set INPAINT_BENCH_DATA. {help_line}"
        )
    if not (root / "images").is_dir():
        raise InputError(f"{root / 'images'}: there is no such folder. {help_line}")
    places = [root / "masks"]
    if page.masks.set != "folder":
        places += [Path(variable) / page.masks.set] if variable else []
        places += [root.parent / page.masks.set]
    for masks in places:
        if masks.is_dir():
            return Data(root / "images", masks)
    raise InputError(f"the masks of {page.name} are in none of {', '.join(map(str, places))}. {help_line}")


def _draw(page: Page, data: Data) -> list[Pair]:
    names = _mapped(page, data) if page.images.mapping else prepare.list_once(data.images)
    chosen = names[: page.images.first]
    if len(chosen) != page.count:
        raise InputError(f"{data.images}: {len(chosen)} pictures; {page.name} asks for {page.count}.")
    return pair_lists.draw_pairs(chosen, mask_names(page, data), page.seed)


def mask_names(page: Page, data: Data) -> list[str]:
    """The names of a protocol's masks, sorted. Raises InputError when they are not all there."""
    nvidia = page.masks.set == "nvidia-irregular-test"
    names = sets.list_nvidia(data.masks) if nvidia else prepare.list_once(data.masks)
    if not names:
        raise InputError(f"{data.masks}: there are no masks here.")
    return names


def _mapped(page: Page, data: Data) -> list[str]:
    """The pictures of CelebA-HQ that lie in CelebA's test partition, in order of their number."""
    path = data.images.parent / page.images.mapping
    if not path.is_file():
        raise InputError(f"{path}: this file of CelebA-HQ is needed to know which pictures are test pictures.")
    files_of = {int(Path(name).stem): name for name in prepare.list_once(data.images) if Path(name).stem.isdigit()}
    names = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], start=2):
        words = re.fullmatch(r"\s*(\d+)\s+(\d+)\s+\d+\.jpg\s*", line)
        if words is None:
            raise InputError(f"{path}: line {number} is not 'idx orig_idx orig_file'. Fetch the file again.")
        if int(words[2]) >= CELEBA_TEST_STARTS:
            if int(words[1]) not in files_of:
                raise InputError(f"{data.images}: picture {words[1]} of the test partition is missing.")
            names.append(files_of[int(words[1])])
    return sorted(names, key=lambda name: int(Path(name).stem))
