"""Archives with the layout and names of the published ones, small pictures in them, lead to runs of the protocols."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import published
import pytest
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.data import datasets, images, needs, protocols
from inpaint_bench.data.masks import sets

pytestmark = pytest.mark.acceptance
SIDE = 512  # of NVIDIA's masks
LIMIT = 20


def nvidia() -> dict[str, bytes]:
    """12,000 masks in the intervals of the published ones: rectangles, one for each interval."""
    drawn = []
    for low, high in sets.NVIDIA_INTERVALS:
        hole = np.zeros((SIDE, SIDE), bool)
        hole[: SIDE * (low + high) // 200] = True
        drawn.append(images.png_bytes(images.mask_values(hole)))
    return {f"mask/testing_mask_dataset/{n:05d}.png": drawn[n // 2000] for n in range(sets.NVIDIA_COUNT)}


def know(monkeypatch: pytest.MonkeyPatch, hashes: Mapping[str, str]) -> None:
    """Let the shipped pages state other hashes of their archives."""
    read = protocols.read_page

    def with_hashes(path: Path) -> protocols.Protocol:
        page = read(path)
        archives = tuple(msgspec.structs.replace(one, md5=hashes.get(one.file, one.md5)) for one in page.about.archives)
        return msgspec.structs.replace(page, about=msgspec.structs.replace(page.about, archives=archives))

    monkeypatch.setattr(needs, "read_page", with_hashes)


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The masks as NVIDIA packs them."""
    return published.zip_of(tmp_path_factory.mktemp("nvidia") / "test_mask.zip", nvidia())


def runs(terminal: Terminal, name: str, archive: Path, masks: Path, *more: Path) -> None:
    """The dataset is added from its archives, complete, and runs on its first pairs."""
    page = protocols.read_page(protocols.page_path(name))
    answer = terminal("datasets", "add", name, archive, *more)
    answer.does(f"12,000 of 12,000 images of {name}.")
    answer = terminal(
        "run", "--dataset", f"{name}-drawn", "--methods", "mean-fill", "--metrics", "psnr", "--limit", LIMIT
    )
    answer.does("mean-fill")  # which needs no masks
    terminal("datasets", "list").does("no masks  inpaint-bench datasets fetch nvidia-irregular-test")
    terminal("datasets", "add", "nvidia-irregular-test", masks).does("12,000 of 12,000 masks of nvidia-irregular-test.")
    here = {path.name for path in (files.data_dir() / name / "images").iterdir()}
    assert here == {pair.image for pair in datasets.open_dataset(name, None).pairs}
    terminal("datasets", "fetch", name).does()  # nothing is missing, so nothing is fetched
    terminal("run", "--dataset", name, "--methods", "mean-fill", "--metrics", "psnr", "--limit", LIMIT).does(
        "mean-fill"
    )
    assert needs.state(name).state == "complete"
    assert page.count == len(here)


def test_the_archives_of_celeba_lead_to_a_run_of_its_protocol(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, masks: Path
) -> None:
    small = published.jpeg(1, published.OF_CELEBA)
    names = [f"img_align_celeba/{number:06d}.jpg" for number in (*range(1, 100), *range(182_638, 202_600))]
    archive = published.zip_of(Path("img_align_celeba.zip"), dict.fromkeys(names, small))
    lists = Path("list_eval_partition.txt")
    lists.write_bytes(published.partition(dict.fromkeys(names, small)))
    know(monkeypatch, {one.name: published.md5(one) for one in (archive, lists)})
    runs(terminal, "celeba", archive, masks, lists)


def test_the_archive_of_places2_leads_to_a_run_of_its_protocol(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, masks: Path
) -> None:
    small = published.jpeg(1, published.OF_PLACES)
    names = [f"val_256/Places365_val_{number:08d}.jpg" for number in range(1, 36_501)]
    archive = published.tar_of(Path("val_256.tar"), dict.fromkeys(names, small))
    know(monkeypatch, {archive.name: published.md5(archive)})
    runs(terminal, "places2", archive, masks)
