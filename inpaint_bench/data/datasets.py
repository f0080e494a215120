"""A dataset on this machine: its protocol page, its folders of images and masks, and its list of pairs."""

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inpaint_bench import files
from inpaint_bench.data import pair_lists, photographs, prepare
from inpaint_bench.data.folders import couple
from inpaint_bench.data.masks import drawn, sets
from inpaint_bench.data.names import by_stem
from inpaint_bench.data.pairs import Pair, Pairs
from inpaint_bench.data.parts import WHOLE, Part, Shard, part_of
from inpaint_bench.data.prepare import Data, Listing
from inpaint_bench.data.protocols import About, ImageRule, MaskRule, Protocol, page_path, read_page
from inpaint_bench.errors import BenchError, HashError, InputError

CELEBA_TEST_STARTS = 182_637  # the 0-based number of 182638.jpg, the first image of CelebA's test partition


@dataclass(frozen=True)
class Dataset:
    """A protocol with its data on this machine, or a part of it."""

    page: Protocol
    data: Data
    pairs: Pairs
    fingerprint: str  # of all pairs, or of the first ones if only these are taken
    by_pixels: bool = False  # the fingerprint covers pixels, as for two folders that no protocol describes
    part: Part = WHOLE
    rule: str = ""  # how images and masks of two folders were matched, where not by equal names

    @property
    def pixels(self) -> str:
        """The pixel digest of the pairs; '' before their pixels were read."""
        return pair_lists.pixel_digest(self.pairs) if all(pair.seen for pair in self.pairs) else ""


def open_dataset(dataset: str, given: Path | None, pairs_file: Path | None = None) -> Dataset:
    """The dataset of a protocol, given by a shipped name, the path of a page, or as `photos:DIR`.

    `given` is the folder of its data. The list of pairs is `pairs_file`, or the one beside the page, or is drawn by
    the pair rule; what is known of its masks may lie beside the page too. Raises InputError for an unknown name,
    missing data, or files that do not match the list.
    """
    page, path = open_page(dataset)
    if photographs.named(dataset) and given:
        raise InputError(f"--dataset {dataset} names the folder of its data; leave out --data {given}.")
    data = _find_data(page, path, path if photographs.named(dataset) else given)
    listing = functools.cache(prepare.list_once)
    listed = pairs_file or path.with_name(f"{path.stem}.pairs.csv")
    if photographs.named(dataset) and not pairs_file:
        pairs = _draw(page, data, listing)
    elif pairs_file or listed.is_file():
        pairs = pair_lists.read_csv(listed)
    else:
        listed = path.with_name(f"{path.stem}.masks.csv")
        pairs = pair_lists.with_masks(_draw(page, data, listing), listed)
    if len(pairs) != page.count:
        raise InputError(f"{listed}: {len(pairs)} pairs; the page has {page.count}.")
    pair_lists.refuse_other_facts(page, pairs, listed)
    prepare.check_names(page, data, pairs, listing)
    mark = pair_lists.fingerprint(page, pairs)
    return Dataset(page, data, _with_cached_hashes(page, mark, pairs), mark)


def open_page(dataset: str) -> tuple[Protocol, Path]:
    """A dataset's page and its file; of `photos:DIR`, whose page is made, the folder.

    Raises InputError for an unknown name, a page that is none, and a folder without photographs.
    """
    if photographs.named(dataset):
        return photographs.page_of(dataset)
    path = page_path(dataset)
    return read_page(path), path


def open_folders(images: Path, masks: Path, mask_threshold: int | None = None) -> Dataset:
    """Two folders of images and masks, matched as `couple` says, as a dataset; `masks` may be one file for all images.

    Values of a mask above `mask_threshold` are hole; by default 255, and all others must be 0. Raises InputError naming
    the images without a mask and the masks without an image.
    """
    coupled = couple(images, masks)
    pairs = Pairs(Pair(f"{i:05d}", image, mask) for i, (image, mask) in enumerate(coupled.names))
    page = Protocol(
        schema=1,
        name="folders",
        about=About(title="images and masks of two folders", licence="yours", get="yours"),
        count=len(pairs),
        images=ImageRule(resize="none", duplicates="allow"),
        masks=MaskRule(resize="none", hole=hole_rule(mask_threshold)),
    )
    return Dataset(page, Data(images, coupled.masks), pairs, "", by_pixels=True, rule=coupled.rule)


def hole_rule(mask_threshold: int | None) -> str:
    """The rule for holes of masks that no protocol describes. Raises InputError for a threshold outside 0..254."""
    if mask_threshold is not None and not 0 <= mask_threshold < 255:
        raise InputError(f"the mask threshold {mask_threshold} is none. Give 0 to 254: greater values are hole.")
    return "255" if mask_threshold is None else f"> {mask_threshold}"


def of_run(page: Protocol, pairs: Pairs, given: Path | None, folders: tuple[Path | None, Path | None]) -> Dataset:
    """The dataset of a run folder, to read its targets again. Raises InputError if its data are not found."""
    images, masks = folders
    if images and masks:
        masks = drawn.folder(page) if page.drawn else masks
        return Dataset(page, Data(images, masks.parent if masks.is_file() else masks), pairs, "")
    shipped = files.shipped("protocols") / f"{page.name}.toml"
    return Dataset(page, _find_data(page, shipped, given), pairs, "")


def take(dataset: Dataset, limit: int | None, shard: Shard | None) -> Dataset:
    """The first `limit` pairs, and of those shard (k, n): every n-th from the k-th. With neither, the whole dataset.

    Shards (k, l, n) are those from the k-th to the l-th, with their pairs in the order of the dataset.

    Raises InputError if there are fewer pairs than shards.
    """
    if limit is not None and limit < len(dataset.pairs):
        pairs = dataset.pairs[:limit]
        mark = pair_lists.fingerprint(dataset.page, pairs, dataset.by_pixels)
        dataset = dataclasses.replace(dataset, pairs=pairs, fingerprint=mark, part=Part("first", count=limit))
    if shard is not None and (part := part_of(shard)):
        if part.count > len(dataset.pairs):
            raise InputError(f"--{part}: there are only {len(dataset.pairs)} pairs.")
        numbers = range(part.index - 1, part.last or part.index)
        pairs = Pairs(pair for place, pair in enumerate(dataset.pairs) if place % part.count in numbers)
        if dataset.part:
            part = msgspec.structs.replace(part, of_first=dataset.part.count)
        return dataclasses.replace(dataset, pairs=pairs, part=part)
    return dataset


def unseen(dataset: Dataset) -> int:
    """The number of pairs that `see` reads: all, or none where every pair's hashes are known."""
    return 0 if all(pair.seen for pair in dataset.pairs) else len(dataset.pairs)


def see(dataset: Dataset, jobs: int, on_progress: Callable[[], None] = lambda: None) -> Dataset:
    """The dataset with the pixel hashes of every pair; those of a whole dataset are cached.

    Two folders get their fingerprint here, so they are read before a part of them is taken.
    """
    if not unseen(dataset):
        return dataset

    def seen() -> Iterator[Pair]:
        for pair in prepare.see(dataset.page, dataset.data, dataset.pairs, jobs):
            yield pair
            on_progress()

    pairs = Pairs(seen())
    if dataset.by_pixels:
        mark = pair_lists.fingerprint(dataset.page, pairs, with_pixels=True)
        return dataclasses.replace(dataset, pairs=pairs, fingerprint=mark)
    if not dataset.part:
        cached = _cached_list(dataset.fingerprint)
        try:
            with files.written_whole(cached, if_changed=True) as temporary:
                pair_lists.write_csv(temporary, pairs)
                files.write_if_changed(cached.with_suffix(".sha256"), files.file_sha256(temporary).encode())
        except BenchError as error:  # a full or read-only disk ends nothing: the cache only saves time
            if isinstance(error.__cause__, (NotADirectoryError, FileExistsError)):
                raise
    return dataclasses.replace(dataset, pairs=pairs)


def _cached_list(mark: str) -> Path:
    return files.cache_dir() / "pairs" / f"{mark}.csv"


def _with_cached_hashes(page: Protocol, mark: str, pairs: Pairs) -> Pairs:
    """The pairs with the hashes of the first time they were read on this machine, if they were.

    Raises HashError for a list that is not what was written then: it was cut or edited.
    """
    cached = _cached_list(mark)
    if all(pair.seen for pair in pairs) or not cached.is_file():
        return pairs
    noted = cached.with_suffix(".sha256")
    try:
        kept = pair_lists.read_csv(cached)
        whole = not noted.is_file() or noted.read_text() == files.file_sha256(cached)
    except (InputError, OSError, UnicodeDecodeError):
        kept, whole = Pairs(), False
    if not whole or not all(pair.seen for pair in kept) or pair_lists.fingerprint(page, kept) != mark:
        raise HashError(f"{cached}: the list of pairs in the cache is damaged. Delete it: the images are read again.")
    pair_lists.refuse_other_facts(page, kept, cached)
    for pair, before in zip(kept, pairs, strict=True):
        if before.mask_sha256 not in ("", pair.mask_sha256):
            raise HashError(
                f"{cached}: pair {pair.pair}: the list of pairs in the cache has another mask than the one that ships. "
                "Delete it: the images are read again."
            )
    return kept


def _find_data(page: Protocol, path: Path, given: Path | None) -> Data:
    beside = path.parent / page.data if page.data and path.is_file() else None
    root = given or beside or files.data_dir() / page.folder
    shown = page.name if path.parent == files.shipped("protocols") else path
    source = f"`inpaint-bench datasets show {shown}`" if path.is_file() else "The protocol's page"
    help_line = f"{source} says how to get the data and where to put them."
    if (page.about.archives or page.images_of) and path.is_file():
        help_line = f"`inpaint-bench datasets fetch {shown}` fetches them, or says whom to ask for them."
    if not (root / page.images_in).is_dir():
        if root.is_dir() or given or beside:
            raise InputError(f"{root / page.images_in}: there is no such folder. {help_line}")
        raise InputError(
            f"the data of {page.name} are not here. Give --data DIR or set INPAINT_BENCH_DATA. {help_line}"
        )
    if page.drawn:
        return Data(root / page.images_in, drawn.folder(page))
    folders = mask_folders(page, root)
    for masks in folders:
        if masks.is_dir():
            return Data(root / page.images_in, masks)
    raise InputError(f"the masks of {page.name} are in none of {', '.join(map(str, folders))}. {help_line}")


def mask_folders(page: Protocol, root: Path) -> list[Path]:
    """Where the masks of a protocol may lie, in the order in which they are looked for; `root` has its images/."""
    shared = [files.data_dir() / page.masks.set, root.parent / page.masks.set] if page.masks.set != "folder" else []
    return list(dict.fromkeys([root / "masks", *shared]))


def _draw(page: Protocol, data: Data, listing: Listing) -> Pairs:
    names = _mapped(page, data) if page.images.mapping else listing(data.images)
    chosen = names[: page.images.first]
    if len(chosen) != page.count:
        raise InputError(f"{data.images}: {len(chosen)} images; {page.name} has {page.count}.")
    return pair_lists.draw_pairs(chosen, mask_names(page, data, listing), page.seed)


def mask_names(page: Protocol, data: Data, listing: Listing = prepare.list_once) -> list[str]:
    """The names of a protocol's masks, sorted. Raises InputError if some are missing."""
    if page.drawn:
        return drawn.mask_names(page)
    nvidia = page.masks.set == "nvidia-irregular-test"
    names = sets.list_nvidia(data.masks) if nvidia else listing(data.masks)
    if not names:
        raise InputError(f"{data.masks}: there are no masks here.")
    return names


def _mapped(page: Protocol, data: Data) -> list[str]:
    """The images of CelebA-HQ that belong to CelebA's test partition, the first ones by number."""
    path = data.images.parent / page.images.mapping
    if not path.is_file():
        raise InputError(f"{path}: this file of CelebA-HQ, which lists the test images, is missing. Put it there.")
    stems = by_stem(prepare.list_once(data.images), data.images)
    files_of = {int(key): name for key, name in stems.items() if re.fullmatch(r"[0-9]{1,9}", key)}
    numbers = test_numbers(path)[: page.images.first]
    for number in numbers:
        if number not in files_of:
            raise InputError(f"{data.images}: image {number} of the test partition is missing.")
    return [files_of[number] for number in numbers]


def test_numbers(mapping: Path) -> list[int]:
    """The numbers of the images of CelebA-HQ that lie in CelebA's test partition, in order.

    Raises InputError for a file that is not CelebA-HQ's mapping to CelebA.
    """
    numbers = []
    for number, line in enumerate(files.read_bytes(mapping).decode("utf-8", "replace").splitlines()[1:], start=2):
        row = re.fullmatch(r"\s*([0-9]{1,9})\s+([0-9]{1,9})\s+[0-9]+\.jpg\s*", line)
        if row is None:
            raise InputError(f"{mapping}: line {number} is not 'idx orig_idx orig_file'. Fetch the file again.")
        if int(row[2]) >= CELEBA_TEST_STARTS:
            numbers.append(int(row[1]))
    return sorted(numbers)
