"""Which file of a folder of outputs belongs to which pair: the layouts that other tools write."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench.data.names import list_files, stem
from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.errors import IncompleteError, InputError, some


@dataclass(frozen=True)
class Layout:
    """How a tool names its outputs: a pattern on the file's stem with the groups `key` and, for samples, `sample`."""

    name: str
    output: str
    by_products: str = r"(?!)"  # pattern of other files that the tool writes beside its outputs


LAYOUTS = (
    Layout("inpaint-bench (pair.png, pair.s0.png)", r"(?P<key>.+?)(\.s(?P<sample>\d+))?"),
    Layout("EC (stem.png, beside stem_edge.png and stem_masked.png)", r"(?P<key>.+)", r".+_(edge|masked)"),
    Layout("LaMa (stem_mask000.png)", r"(?P<key>.+)_mask\d*"),
    Layout("SPN (pred_stem.png)", r"pred_(?P<key>.+)"),
    Layout("SPN, stochastic (stem_out_0.png)", r"(?P<key>.+)_out_(?P<sample>\d+)", r".+_masked"),
)  # MAT and IOPaint write stem.png: the first

Outputs = dict[str, dict[int | None, Path]]  # pair → sample → file


@dataclass(frozen=True)
class Matched:
    """The files of a folder of outputs, matched to pairs, and the layout they were matched by."""

    layout: str
    outputs: Outputs

    def __str__(self) -> str:
        files = sum(len(samples) for samples in self.outputs.values())
        return f"{files} files of {len(self.outputs)} pairs, laid out as {self.layout}"


def match(folder: Path, pairs: Sequence[Pair], broken_off: bool = False) -> Matched:
    """Match the files of a results folder to pairs, by the pair's five digits or by the stem of its image.

    Pairs without a file are allowed. After an interrupted program (`broken_off`), other files and pairs with missing
    samples are ignored. Raises InputError for a folder that is missing or empty, holds files of other kinds, or fits
    no layout, or more than one.
    """
    names = _png_names(folder, broken_off)
    readings: list[Matched] = []
    for layout in LAYOUTS:
        for what, keys in _keys(pairs).items():
            outputs = _read(folder, names, layout, keys, broken_off)
            if outputs is not None and outputs not in [reading.outputs for reading in readings]:
                readings.append(Matched(f"{layout.name}, matched by {what}", outputs))
    if not readings:
        raise _no_layout(folder, names, pairs)
    best = max(len(reading.outputs) for reading in readings)
    full = [reading for reading in readings if len(reading.outputs) == best]
    if len(full) > 1:
        raise InputError(
            f"{folder}: its files can be matched in two ways: {' or '.join(map(str, full))}. Rename the files."
        )
    return full[0]


def complete(matched: Matched, folder: Path, pairs: Sequence[Pair]) -> Outputs:
    """The outputs by pair. Raises IncompleteError naming the first pairs that have none."""
    if missing := [pair for pair in pairs if pair.pair not in matched.outputs]:
        names = some(f"{pair.pair} ({pair.image})" for pair in missing)
        raise IncompleteError(
            f"{folder}: {len(missing)} of {len(pairs)} pairs have no output: {names}. Add them and run again."
        )
    return matched.outputs


def _png_names(folder: Path, broken_off: bool) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of outputs.")
    names = list_files(folder)
    if broken_off:
        names = [name for name in names if name.lower().endswith(".png")]
    if not names:
        raise InputError(f"{folder}: this folder of outputs is empty.")
    for name in names:
        if name.lower().endswith((".jpg", ".jpeg")):
            raise InputError(
                f"{folder / name}: JPEG compression changes pixels before they are scored. Save outputs as PNG."
            )
        if not name.lower().endswith(".png"):
            raise InputError(f"{folder / name}: not a PNG file. A folder of outputs must contain nothing else.")
    return names


def _keys(pairs: Sequence[Pair]) -> dict[str, dict[str, str]]:
    """The keys that may name a file: the pair; the stem of its image, up to its first dot, or without its folders.

    Keys that two images would share are left out.
    """
    stems = {pair.pair: stem(pair.image) for pair in pairs}
    ways = {
        "pair": {pair.pair: pair.pair for pair in pairs},
        "image": {key: pair for pair, key in stems.items()},
        "image up to its first dot": {_cut(key): pair for pair, key in stems.items()},
        "image without its folder": {key.rpartition("/")[2]: pair for pair, key in stems.items()},
    }
    different: dict[str, dict[str, str]] = {}
    for what, keys in ways.items():
        if len(keys) == len(stems) and keys not in different.values():
            different[what] = keys
    return different


def _cut(key: str) -> str:
    folder, slash, last = key.rpartition("/")
    return folder + slash + last.partition(".")[0]


def _key(layout: Layout, name: str) -> tuple[str, int | None] | None:
    """The key and the sample that a layout reads from a file's name; its folders are those of the key."""
    folder, slash, last = stem(name).rpartition("/")
    found = re.fullmatch(layout.output, last)
    if found is None:
        return None
    sample = found.groupdict().get("sample")
    return folder + slash + found["key"], None if sample is None else int(sample)


def _by_product(layout: Layout, name: str) -> bool:
    return re.fullmatch(layout.by_products, stem(name).rpartition("/")[2]) is not None


def _read(folder: Path, names: Sequence[str], layout: Layout, keys: dict[str, str], broken_off: bool) -> Outputs | None:
    """The outputs by pair; None unless every file fits the layout and samples are numbered from 0."""
    outputs: Outputs = {}
    for name in names:
        found = _key(layout, name)
        if found is None or found[0] not in keys:
            if _by_product(layout, name):
                continue
            return None
        key, number = found
        samples = outputs.setdefault(keys[key], {})
        if number in samples:
            return None
        samples[number] = folder / name
    if broken_off and outputs:
        most = max(map(len, outputs.values()))
        outputs = {pair: samples for pair, samples in outputs.items() if len(samples) == most}
    counted = all(set(s) in ({None}, set(range(len(s)))) for s in outputs.values())
    return outputs if counted and outputs and len({frozenset(s) for s in outputs.values()}) == 1 else None


def _no_layout(folder: Path, names: Sequence[str], pairs: Sequence[Pair]) -> InputError:
    """The error naming the files that do not fit the layout that most files fit."""
    extra = min(
        (
            [name for name in names if not _fits(name, layout, keys)]
            for layout in LAYOUTS
            for keys in _keys(pairs).values()
        ),
        key=len,
    )
    known = "; ".join(layout.name for layout in LAYOUTS)
    what = (
        f"{len(extra)} files belong to no pair ({some(extra)})"
        if extra
        else "the samples are not numbered from 0 for every pair"
    )
    return InputError(f"{folder}: {what}. Known layouts: {known}. Remove other files from the folder.")


def _fits(name: str, layout: Layout, keys: dict[str, str]) -> bool:
    found = _key(layout, name)
    return (found is not None and found[0] in keys) or _by_product(layout, name)
