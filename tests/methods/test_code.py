"""Code that changed since a run began is noticed, in whatever file it is; --fresh starts a method anew."""

import sys
from pathlib import Path

import pytest
from terminal import OUT, Terminal, composites, write_program

from inpaint_bench.cli import run_cli
from inpaint_bench.errors import InputError
from inpaint_bench.methods.code import folder_code

READS = """
level = int(Path("model/level.txt").read_text())
for name in names: shutil.copy(images / name, out / name)
"""
MINE = """
from networks import net
def load(weights, device):
    return lambda image, mask: image + mask * net.LEVEL
"""


def forget_modules() -> None:
    """What a new process has not imported yet."""
    for name in ("mine", "networks", "networks.net"):
        sys.modules.pop(name, None)


def test_a_program_that_was_edited_is_not_mixed_with_what_it_made(terminal: Terminal, page: Path) -> None:
    entry = write_program("for name in names: shutil.copy(images / name, out / name)")
    first = terminal.run(entry)
    first.does("mine")
    assert "mine: its code is known from program.py" in first.err.replace(Path(sys.executable).name + ", ", "")
    assert "4 pairs reused; --fresh mine computes them anew." in terminal.run(entry).err
    Path("program.py").write_text(Path("program.py").read_text() + "# edited\n")
    terminal.run(entry).refuses(2, "runs/tiny/mine: made with code ", "Start it anew with --fresh mine")


def test_a_folder_named_by_code_is_looked_at_as_a_whole(terminal: Terminal, page: Path) -> None:
    Path("model").mkdir()
    Path("model/level.txt").write_text("1")
    entry = write_program(READS)
    first = terminal.run(entry, "--code", "model")
    first.does("mine")
    assert "code is known" not in first.err
    terminal.run(entry, "--code", "model").does("mine")
    Path("model/level.txt").write_text("2")
    terminal.run(entry, "--code", "model").refuses(2, "runs/tiny/mine: made with code ")
    terminal.run(entry, "--code", "nowhere").refuses(2, "--code nowhere: there is no such folder.")


def test_a_module_is_known_with_what_it_imports_beside_it(terminal: Terminal, page: Path) -> None:
    Path("networks").mkdir()
    Path("networks/net.py").write_text("LEVEL = 0.25\n")
    Path("mine.py").write_text(MINE)
    terminal.run("mine=python:mine:load").does("mine")
    before = composites()
    Path("networks/net.py").write_text("LEVEL = 0.125\n")
    forget_modules()
    terminal.run("mine=python:mine:load").refuses(2, "runs/tiny/mine: made with code ")
    written = {name: (OUT / "mine/composites" / name).read_bytes() for name in before}
    forget_modules()
    terminal.run("mine=python:mine:load,telea", "--fresh", "mine").does("mine", "telea")
    assert composites() == before
    assert all((OUT / "mine/composites" / name).read_bytes() != written[name] for name in before)


def test_fresh_computes_only_the_named_methods_anew(terminal: Terminal, page: Path) -> None:
    terminal.run("telea,mean-fill").does()
    answer = terminal.run("telea,mean-fill", "--fresh", "telea")
    answer.does("telea", "mean-fill")
    assert "mean-fill: 4 pairs reused" in answer.err
    assert "telea: 4 pairs reused" not in answer.err
    terminal.run("telea,mean-fill", "--fresh", "tela").refuses(2, "no method of --fresh is called 'tela'. Did you mean")


def test_fresh_follows_no_link(terminal: Terminal, page: Path) -> None:
    terminal.run("telea").does()
    (OUT / "telea").rename("kept")
    (OUT / "telea").symlink_to(Path("kept").absolute())
    terminal.run("telea", "--fresh", "telea").does()
    assert len(list(Path("kept/composites").iterdir())) == 4


def test_a_folder_of_code_is_known_without_what_it_made(page: Path) -> None:
    before = folder_code(Path())
    assert run_cli(["run", "--dataset", "tiny.toml", "--methods", "mean-fill", "--quiet"]) == 0
    Path(".git").mkdir()
    Path(".git/index").touch()
    assert folder_code(Path()) == before
    Path("data/images/notes.txt").touch()
    assert folder_code(Path()) != before
    with pytest.raises(InputError, match="there is no such folder"):
        folder_code(Path("tiny.toml"))


def test_shards_of_different_code_are_not_merged(terminal: Terminal, page: Path) -> None:
    entry = write_program("for name in names: shutil.copy(images / name, out / name)")
    terminal.predict(entry, "--shard", "1/2", "--out", "one").does()
    Path("program.py").write_text(Path("program.py").read_text() + "# edited\n")
    terminal.predict(entry, "--shard", "2/2", "--out", "two").does()
    terminal("merge", "one", "two", "--out", "both").refuses(4, "mine was made with another code than in ")
