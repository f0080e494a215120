"""Every command explains itself, lists and shows tell facts, and options come from the environment too."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from terminal import OUT, TINY, Terminal, composites

from inpaint_bench import __version__, files
from inpaint_bench.cli import COMMANDS, cli
from inpaint_bench.metrics import METRICS

HEAVY = {"torch", "numpy", "cv2", "PIL", "numba", "skimage", "rich", "scipy", "pandas"}


def commands(group: click.Group, name: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and every command of a command, by its words."""
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        yield (*name, word)
        if isinstance(command, click.Group):
            yield from commands(command, (*name, word))


@pytest.mark.parametrize("words", [(), *commands(cli)], ids=" ".join)
def test_every_command_explains_itself(terminal: Terminal, words: tuple[str, ...]) -> None:
    answer = terminal(*words, "--help")
    answer.does("Usage: inpaint-bench", "--help")
    assert answer.err == ""
    assert terminal(*words, "-h").out == answer.out


@pytest.mark.parametrize("words", list(commands(cli)), ids=" ".join)
def test_every_option_has_a_help_and_a_variable(words: tuple[str, ...]) -> None:
    command: click.Command | None = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in ("help", "format_"):
            assert parameter.help, parameter.name
            assert parameter.name in ("data", "weights") or str(parameter.envvar).startswith("INPAINT_BENCH_")


def test_a_bare_call_lists_the_commands(terminal: Terminal) -> None:
    answer = terminal()
    assert all(f"  {name} " in answer.out + answer.err for name in COMMANDS)


def test_the_version_is_told(terminal: Terminal) -> None:
    terminal("--version").does(f"inpaint-bench, version {__version__}")


def test_the_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, inpaint_bench.cli as c; c.run_cli(['--help']);"
        f"print(sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)"
    )
    root = Path(files.__file__).parents[1]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stderr == "[]\n"
    assert "Usage: inpaint-bench" in found.stdout


def test_a_variable_sets_an_option_and_the_option_wins(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_BENCH_METHODS", "mean-fill")
    monkeypatch.setenv("INPAINT_BENCH_DATASET", "tiny.toml")
    monkeypatch.setenv("INPAINT_BENCH_LIMIT", "3")
    terminal("predict").does("runs/tiny.first3: 3 pairs by mean-fill.")
    terminal("predict", "--limit", 2).does("runs/tiny.first2: 2 pairs by mean-fill.")
    monkeypatch.setenv("INPAINT_BENCH_LIMIT", "none")
    terminal("predict").refuses(2, "--limit", "'none' is not a valid integer")


def test_data_are_found_under_the_variable(terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.write_text(page.read_text().replace('data = "data"\n', ""))
    answer = terminal.predict("mean-fill")
    answer.refuses(2, "the data of tiny are not here. Give --data DIR or set INPAINT_BENCH_DATA.")
    Path("all").mkdir()
    Path("data").rename("all/tiny")
    monkeypatch.setenv("INPAINT_BENCH_DATA", "all")
    terminal.predict("mean-fill").does("4 pairs")
    terminal.predict("mean-fill", "--data", "all/tiny", "--out", "other").does("4 pairs")


@pytest.mark.parametrize("group", ["datasets", "methods", "metrics"])
def test_a_bare_group_lists(terminal: Terminal, group: str) -> None:
    answer = terminal(group, "list")
    answer.does()
    assert answer.out
    assert terminal(group).out == answer.out


def test_datasets_are_listed_with_their_counts(terminal: Terminal) -> None:
    terminal("datasets", "list").does(
        "paris            100 pairs", "places2          12000 pairs", "sample           75 pairs"
    )


def test_a_dataset_is_shown_with_how_to_get_it(terminal: Terminal) -> None:
    terminal("datasets", "show", "paris").does(
        "100, seed 2023, buckets 0.0-0.2, 0.2-0.4, 0.4-0.6",
        "opencv-bilinear to 256, grey pictures: replicate",
        "nvidia-irregular-test, resize nearest, hole: > 0",
        "truncate",
        "ssim, psnr, mae_spn, fid_pic2018, mae, lpips_alex, fid",
        "How to get the data",
        "INPAINT_BENCH_DATA",
    )


def test_a_page_of_ones_own_is_shown(terminal: Terminal, page: Path) -> None:
    terminal("datasets", "show", page).does("it is drawn", "CC0-1.0", str(page))


def test_methods_are_listed_with_whether_they_run_here(terminal: Terminal) -> None:
    answer = terminal("methods", "list")
    answer.does("mean-fill", "telea", "Mean colour")
    (line,) = [line for line in answer.out.splitlines() if line.startswith("mean-fill ")]
    assert "runs here" in line


def test_a_method_is_shown_with_its_card(terminal: Terminal) -> None:
    terminal("methods", "show", "telea").does("Telea, An Image Inpainting", "(2004)", "Apache-2.0", "OpenCV")


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_listed_and_shown_with_its_signatures(terminal: Terminal, name: str) -> None:
    terminal("metrics", "list").does(name, f"{METRICS[name].better} is better")
    terminal("metrics", "show", name).does(f"{name}, {METRICS[name].better} is better", ":u8t:comp:v1", ":u8r:comp:v1")


def test_with_no_method_every_one_that_can_run_here_runs(terminal: Terminal, page: Path) -> None:
    answer = terminal("predict", *TINY)
    answer.does("4 pairs by mean-fill, telea, navier-stokes, biharmonic", "spn-small")
    assert "spn-prob-small is left out: it takes height and width multiples of 32, and the protocol" in answer.err
    assert "spn-prob-small" not in answer.out
    assert len(composites("biharmonic")) == 4


@pytest.mark.parametrize(("style", "heads"), [("table1", 3), ("table2", 4), ("plain", 4)])
def test_a_table_is_printed_in_the_columns_of_the_paper(terminal: Terminal, page: Path, style: str, heads: int) -> None:
    terminal.run("mean-fill").does()
    answer = terminal("table", OUT, "--style", style, "--format", "csv")
    answer.does("metric,signature,method,", "0.2-0.4 (n=1)", "All (n=4)", "psnr,psnr:rgb:u8r:comp:v1,mean-fill,")
    assert answer.out.splitlines()[0].count("(n=") == heads
    terminal("table", OUT, "--style", style, "--format", "markdown").does("| metric ", "| method ")


def test_quiet_says_nothing_on_stderr(terminal: Terminal, page: Path) -> None:
    loud = terminal.predict("mine=folder:data/images", "--out", "loud")
    quiet = terminal.predict("mine=folder:data/images", "--out", "quiet", "--quiet")
    assert loud.err != ""
    assert quiet.err == ""
