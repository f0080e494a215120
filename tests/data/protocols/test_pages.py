"""A protocol page says everything or is refused with the key, what is allowed, and the nearest word."""

from collections import Counter
from pathlib import Path

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from terminal import Terminal

from inpaint_bench.data.protocols import Protocol, bucket_names, bucket_of, facts, page_names, page_path, read_page
from inpaint_bench.errors import InputError

OF_THE_PAPER = ("celeba", "celeba-hq", "paris", "places2")


def changed(old: str, new: str) -> Path:
    text = tiny.page_text(4)
    assert old in text
    Path("changed.toml").write_text(text.replace(old, new))
    return Path("changed.toml")


@pytest.mark.parametrize("name", page_names())
def test_a_shipped_page_reads_and_bears_its_name(name: str) -> None:
    page = read_page(page_path(name))
    assert page.name == name
    assert page.eight_bit == ("truncate" if name in OF_THE_PAPER else "round")
    assert page.about.get
    assert page.about.licence


def test_the_pages_of_the_paper_the_sample_and_those_with_drawn_masks_ship() -> None:
    drawn = [f"{name}-drawn" for name in OF_THE_PAPER] + ["celeba-hq-512", "places2-512"]
    assert page_names() == sorted([*OF_THE_PAPER, "sample", *drawn])
    assert [name for name in page_names() if read_page(page_path(name)).drawn] == sorted(drawn)


@pytest.mark.parametrize("name", ["celeba", "celeba-hq", "paris", "places2"])
def test_a_page_with_drawn_masks_has_the_images_of_the_papers(name: str) -> None:
    drawn, paper = (read_page(page_path(one)) for one in (f"{name}-drawn", name))
    assert drawn.folder == paper.folder == name
    for key in ("images", "count", "size", "seed", "buckets", "samples"):
        assert getattr(drawn, key) == getattr(paper, key)
    shares = Counter(drawn.masks.kinds)
    assert shares == {"strokes": 10, "walks": 10, "boxes": 4, "half": 1}  # of each bucket of the sample


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("count = 4", "cuont = 4", "no key is called 'cuont'. Did you mean 'count'? Known: about, buckets, "),
        ("[masks]", '[masks]\nhloe = "255"', r"no key is called 'hloe' in \[masks\]. Did you mean 'hole'? Known: "),
        ("[images]", '[images]\ngray = "refuse"', r"no key is called 'gray' in \[images\]. Did you mean 'grey'?"),
        ("[about]", '[about]\nlicense = "MIT"', r"no key is called 'license' in \[about\]. Did you mean 'licence'?"),
        ("count = 4", 'count = "4"', "Expected `int`, got `str` - at `count`"),
        ("count = 4", "count = 0", "Expected `int` >= 1 - at `count`"),
        ("count = 4", "", "missing required field `count`"),
        ("schema = 1", "schema = 2", "Invalid enum value 2 - at `schema`. Allowed: 1."),
        ('"tiny"', '"Tiny!"', "`name`"),
        ('hole = "255"', 'hole = "white"', "no rule for holes is called 'white'"),
        ('resize = "none"', 'resize = "lanczos"', "'lanczos' - at `images.resize`. Allowed: none, opencv-bilinear."),
        ("count = 4", "count = 4\nbuckets = [0, 40, 20]", r"\[0, 40, 20\] must be increasing, as in \[0, 20, 40, 60\]"),
        ("count = 4", "count = 4\nbuckets = [20]", r"buckets \[20\] must be increasing"),
        ("count = 4", "count = 4\nbuckets = [0, 120]", "<= 100"),
        ("count = 4", 'count = 4\neight_bit = "floor"', "'floor' - at `eight_bit`. Allowed: round, truncate."),
        ("[images]", "[images]\nfirst = 3", "count is 4 but images.first is 3"),
        ('metrics = ["ssim", "psnr", "mae"]', "metrics = []", "metrics must be one or more different names"),
        ('"psnr", "mae"', '"psnr", "psnr"', "metrics must be one or more different names"),
        ("size = 24", "", 'without a size, images and masks need resize = "none"'),
        ("count = 4", "count = ", "changed.toml: "),
        ("count = 4", "count = 4\ncount = 5", "changed.toml: "),
    ],
)
def test_a_wrong_page_is_refused_with_what_is_allowed(old: str, new: str, message: str) -> None:
    page = changed(old, new)
    if old == "size = 24":
        page.write_text(page.read_text().replace('resize = "none"', 'resize = "nearest"').replace("nearest", "none", 1))
    with pytest.raises(InputError, match=message.replace("?", r"\?")) as refused:
        read_page(page)
    assert str(refused.value).startswith("changed.toml: ")
    assert str(refused.value).endswith(".")


def test_a_wrong_page_ends_the_command_with_one_sentence(terminal: Terminal, page: Path) -> None:
    changed("count = 4", "cuont = 4")
    terminal("run", "--dataset", "changed.toml").refuses(2, "changed.toml: no key is called 'cuont'")


def test_a_page_with_an_unknown_metric_is_refused_by_its_name(terminal: Terminal, page: Path) -> None:
    page.write_text(page.read_text().replace('"psnr"', '"pnsr"'))
    answer = terminal.run("mean-fill")
    answer.refuses(2, "tiny.toml", "no metric is called 'pnsr'. Did you mean 'psnr'?")


@pytest.mark.parametrize("data", [b"count = 4 # \xff", b"\x00", b"["])
def test_a_page_that_is_no_toml_is_refused(data: bytes) -> None:
    Path("odd.toml").write_bytes(data)
    with pytest.raises(InputError, match=r"odd\.toml: "):
        read_page(Path("odd.toml"))


def test_a_folder_is_no_page(terminal: Terminal) -> None:
    Path("odd.toml").mkdir()
    terminal("datasets", "show", "odd.toml").refuses(2, "odd.toml: there is no such protocol page (Is a directory)")


@given(st.integers(0, 100), st.sampled_from([(0, 20, 40, 60), (10, 15, 100)]))
def test_a_mask_lies_in_the_one_bucket_whose_interval_holds_its_ratio(hole_pixels: int, edges: tuple[int, ...]) -> None:
    Path("page.toml").write_text(tiny.page_text(4, buckets=edges))
    page = read_page(Path("page.toml"))
    inside = [
        name for name, low, high in zip(bucket_names(page), edges, edges[1:], strict=False) if low < hole_pixels <= high
    ]
    assert [bucket_of(page, hole_pixels, 100)] == (inside or [""])


def test_buckets_are_printed_as_the_paper_prints_them() -> None:
    assert bucket_names(read_page(page_path("paris"))) == ["0.0-0.2", "0.2-0.4", "0.4-0.6"]
    Path("page.toml").write_text(tiny.page_text(4, buckets=[1, 10, 25]))
    assert bucket_names(read_page(Path("page.toml"))) == ["0.01-0.1", "0.1-0.25"]


def test_prose_and_metrics_are_no_part_of_what_fixes_a_composite() -> None:
    page = read_page(changed('title = "tiny"', 'title = "other"'))
    assert facts(page) == facts(read_page(changed('"psnr", "mae"', '"psnr"')))
    assert facts(page) != facts(read_page(changed("count = 4", "count = 4\nseed = 1")))
    assert isinstance(page, Protocol)
