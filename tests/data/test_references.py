"""References: BibTeX that parses whatever fields hold, and a reference for everything that ships."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from bibtex import entries

from inpaint_bench import decode
from inpaint_bench.api.citing import TOOL, Library
from inpaint_bench.data.protocols import mask_set_names, page_names, page_path, read_page
from inpaint_bench.data.references import Reference, by_key, of_datasets
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.card import Card
from inpaint_bench.metrics.references import of_metrics
from inpaint_bench.metrics.registry import KNOWN, SHIPPED

ROOT = Path(__file__).resolve().parents[2]
MUST = os.environ.get("INPAINT_BENCH_CI") == "1"  # as the tests were started: there a TeX must be installed
NASTY = 'a {b} \\c & d_e 100% #f $g ~h ^i "j" @k{l,'
LIBRARY = Library(find_baselines())


def test_every_entry_that_ships_parses_and_has_what_its_kind_needs() -> None:
    text = "\n".join(one.to_bibtex() for one in LIBRARY.references.values())
    found = entries(text)
    assert len(found) == len(LIBRARY.references) == text.count("\n}\n")
    for kind, key, fields in found:
        assert {"author", "title"} <= fields.keys(), key
        if key != TOOL.key:
            assert re.fullmatch(r"(19|20)\d\d", fields["year"]), key
            assert {"article": "journal", "inproceedings": "booktitle", "misc": "howpublished"}[kind] in fields, key
        assert all(value.isascii() for value in fields.values()), key


def test_every_reference_that_ships_is_cited() -> None:
    cited = {key for file in (of_datasets(), of_metrics()) for keys in file.cite.values() for key in keys}
    cited |= {key for _, card in LIBRARY.known.values() for key in card.cite}
    assert cited == LIBRARY.references.keys() - {TOOL.key}


@pytest.mark.parametrize("name", find_baselines())
def test_every_method_that_ships_has_a_reference(name: str) -> None:
    card = LIBRARY.known[name][1]
    assert all(key in LIBRARY.references for key in LIBRARY.keys_of_method(card))
    if name != "mean-fill":  # of this project, which the tool's own entry stands for
        first = LIBRARY.references[LIBRARY.keys_of_method(card)[0]]
        assert first.key != TOOL.key
        assert name in ("diffusers", "flux-fill") or str(first.year) in card.paper + str(card.year)


@pytest.mark.parametrize("name", list(KNOWN)[:SHIPPED])
def test_every_metric_that_ships_has_a_reference(name: str) -> None:
    assert all(key in LIBRARY.references for key in LIBRARY.keys_of_metric(name) or ("none",))


def test_every_dataset_and_every_set_of_masks_that_ships_has_references_or_is_ours() -> None:
    known = of_datasets()
    assert all(known.keys_of(f"masks:{name}") for name in mask_set_names())
    for name in page_names():
        page = read_page(page_path(name))
        assert known.keys_of(name) is not None
        assert all(known.keys_of(f"drawn:{kind}") is not None for kind in page.masks.kinds)
        assert all(key in LIBRARY.references for key in LIBRARY.keys_of_dataset(page))
        assert bool(LIBRARY.keys_of_dataset(page)) == bool(page.about.paper)


def test_the_title_of_the_tool_is_that_of_its_citation_file() -> None:
    assert f'title: "{TOOL.title}"\n' in (ROOT / "CITATION.cff").read_text()


def test_fields_hold_only_text() -> None:
    ((_, key, fields),) = entries(
        Reference("a1", "misc", NASTY, ("{X & Y}", f"{{{NASTY}}}"), NASTY, 2020, note=NASTY).to_bibtex()
    )
    assert key == "a1"
    assert fields["author"].startswith(r"{X \& Y} and {a ")
    assert fields["howpublished"] == fields["note"]
    assert r"100\% \#f \$g" in fields["note"]


@pytest.mark.skipif(not (MUST or shutil.which("bibtex")), reason="no TeX is installed here")
def test_bibtex_and_latex_read_every_entry(tmp_path: Path) -> None:
    nasty = Reference("nasty", "article", NASTY, (f"{{{NASTY}}}", "Mikołaj Bińkowski"), NASTY, 2020)
    text = "\n".join(one.to_bibtex() for one in [*LIBRARY.references.values(), nasty])
    (tmp_path / "all.bib").write_text(f"% a comment\n{text}")
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\\begin{document}\\nocite{*}\\bibliographystyle{plain}\\bibliography{all}\\end{document}"
    )
    for command in (["pdflatex", "-interaction=batchmode", "-halt-on-error", "all"], ["bibtex", "all"]) * 2:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    log = (tmp_path / "all.blg").read_text(errors="replace")
    assert "warning$ -- 0" in log or "Warning" not in log, log
    assert (tmp_path / "all.bbl").read_text().count("\\bibitem{") == len(LIBRARY.references) + 1


def test_one_key_has_one_meaning() -> None:
    one = Reference("a1", "misc", "One")
    assert by_key([one, one]) == {"a1": one}
    with pytest.raises(InputError, match="two references have the key 'a1' and differ"):
        by_key([one, msgspec.structs.replace(one, title="Two")])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "A b"}, "matching regex"),
        ({"kind": "book"}, "Invalid enum value"),
        ({"url": "http://x"}, "matching regex"),
        ({"year": 19}, "`int` >= 1900"),
        ({"authors": ["Last,"]}, "matching regex"),
    ],
)
def test_a_broken_reference_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape(reason)):
        msgspec.convert({"key": "a1", "kind": "misc", "title": "A", **change}, Reference)


def test_a_card_cites_its_own_references() -> None:
    text = (ROOT / "baselines/rn/card.toml").read_text().replace('cite = ["yu2020rn"]', 'cite = ["yu2020"]')
    assert 'cite = ["yu2020"]\n' in text
    with pytest.raises(msgspec.ValidationError, match="rn cites 'yu2020', which is not one of the card's references"):
        decode.toml(text, Card)
