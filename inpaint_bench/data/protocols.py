"""Protocol pages: a TOML file fixes images, masks, sizes, pairs and metrics; a published page never changes."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.fetch.sources import RemoteFile

Grey = Literal["replicate", "refuse"]  # a grey picture: repeated over three channels, or refused
EightBit = Literal["round", "truncate"]  # how values in [0, 1] become 8 bits
NO_FACTS = ("about", "data", "metrics", "images_of", "images_in", "weights_of")  # of a page, for its fingerprint
SMALLEST_DRAWN = 16  # pixels a side; below it the kinds of drawn masks look alike
TWO_VALUES = "two values"  # of a mask file: 0, and another one, which is hole
DrawnKind = Literal["strokes", "walks", "boxes", "half", "thin", "medium", "thick", "free-form"]
MOST_RATIO = {"strokes": 60, "walks": 60, "boxes": 60, "half": 60}  # percent, of the kinds drawn for one bucket
HOLE_RULES = (TWO_VALUES, "> 0", "> 127", "255")  # which 8-bit values are hole; "> N" for every N to 254

Count = Annotated[int, msgspec.Meta(ge=1)]
Samples = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
NAME = files.NAME
Name = Annotated[str, msgspec.Meta(pattern=rf"^{NAME}\Z")]
MaybeName = Annotated[str, msgspec.Meta(pattern=rf"^({NAME})?\Z")]


class ImageRule(Schema, frozen=True):
    """Which images a protocol uses, and how they are prepared."""

    crop: Literal["none", "centre-square"] = "none"
    resize: Literal["none", "opencv-bilinear"] = "opencv-bilinear"
    grey: Grey = "replicate"
    first: Count | None = None  # use only the first names in sorted order
    mapping: str = ""  # a file beside images/ that maps images of CelebA-HQ to CelebA, whose test partition is used
    others: Literal["refuse", "allow"] = "refuse"  # other images in the folder
    duplicates: Literal["refuse", "allow"] = "refuse"  # two files with the same pixels


class MaskRule(Schema, frozen=True):
    """Which masks a protocol uses, how they are resized, and which of their values are hole."""

    set: Literal["folder", "nvidia-irregular-test", "drawn"] = "folder"
    resize: Literal["none", "nearest"] = "nearest"
    hole: str = TWO_VALUES
    kinds: tuple[DrawnKind, ...] = ()  # of a drawn set: what its masks are in turn; repetition is weight


Holds = Literal["partition", "mapping", "images", "masks"]  # in the order in which they are added


class Archive(RemoteFile, frozen=True, kw_only=True):
    """A published file that images or masks come in, or that says which of them are meant."""

    holds: Holds
    folder: str = ""  # the folder within the archive that holds them
    pixels: Annotated[str, msgspec.Meta(pattern=r"^([1-9][0-9]{0,4}x[1-9][0-9]{0,4})?\Z")] = ""  # "178x218": of each


class About(Schema, frozen=True):
    """Information for readers, which affects no number and is not part of the fingerprint."""

    title: str
    licence: str
    get: str
    paper: str = ""
    archives: tuple[Archive, ...] = ()


class Protocol(Schema, frozen=True):
    """A protocol page. Buckets are given by their ends in percent of hole pixels: [0, 20, 40] is (0,20], (20,40]."""

    schema: Literal[1]
    name: Name
    about: About
    count: Count
    size: Count | None = None  # height and width in pixels; None: as the files are
    seed: int = 0
    buckets: tuple[Percent, ...] = (0, 20, 40, 60)
    eight_bit: EightBit = "round"
    samples: Samples = 5
    choose: str = "psnr"  # the image metric whose best sample is scored
    images: ImageRule = ImageRule()
    masks: MaskRule = MaskRule()
    data: str = ""  # the folder beside the page with images/ and masks/, if they ship
    images_of: MaybeName = ""  # the dataset whose folder of data holds the images, if not its own
    images_in: Literal["images", "."] = "images"  # where in the folder of data the images lie
    weights_of: MaybeName = ""  # the dataset whose weights methods are loaded with where there are none for this one
    metrics: tuple[str, ...] = ("ssim", "psnr", "mae")
    reference: Literal["target", "none"] = "target"  # none: images hold what is to be removed, and are no ground truth

    @property
    def folder(self) -> str:
        """The name of the folder of its data in $INPAINT_BENCH_DATA."""
        return self.images_of or self.name

    @property
    def drawn(self) -> bool:
        """Whether its masks are drawn when they are read, and lie in no folder."""
        return self.masks.set == "drawn"

    @property
    def masks_in_words(self) -> str:
        """Which masks it has, for readers."""
        if self.drawn:
            kinds, turn = Counter(self.masks.kinds), len(self.masks.kinds)
            alike = len(set(kinds.values())) == 1
            return f"drawn: {', '.join(kind if alike else f'{kind} ({n} in {turn})' for kind, n in kinds.items())}"
        return f"{self.masks.set}, resize {self.masks.resize}, hole: {self.masks.hole}"


class MaskSet(Schema, frozen=True):
    """A published set of masks that several protocols use: protocols/masks/NAME.toml."""

    schema: Literal[1]
    name: Name
    about: About
    count: Count
    digits: Annotated[int, msgspec.Meta(ge=1, le=9)]  # of the files' names, which are numbers from 0
    suffix: str = ".png"

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of the masks: 00000.png and so on."""
        return tuple(f"{number:0{self.digits}d}{self.suffix}" for number in range(self.count))


def mask_set_names() -> list[str]:
    """The names of the mask sets that the package knows."""
    return sorted(path.stem for path in files.shipped("protocols").glob("masks/*.toml"))


def read_mask_set(name: str) -> MaskSet:
    """A mask set that the package knows."""
    found: MaskSet = decode.toml(files.read_bytes(files.shipped("protocols") / "masks" / f"{name}.toml"), MaskSet)
    return found


def page_names() -> list[str]:
    """The names of the pages that ship with the package."""
    return sorted(path.stem for path in files.shipped("protocols").glob("*.toml"))


def page_path(dataset: str) -> Path:
    """The file of a page, given by a shipped name or its path. Raises InputError for an unknown name."""
    if dataset.endswith(".toml"):
        return Path(dataset)
    if dataset not in page_names():
        raise InputError(f"no dataset is called '{dataset}'. {did_you_mean(dataset, page_names())}")
    return files.shipped("protocols") / f"{dataset}.toml"


def read_page(path: Path) -> Protocol:
    """A page, validated. Raises InputError naming the file, the key and what is allowed."""
    try:
        page: Protocol = decode.toml(files.read_bytes(path), Protocol)
    except OSError as error:
        raise InputError(f"{path}: there is no such protocol page ({error.strerror}).") from error
    except msgspec.DecodeError as error:  # includes ValidationError
        raise InputError(f"{path}: {_plain_message(str(error))}") from error
    check_page(page, str(path))
    return page


def check_page(page: Protocol, where: str) -> None:
    """Raise InputError unless the buckets are increasing and the keys of the page are consistent."""
    if len(page.buckets) < 2 or any(low >= high for low, high in pairwise(page.buckets)):
        raise InputError(f"{where}: buckets {list(page.buckets)} must be increasing, as in [0, 20, 40, 60].")
    if page.size is None and (page.images.resize != "none" or page.masks.resize != "none"):
        raise InputError(f'{where}: without a size, images and masks need resize = "none".')
    if page.images.first is not None and page.images.first != page.count:
        raise InputError(f"{where}: count is {page.count} but images.first is {page.images.first}.")
    if page.masks.hole not in HOLE_RULES and threshold_of(page.masks.hole) is None:
        raise InputError(
            f"{where}: no rule for holes is called '{page.masks.hole}'. {did_you_mean(page.masks.hole, HOLE_RULES)}"
        )
    _check_drawn(page, where)
    if page.reference == "none" and (page.samples, page.choose) != (1, "known_error"):
        raise InputError(
            f"{where}: without a ground truth nothing says which sample is best. Give samples = 1 and "
            'choose = "known_error".'
        )
    if len(set(page.metrics)) != len(page.metrics) or not page.metrics:
        raise InputError(f"{where}: metrics must be one or more different names.")


def _check_drawn(page: Protocol, where: str) -> None:
    """Raise InputError where a page has kinds of masks and no drawn set, or a set that cannot be drawn."""
    kinds = page.masks.kinds
    if page.drawn != bool(kinds):
        raise InputError(
            f'{where}: masks.kinds are the kinds of set = "drawn", and that needs them. Give both or neither; kinds '
            f"are {', '.join(get_args(DrawnKind))}."
        )
    if page.drawn and (page.size is None or page.masks.resize != "none" or page.masks.hole != TWO_VALUES):
        raise InputError(
            f"{where}: masks are drawn at the page's size, with two values. Give a size and, in [masks], "
            'resize = "none"; leave out hole.'
        )
    if page.drawn and page.size is not None and page.size < SMALLEST_DRAWN:
        raise InputError(f"{where}: masks are drawn with {SMALLEST_DRAWN} pixels a side or more; size is {page.size}.")
    for kind in kinds:
        if page.buckets[-1] > MOST_RATIO.get(kind, 100):
            raise InputError(
                f"{where}: masks of the kind '{kind}' are drawn to {MOST_RATIO[kind]} percent; the buckets end at "
                f"{page.buckets[-1]}. Let them end there, or leave that kind out."
            )


def threshold_of(rule: str) -> int | None:
    """The value that a rule for holes starts above: 127 of "> 127", None of a rule that is none of this kind."""
    found = re.fullmatch(r"> (0|[1-9][0-9]{0,2})", rule)
    return int(found[1]) if found and int(found[1]) < 255 else None


def _plain_message(message: str) -> str:
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", message)
    if unknown is None:
        return f"{message.replace('`$.', '`')}.{_allowed(message)}"
    key, table = unknown[1], unknown[2] or ""
    tables: dict[str, type[Schema]] = {
        "images": ImageRule,
        "masks": MaskRule,
        "about": About,
        "about.archives": Archive,
    }
    known = tables.get(re.sub(r"\[\d+\]", "", table), Protocol).__struct_fields__
    return f"no key is called '{key}'{f' in [{table}]' if table else ''}. {did_you_mean(key, known)}"


def _allowed(message: str) -> str:
    """The allowed values of a key, if the message is about a wrong one."""
    found = re.search(r"Invalid enum value .* at `\$\.([a-z_.0-9\[\]]+)`", message)
    hint: Any = Protocol
    for key in found[1].split(".") if found else []:
        name, _, index = key.partition("[")
        hint = get_type_hints(hint)[name]
        hint = get_args(hint)[0] if index else hint
    return f" Allowed: {', '.join(map(str, get_args(hint)))}." if found else ""


def facts(page: Protocol) -> bytes:
    """The keys of a page that determine the composites, as canonical JSON: all but those of `NO_FACTS`.

    Masks of two values have the holes that "> 0" gives them, and count as such. A key that no page had before and that
    says nothing new of one is left out: fingerprints do not change.
    """
    kept = {key: value for key, value in msgspec.to_builtins(page).items() if key not in NO_FACTS}
    if not page.masks.kinds:
        del kept["masks"]["kinds"]
    if page.reference == "target":
        del kept["reference"]
    if page.masks.hole == TWO_VALUES:
        kept["masks"]["hole"] = "> 0"
    return msgspec.json.encode(kept, order="sorted")


def bucket_names(page: Protocol) -> list[str]:
    """The names of the buckets in order: '0.0-0.2', '0.2-0.4', …"""
    return [_bucket_name(low, high) for low, high in pairwise(page.buckets)]


def bucket_of(page: Protocol, hole_pixels: int, pixels: int) -> str:
    """The name of a mask's bucket, in integer arithmetic: low < ratio <= high; '' if it is in none."""
    for low, high in pairwise(page.buckets):
        if low * pixels < 100 * hole_pixels <= high * pixels:
            return _bucket_name(low, high)
    return ""


def _bucket_name(low: int, high: int) -> str:
    return "-".join(f"{percent / 100:.1f}" if percent % 10 == 0 else f"{percent / 100:.2f}" for percent in (low, high))
