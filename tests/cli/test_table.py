"""`table`: formats, files and previews, reported numbers, times, and what is refused."""

import os
import shutil
from pathlib import Path

import pytest
import tiny
from terminal import OUT, Once, Terminal

from inpaint_bench.tables.formats import SUFFIX

HERE = shutil.which("pdflatex") is not None
MUST = os.environ.get("INPAINT_BENCH_CI") == "1"  # as the tests were started: there a TeX must be installed


@pytest.fixture
def run(terminal: Terminal, tmp_path: Path, once: Once) -> Path:
    """A run of a dataset that is called paris."""
    tiny.make_dataset(tmp_path, count=3, name="paris", eight_bit="truncate", metrics=["psnr", "mae_spn"])
    once(lambda: terminal.run("telea,mean-fill", "--out", OUT).does())
    return OUT


def test_a_file_ends_as_its_format(terminal: Terminal, run: Path) -> None:
    for format_, suffix in SUFFIX.items():
        if format_ == "latex":
            continue
        assert terminal("table", run, "--out", f"t.{suffix}").out == f"t.{suffix}\n"
        assert Path(f"t.{suffix}").read_text() == terminal("table", run, "--format", format_).out
        terminal("table", run, "--format", format_, "--out", "runs", "--style", "table1").does(
            f"runs/table1.{suffix}\n"
        )


@pytest.mark.skipif(not (HERE or MUST), reason="no pdflatex is installed here")
def test_beside_a_tex_file_stands_its_preview(terminal: Terminal, run: Path) -> None:
    assert terminal("table", run, "--style", "table2", "--out", "t.tex").out == "t.tex\nt.pdf\n"
    assert Path("t.pdf").read_bytes().startswith(b"%PDF")
    assert Path("t.tex").read_text() == terminal("table", run, "--style", "table2", "--format", "latex").out


def test_without_a_tex_the_table_is_written_and_that_is_said(
    terminal: Terminal, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    answer = terminal("table", run, "--out", "t.tex")
    answer.does("t.tex\n")
    assert "t.tex: no pdflatex is installed here, so no PDF was made." in answer.err
    assert not Path("t.pdf").exists()


def test_reported_numbers_stand_beside_measured_ones(terminal: Terminal, run: Path) -> None:
    answer = terminal("table", run, "--style", "table1", "--reported", "SPN 2023:1", "--methods", "telea,spn,rfr")
    answer.does("rfr (reported)", " telea ", "36.82")
    (line, *_) = [line.split() for line in answer.out.splitlines() if "spn (reported)" in line]
    assert line[-5:] == ["spn", "(reported)", "0.916", "0.795", "0.886"]
    assert "mean-fill" not in answer.out
    assert "\x1b[" not in answer.out  # no colour where no terminal reads


def test_the_papers_table_needs_no_run(terminal: Terminal) -> None:
    answer = terminal("table", "--reported-only", "--style", "table1", "--format", "csv", "--metrics", "ssim")
    answer.does("places2 0.2-0.4,places2 0.4-0.6,places2 All (n=12000),celeba 0.2-0.4", ",0.880,0.740,0.849\n")
    terminal("table", "--reported-only", "--style", "table6").does("dsi                        256        25\n")


def test_buckets_can_be_chosen(terminal: Terminal, run: Path) -> None:
    answer = terminal("table", run, "--buckets", "all,0.2-0.4", "--format", "csv")
    answer.does("metric,signature,method,0.2-0.4 (n=1),All (n=3)\n")
    terminal("table", run, "--buckets", "0.2-0.5").refuses(
        2, "no bucket here is called '0.2-0.5'. Did you mean '0.2-0.4'?"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--reported", "spn"), "no paper here is called 'spn'"),
        (("--reported", "SPN 2023:1", "--methods", "telea,spm"), "no method here is called 'spm'. Did you mean"),
        (("--reported", "SPN 2023:1", "--metrics", "lpips_alex"), "no metric here is called 'lpips_alex'"),
        (("--reported", "SPN 2023:1", "--metrics", "fid"), "nothing of these methods and metrics was measured here"),
        (("--reported", "SPN 2023:6"), "nothing is reported of paris in these buckets"),
        (("--reported", "SPN 2023:1", "--methods", "telea"), "nothing of these methods and metrics is reported there"),
        (("--reported-only",), "--reported-only prints what papers print. Leave out RUNS"),
        (("--style", "table6"), "runs/tiny: nothing was timed here. `inpaint-bench time` writes"),
        (("--style", "table6", "--metrics", "psnr"), "--style table6 has columns of its own: of what it shows"),
    ],
)
def test_what_makes_no_table_is_refused(
    terminal: Terminal, run: Path, arguments: tuple[str, ...], message: str
) -> None:
    terminal("table", run, *arguments).refuses(2, message)
