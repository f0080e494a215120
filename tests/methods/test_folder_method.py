"""A folder of existing outputs: missing or wrong files are reported by pair, changed ones are read again."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from terminal import OUT, Terminal, composites, pngs

from inpaint_bench import files
from inpaint_bench.data import images

NAMES = pngs([f"picture{number}" for number in range(4)])


@pytest.fixture
def done(page: Path) -> Path:
    """Outputs of the tiny dataset, by the names of the pictures."""
    for number, name in enumerate(NAMES):
        tiny.save_png(Path("done", name), tiny.output(number))
    return Path("done")


def psnr(terminal: Terminal) -> float:
    terminal.run("mine=folder:done").does()
    value = tiny.result(OUT, "mine", "psnr")["value"]
    assert isinstance(value, float)
    return value


def test_outputs_are_composited_with_the_known_region(terminal: Terminal, done: Path) -> None:
    terminal.run("mine=folder:done").does()
    for line in Path(OUT, "pairs.csv").read_text().splitlines()[2:]:
        pair, image, mask = line.split(",")[:3]
        hole = images.read_values(Path("data/masks", mask)) > 0
        composite, texts = images.read_png(OUT / "mine/composites" / f"{pair}.png")
        output = images.read_pixels(done / image)
        assert (composite[hole] == output[hole]).all()
        assert (composite[~hole] == images.read_pixels(Path("data/images", image))[~hole]).all()
        assert texts["source"] == files.file_sha256(done / image)


def test_a_missing_output_is_reported_by_pair_and_the_others_are_kept(terminal: Terminal, done: Path) -> None:
    (done / NAMES[2]).rename("kept.png")
    terminal.run("mine=folder:done").refuses(3, "done: 1 of 4 pairs have no output: 00002. Finished pairs are kept")
    assert composites() == pngs(["00000", "00001", "00003"])
    Path("kept.png").rename(done / NAMES[2])
    terminal.run("mine=folder:done").does("psnr")


def test_an_extra_output_is_refused(terminal: Terminal, done: Path) -> None:
    (done / "zebra.png").write_bytes((done / NAMES[0]).read_bytes())
    terminal.run("mine=folder:done").refuses(2, "done: 1 files belong to no pair (zebra.png)", "Known layouts")
    assert not OUT.exists()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (Image.fromarray(tiny.picture(0, 32)), "pair 00001: the output is 32x32; the image is 24x24."),
        (Image.fromarray(tiny.picture(0)).convert("RGBA"), "is RGBA; allowed: 8-bit RGB PNG"),
        (Image.fromarray(tiny.picture(0)).convert("L"), "is grey; allowed: 8-bit RGB PNG"),
        (Image.fromarray(np.zeros((24, 24), np.uint16)), "16 bits per channel; allowed: 8"),
    ],
    ids=["of another size", "RGBA", "grey", "16 bits"],
)
def test_an_output_that_cannot_be_used_is_named_and_the_others_are_kept(
    terminal: Terminal, done: Path, output: Image.Image, message: str
) -> None:
    output.save(done / NAMES[1])
    terminal.run("mine=folder:done").refuses(2, f"done/{NAMES[1]}: ", message)
    assert composites() == pngs(["00000", "00002", "00003"])


def test_a_jpeg_is_refused_by_its_name_and_by_its_content(terminal: Terminal, done: Path) -> None:
    Image.fromarray(tiny.picture(0)).save("a.jpg")
    Path("a.jpg").rename(done / NAMES[1])
    terminal.run("mine=folder:done").refuses(2, f"done/{NAMES[1]}: a JPEG file; allowed: PNG.")
    (done / NAMES[1]).rename(done / "picture1.jpg")
    terminal.run("mine=folder:done").refuses(
        2, "done/picture1.jpg: JPEG compression changes pixels", "Save outputs as PNG"
    )


def test_several_wrong_outputs_are_counted(terminal: Terminal, done: Path) -> None:
    (done / NAMES[1]).write_bytes(b"")
    (done / NAMES[3]).write_bytes(b"")
    terminal.run("mine=folder:done").refuses(2, f"{NAMES[1]}: the file is empty", "1 more outputs cannot be used.")


def test_an_empty_folder_is_refused(terminal: Terminal, page: Path) -> None:
    Path("done").mkdir()
    terminal.run("mine=folder:done").refuses(2, "done: this folder of outputs is empty.")


def test_an_output_changed_after_a_run_is_composited_and_scored_again(terminal: Terminal, done: Path) -> None:
    before = psnr(terminal)
    state = tiny.state(OUT / "mine/composites")
    (done / NAMES[1]).write_bytes(Path("data/images", NAMES[1]).read_bytes())
    assert psnr(terminal) != before
    assert tiny.result(OUT, "mine", "psnr")["infinite"] == 1
    after = tiny.state(OUT / "mine/composites")
    assert [name for name in state if state[name] != after[name]] == ["00001.png"]


def test_an_output_taken_away_after_a_run_is_reported(terminal: Terminal, done: Path) -> None:
    psnr(terminal)
    (done / NAMES[1]).unlink()
    terminal.run("mine=folder:done").refuses(3, "done: 1 of 1 pairs have no output: 00001.")


def test_another_folder_is_not_mixed_with_existing_composites(terminal: Terminal, done: Path) -> None:
    psnr(terminal)
    done.rename("other")
    terminal.run("mine=folder:other").refuses(2, "runs/tiny/mine: made with source folder:", "the two are not mixed")


def test_samples_of_another_number_than_the_protocol_takes_are_refused(terminal: Terminal, page: Path) -> None:
    for name in NAMES:
        for sample in range(2):
            tiny.save_png(Path("done", name.replace(".", f".s{sample}.")), tiny.picture(sample))
    terminal.run("mine=folder:done").refuses(2, "done: pair 00000 has 2 samples; the protocol takes 3")


def test_a_perfect_output_has_an_infinite_psnr(terminal: Terminal, page: Path) -> None:
    terminal.run("mine=folder:data/images").does("inf")
    result = tiny.result(OUT, "mine", "psnr")
    assert (result["value"], result["n"], result["infinite"]) == ("inf", 0, 4)
    assert "known_error" in Path(OUT, "mine/scores.csv").read_text()
    assert json.loads(Path(OUT, "run.json").read_text())["methods"]["mine"]["source"].startswith("folder:")
