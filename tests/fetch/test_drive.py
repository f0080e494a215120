"""Files of Google Drive: small, large, in folders, and past their quota."""

import sys
from pathlib import Path

import gdown  # noqa: F401  # so that its module can be found
import pytest
from serving import QUOTA_PAGE, Answer, Route, drive_routes, driving, folder_page

from inpaint_bench.errors import IncompleteError
from inpaint_bench.fetch import web
from inpaint_bench.fetch.get import get
from inpaint_bench.fetch.sources import GoogleDrive, RemoteFile

BODY = b"weights" * 5000
KEY, FOLDER = "1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WAIT", 0.0)
    monkeypatch.setattr(sys.modules["gdown.download"], "_wait_or_cancel", lambda **_: None)


def fetched(routes: dict[str, Route], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str = "") -> bytes:
    source = GoogleDrive(FOLDER if path else KEY, path)
    with driving(routes, tmp_path, monkeypatch):
        return get(RemoteFile("net.pth", (source,)), tmp_path / "into", lambda sentence: None).read_bytes()


@pytest.mark.parametrize("large", [(), (KEY,)], ids=["small", "past the page of the virus scan"])
def test_a_file_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: tuple[str, ...]) -> None:
    assert fetched(drive_routes({KEY: BODY}, large), tmp_path, monkeypatch) == BODY
    assert sorted(one.name for one in (tmp_path / "into").iterdir()) == [".net.pth.source", "net.pth"]


def test_the_quota_page_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        IncompleteError, match=r"Drive gave its quota page: too many people .* Try again in a day"
    ) as caught:
        fetched({"/uc": Answer(QUOTA_PAGE, headers=HTML)}, tmp_path, monkeypatch)
    assert f"Fetch it by hand from https://drive.google.com/file/d/{KEY}/view." in str(caught.value)
    assert not (tmp_path / "into" / "net.pth").exists()


@pytest.mark.parametrize("path", ["CelebA/EN.pkl", "celeba/en.pkl", "Celeb A/EN.pkl"])
def test_a_file_in_a_folder_of_a_folder_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    inner = "1cccccccccccccccccccccccccccccccc"

    def listed(request: object) -> Answer:
        page = folder_page("weights", {"README.txt": "1" * 33}, {"CelebA": inner})
        if inner in getattr(request, "path", ""):
            page = folder_page("CelebA", {"EN.pkl": KEY, "DE.pkl": "1" * 33})
        return Answer(page, headers=HTML)

    routes = {**drive_routes({KEY: BODY}), "/embeddedfolderview": listed}
    assert fetched(routes, tmp_path, monkeypatch, path) == BODY


def test_a_folder_without_the_file_says_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes: dict[str, Route] = {"/embeddedfolderview": Answer(folder_page("w", {"g_1.pth": KEY}), headers=HTML)}
    with pytest.raises(IncompleteError, match=r"the folder has no checkpoint.pth; it has g_1.pth"):
        fetched(routes, tmp_path, monkeypatch, "checkpoint.pth")


def test_a_folder_of_which_only_the_first_fifty_are_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifty = {f"{number}.pth": f"{number:033}" for number in range(50)}
    routes: dict[str, Route] = {"/embeddedfolderview": Answer(folder_page("w", fifty), headers=HTML)}
    with pytest.raises(
        IncompleteError, match=r"Drive lists 50 files of a folder at a time, so it may be among the others"
    ):
        fetched(routes, tmp_path, monkeypatch, "checkpoint.pth")


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IncompleteError, match=r"not public, was removed, or was fetched by too many|no such folder"):
        fetched({"/embeddedfolderview": Answer(b"", 404, HTML)}, tmp_path, monkeypatch, "checkpoint.pth")


def test_without_gdown_the_command_that_installs_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(IncompleteError, match=r"pip install 'inpaint-bench\[fetch\]'"):
        get(RemoteFile("net.pth", (GoogleDrive(KEY),)), tmp_path, lambda sentence: None)
