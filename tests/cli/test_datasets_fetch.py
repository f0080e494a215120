"""`datasets fetch`: the licence first, published archives or those of a mirror, and whom to ask for the rest."""

from pathlib import Path

import published
import pytest
from published import CELEBA, celeba_page, data_of, here, md5, zip_of
from serving import Answer, serving
from terminal import Terminal

from inpaint_bench import files

FEW = Path("few-celeba.toml")


@pytest.fixture
def celeba() -> Path:
    """img_align_celeba.zip, and a page that knows its hash; the list of partitions and the masks beside it."""
    return published.write_celeba()


def test_a_dataset_is_fetched_once_and_says_what_only_a_person_can_get(terminal: Terminal, celeba: Path) -> None:
    data = celeba.read_bytes()
    with serving({"/img_align_celeba.zip": Answer(data), "/list_eval_partition.txt": Answer(status=404)}) as server:
        celeba_page(md5(celeba), url=server.url)
        terminal("datasets", "fetch", FEW).refuses(2, "nothing was fetched", "--accept-licence")
        assert not server.requests
        answer = terminal("datasets", "fetch", FEW, "--accept-licence")
        answer.refuses(3, "few-celeba.toml: no list_eval_partition.txt, no masks here")
        assert "Licence of few-celeba: for tests alone" in answer.err
        assert here(data_of() / "images") == CELEBA
        assert "img_align_celeba.zip" not in here(files.data_dir() / "_archives" / "few-celeba")
        terminal("datasets", "add", FEW, "nvidia").does("6 of 6 masks")
        before = len(server.requests)
        terminal("datasets", "fetch", FEW).does()
        assert len(server.requests) == before


def test_a_mirror_and_a_copy_take_the_place_of_the_published_sources(terminal: Terminal, celeba: Path) -> None:
    terminal("datasets", "add", FEW, "nvidia", "list_eval_partition.txt").does()
    with serving({"/mirror/img_align_celeba.zip": Answer(celeba.read_bytes())}) as server:
        wrong = terminal("datasets", "fetch", FEW, "--accept-licence", "--from", f"{server.url}/mirror/other.zip")
        wrong.refuses(2, "few-celeba.toml lacks img_align_celeba.zip")
        mirror = ("--from", f"{server.url}/mirror/", "--keep")
        terminal("datasets", "fetch", FEW, "--accept-licence", *mirror).does("6 of 6 images")
    assert "img_align_celeba.zip" in here(files.data_dir() / "_archives" / "few-celeba")
    (data_of() / "images" / CELEBA[0]).unlink()
    terminal("datasets", "fetch", FEW, "--accept-licence", "--from", celeba).does("6 of 6 images")


def test_a_mirror_with_another_file_is_refused(terminal: Terminal, celeba: Path) -> None:
    other = zip_of(Path("other.zip"), {**published.celeba(), "more.txt": b"more"})
    with serving({"/img_align_celeba.zip": Answer(other.read_bytes())}) as server:
        mirror = ("--accept-licence", "--from", f"{server.url}/img_align_celeba.zip")
        terminal("datasets", "fetch", FEW, *mirror).refuses(5, md5(celeba)[:12])
    assert not (data_of() / "images").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("paris", "by e-mail to its authors); then `inpaint-bench datasets add paris paris_eval_gt.zip`"),
        ("celeba-hq", "then `inpaint-bench datasets add celeba-hq CelebAMask-HQ.zip`"),
        ("nvidia-irregular-test", "then `inpaint-bench datasets add nvidia-irregular-test test_mask.zip`"),
    ],
)
def test_what_only_a_person_can_get_is_said_with_whom_to_ask(terminal: Terminal, name: str, words: str) -> None:
    terminal("datasets", "fetch", name).refuses(3, words, "nv-adlr.github.io")


def test_a_typed_yes_accepts_a_licence_and_anything_else_does_not(
    terminal: Terminal, celeba: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for word, code, missing in (("no", 2, True), ("", 2, True), ("Yes ", 3, False)):
        monkeypatch.setattr("click.prompt", lambda *_, word=word, **__: word)
        assert terminal("datasets", "fetch", FEW, "--from", celeba).code == code
        assert (data_of() / "images").exists() != missing
