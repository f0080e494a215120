"""`report` on the command line."""

from pathlib import Path

import pytest
import tiny
from terminal import Once, Terminal

RUN = Path("runs/tiny")


@pytest.fixture
def scored(page: Path, terminal: Terminal, once: Once) -> Path:
    once(lambda: terminal.run("telea,mean-fill").does())
    return RUN


def test_a_report_lies_in_the_run_folder_and_its_page_is_named(scored: Path, terminal: Terminal) -> None:
    answer = terminal("report", scored, "--data", "data")
    answer.does(str(scored / "report" / "index.html"))
    assert (scored / "report" / "index.html").is_file()
    assert not (scored / "report" / ".lock").exists()


def test_a_report_goes_to_the_folder_given_and_leaves_the_run_as_it_is(scored: Path, terminal: Terminal) -> None:
    before = tiny.state(scored)
    terminal("report", scored, "--data", "data", "--out", "page").does("page/index.html")
    assert tiny.state(scored) == before
    assert {path.name for path in Path("page").iterdir() if path.is_dir()} == {"pairs", "pictures", "plots"}


def test_a_report_of_two_folders_takes_their_pictures(page: Path, terminal: Terminal) -> None:
    folders = ("--targets", "data/images", "--masks", "masks")
    Path("masks").mkdir()
    for number, mask in enumerate(sorted(Path("data/masks").iterdir())):
        (Path("masks") / f"picture{number}.png").write_bytes(mask.read_bytes())
    terminal("run", *folders, "--methods", "telea", "--metrics", "psnr", "--out", RUN).does()
    terminal("report", RUN, *folders).does("index.html")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "not a run folder"),
        ([str(RUN)], "the data of tiny are not here. Give --data DIR"),
        ([str(RUN), "--data", "nothing"], "there is no such folder"),
        ([str(RUN), "--data", "data", "--out", "tiny.toml"], "is a file, where the report needs a folder"),
        ([str(RUN), "--data", "data", "--out", "."], "this folder holds something other than a report"),
    ],
)
def test_what_cannot_be_reported_is_refused(scored: Path, terminal: Terminal, arguments: list[str], words: str) -> None:
    terminal("report", *arguments).refuses(2, words)


def test_a_folder_that_is_no_run_is_refused_and_nothing_is_made_in_it(terminal: Terminal) -> None:
    Path("mine").mkdir()
    for name in ("nowhere", "mine"):
        terminal("report", name).refuses(2, "not a run folder")
    assert not Path("nowhere").exists()
    assert not [*Path("mine").iterdir()]


def test_a_method_without_results_is_named_on_stderr(scored: Path, terminal: Terminal) -> None:
    tiny.forget_hashes(scored)
    lines = (scored / "results.jsonl").read_text().splitlines(keepends=True)
    (scored / "results.jsonl").write_text("".join(line for line in lines if '"mean-fill"' not in line))
    answer = terminal("report", scored, "--data", "data")
    answer.does("index.html")
    assert "mean-fill has no results" in answer.err


def test_a_run_without_results_is_refused(page: Path, terminal: Terminal) -> None:
    terminal.predict("telea").does()
    terminal("report", RUN, "--data", "data").refuses(2, "no results here")


def test_synthetic_weights_are_no_report(page: Path, terminal: Terminal) -> None:
    terminal.run("spn-small", "--weights", "spn-small=synthetic").does()
    terminal("report", RUN, "--data", "data").refuses(2, "no method has results to report")


def test_a_shard_is_no_report(page: Path, terminal: Terminal) -> None:
    terminal.run("telea", "--shard", "1/2", "--out", "runs/part").does()
    terminal("report", "runs/part", "--data", "data").refuses(2, "no results here")
