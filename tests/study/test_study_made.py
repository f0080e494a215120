"""A study of a run as it is written: the page, its pictures and its key, and what cannot be asked."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from studied import METHODS, Studied, studied_run
from terminal import Terminal

from inpaint_bench.data.images import read_png
from inpaint_bench.runner.folder import open_run


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Studied:
    return studied_run(tmp_path_factory.getbasetemp(), compiled)


@pytest.fixture
def studied(written: Studied, tmp_path: Path) -> Studied:
    return written.copied(tmp_path / "copy")


def page_data(study: Path) -> dict[str, Any]:
    """The data of the page."""
    text = (study / "public" / "data.js").read_text().removeprefix("window.STUDY = ")
    found = json.loads(text.rstrip().removesuffix(";"))
    assert isinstance(found, dict)
    return found


def test_the_public_folder_says_nowhere_which_method_is_which(written: Studied) -> None:
    public = written.study / "public"
    assert sorted(path.name for path in written.study.iterdir() if path.name != ".lock") == ["key.json", "public"]
    for path in public.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for word in (*METHODS, "seed", str(written.run)):
            assert word.encode() not in content, (path, word)
            assert word not in path.name
    for path in (public / "pictures").iterdir():
        assert len(path.stem) == 16
        assert read_png(path)[1] == {}  # no text fields


def test_the_pictures_of_every_trial_are_those_that_the_key_says(written: Studied) -> None:
    key, data, run = written.key, page_data(written.study), open_run(written.run)
    for block, trials in zip(key.blocks, data["blocks"], strict=True):
        for one, (*sides, _) in zip(block, trials, strict=True):
            shown = [read_png(written.study / "public" / "pictures" / data["pictures"][number])[0] for number in sides]
            if one.right_answer:
                right, wrong = shown if one.right_answer == "left" else shown[::-1]
                assert (wrong == 128).all(axis=2).any()
                assert not (right == 128).all(axis=2).any()
            else:
                for picture, method in zip(shown, (one.left, one.right), strict=True):
                    path = run.composite(key.methods[method], key.pairs[one.pair], None)
                    assert np.array_equal(picture, read_png(path)[0])
    used = {data["pictures"][number] for trials in data["blocks"] for trial in trials for number in trial[:2]}
    used |= {data["pictures"][number] for context in data["contexts"] for _, number in context}
    assert {path.name for path in (written.study / "public" / "pictures").iterdir()} == used


def test_a_page_may_ask_nothing_of_a_network_and_one_that_posts_only_its_address(
    written: Studied, terminal: Terminal, tmp_path: Path
) -> None:
    page = (written.study / "public" / "index.html").read_text()
    assert "default-src 'none'" in page
    assert "connect-src 'none'" in page
    terminal(*written.make("--post", "https://example.org/a?b=c", "--out", "posts", "--pairs", "2")).does("index.html")
    assert "connect-src https://example.org/a;" in (tmp_path / "posts" / "public" / "index.html").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--post", "https://example.org/; script-src *"], "--post"),
        (["--post", "javascript:alert(1)"], "--post"),
        (["--question", " "], "--question"),
        (["--question", "why " * 100], "1 to 300 letters"),
        (["--pairs", "10"], "the run has 9 pairs"),
        (["--methods", "telea"], "two methods or more"),
        (["--methods", "telea,tela"], "Did you mean 'telea'?"),
        (["--consent", "x" * 20_001], "--consent"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    written: Studied, terminal: Terminal, options: list[str], words: str, tmp_path: Path
) -> None:
    terminal(*written.make("--out", "new", *options)).refuses(2, words)
    assert not (tmp_path / "new" / "key.json").exists()


def test_a_study_never_replaces_a_key_or_strange_files(studied: Studied, terminal: Terminal, tmp_path: Path) -> None:
    terminal(*studied.make("--out", str(studied.study))).refuses(2, "a study is here already")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    terminal(*studied.make("--out", "mine")).refuses(2, "something other than a study")


def test_texts_of_the_organiser_and_what_is_shown_are_those_of_the_options(
    written: Studied, terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "consent.txt").write_text("You may stop.\n\nAlways.</script>")
    for show, beside in (("both", ["masked", "target"]), ("none", [])):
        terminal(*written.make("--consent", "consent.txt", "--show", show, "--out", show, "--pairs", "2")).does()
        data = page_data(tmp_path / show)
        assert data["consent"] == "You may stop.\n\nAlways.</script>"
        assert "</script>" not in (tmp_path / show / "public" / "data.js").read_text()
        assert all([kind for kind, _ in context] == beside for context in data["contexts"])


def test_a_composite_that_was_not_scored_is_not_shown(studied: Studied, terminal: Terminal) -> None:
    path = open_run(studied.run).composite("telea", "00001", None)
    tiny.save_png(path, tiny.picture(5))
    terminal(*studied.make("--out", "new")).refuses(5, "not the image that was scored")
