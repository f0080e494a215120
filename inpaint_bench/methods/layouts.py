"""Which file of a results folder belongs to which pair: the layouts that people's tools write."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench.data.pair_lists import Pair
from inpaint_bench.errors import IncompleteError, InputError, some


@dataclass(frozen=True)
class Layout:
    """How a tool names its outputs: patterns on the file's stem with the groups `key` and, for samples, `sample`."""

    name: str
    output: str
    by_products: str = r"(?!)"  # further files that the tool writes beside its outputs


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
    """A results folder understood: the layout, what pairs were matched by, and their files."""

    layout: str
    outputs: Outputs

    def __str__(self) -> str:
        files = sum(len(samples) for samples in self.outputs.values())
        return f"{files} files of {len(self.outputs)} pairs, laid out as {self.layout}"


def match(folder: Path, pairs: Sequence[Pair], broken_off: bool = False) -> Matched:
    """Match the files of a results folder to pairs, by the pair's five digits or by the stem of its image.

    Raises InputError for a folder that is missing, empty, holds files of other kinds, or fits no layout or two.
    A pair without a file is not an error here. Of a program that was `broken_off`, other files and pairs without
    all their samples are left aside.
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
            f"{folder}: can be read in two ways: {' or '.join(str(one) for one in full)}. Rename the files."
        )
    return full[0]


def complete(matched: Matched, folder: Path, pairs: Sequence[Pair]) -> Outputs:
    """The outputs, when every pair has one. Raises IncompleteError naming the first pairs that have none."""
    if missing := [pair for pair in pairs if pair.pair not in matched.outputs]:
        names = some(f"{pair.pair} ({pair.image})" for pair in missing)
        raise IncompleteError(
            f"{folder}: {len(missing)} of {len(pairs)} pairs have no output: {names}. Add them and run again."
        )
    return matched.outputs


def _png_names(folder: Path, broken_off: bool) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such results folder.")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if broken_off:
        names = [name for name in names if name.endswith(".png")]
    if not names:
        raise InputError(f"{folder}: this results folder is empty.")
    for name in names:
        if name.lower().endswith((".jpg", ".jpeg")):
            raise InputError(f"{folder / name}: a JPEG has lost pixels before they are scored. Save results as PNG.")
        if not name.endswith(".png"):
            raise InputError(f"{folder / name}: not a PNG file. A results folder holds outputs and nothing else.")
    return names


def _keys(pairs: Sequence[Pair]) -> dict[str, dict[str, str]]:
    """What a file may be named by: the pair, the stem of its image, or that stem up to its first dot."""
    by_pair = {pair.pair: pair.pair for pair in pairs}
    by_stem = {Path(pair.image).stem: pair.pair for pair in pairs}
    by_start = {pair.image.split(".")[0]: pair.pair for pair in pairs}
    return {"pair": by_pair, "image": by_stem} | (
        {"image up to its first dot": by_start} if by_start != by_stem else {}
    )


def _read(folder: Path, names: Sequence[str], layout: Layout, keys: dict[str, str], broken_off: bool) -> Outputs | None:
    """The outputs when every file fits the layout and its samples are counted from 0, else nothing."""
    outputs: Outputs = {}
    for name in names:
        stem = name.removesuffix(".png")
        found = re.fullmatch(layout.output, stem)
        if found is None or found["key"] not in keys:
            if re.fullmatch(layout.by_products, stem):
                continue
            return None
        sample = found.groupdict().get("sample")
        samples = outputs.setdefault(keys[found["key"]], {})
        number = None if sample is None else int(sample)
        if number in samples:
            return None
        samples[number] = folder / name
    if broken_off and outputs:
        most = max(map(len, outputs.values()))
        outputs = {pair: samples for pair, samples in outputs.items() if len(samples) == most}
    counted = all(set(s) in ({None}, set(range(len(s)))) for s in outputs.values())
    return outputs if counted and outputs and len({frozenset(s) for s in outputs.values()}) == 1 else None


def _no_layout(folder: Path, names: Sequence[str], pairs: Sequence[Pair]) -> InputError:
    """Say which files are in the way: those that fit nothing, under the layout that most files fit."""
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
        else "the samples do not count from 0 for every pair"
    )
    return InputError(f"{folder}: {what}. Known layouts: {known}. Take other files out of the folder.")


def _fits(name: str, layout: Layout, keys: dict[str, str]) -> bool:
    stem = name.removesuffix(".png")
    found = re.fullmatch(layout.output, stem)
    return (found is not None and found["key"] in keys) or re.fullmatch(layout.by_products, stem) is not None
