"""What `--methods` takes: entries by commas, quotes around what holds a comma, `~`, and the option several times."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal import OUT, TINY, Terminal, composites, write_program

from inpaint_bench.errors import InputError
from inpaint_bench.methods.entries import split_methods

LETTERS = st.text(
    st.characters(exclude_characters="'\"", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1
)
COMMAND = "mine=exec:python x.py {images} {masks} {out}"


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("a, b ,,c", ["a", "b", "c"]),
        ("mine=folder:'lr=0.1,wd=0',telea", ["mine=folder:'lr=0.1,wd=0'", "telea"]),
        ('mine=folder:"a,b",telea', ['mine=folder:"a,b"', "telea"]),
        ("mine='folder:a,b',telea", ["mine='folder:a,b'", "telea"]),
        ("'mine=folder:a,b',telea", ["mine=folder:a,b", "telea"]),
        ("mine=folder:Bob's,telea", ["mine=folder:Bob's", "telea"]),
        ("mine=folder:Bob's,his=folder:Jim's", ["mine=folder:Bob's", "his=folder:Jim's"]),
        ('mine=folder:"Bob\'s, his",telea', ['mine=folder:"Bob\'s, his"', "telea"]),
        (f"{COMMAND} --name='a,b',telea", [f"{COMMAND} --name='a,b'", "telea"]),
        (f"{COMMAND} 'a,b' \"c,'d\",telea", [f"{COMMAND} 'a,b' \"c,'d\"", "telea"]),
        ("mine=exec:'x {images},{masks} {out}',telea", ["mine=exec:'x {images},{masks} {out}'", "telea"]),
    ],
)
def test_entries_are_separated_by_commas_outside_quotes(text: str, entries: list[str]) -> None:
    assert split_methods(text) == entries


@given(st.lists(LETTERS, min_size=1), st.sampled_from("'\""))
def test_quotes_keep_any_folder_whole(folders: list[str], quote: str) -> None:
    entries = [f"m{number}=folder:{quote}{folder}{quote}" for number, folder in enumerate(folders)]
    assert split_methods(",".join(entries)) == entries


def test_a_quote_that_is_not_closed_is_refused() -> None:
    with pytest.raises(InputError, match=r"--methods: the quote ' is not closed in mine=folder:'a,telea"):
        split_methods("mine=folder:'a,telea")


@pytest.mark.parametrize(
    ("folder", "written"),
    [
        ("my results", "my results"),
        ("lr=0.1,wd=0", "'lr=0.1,wd=0'"),
        ("Bob's", "Bob's"),
        ("Bob's, or Jim's", "\"Bob's, or Jim's\""),
        ("home/out", "~/out"),
        ("home/a,b", "'~/a,b'"),
    ],
)
def test_a_folder_of_any_name_is_found(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch, folder: str, written: str
) -> None:
    monkeypatch.setenv("HOME", str(Path("home").absolute()))
    terminal.predict("mean-fill", "--out", "first").does()
    Path(folder).parent.mkdir(exist_ok=True)
    Path("first/mean-fill/composites").rename(folder)
    terminal.predict(f"mine=folder:{written},telea").does("4 pairs by mine, telea")
    assert len(composites()) == 4


def test_a_comma_without_quotes_is_answered_with_quotes(terminal: Terminal, page: Path) -> None:
    answer = terminal.run("mine=folder:lr=0.1,wd=0")
    answer.refuses(
        2, "lr=0.1: there is no such folder of outputs. A path with a comma goes in quotes: mine=folder:'A,B'"
    )


def test_the_option_may_be_given_several_times(terminal: Terminal, page: Path) -> None:
    terminal.predict("telea", "--methods", "mean-fill,navier-stokes").does("by telea, mean-fill, navier-stokes")


def test_the_home_folder_stands_in_commands_and_options(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd()))
    entry = write_program("for name in names: shutil.copy(images / name, out / name)")
    terminal("predict", *TINY, "--methods", entry.replace("program.py", "~/program.py"), "--out", "~/runs/tiny").does()
    assert len(composites(out=OUT)) == 4
