"""`--dataset photos:DIR`: a protocol of any folder of photographs, with drawn masks; its page can be published."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from inpaint_bench import files
from inpaint_bench.data import pair_lists
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.parts import Part
from inpaint_bench.data.protocols import About, DrawnKind, ImageRule, MaskRule, Protocol
from inpaint_bench.errors import InputError, some

if TYPE_CHECKING:
    from inpaint_bench.data.datasets import Dataset

FOLDER = "protocol"  # of a run: what another needs to make it again from the same photographs
SEED = 2023
METRICS = ("ssim", "psnr", "mae", "lpips_alex", "fid")
PLAIN: tuple[DrawnKind, ...] = ("strokes", "walks", "strokes", "walks", "boxes")
KINDS: dict[str, tuple[int, tuple[DrawnKind, ...]]] = {  # by how a dataset begins: the size, and the kinds of masks
    "photos": (256, PLAIN * 4 + ("strokes", "walks", "strokes", "walks", "half")),
    "photos-512": (512, ("thin", "medium", "thick", "free-form")),
}


def named(dataset: str) -> bool:
    """Whether a dataset is given as a folder of photographs."""
    return dataset.partition(":")[0] in KINDS and ":" in dataset


def page_of(dataset: str) -> tuple[Protocol, Path]:
    """The page of `photos:DIR` or `photos-512:DIR`, and the folder: every image in it and in its sub-folders.

    Raises InputError for a folder that is missing or has no images, and as `images.list_images` does.
    """
    from inpaint_bench.data.prepare import list_once  # heavy, and runs are read without it

    kind, _, where = dataset.partition(":")
    folder = files.expanded(where)
    if not where or not folder.is_dir():
        raise InputError(f"--dataset {dataset}: there is no such folder. Give one of photographs, as in {kind}:DIR.")
    names = list_once(folder)
    if not names:
        raise InputError(f"{folder}: there are no images here. Give a folder of photographs, as in {kind}:DIR.")
    size, kinds = KINDS[kind]
    name = f"{kind}-{_legal(folder.resolve().name)}"
    page = Protocol(
        schema=1,
        name=name,
        about=About(
            title=f"{len(names)} photographs of a folder of one's own, their centre square, with drawn masks",
            licence="that of the photographs",
            get=f"Masks are drawn. With the photographs in DIR: inpaint-bench run --dataset {name}.toml --data DIR",
        ),
        count=len(names),
        size=size,
        seed=SEED,
        images=ImageRule(crop="centre-square", duplicates="allow"),
        masks=MaskRule(set="drawn", resize="none", kinds=kinds),
        images_in=".",
        weights_of="places2",
        metrics=METRICS,
    )
    return page, folder


def _legal(name: str) -> str:
    """The name of a folder in the letters that a dataset's name may have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    legal = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:60]
    return legal or files.sha256(name.encode("utf-8", "surrogateescape"))[:8]


def to_toml(page: Protocol) -> bytes:
    """A page as its file."""
    import tomli_w

    keys = {key: value for key, value in msgspec.to_builtins(page).items() if value not in ("", None)}
    for table in ("images", "masks", "about"):
        keys[table] = {key: value for key, value in keys[table].items() if value not in ("", None, [])}
    return tomli_w.dumps(keys).encode()


def publish(run: Path, page: Protocol, pairs: Iterable[Pair] | None) -> list[Path]:
    """Write the page of a folder of photographs, and its pairs if all are given, into a run; the paths of the files.

    Other pages lie where they were read, and are not written. Raises as `files.write_whole` does.
    """
    if page.images_in != ".":
        return []
    written = {run / FOLDER / f"{page.name}.toml": to_toml(page)}
    if pairs is not None:
        written[run / FOLDER / f"{page.name}.pairs.csv"] = pair_lists.to_csv(pairs)
    for path, data in written.items():
        files.write_if_changed(path, data)
    return list(written)


def refuse_others(run: Path, page: Protocol, part: Part, pairs: Iterable[Pair], now: "Dataset") -> None:
    """Raise InputError, for a run that resumes, where photographs of its folder came or went meanwhile."""
    old, new = ({pair.image for pair in some_pairs} for some_pairs in (pairs, now.pairs))
    same = (page.count, old) == (now.page.count, new)
    if same or page.images_in != "." or (page.name, part) != (now.page.name, now.part):
        return
    changes = [f"{what} {some(sorted(names))}" for what, names in (("new", new - old), ("gone", old - new)) if names]
    listed = "; ".join(changes)
    raise InputError(
        f"{now.data.images}: holds {now.page.count} photographs, and the run {run} is of {page.count}"
        f"{f' ({listed})' if changes else ''}. Restore the folder as it was to resume, or choose another "
        "--out."
    )
