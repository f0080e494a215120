"""Which file of a folder of outputs belongs to which pair: the layouts that other tools write."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inpaint_bench.data.image_formats import SUFFIXES
from inpaint_bench.data.names import list_files, stem
from inpaint_bench.data.pairs import Pair
from inpaint_bench.errors import IncompleteError, InputError, some

PICTURES = (*SUFFIXES, ".tif", ".tiff", ".gif", ".heic", ".avif")
NAMED = ("pair", "image", "image up to its first dot", "image without its folder")
COUNTED = ("the place of the image among the sorted images, from 1", "the place of the pair, from 1")


@dataclass(frozen=True)
class Layout:
    """How a tool names its outputs: a pattern on the file's stem with the groups `key` and, for samples, `sample`.

    `beside` is the pattern of what else it writes for a key: the truth, the masked input, edges. `by` is what a key
    may name.
    """

    name: str
    output: str
    beside: str = r"(?!)(?P<key>)"
    by: tuple[str, ...] = NAMED


LAYOUTS = (
    Layout("inpaint-bench (pair.png, pair.s0.png)", r"(?P<key>.+?)(\.s(?P<sample>\d+))?"),
    Layout("EC (stem.png, beside stem_edge.png and stem_masked.png)", r"(?P<key>.+)", r"(?P<key>.+)_(edge|masked)"),
    Layout("LaMa (stem_mask000.png)", r"(?P<key>.+)_mask\d*"),
    Layout("LaMa, several masks an image (stem_mask000.png)", r"(?P<key>.+_mask\d*)", by=("mask",)),
    Layout("SPN (pred_stem.png)", r"pred_(?P<key>.+)"),
    Layout("SPN, stochastic (stem_out_0.png)", r"(?P<key>.+)_out_(?P<sample>\d+)", r"(?P<key>.+)_masked"),
    Layout(
        "PIC (stem_out_0.png, beside stem_truth.png and stem_mask.png)",
        r"(?P<key>.+)_out_(?P<sample>\d+)",
        r"(?P<key>.+)_(truth|mask)",
    ),
    Layout("RFR (img_1.png, beside masked_img_1.png)", r"img_(?P<key>\d+)", r"masked_img_(?P<key>\d+)", COUNTED),
)  # MAT and IOPaint write stem.png: the first

Outputs = dict[str, dict[int | None, Path]]  # pair → sample → file


@dataclass(frozen=True)
class Matched:
    """The files of a folder of outputs, matched to pairs, the layout they were matched by, and what is left out."""

    layout: str
    outputs: Outputs
    beside: tuple[str, ...] = ()  # names of what the tool writes beside its outputs
    others: tuple[str, ...] = ()  # names of files that are no pictures
    drawn: int = 0  # samples of each pair before the first were taken; 0 where all were

    def __str__(self) -> str:
        files = sum(len(samples) for samples in self.outputs.values())
        parts = [f"{files} files of {len(self.outputs)} pairs, laid out as {self.layout}"]
        if self.drawn:
            parts.append(f"of {self.drawn} samples the first {files // len(self.outputs)} are taken")
        if left_out := [*self.beside, *self.others]:
            parts.append(f"left out: {some(left_out)}")
        return "; ".join(parts)

    def first(self, samples: int) -> "Matched":
        """The first so many samples of each pair, where there are more."""
        drawn = max(map(len, self.outputs.values()), default=0)
        if drawn <= max(samples, 1):
            return self
        outputs: Outputs = {
            pair: {number: path for number, path in of_pair.items() if number is not None and number < samples}
            for pair, of_pair in self.outputs.items()
        }
        return replace(self, outputs=outputs, drawn=drawn)


def match(folder: Path, pairs: Sequence[Pair], broken_off: bool = False) -> Matched:
    """Match the files of a results folder to pairs, by the pair's five digits or by the stem of its image.

    Where no file is named so, they may be numbered, as RFR's. Pairs without a file are allowed, except of numbered
    ones. After an interrupted program (`broken_off`), other files and pairs with missing samples are ignored. Raises
    InputError for a folder that is missing or empty, has pictures that are not PNG, or fits no layout, or two.
    """
    names, others = _png_names(folder, broken_off)
    for ways in ((*NAMED, "mask"), COUNTED):
        readings: list[Matched] = []
        for layout, what, keys in _ways(pairs, ways):
            found = _read(folder, names, layout, keys, broken_off)
            if found is None or found[0] in [reading.outputs for reading in readings]:
                continue
            if ways != COUNTED or broken_off or len(found[0]) == len(pairs):
                readings.append(Matched(f"{layout.name}, matched by {what}", *found, others))
        if readings:
            return _fullest(folder, readings)
    raise _no_layout(folder, names, pairs)


def _fullest(folder: Path, readings: list[Matched]) -> Matched:
    """The reading with most pairs. Raises InputError where two have as many."""
    best = max(len(reading.outputs) for reading in readings)
    full = [reading for reading in readings if len(reading.outputs) == best]
    if len(full) > 1:
        ways = " or ".join(f"{one.layout}" for one in full)
        raise InputError(f"{folder}: its files can be matched in two ways: {ways}. Rename the files.")
    return full[0]


def complete(matched: Matched, folder: Path, pairs: Sequence[Pair]) -> Outputs:
    """The outputs by pair. Raises IncompleteError naming the first pairs that have none."""
    if missing := [pair for pair in pairs if pair.pair not in matched.outputs]:
        names = some(f"{pair.pair} ({pair.image})" for pair in missing)
        raise IncompleteError(
            f"{folder}: {len(missing)} of {len(pairs)} pairs have no output: {names}. Add them and run again."
        )
    return matched.outputs


def _png_names(folder: Path, broken_off: bool) -> tuple[list[str], tuple[str, ...]]:
    """The names of the PNG files, and of what is no picture."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of outputs.")
    listed = list_files(folder)
    if not listed:
        raise InputError(f"{folder}: this folder of outputs is empty.")
    names = [name for name in listed if name.lower().endswith(".png")]
    pictures = [name for name in listed if name.lower().endswith(PICTURES) and name not in names]
    for name in pictures if not broken_off else ():
        if name.lower().endswith((".jpg", ".jpeg", ".jfif")):
            raise InputError(
                f"{folder / name}: JPEG compression changes pixels before they are scored. Save outputs as PNG."
            )
        raise InputError(f"{folder / name}: not a PNG file. Outputs must be PNG; move other pictures elsewhere.")
    if not names:
        raise InputError(f"{folder}: no PNG files are here ({some(listed)}). Outputs must be PNG.")
    return names, tuple(name for name in listed if name not in names)


def _ways(pairs: Sequence[Pair], of: Sequence[str]) -> Iterator[tuple[Layout, str, dict[str, str]]]:
    """Every layout with each kind of key that it may use: its words, and the pair by key."""
    for layout in LAYOUTS:
        for what, keys in _keys(pairs).items():
            if what in layout.by and what in of:
                yield layout, what, keys


def _keys(pairs: Sequence[Pair]) -> dict[str, dict[str, str]]:
    """The keys that may name a file: the pair; the stem of its image, up to its first dot, or without its folders.

    Masks name pairs where an image has several. Keys that two pairs would share are left out.
    """
    stems = {pair.pair: stem(pair.image) for pair in pairs}
    once = len(set(stems.values())) == len(stems)
    by_image = sorted(pairs, key=lambda pair: pair.image) if once else ()
    ways = {
        "pair": {pair.pair: pair.pair for pair in pairs},
        "image": {key: pair for pair, key in stems.items()},
        "image up to its first dot": {_cut(key): pair for pair, key in stems.items()},
        "image without its folder": {key.rpartition("/")[2]: pair for pair, key in stems.items()},
        "mask": {} if once else {stem(pair.mask): pair.pair for pair in pairs},
        COUNTED[0]: {str(number): pair.pair for number, pair in enumerate(by_image, start=1)},
        COUNTED[1]: {str(number): pair.pair for number, pair in enumerate(pairs, start=1)},
    }
    different: dict[str, dict[str, str]] = {}
    for what, keys in ways.items():
        if len(keys) == len(stems) and keys not in different.values():
            different[what] = keys
    return different


def _cut(key: str) -> str:
    folder, slash, last = key.rpartition("/")
    return folder + slash + last.partition(".")[0]


def _key(pattern: str, name: str) -> tuple[str, int | None] | None:
    """The key and the sample that a pattern reads from a file's name; its folders are those of the key."""
    folder, slash, last = stem(name).rpartition("/")
    found = re.fullmatch(pattern, last)
    if found is None:
        return None
    sample = found.groupdict().get("sample")
    return folder + slash + found["key"], None if sample is None else int(sample)


def _beside(layout: Layout, name: str, keys: dict[str, str]) -> bool:
    found = _key(layout.beside, name)
    return found is not None and found[0] in keys


def _read(
    folder: Path, names: Sequence[str], layout: Layout, keys: dict[str, str], broken_off: bool
) -> tuple[Outputs, tuple[str, ...]] | None:
    """The outputs by pair, and what the tool wrote besides.

    None unless every file fits the layout and samples are numbered from 0.
    """
    outputs: Outputs = {}
    beside = []
    for name in names:
        found = _key(layout.output, name)
        if found is None or found[0] not in keys:
            if not _beside(layout, name, keys):
                return None
            beside.append(name)
            continue
        key, number = found
        samples = outputs.setdefault(keys[key], {})
        if number in samples:
            return None
        samples[number] = folder / name
    if broken_off and outputs:
        most = max(map(len, outputs.values()))
        outputs = {pair: samples for pair, samples in outputs.items() if len(samples) == most}
    counted = all(set(s) in ({None}, set(range(len(s)))) for s in outputs.values())
    alike = outputs and len({frozenset(s) for s in outputs.values()}) == 1
    return (outputs, tuple(beside)) if counted and alike else None


def _no_layout(folder: Path, names: Sequence[str], pairs: Sequence[Pair]) -> InputError:
    """The error naming the files that do not fit the layout that most files fit."""
    ways = [(layout, keys) for layout, _, keys in _ways(pairs, [*_keys(pairs)])]
    layout, keys, extra = min(
        ((layout, keys, [name for name in names if not _fits(name, layout, keys)]) for layout, keys in ways),
        key=lambda found: len(found[2]),
    )
    known = "; ".join(layout.name for layout in LAYOUTS)
    if extra:
        what = f"{len(extra)} files belong to no pair ({some(extra)})"
    elif twice := _twice(names, layout, keys):
        what = f"{' and '.join(ascii(name) for name in twice)} are outputs of one pair; keep one of them"
    elif layout.by == COUNTED:
        what = f"its outputs are numbered, and there are not as many as the {len(pairs)} pairs"
    else:
        what = "the samples are not numbered from 0 for every pair"
    return InputError(f"{folder}: {what}. Known layouts: {known}. Remove other files from the folder.")


def _twice(names: Sequence[str], layout: Layout, keys: dict[str, str]) -> tuple[str, str] | None:
    """The first two files with the same key and sample: accents stored in two ways, a suffix in two spellings."""
    seen: dict[tuple[str, int | None], str] = {}
    for name in names:
        found = _key(layout.output, name)
        if found is not None and found[0] in keys and (other := seen.setdefault(found, name)) != name:
            return other, name
    return None


def _fits(name: str, layout: Layout, keys: dict[str, str]) -> bool:
    found = _key(layout.output, name)
    return (found is not None and found[0] in keys) or _beside(layout, name, keys)
