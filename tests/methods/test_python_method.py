"""A function of the user's own: what it may return, how its failures are reported, what is kept when it fails."""

from pathlib import Path

import numpy as np
import pytest
from terminal import OUT, Terminal, composites, pngs, write_method

from inpaint_bench.data import images, tensors
from inpaint_bench.methods import networks

ALL = pngs(["00000", "00001", "00002", "00003"])
FAILS_ON_ONE = """
known = (1 - mask).mean((1, 2, 3))
if (known == {share}).any() and len(image) < 9 and image.shape[-1] == 24 and not __import__("os").path.exists("mended"):
    raise RuntimeError("out of\\npaint")
return image + 0.5 * mask
"""


def share_known(pair: str) -> float:
    """The share of known pixels of a pair, by which a method under test tells it."""
    listed = {line.split(",")[0]: line.split(",") for line in Path("seen.csv").read_text().splitlines()[2:]}
    values = images.read_values(Path("data/masks") / listed[pair][2])
    return float((1 - tensors.to_masks([values > 0])).mean())


def fails_on(terminal: Terminal, pair: str) -> str:
    """A method that fails on one pair until a file called mended is there."""
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "seen.csv").does()
    return write_method(FAILS_ON_ONE.format(share=repr(share_known(pair))))


def test_a_function_of_ones_own_runs_and_is_scored(terminal: Terminal, page: Path) -> None:
    entry = write_method("return image + 0.5 * mask")
    terminal.run(entry).does("mine", "psnr ↑")
    assert composites() == ALL


def test_a_method_that_raises_is_reported_with_the_pair_and_the_others_are_kept(terminal: Terminal, page: Path) -> None:
    entry = fails_on(terminal, "00002")
    answer = terminal.run(entry)
    answer.refuses(3, "mine: pair 00002 failed: RuntimeError: out of paint.", "Finished pairs are kept")
    assert {*ALL[:2]} <= {*composites()} < {*ALL}
    assert not Path(OUT, "results.jsonl").read_text()


def test_the_next_run_does_what_was_left(terminal: Terminal, page: Path) -> None:
    entry = fails_on(terminal, "00002")
    assert terminal.run(entry).code == 3
    before = {name: (OUT / "mine/composites" / name).stat().st_mtime_ns for name in composites()}
    Path("mended").touch()
    terminal.run(entry).does("mine")
    assert composites() == ALL
    assert before == {name: (OUT / "mine/composites" / name).stat().st_mtime_ns for name in before}


def test_a_method_that_fails_does_not_stop_the_others(terminal: Terminal, page: Path) -> None:
    entry = fails_on(terminal, "00000")
    answer = terminal.run(f"{entry},mean-fill")
    answer.refuses(3, "mine: pair 00000 failed")
    assert "mean-fill" in answer.out
    assert len(composites("mean-fill")) == 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return image * torch.nan", "pair 00000: the prediction holds NaN or infinite values"),
        ("return image / 0", "pair 00000: the prediction holds NaN or infinite values"),
        ("return image + 1.5 * mask", " to 1.5; [0, 1] is allowed. Return values in [0, 1]; clamp them only if"),
        ("return image - 0.5", "pair 00000: values from -0.5 to "),
        ("return (image + 0.5 * mask) * 255", "They look like 0..255: return x / 255."),
        ("return (image + 0.5 * mask).half() * 255", "They look like 0..255: return x / 255."),
        ("return (image + 0.1 * mask) * 2 - 1", "They look like [-1, 1]: return (x + 1) / 2."),
        ("return image + 1.0001 * mask", " to 1.0001; [0, 1] is allowed."),
        ("return ((image + 0.5 * mask) * 255).byte()", "pair 00000: a prediction of torch.uint8; it must be float32"),
        ("return image[..., 1:]", "a prediction of shape (3, 24, 23); it must be (3, 24, 24)"),
        ("return image[:, :1]", "a prediction of shape (1, 24, 24); it must be (3, 24, 24)"),
        ("return image[0]", "it returned shape (3, 24, 24) for "),
        ("return image.sum()", "it returned shape () for "),
        ("return (image + 0.5 * mask).numpy()", "it returned ndarray; it must return a tensor"),
        ("return None", "it returned NoneType; it must return a tensor"),
        ("return [image]", "it returned list; it must return a tensor"),
        ("return (image + 0.5 * mask).to(torch.complex64)", "torch.complex64; it must be float32 in [0, 1]"),
        ("raise ValueError", "failed: ValueError."),
        ("raise SystemExit(0)", "failed: SystemExit: 0."),
        ("assert image.shape[-1] == 256, 'only 256'", "failed: AssertionError: only 256."),
    ],
)
def test_what_is_no_prediction_is_refused(terminal: Terminal, page: Path, body: str, message: str) -> None:
    terminal.run(write_method(body)).refuses(3, "mine: ", message, "run the same command again")
    assert composites() == []


def test_a_prediction_that_carries_a_gradient_or_doubles_is_taken(terminal: Terminal, page: Path) -> None:
    body = "return torch.nn.Parameter(image.double()) * 1 + 0.5 * mask"
    terminal.predict(write_method(body)).does("4 pairs by mine")


def test_a_value_beyond_1_by_rounding_counts_as_1(terminal: Terminal, page: Path) -> None:
    beyond = write_method("return torch.where(mask > 0, torch.tensor(1.0000005), image)")
    terminal.predict(beyond).does("4 pairs by mine")
    terminal.predict(write_method("return image + mask", module="exact"), "--out", "exact").does("4 pairs by mine")
    for name in ALL:
        assert (OUT / "mine/composites" / name).read_bytes() == Path("exact/mine/composites", name).read_bytes()


def test_a_module_that_cannot_be_imported_is_reported(terminal: Terminal, page: Path) -> None:
    terminal.run("mine=python:nowhere:load").refuses(
        2, "mine=python:nowhere:load: importing nowhere failed: ModuleNotFoundError: No module named 'nowhere'"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise RuntimeError('no\\nGPU')", "importing broken failed: RuntimeError: no GPU."),
        ("def load(:", "importing broken failed: SyntaxError: "),
        ("import sys; sys.exit()", "importing broken failed: SystemExit."),
    ],
)
def test_a_module_that_fails_at_import_is_reported(terminal: Terminal, page: Path, text: str, message: str) -> None:
    Path("broken.py").write_text(text)
    terminal.run("mine=python:broken:load").refuses(2, message)
    assert not OUT.exists()


def test_a_missing_function_is_reported(terminal: Terminal, page: Path) -> None:
    write_method("return image")
    terminal.run("mine=python:mine:laod").refuses(2, "mine has no function 'laod'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def load(weights, device): raise FileNotFoundError('no net.pt')", "failed: FileNotFoundError: no net.pt."),
        ("def load(): pass", "mine: loading it failed: TypeError: load() takes 0 positional arguments"),
        ("def load(weights, device): pass", "mine: loading it failed: it returned NoneType; it must return a function"),
        (
            "def load(weights, device): return lambda image: image",
            "its parameters are (image); they must be (image, mask) or (image, mask, seeds)",
        ),
    ],
)
def test_a_load_that_gives_no_function_is_reported(terminal: Terminal, page: Path, text: str, message: str) -> None:
    Path("other.py").write_text(text)
    terminal.run("mine=python:other:load").refuses(3, message)


def test_changed_code_is_not_mixed_with_existing_composites(terminal: Terminal, page: Path) -> None:
    entry = write_method("return image + 0.5 * mask")
    terminal.predict(entry).does()
    write_method("return image + 0.25 * mask", module="newer")
    answer = terminal.predict("mine=python:newer:load")
    answer.refuses(2, "runs/tiny/mine: made with source python:mine:load, now it is python:newer:load", "--out")


def test_only_the_hole_is_given_and_it_is_empty(terminal: Terminal, page: Path) -> None:
    body = """
    assert image.dtype == mask.dtype == torch.float32 and image.shape[1:] == (3, *mask.shape[2:])
    assert set(mask.unique().tolist()) == {0, 1} and not (image * mask).any()
    return image + 0.5 * mask
    """
    terminal.predict(write_method(body)).does("4 pairs by mine")


def test_known_error_says_how_far_a_prediction_moved_the_known_region(terminal: Terminal, page: Path) -> None:
    terminal.run(write_method("return torch.full_like(image, 0.5)")).does()
    rows = [line.split(",") for line in Path(OUT, "mine/scores.csv").read_text().splitlines()]
    recorded = {row[0]: float(row[5]) for row in rows if row[2:3] == ["known_error"]}
    assert len(recorded) == 4
    for line in Path(OUT, "pairs.csv").read_text().splitlines()[2:]:
        pair, image, mask = line.split(",")[:3]
        known = images.read_values(Path("data/masks") / mask) == 0
        target = images.read_pixels(Path("data/images") / image)[known].astype(float)
        assert recorded[pair] == pytest.approx(np.abs(target - 128).mean() / 255, abs=1e-12)
        composite, texts = images.read_png(OUT / "mine/composites" / f"{pair}.png")
        assert float(texts["known_error"]) == recorded[pair]
        assert (composite[known] == target).all()
        assert (composite[~known] == 128).all()


COUNTED = """
def load(weights, device, *, level: float = 0.5):
    with open("loads.txt", "a") as log:
        log.write(f"{level} ")
    return lambda image, mask: image + level * mask
"""


def test_a_method_stays_loaded_where_a_process_goes_on(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("counted.py").write_text(COUNTED)
    monkeypatch.setattr(networks, "_kept", None)
    for shard in ("1/4", "2/4"):
        terminal.predict("mine=python:counted:load", "--shard", shard, "--out", f"fresh{shard[0]}").does()
    assert Path("loads.txt").read_text() == "0.5 0.5 "
    networks.keep_loaded()
    for shard in ("1/4", "2/4"):
        terminal.predict("mine=python:counted:load", "--shard", shard, "--out", f"kept{shard[0]}").does()
    terminal.predict("mine=python:counted:load", "--set", "mine.level=0.25", "--shard", "3/4", "--out", "other").does()
    assert Path("loads.txt").read_text() == "0.5 0.5 0.5 0.25 "
    kept, fresh = (Path(f"{name}2/mine/composites/00001.png").read_bytes() for name in ("kept", "fresh"))
    assert kept == fresh
