"""LaTeX: names are only text, every style compiles, a preview is the same bytes at any time."""

import os
import re
import shutil
from itertools import product
from pathlib import Path

import pytest
from invented import NASTY, costs_of, fd, result, results, table_of, timing

from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.errors import IncompleteError
from inpaint_bench.escape import latex, latex_heading
from inpaint_bench.figures.preview import document, pdflatex, write_preview
from inpaint_bench.tables.build import reported_table_of
from inpaint_bench.tables.table import STYLES, Table, TableOptions

HERE = shutil.which("pdflatex") is not None
MUST = os.environ.get("INPAINT_BENCH_CI") == "1"  # as the tests were started: there a TeX must be installed
needs_tex = pytest.mark.skipif(not (HERE or MUST), reason="no pdflatex is installed here")

PLACE = ("tiny", "all", "psnr", "psnr:rgb:u8r:comp:v1")


def names(count: int) -> list[str]:
    """So many methods, nasty ones first."""
    return [*NASTY, *(f"method_{number}" for number in range(count))][:count]


def tables(style: str, folder: Path) -> list[Table]:
    """Tables of 1, 3 and 11 methods, one and two datasets, with and without intervals, and of what is reported."""
    options = TableOptions(style)
    if style == "table6":
        made = [costs_of(folder, [timing(name) for name in names(count)], options) for count in (1, 3, 11)]
        two = [timing("spn"), timing("rfr", machine={"GPU": "b_c & d"})]
        return [*made, reported_table_of(options, "all"), costs_of(folder / "two", two, options, "all")]
    made = [
        table_of(results(names(count), datasets), TableOptions(style, intervals=intervals))
        for count, datasets, intervals in product((1, 3, 11), (("tiny",), ("tiny", "places_2")), (False, True))
    ]
    return [*made, reported_table_of(options, "all"), odd(style)]


def odd(style: str) -> Table:
    """A table with every kind of cell and note that there is."""
    found = {"telea": "best", "b": "not separable", "c": "worse"}
    near = Significance(7, "telea", dict.fromkeys(found, 1.0), {}, found)  # type: ignore[arg-type]
    some = [
        result(), result(method="b", value=-3.5), result(method="c", value="inf", n=0, infinite=7), fd(7),
        result(method="d", value=None, n=0, undefined=7), result(method="e", n=3, infinite=4, low=-1.0, high=2.0),
    ]  # fmt: skip
    return table_of(some, TableOptions(style, intervals=True), {PLACE: near}, {"fid": "no file {x} at C:\\a_b."})


@needs_tex
@pytest.mark.parametrize("style", STYLES)
def test_pdflatex_sets_every_style_with_any_number_of_methods_and_any_names(style: str, tmp_path: Path) -> None:
    made = [table.to_latex() for table in tables(style, tmp_path)]
    write_preview(tmp_path / "all.pdf", made)
    assert (tmp_path / "all.pdf").read_bytes().startswith(b"%PDF-")
    assert len(made) == (14 if style != "table6" else 5)


@needs_tex
def test_a_preview_is_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        write_preview(tmp_path / name, [odd("plain").to_latex()])
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != "") == ["a.pdf", "b.pdf"]


@needs_tex
def test_what_tex_cannot_set_is_said_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match=r"x.pdf: pdflatex failed: .*Undefined control sequence"):
        write_preview(tmp_path / "x.pdf", [odd("plain").to_latex().replace("telea", r"\nosuchword")])
    assert not (tmp_path / "x.pdf").exists()


def test_without_a_tex_there_is_no_preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdflatex() is None
    with pytest.raises(IncompleteError, match="no pdflatex is installed here"):
        write_preview(tmp_path / "x.pdf", ["x"])


def test_a_document_has_a_page_for_every_table() -> None:
    assert document(["one%\n", "two%\n"]).count(r"\shipout") == 2


@pytest.mark.parametrize("letter", list(r"_%&#$~^\{}"))
def test_every_special_letter_is_escaped(letter: str) -> None:
    words = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
    assert latex(f"a{letter}b") == f"a{words.get(letter, chr(92) + letter)}b"


def test_a_label_is_an_acronym_with_what_makes_it_particular() -> None:
    assert latex_heading("mae_spn best of 5 (10^-1) ↓") == r"MAE\textsubscript{spn} best of 5 ($10^{-1}$) $\downarrow$"
    assert latex_heading("psnr ↑") == r"PSNR $\uparrow$"
    assert latex_heading("det_conf ↑") == r"det\_conf $\uparrow$"
    assert latex_heading("0.2-0.4") == "0.2--0.4"


def test_numbers_stand_in_the_tex_as_in_the_results() -> None:
    tex = table_of(results(["alpha"]), TableOptions("table1", intervals=True)).to_latex()
    rows = [re.sub(r"\\scriptsize|[{}]", "", line).split("&")[2:] for line in tex.splitlines() if "alpha" in line]
    assert [[cell.strip(" \\") for cell in row] for row in rows] == [
        ["20.00  [19.50, 20.50]"] * 3,
        ["0.400  [0.390, 0.410]"] * 3,
    ]


def test_a_cell_shows_how_it_stands() -> None:
    lines = odd("ablation").to_latex().splitlines()
    shown = {line.partition(" & ")[0]: line.partition(" & ")[2] for line in lines if " & " in line}
    assert r"\underline{20.00}" in shown["telea"]
    assert shown["b"].startswith(r"\underline{$-$3.50}")
    assert shown["c"].startswith(r"$\infty$")
    assert shown["d"].startswith("-- &")
    assert shown["e"].startswith(r"20.00 {\scriptsize {[}$-$1.00, 2.00{]}} {\scriptsize $n=3$}")


def test_the_notes_hold_signatures_and_the_fingerprint() -> None:
    tex = table_of([result()]).to_latex().replace(r"\allowbreak{}", "")
    assert "\ntiny, pairs ffffffffffff, pixels eeeeeeeeeeee\\par\n" in tex
    assert r"psnr $\uparrow$: psnr:rgb:u8r:comp:v1, higher is better\par" in tex
