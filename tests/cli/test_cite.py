"""`cite`: what a run used as BibTeX, each once, and the same keys in a table."""

import re
from pathlib import Path

import pytest
import tiny
from bibtex import entries
from terminal import OUT, Terminal

import inpaint_bench as ib


@pytest.fixture
def run(terminal: Terminal, tmp_path: Path) -> Path:
    """A run of a dataset of one's own by two methods that ship, one of them twice, and one of one's own."""
    tiny.make_dataset(tmp_path, count=3, metrics=["psnr", "ssim", "mae"])
    terminal.run(f"telea,again=telea,mean-fill,{tiny.COUNTING}", "--out", OUT).does()
    return OUT


def keys(text: str) -> list[str]:
    return [key for _, key, _ in entries(text)]


def test_everything_that_a_run_used_is_cited_once(terminal: Terminal, run: Path) -> None:
    text = terminal("cite", run).out
    assert keys(text) == ["inpaint-bench", "inpaint-bench-tiny", "telea2004fast", "wang2004ssim", "hore2010psnr"]
    assert "% the method counting: no reference is known\n" in text
    assert "% the data of tiny: no reference is known\n" in text
    loaded = ib.load_run(run)
    assert f"fingerprint {loaded.fingerprint}, pixels {loaded.pixels[:12]}" in text
    assert loaded.cite() == ib.cite(loaded) == ib.cite(str(run)) == text


def test_a_table_has_the_keys_that_are_printed(terminal: Terminal, run: Path) -> None:
    table = terminal("table", run, "--format", "latex", "--cite").out
    assert table.count(r"telea~\cite{telea2004fast} &") == table.count(r"again~\cite{telea2004fast} &") == 3
    assert set(re.findall(r"\\cite\{(.*?)\}", table)) <= set(keys(terminal("cite", run).out))
    assert table.replace(r"~\cite{telea2004fast}", "").replace(r"~\cite{inpaint-bench}", "") == (
        terminal("table", run, "--format", "latex").out
    )


def test_rows_of_papers_are_not_cited_as_ours(terminal: Terminal, tmp_path: Path) -> None:
    tiny.make_dataset(tmp_path, count=3, name="paris", eight_bit="truncate", metrics=["psnr"])
    terminal.run("telea", "--out", OUT).does()
    table = terminal("table", OUT, "--style", "table1", "--reported", "SPN 2023:1", "--format", "latex", "--cite").out
    assert "spn (reported)" in table
    assert set(re.findall(r"\\cite\{(.*?)\}", table)) == {"telea2004fast"}


def test_names_are_cited_without_a_run(terminal: Terminal) -> None:
    text = terminal("cite", "--methods", "spn,spn-small,lama", "--metrics", "fid,kid", "--dataset", "places2-512").out
    assert keys(text) == [
        "inpaint-bench", "inpaint-bench-places2-512", "zhou2018places", "suvorov2022lama", "li2022mat",
        "zhang2023spn", "heusel2017fid", "szegedy2016inception", "binkowski2018kid",
    ]  # fmt: skip
    terminal("cite", "--metrics", "fd:timm/resnet18", "--out", "r.bib").does("r.bib\n")
    assert keys(Path("r.bib").read_text()) == ["inpaint-bench", "heusel2017fid", "wightman2019timm"]


def test_a_baseline_of_ones_own_is_cited_from_its_card(terminal: Terminal) -> None:
    card = Path("mine/blur/card.toml")
    card.parent.mkdir(parents=True)
    card.write_text(
        'schema = 1\ntitle = "Blur"\n[[methods]]\nname = "blur"\ntitle = "Blur"\npaper = "A & B"\nyear = 2026\n'
        'repository = "mine"\nlicence = "mine"\nlearned = false\n'
    )
    assert (
        "% the method blur: no reference is known; A & B\n"
        in terminal("cite", "--methods", "blur", "--baselines", "mine").out
    )
    card.write_text(
        card.read_text() + 'cite = ["me2026"]\n[[references]]\nkey = "me2026"\nkind = "misc"\ntitle = "100% blur"\n'
    )
    assert r"title = {{100\% blur}}" in terminal("cite", "--methods", "blur", "--baselines", "mine").out


def test_what_cannot_be_cited_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    terminal("cite").refuses(2, "runs/sample: not a run folder")
    terminal("cite", "--methods", "telae").refuses(2, "no method is called 'telae'. Did you mean 'telea'?")
    terminal("cite", "--metrics", "psrn").refuses(2, "no metric is called 'psrn'. Did you mean 'psnr'?")
    terminal("cite", "--dataset", "pariss").refuses(2, "no dataset is called 'pariss'.")
    terminal("cite", "runs/x", "--methods", "telea").refuses(
        2, "give a run, or names of a dataset, methods and metrics"
    )
    tiny.make_dataset(tmp_path, count=2, metrics=["psnr"])
    terminal.run("telea", "--out", OUT).does()
    terminal("table", OUT, "--cite").refuses(2, "--cite goes with --format latex")
