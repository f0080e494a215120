"""Runs, tables and datasets in a notebook: HTML that is text where it is text, and loads nothing."""

import base64
import io
import re
from pathlib import Path

import finished
import numpy as np
import pytest
import tiny
from PIL import Image

import inpaint_bench as ib
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.figures.inline import Slider

SOURCES = re.compile(r'src="data:image/png;base64,([^"]*)"')


def pictures(html: str) -> list[Pixels]:
    """The pixels of every picture of a page, which may load nothing else."""
    assert html.count("src=") == len(SOURCES.findall(html))
    assert not re.search(r"https?:|url\(|<script|<link|@import", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in SOURCES.findall(html)]


@pytest.fixture
def run(tmp_path: Path) -> ib.Run:
    """A small run of two methods, whose data lie in data/."""
    page = tiny.make_dataset(tmp_path, count=6, metrics=["psnr"])
    finished.finished_run(page, tmp_path / "runs/tiny", ["telea", "mean-fill"])
    return ib.load_run("runs/tiny")


def test_a_slider_shows_the_composite_over_what_it_is_compared_with(run: ib.Run) -> None:
    composite = np.asarray(run.image("telea", "00001"))
    before, after = pictures(run.show("telea", "00001", data="data").to_html())
    hole = tiny.read("data/masks/mask1.png")[..., 0] == 255
    assert (after == composite).all()
    assert not before[hole].any()
    assert (before[~hole] == tiny.picture(1)[~hole]).all()
    assert (pictures(run.show("telea", "00001", "target", data="data").to_html())[0] == tiny.picture(1)).all()
    other = run.show("telea", "00001", "mean-fill")._repr_html_()
    assert (pictures(other)[0] == np.asarray(run.image("mean-fill", "00001"))).all()


def test_the_texts_of_a_slider_are_escaped() -> None:
    html = Slider(tiny.picture(1), tiny.picture(2), ('<b onload="x">', "a&b"), "<i>'").to_html()
    assert "<b" not in html
    assert "<i>" not in html
    assert html.count("&lt;b onload=&quot;x&quot;&gt;") == 3
    assert "a&amp;b" in html


def test_what_cannot_be_shown_is_refused(run: ib.Run) -> None:
    with pytest.raises(InputError, match="no pair here is called '00099'"):
        run.show("telea", "00099")
    with pytest.raises(InputError, match="no method here is called 'inputs'"):
        run.show("telea", "00001", "inputs")
    with pytest.raises(InputError, match="the data of tiny are not here"):
        run.show("telea", "00001")


def test_a_dataset_shows_its_first_pairs(run: ib.Run) -> None:
    dataset = ib.load_dataset("tiny.toml")
    html = dataset._repr_html_()
    shown = pictures(html)
    assert len(shown) == 8
    assert (shown[0] == tiny.picture(0)).all()
    assert f"tiny: 6 pairs, fingerprint {dataset.fingerprint}; the first 4" in html


def test_a_run_shows_its_table_and_without_results_its_name(run: ib.Run) -> None:
    assert "telea" in run._repr_html_()
    assert run._repr_html_() == run.summary().to_html()
    (run.path / "results.jsonl").unlink()
    assert ib.load_run(run.path)._repr_html_() == ("<p>Run(&#x27;runs/tiny&#x27;: tiny, 6 pairs, mean-fill, telea)</p>")
