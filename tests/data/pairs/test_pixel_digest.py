"""The pixel digest: two runs are comparable only where images and masks held the same pixels."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from terminal import Terminal

import inpaint_bench as ib
from inpaint_bench import files
from inpaint_bench.data import pair_lists

RUN, OTHER = Path("runs/tiny"), Path("runs/other")


def info(run: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((run / "run.json").read_text())
    return found


def reencode(path: Path) -> None:
    """The same picture after JPEG, under its own name."""
    Image.open(path).save("again.jpg", quality=95)
    tiny.save_png(path, np.asarray(Image.open("again.jpg")))


@pytest.fixture
def two_runs(terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run, and one of the same names after an image was encoded again on a machine that had not seen it."""
    terminal.run("mean-fill", "--metrics", "psnr").does()
    reencode(Path("data/images/picture3.png"))
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(Path("cache2").absolute()))
    terminal.run("mean-fill", "--metrics", "psnr", "--out", OTHER).does()


def test_it_is_a_hash_over_the_pixels_of_every_image_and_mask(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--metrics", "psnr").does()
    _, _, *rows = (RUN / "pairs.csv").read_text().splitlines()
    hashes = [(row.split(",")[0], *row.split(",")[3:5]) for row in rows]
    digest = hashlib.sha256("\n".join(map(",".join, hashes)).encode()).hexdigest()
    run = ib.load_run(RUN)
    assert digest == run.pixels == info(RUN)["pixels"]
    assert set(run.results["pixels"]) == {digest}
    for text in (
        terminal("table", RUN).out,
        terminal("table", RUN, "--format", "latex").out.replace("\\allowbreak{}", ""),
    ):
        assert f", pixels {digest[:12]}" in text
    assert ib.load_dataset("tiny.toml", data="data").pixels == digest


def test_a_copy_that_was_encoded_again_has_the_fingerprint_and_another_digest(two_runs: None) -> None:
    ours, theirs = info(RUN), info(OTHER)
    assert ours["fingerprint"] == theirs["fingerprint"]
    assert ours["pixels"] != theirs["pixels"]


def test_no_number_of_a_copy_that_was_encoded_again_meets_one_of_the_original(
    two_runs: None, terminal: Terminal
) -> None:
    digests = f"{info(RUN)['pixels'][:12]} and {info(OTHER)['pixels'][:12]}"
    terminal("table", RUN, OTHER).refuses(4, f"two runs of tiny have other pixels: digests {digests}.")
    terminal("compare", "mean-fill", "mean-fill", RUN, OTHER).refuses(4, f"pair 00003: pixel digests {digests}.")
    terminal("merge", RUN, OTHER, "--out", "merged").refuses(4, "pair 00003 has other pixels")
    terminal("gate", RUN, "--expected", "expected", "--accept", "--reason", "first").does()
    terminal("gate", OTHER, "--expected", "expected").refuses(4, "pixels is ")


def test_a_run_does_not_go_on_with_other_pixels(two_runs: None, terminal: Terminal) -> None:
    terminal.run("telea", "--metrics", "psnr").refuses(5, "picture3.png: the image of pair 00003")


def test_verify_knows_the_digest_of_what_ships(terminal: Terminal) -> None:
    digest = pair_lists.pixel_digest(pair_lists.read_csv(files.shipped("protocols") / "sample.pairs.csv"))
    terminal("datasets", "verify", "sample").does("sample: 75 pairs", f"pixels {digest}: the known digest.")


def test_verify_refuses_a_copy_with_other_pixels(terminal: Terminal, tmp_path: Path) -> None:
    protocols, root = files.shipped("protocols"), Path("copy")
    shutil.copytree(protocols / "sample", root / "sample")
    shutil.copy(protocols / "sample.toml", root / "sample.toml")
    names = [row.split(",")[:3] for row in (protocols / "sample.pairs.csv").read_text().splitlines()[2:]]
    head = "\n".join((protocols / "sample.pairs.csv").read_text().splitlines()[:2])
    rows = "\n".join(",".join([*name, "", "", "", "", ""]) for name in names)
    (root / "sample.pairs.csv").write_text(f"{head}\n{rows}\n")
    terminal("datasets", "verify", "copy/sample.toml").does("the known digest")
    shutil.rmtree(files.cache_dir() / "pairs")
    reencode(root / "sample" / "images" / names[3][1])
    terminal("datasets", "verify", "copy/sample.toml").refuses(5, "known for sample is 6f4e94e62eae", "another copy")


def test_verify_says_where_no_digest_is_known(terminal: Terminal, page: Path) -> None:
    terminal("datasets", "verify", "tiny.toml").does("tiny: 4 pairs", "no digest is known yet")
