"""`figure`: its subcommands write a file each, and wrong input is refused in a sentence."""

from pathlib import Path

import pytest
import tiny
from terminal import OUT, Once, Terminal

RUN = (OUT, "--data", "data")


@pytest.fixture
def run(terminal: Terminal, page: Path, once: Once) -> None:
    """A run of two methods, one of them stochastic."""
    once(lambda: terminal.run(f"telea,{tiny.NOISE}").does())


@pytest.mark.parametrize("kind", ["grid", "zoom", "samples"])
@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_a_figure_of_pictures_is_written(terminal: Terminal, run: None, kind: str, suffix: str) -> None:
    terminal("figure", kind, *RUN, "--pairs", "00001,00003", "--out", f"f.{suffix}").does(f"f.{suffix}")
    start = b"\x89PNG" if suffix == "png" else b"%PDF"
    assert Path(f"f.{suffix}").read_bytes().startswith(start)


def test_options_reach_the_figure(terminal: Terminal, run: None) -> None:
    base = ("figure", "zoom", *RUN, "--pairs", "00001", "--methods", "telea")
    terminal(*base, "--side", "8", "--at", "2,3", "--enlarge", "5", "--out", "f.png").does()
    height, width, _ = tiny.read("f.png").shape
    assert (height, width) == (22 + 2 * (120 + 4), 22 + 3 * (120 + 4))


def test_bars_are_written(terminal: Terminal, run: None) -> None:
    terminal("figure", "bars", OUT, "--metrics", "psnr", "--methods", "telea", "--out", "bars.pdf").does("bars.pdf")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("grid", *RUN, "--out", "f.svg"), "f.svg: a figure is a .pdf or a .png file."),
        (("grid", *RUN, "--out", "f.png", "--pairs", "00009"), "no pair here is called '00009'. Did you mean"),
        (("grid", *RUN, "--out", "f.png", "--methods", "tela"), "no method here is called 'tela'. Did you mean"),
        (("zoom", *RUN, "--out", "f.png", "--at", "here"), "--at 'here' is no position; give LEFT,TOP"),
        (("zoom", *RUN, "--out", "f.png", "--at", "90,90"), "lies outside its 24x24"),
        (("samples", *RUN, "--out", "f.png", "--methods", "telea"), "none of telea is stochastic"),
        (("detection", *RUN, "--out", "f.png"), "it has no objects detected by any detector"),
        (("bars", OUT, "--out", "f.png", "--metrics", "pnsr"), "no metric here is called 'pnsr'."),
        (("grid", "nowhere", "--out", "f.png"), "not a run folder"),
    ],
)
def test_wrong_input_is_refused(terminal: Terminal, run: None, arguments: tuple[object, ...], message: str) -> None:
    terminal("figure", *arguments).refuses(2, message)
    assert not Path("f.png").exists()
