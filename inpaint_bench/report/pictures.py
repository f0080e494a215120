"""The images of a report: the targets, the holes as overlays, and the composites that were scored."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from inpaint_bench import disk, files
from inpaint_bench.data import images
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Hole
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import prepare
from inpaint_bench.errors import HashError, InputError
from inpaint_bench.report.read import MethodData, ReportData
from inpaint_bench.threads import in_order

FOLDER = "pictures"


def write_pictures(
    data: ReportData, dataset: Dataset, out: Path, jobs: int, on_progress: Callable[[int], None]
) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Write every image; yields each file with its height and width. `on_progress` is called with 1 for every pair.

    The files are pictures/targets/00017.png, pictures/holes/00017.png (white in the hole, transparent elsewhere), and
    pictures/methods/telea/00017.png, or 00017.s3.png for sample 3. Raises HashError for a target or a composite that
    has changed since it was scored, and InputError for one that cannot be read.
    """

    def write(pair: Pair) -> list[tuple[Path, tuple[int, int]]]:
        written = _write_pair(data, dataset, out / FOLDER, pair)
        on_progress(1)
        return written

    with disk.passing(out / FOLDER):
        for written in in_order(write, data.run.pairs, jobs):
            yield from written


def _write_pair(data: ReportData, dataset: Dataset, out: Path, pair: Pair) -> list[tuple[Path, tuple[int, int]]]:
    prepared = prepare(dataset.page, dataset.data, pair)
    target, hole = out / "targets" / f"{pair.pair}.png", out / "holes" / f"{pair.pair}.png"
    files.write_if_changed(target, images.png_bytes(prepared.target))
    files.write_if_changed(hole, overlay(prepared.hole))
    composites = [path for method in data.methods for path in _copy_composites(data, method, out, pair)]
    height, width = prepared.hole.shape
    return [(path, (height, width)) for path in (target, hole, *composites)]


def _copy_composites(data: ReportData, method: MethodData, out: Path, pair: Pair) -> Iterator[Path]:
    samples: Sequence[int | None] = (None,) if method.samples is None else range(data.run.info.protocol.samples)
    for sample in samples:
        if (scored := method.pictures.get((pair.pair, sample))) is None:
            continue
        source = data.run.folder.composite(method.name, pair.pair, sample)
        try:
            content = files.read_bytes(source)
        except OSError as error:
            raise InputError(
                f"{source}: cannot be read ({error.strerror}). Run it again; finished pairs are kept."
            ) from error
        if (found := files.sha256(content)[:16]) != scored:
            raise HashError(
                f"{source}: not the image that was scored: sha256 {found}, not {scored}. "
                f"`inpaint-bench score {data.run.path}` scores what has changed."
            )
        destination = out / "methods" / method.name / source.name
        copy(content, source, destination)
        yield destination


def copy(content: bytes, source: Path, destination: Path) -> None:
    """Write a copy of a file; an old link is replaced, so that changing the report never changes the run."""
    if destination.is_file() and destination.samefile(source):
        files.write_whole(destination, content)  # a file of its own from now on
    else:
        files.write_if_changed(destination, content)


def overlay(hole: Hole) -> bytes:
    """A PNG of one bit per pixel to lay over an image: white in the hole, transparent in the known region."""
    picture = Image.fromarray(hole.astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 255, 255, 255])
    out = io.BytesIO()
    picture.save(out, format="PNG", bits=1, transparency=0, optimize=True)
    return out.getvalue()
