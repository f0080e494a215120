"""Archives in the layout in which data sets are published, with small pictures, and pages that name their hashes."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tiny
from PIL import Image

from inpaint_bench import files
from inpaint_bench.data import images, pair_lists
from inpaint_bench.data.masks.draw import draw
from inpaint_bench.data.pairs import Pair

COUNT = 6
CELEBA = [f"{number:06d}.jpg" for number in range(182_638, 182_638 + COUNT)]
PLACES = [f"Places365_val_{number:08d}.jpg" for number in range(1, COUNT + 1)]
MASKS = [f"{number:05d}.png" for number in range(COUNT)]
OF_CELEBA, OF_PLACES = (178, 218), (256, 256)


def jpeg(number: int, size: tuple[int, int]) -> bytes:
    """A picture of a width and height, no two alike."""
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    pixels = np.stack([columns + 7 * number, rows + 3 * number, columns + rows], axis=2).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="JPEG", quality=60)
    return out.getvalue()


def celeba(count: int = COUNT) -> dict[str, bytes]:
    """img_align_celeba.zip, with pictures of the training partition and some more than the page takes."""
    numbers = [1, 2, *range(182_638, 182_638 + count), 202_599]
    return {f"img_align_celeba/{number:06d}.jpg": jpeg(number, OF_CELEBA) for number in numbers}


def places(count: int = COUNT) -> dict[str, bytes]:
    """val_256.tar, with some more pictures than the page takes."""
    return {f"val_256/Places365_val_{n:08d}.jpg": jpeg(n, OF_PLACES) for n in range(1, count + 3)}


def partition(names: Mapping[str, bytes], of: str = "2") -> bytes:
    """list_eval_partition.txt: pictures from 182638 on are in the test partition, or in that of one's choice."""
    lines = [f"{name[-10:]} {of if int(name[-10:-4]) >= 182_638 else 0}\n" for name in names]
    return "".join(lines).encode()


def zip_of(path: Path, contents: Mapping[str, bytes]) -> Path:
    """A zip archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def tar_of(path: Path, contents: Mapping[str, bytes]) -> Path:
    """A tar archive."""
    with tarfile.open(path, "w") as archive:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def folder_of(path: Path, contents: Mapping[str, bytes]) -> Path:
    """A folder of the unpacked files."""
    for name, data in contents.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def masks(size: int = 64) -> dict[str, bytes]:
    """A folder of drawn masks, called as NVIDIA's are."""
    drawn = [draw("boxes", size, number, *tiny.BUCKETS[number % 3]) for number in range(COUNT)]
    return {f"masks/{n}": images.png_bytes(images.mask_values(one)) for n, one in zip(MASKS, drawn, strict=True)}


def md5(path: Path) -> str:
    """The MD5 of a file."""
    return hashlib.md5(path.read_bytes()).hexdigest()


def write_page(name: str, pictures: list[str], archives: list[dict[str, str]], crop: str = "none") -> Path:
    """A page of a few pairs of pictures and masks, with its list of pairs, and the archives that its data come in."""
    pairs = [Pair(f"{n:05d}", one, MASKS[n]) for n, one in enumerate(pictures)]
    Path(f"{name}.pairs.csv").write_bytes(pair_lists.to_csv(pairs))
    keys = [f'schema = 1\nname = "{name}"\ncount = {len(pairs)}\nsize = 64\nmetrics = ["psnr", "mae"]']
    keys += [f'[images]\ncrop = "{crop}"\n[masks]\nhole = "255"']
    keys += ['[about]\ntitle = "tiny"\nlicence = "for tests alone"\nget = "it is drawn"']
    keys += [table_of(one) for one in archives]
    page = Path(f"{name}.toml")
    page.write_text("\n".join(keys) + "\n")
    return page


def sources_of(file: str, url: str) -> str:
    """The sources of a file: a server, or a page from which only a person can get it."""
    if url:
        return f'[{{ kind = "http", url = "{url}/{file}" }}]'
    return '[{ kind = "page", url = "https://example.org/data", note = "ask there" }]'


def table_of(archive: Mapping[str, str]) -> str:
    """The table of an archive as TOML."""
    lines = [f"{key} = {json.dumps(value) if key != 'sources' else value}" for key, value in archive.items()]
    return "\n".join(["[[about.archives]]", *lines])


def archive_of(holds: str, file: str, md5: str, url: str, **more: str) -> dict[str, str]:
    """The table of an archive in a page."""
    hashes = {"md5": md5} if md5 else {}
    return {"holds": holds, "file": file, **more, **hashes, "sources": sources_of(file, url)}


def celeba_page(archive_md5: str = "", partition_md5: str = "", url: str = "") -> Path:
    """A page as celeba's, of a few pairs whose masks are a folder."""
    archives = [
        archive_of("images", "img_align_celeba.zip", archive_md5, url, folder="img_align_celeba", pixels="178x218"),
        archive_of("partition", "list_eval_partition.txt", partition_md5, url),
    ]
    return write_page("few-celeba", CELEBA, archives, crop="centre-square")


def places_page(archive_md5: str = "", url: str = "") -> Path:
    """A page as that of places2, of a few pairs whose masks are a folder."""
    archive = archive_of("images", "val_256.tar", archive_md5, url, folder="val_256", pixels="256x256")
    return write_page("few-places", PLACES, [archive])


HQ_PAGE = """schema = 1
name = "few-hq"
count = 2
size = 64
metrics = ["psnr"]
[images]
first = 2
mapping = "CelebA-HQ-to-CelebA-mapping.txt"
others = "allow"
[masks]
hole = "255"
[about]
title = "tiny"
licence = "for tests alone"
get = "it is drawn"
"""


def celeba_hq() -> dict[str, bytes]:
    """CelebAMask-HQ.zip: pictures, their annotations, and the mapping that puts 1, 3 and 10 in the test partition."""
    origins = {0: 7, 1: 182_637, 2: 8, 3: 202_598, 4: 9, 10: 190_000}
    lines = [f"{number} {origin} {origin + 1:06d}.jpg" for number, origin in origins.items()]
    mapping = "\n".join(["idx orig_idx orig_file", *lines, ""]).encode()
    pictures = {f"CelebAMask-HQ/CelebA-HQ-img/{number}.jpg": jpeg(number, (64, 64)) for number in origins}
    annotations = {f"CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/{n:05d}_hair.png": b"x" for n in origins}
    return {**pictures, **annotations, "CelebAMask-HQ/CelebA-HQ-to-CelebA-mapping.txt": mapping}


def celeba_hq_page() -> Path:
    """A page as that of celeba-hq, without a list of pairs."""
    archives = [
        archive_of("images", "CelebAMask-HQ.zip", "", "", folder="CelebA-HQ-img", pixels="64x64"),
        archive_of("mapping", "CelebAMask-HQ.zip", "", ""),
    ]
    page = Path("few-hq.toml")
    page.write_text("\n".join([HQ_PAGE, *(table_of(one) for one in archives)]) + "\n")
    return page


def write_celeba() -> Path:
    """img_align_celeba.zip, and a page that knows its hash; the list of partitions and the masks beside it."""
    path = zip_of(Path("img_align_celeba.zip"), celeba())
    Path("list_eval_partition.txt").write_bytes(partition(celeba()))
    folder_of(Path("nvidia"), masks())
    celeba_page(md5(path), md5(Path("list_eval_partition.txt")))
    return path


def data_of(page: str = "few-celeba") -> Path:
    """The folder of a dataset."""
    return files.data_dir() / page


def here(folder: Path) -> list[str]:
    """The names in a folder of the data."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")
