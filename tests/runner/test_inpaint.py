"""A picture of any size: what a method takes is read from its card, and nothing outside the hole changes."""

from pathlib import Path

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from terminal import Terminal, write_method, write_program

from inpaint_bench.data.images import Hole, Pixels, mask_values
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.errors import InputError
from inpaint_bench.methods.sizes import Sizes
from inpaint_bench.runner.inpaint import ONE, enlarge, read_picture

SEEN = """
height, width = image.shape[2:]
with open("seen.txt", "a") as log:
    log.write(f"{{height}}x{{width}}\\n")
if {refused}:
    raise ValueError("a size that its card does not allow")
return image + mask * {value}
"""


def picture(height: int, width: int) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def write_pair(height: int, width: int, *boxes: tuple[int, int, int, int]) -> tuple[Pixels, Hole]:
    """image.png and mask.png of the working folder, with holes at top, left, bottom, right."""
    pixels, hole = picture(height, width), np.zeros((height, width), bool)
    for top, left, bottom, right in boxes or [(2, 3, 9, 8)]:
        hole[top:bottom, left:right] = True
    tiny.save_png(Path("image.png"), pixels)
    tiny.save_png(Path("mask.png"), mask_values(hole))
    return pixels, hole


def write_baseline(sizes: str, body: str, parameters: str = "image, mask") -> tuple[str, ...]:
    """A baseline whose one method, 'mine', has these keys for its sizes; the options that name it."""
    baseline = Path("baselines/mine")
    baseline.mkdir(parents=True, exist_ok=True)
    (baseline / "card.toml").write_text(
        'schema = 1\ntitle = "Mine"\n[[methods]]\nname = "mine"\ntitle = "Mine"\npaper = "none"\nyear = 2026\n'
        f'repository = "none"\nlicence = "none"\nlearned = false\n{sizes}\n'
    )
    write_method(body, parameters, module="baselines/mine/adapter")
    return "--baselines", "baselines", "--method", "mine"


def seen() -> list[str]:
    """The sizes that the method was given, after the two pictures of the probe."""
    return Path("seen.txt").read_text().splitlines()[1:]


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        (Sizes(), "any size"),
        (Sizes(exact_size=256), "256x256 pixels only"),
        (Sizes(128), "height and width multiples of 128"),
        (Sizes(4, 12), "height and width multiples of 4 and at least 12"),
        (Sizes(min_size=68), "height and width at least 68"),
    ],
)
def test_sizes_are_printed_as_a_sentence_has_them(sizes: Sizes, text: str) -> None:
    assert str(sizes) == text


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("multiple = 0", "Expected `int` >= 1"),
        ('min_size = "12"', "Expected `int`, got `str`"),
        ('sizes = "any"', "unknown field `sizes`"),
        ("exact_size = 256\nmultiple = 4", "exact_size allows one size"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(terminal: Terminal, keys: str, problem: str) -> None:
    write_pair(20, 20)
    baseline = write_baseline(keys, SEEN.format(refused="False", value=0.5))
    terminal("inpaint", "image.png", "mask.png", *baseline, "--out", "out.png").refuses(2, "card.toml", problem)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 40), st.integers(0, 40))
def test_reflection_keeps_the_picture_and_mirrors_the_hole_with_it(h: int, w: int, down: int, right: int) -> None:
    pixels = picture(h, w)
    hole = pixels[..., 0] > 127
    small = Prepared(ONE, pixels, hole)
    large = enlarge(small, h + down, w + right)
    assert large.target.shape == (h + down, w + right, 3)
    assert (large.target[:h, :w] == pixels).all()
    assert (large.hole[:h, :w] == hole).all()
    assert ((large.target[..., 0] > 127) == large.hole).all()


@pytest.mark.parametrize(
    ("sizes", "size", "given"),
    [
        ("", (19, 33), "19x33"),
        ("multiple = 16", (19, 33), "32x48"),
        ("multiple = 4\nmin_size = 64", (19, 33), "64x64"),
        ("multiple = 16", (32, 48), "32x48"),
    ],
)
def test_a_picture_is_enlarged_to_what_the_card_allows(
    terminal: Terminal, sizes: str, size: tuple[int, int], given: str
) -> None:
    pixels, hole = write_pair(*size)
    baseline = write_baseline(sizes, SEEN.format(refused="False", value=0.5))
    terminal("inpaint", "image.png", "mask.png", *baseline, "--out", "out.png").does("out.png: 35 pixels by mine.")
    assert seen() == [given]
    found = tiny.read("out.png")
    assert (found[~hole] == pixels[~hole]).all()
    assert (found[hole] == 128).all()


@pytest.mark.parametrize(("size", "windows"), [((40, 20), 2), ((20, 20), 1), ((32, 32), 1), ((100, 70), 12)])
def test_a_method_of_one_size_sees_windows_of_that_size(
    terminal: Terminal, size: tuple[int, int], windows: int
) -> None:
    height, width = size
    boxes = [(top, left, top + 3, left + 3) for top in range(1, height - 3, 7) for left in range(1, width - 3, 7)]
    pixels, hole = write_pair(height, width, *boxes)
    baseline = write_baseline("exact_size = 32", SEEN.format(refused="(height, width) != (32, 32)", value=0.25))
    terminal("inpaint", "image.png", "mask.png", *baseline, "--out", "out.png").does("out.png")
    assert seen() == ["32x32"] * windows
    found = tiny.read("out.png")
    assert (found[~hole] == pixels[~hole]).all()
    assert (found[hole] == 64).all()


def test_only_windows_with_a_hole_are_looked_at(terminal: Terminal) -> None:
    write_pair(200, 32, (190, 3, 195, 8))
    baseline = write_baseline("exact_size = 32", SEEN.format(refused="False", value=0.25))
    terminal("inpaint", "image.png", "mask.png", *baseline, "--out", "out.png").does("out.png")
    assert len(seen()) == 1


def test_a_window_that_is_all_hole_is_refused(terminal: Terminal) -> None:
    write_pair(100, 100, (10, 10, 90, 90))
    baseline = write_baseline("exact_size = 32", SEEN.format(refused="False", value=0.25))
    answer = terminal("inpaint", "image.png", "mask.png", *baseline, "--out", "out.png")
    answer.refuses(2, "mine takes 32x32 pixels at a time", "any size")
    assert not Path("out.png").exists()


NOISE = """
drawn = [[np.random.default_rng(int(seed)).random(image.shape[1:]) for seed in row] for row in seeds]
return torch.from_numpy(np.array(drawn)).float()
"""


def test_samples_have_files_of_their_own_and_a_seed_gives_the_same_again(terminal: Terminal) -> None:
    write_pair(30, 20)
    entry = write_method(NOISE, "image, mask, seeds")
    for out, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        terminal(
            "inpaint", "image.png", "mask.png", "--method", entry, "--out", out, "--seed", seed, "--samples", 2
        ).does(out.replace(".png", ".s1.png"))
    first, again, other = (Path(f"{name}.s0.png").read_bytes() for name in "abc")
    assert first == again != other
    assert Path("a.s0.png").read_bytes() != Path("a.s1.png").read_bytes()
    terminal("inpaint", "image.png", "mask.png", "--method", entry, "--out", "one.png", "--seed", 1).does("one.png")
    assert Path("one.png").read_bytes() == first


def test_a_classical_method_and_a_program_paint_too(terminal: Terminal) -> None:
    pixels, hole = write_pair(37, 51)
    program = write_program(
        "from PIL import Image\n[Image.open(masks / name).convert('RGB').save(out / name) for name in names]"
    ).replace(" -S ", " ")
    for entry in ("telea", program):
        terminal("inpaint", "image.png", "mask.png", "--method", entry, "--out", "out.png").does("35 pixels")
        assert (tiny.read("out.png")[~hole] == pixels[~hole]).all()
    assert (tiny.read("out.png")[hole] == 255).all()


def test_a_grey_picture_is_taken_and_one_with_alpha_is_not(terminal: Terminal) -> None:
    write_pair(20, 20)
    Image.fromarray(picture(20, 20)[..., 0]).save("grey.png")
    terminal("inpaint", "grey.png", "mask.png", "--method", "telea", "--out", "out.png").does("out.png")
    Image.fromarray(np.dstack([picture(20, 20), picture(20, 20)[..., :1]])).save("alpha.png")
    answer = terminal("inpaint", "alpha.png", "mask.png", "--method", "telea", "--out", "out.png")
    answer.refuses(2, "alpha.png: the image is RGBA")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("image.png", "small.png", "--method", "telea", "--out", "o.png"), "the mask is 24x24, image.png 30x20"),
        (("image.png", "none.png", "--method", "telea", "--out", "o.png"), "the mask hides nothing"),
        (("image.png", "grey.png", "--method", "telea", "--out", "o.png"), "allows only 0 and 255"),
        (("image.png", "mask.png", "--method", "telea", "--out", "o.jpg"), "only PNG keeps every pixel"),
        (("image.png", "mask.png", "--method", "telea", "--out", "image.png"), "image.png: this file is read"),
        (("image.png", "mask.png", "--method", "tela", "--out", "o.png"), "Did you mean 'telea'?"),
        (("image.png", "mask.png", "--method", "telea", "--out", "o.png", "--samples", "2"), "not stochastic"),
        (("image.png", "mask.png", "--method", "m=folder:here", "--out", "o.png"), "paints nothing"),
        (("image.png", "mask.png", "--method", "rn", "--out", "o.png"), "rn has no weights for sample here"),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(terminal: Terminal, arguments: tuple[str, ...], words: str) -> None:
    write_pair(20, 30)
    tiny.save_png(Path("small.png"), mask_values(np.eye(24, dtype=bool)))
    tiny.save_png(Path("none.png"), np.zeros((20, 30), np.uint8))
    tiny.save_png(Path("grey.png"), np.full((20, 30), 100, np.uint8))
    before = Path("image.png").read_bytes()
    terminal("inpaint", *arguments).refuses(2, words)
    assert not Path("o.png").exists()
    assert Path("image.png").read_bytes() == before


def test_a_picture_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"nowhere\.png: there is no such file"):
        read_picture(Path("nowhere.png"), Path("mask.png"))


def test_a_note_says_that_synthetic_weights_paint_nonsense(terminal: Terminal) -> None:
    pixels, hole = write_pair(21, 35)
    answer = terminal(
        "inpaint", "image.png", "mask.png", "--method", "rn", "--weights", "rn=synthetic", "--out", "out.png"
    )
    answer.does("by rn")
    assert "synthetic weights paint nonsense" in answer.err
    assert (tiny.read("out.png")[~hole] == pixels[~hole]).all()


@pytest.mark.parametrize(
    ("sizes", "taken", "refused"),
    [
        (Sizes(), (1, 24, None), ()),
        (Sizes(exact_size=256), (256,), (24, 128, None)),
        (Sizes(4, 12), (12, 24), (8, 14, None)),
    ],
)
def test_sizes_decide_which_squares_are_taken(
    sizes: Sizes, taken: tuple[int | None, ...], refused: tuple[int | None, ...]
) -> None:
    assert all(sizes.take(side) for side in taken)
    assert not any(sizes.take(side) for side in refused)
