"""Outputs that are not the target where it is known: refused with the reason, and no method is refused by mistake."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from terminal import Terminal

import inpaint_bench as ib
from inpaint_bench.data import datasets, images
from inpaint_bench.data.images import Pixels
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.errors import InputError
from inpaint_bench.runner.known_region import EVERY, check_known_region

PAIRS = 2 * EVERY + 1


@pytest.fixture(scope="module")
def pairs() -> list[Prepared]:
    """Photographs of the sample with their masks."""
    sample = datasets.open_dataset("sample", None)
    return [prepare(sample.page, sample.data, pair) for pair in sample.pairs[:PAIRS]]


def output(pair: Prepared, spoil: Callable[[Pixels], Pixels], error: int = 30) -> Pixels:
    """The target with other values in the hole, spoiled as a whole."""
    painted = pair.target.astype(np.int64)
    noise = np.random.default_rng(int(pair.pair.pair)).integers(-error, error + 1, painted.shape)
    painted += noise * pair.hole[..., None]
    return np.ascontiguousarray(spoil(np.clip(painted, 0, 255).astype(np.uint8)))


def reason_of(pair: Prepared, spoil: Callable[[Pixels], Pixels], others: list[Prepared] | None = None) -> str:
    """What is said of an output; '' where nothing is."""
    try:
        check_known_region("mine", output(pair, spoil), pair, [partial(lambda one: one, one) for one in others or ()])
    except InputError as error:
        return str(error)
    return ""


def curve(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[Pixels], Pixels]:
    levels = np.rint(255 * np.clip(function(np.arange(256) / 255), 0, 1)).astype(np.uint8)
    return lambda image: levels[image]


def jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    def spoil(image: Pixels) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "jpeg", quality=quality)
        return np.array(Image.open(file))

    return spoil


def smaller(part: int) -> Callable[[Pixels], Pixels]:
    def spoil(image: Pixels) -> Pixels:
        height, width, _ = image.shape
        small = Image.fromarray(image).resize((width // part, height // part), Image.Resampling.BILINEAR)
        return np.array(small.resize((width, height), Image.Resampling.BILINEAR))

    return spoil


def noisy(levels: int) -> Callable[[Pixels], Pixels]:
    def spoil(image: Pixels) -> Pixels:
        noise = np.random.default_rng(0).normal(0, levels, image.shape)
        return np.clip(image + noise, 0, 255).astype(np.uint8)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda image: image[..., ::-1], "red and blue are exchanged. Save RGB; cv2.imwrite expects BGR"),
        (lambda image: image[:, ::-1], "it is mirrored"),
        (lambda image: image[::-1], "it is upside down"),
        (lambda image: np.rot90(image), "it is rotated by 90 degrees"),
        (lambda image: image.swapaxes(0, 1), "it has rows and columns exchanged"),
        (lambda image: 255 - image, "it is a negative"),
        (curve(lambda x: (x + 1) / 2), "values were saved as (x + 1) / 2"),
        (curve(lambda x: 2 * x - 1), "values lie in [-1, 1] and were cut at 0. Save (x + 1) / 2"),
        (curve(lambda x: x**2.2), "it has another gamma"),
        (curve(lambda x: 0.5 * x + 0.1), "its values are another range or gamma"),
        (lambda image: np.roll(image, 1, axis=1), "it is shifted by 1 pixels to the right and 0 down"),
        (lambda image: np.roll(image, -2, axis=0), "it is shifted by 0 pixels to the right and -2 down"),
        (jpeg(20), "it went through JPEG (of a quality near 20)"),
        (smaller(2), "it was made 2 times smaller and enlarged again"),
        (noisy(60), "no reason was found"),
    ],
)
def test_the_reason_is_named(pairs: list[Prepared], spoil: Callable[[Pixels], Pixels], reason: str) -> None:
    """For pairs in which all candidates are tried, such as the first."""
    for pair in pairs[::EVERY]:
        text = reason_of(pair, spoil)
        assert text.startswith(f"mine: pair {pair.pair.pair} ({pair.pair.image}): outside the hole the output is not")
        assert reason in text


def test_the_image_of_another_pair_is_named(pairs: list[Prepared]) -> None:
    pair, other = pairs[3], pairs[7]
    text = reason_of(pair, lambda _: other.target, [pairs[2], pairs[4], other])
    assert f"it shows the image of pair 00007 ({other.pair.image})" in text


@pytest.mark.parametrize("spoil", [lambda image: image, noisy(2), noisy(10), jpeg(98)])
def test_a_known_region_that_is_nearly_the_targets_passes(
    pairs: list[Prepared], spoil: Callable[[Pixels], Pixels]
) -> None:
    assert [reason_of(pair, spoil, pairs) for pair in pairs] == [""] * PAIRS


def test_one_flat_colour_says_nothing(pairs: list[Prepared]) -> None:
    assert reason_of(pairs[0], lambda image: np.full_like(image, 90)) == ""


@pytest.mark.acceptance
@pytest.mark.parametrize("limit", [2, None])
def test_the_shipped_methods_pass_on_the_sample(limit: int | None) -> None:
    methods = ["biharmonic", "mean-fill", "navier-stokes", "patchmatch", "spn-prob-small", "spn-small", "telea"]
    run = ib.predict("sample", methods, limit=limit, quiet=True)
    assert {name: len(run.folder.samples_of(name)) for name in methods} == dict.fromkeys(methods, limit or 75)


@pytest.fixture
def folders(tmp_path: Path, pairs: list[Prepared]) -> Path:
    """Images and masks named by number, and perfect outputs."""
    for number, pair in enumerate(pairs[:12], 1):
        for name, picture in {
            "images": pair.target,
            "masks": images.mask_values(pair.hole),
            "outputs": output(pair, lambda image: image),
        }.items():
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(images.png_bytes(picture))
    return tmp_path


SCORE = ("score", "--targets", "images", "--masks", "masks", "--predictions", "outputs", "--metrics", "psnr")


def test_outputs_that_are_numbered_in_another_order_are_refused(terminal: Terminal, folders: Path) -> None:
    for number in range(1, 13):  # '10' comes before '2' where names are sorted as text
        (folders / "outputs" / f"{number}.png").rename(folders / "outputs" / f"{number - 1:05d}.png")
    terminal(*SCORE).refuses(2, "pair 00001 (10.png)", "it shows the image of pair 00004 (2.png)", "name them by")


def test_masks_of_the_other_polarity_are_refused(terminal: Terminal, folders: Path) -> None:
    for path in (folders / "masks").iterdir():
        path.write_bytes(images.png_bytes(255 - np.array(Image.open(path))))
    for path in (folders / "outputs").iterdir():
        target = np.array(Image.open(folders / "images" / path.name))
        hole = np.array(Image.open(folders / "masks" / path.name)) == 0
        path.write_bytes(images.png_bytes(np.where(hole[..., None], np.uint8(128), target)))
    terminal(*SCORE).refuses(
        2, "pair 00000 (1.png)", "the masks are of the other polarity. Invert them: 255 is the hole"
    )


def test_exchanged_channels_are_scored_only_where_that_is_allowed(terminal: Terminal, folders: Path) -> None:
    for path in (folders / "outputs").iterdir():
        path.write_bytes(images.png_bytes(np.ascontiguousarray(np.array(Image.open(path))[..., ::-1])))
    terminal(*SCORE).refuses(2, "red and blue are exchanged", "--allow-known-error")
    terminal(*SCORE, "--allow-known-error").does('"known_error": 0.')
    terminal(*SCORE, "--raw").does()
    run = ("run", "--targets", "images", "--masks", "masks", "--methods", "mine=folder:outputs", "--metrics", "psnr")
    terminal(*run, "--out", "run").refuses(2, "mine: pair 00000 (1.png)", "red and blue are exchanged")
    note = "--allow-known-error: outside the hole outputs differ from the target (known_error): mine 0."
    terminal(*run, "--out", "run", "--allow-known-error").does(note)
