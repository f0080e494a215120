"""Files of a hub: through its redirect, at a revision, and what it answers where there is none."""

from pathlib import Path

import pytest
from serving import COMMIT, Answer, Route, hub_routes, serving

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError
from inpaint_bench.fetch import web
from inpaint_bench.fetch.get import get
from inpaint_bench.fetch.sources import HuggingFace, RemoteFile

BODY = b"weights" * 5000
PLACE = f"/lab/weights/resolve/{COMMIT}/net/best.ckpt"
FILE = RemoteFile("best.ckpt", (HuggingFace("lab/weights", "net/best.ckpt", COMMIT),), sha256=files.sha256(BODY))


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No waiting, and a home folder of the test's own."""
    monkeypatch.setattr(web, "WAIT", 0.0)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def fetched(routes: dict[str, Route], into: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """The file from a hub that answers so, and the authorization that it was asked with."""
    with serving(routes) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        path = get(FILE, into, lambda sentence: None)
    return path, [one.headers.get("authorization", "") for one in server.requests]


def test_a_file_comes_through_the_redirect_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    path, authorized = fetched(hub_routes({"net/best.ckpt": BODY}), tmp_path / "into", monkeypatch)
    assert path.read_bytes() == BODY
    assert "Bearer hf_secret" in authorized
    assert sorted(one.name for one in (tmp_path / "into").iterdir()) == [".best.ckpt.source", "best.ckpt"]
    assert not (tmp_path / "home").exists()


def test_errors_that_pass_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = hub_routes({"net/best.ckpt": BODY})
    good, bad = routes[PLACE], [Answer(b"", 503), Answer(b"", 503)]
    assert callable(good)
    routes[PLACE] = lambda request: bad.pop() if bad else good(request)
    assert fetched(routes, tmp_path, monkeypatch)[0].read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "GatedRepo", "gated: visit https://huggingface.co/lab/weights, accept its terms, and set HF_TOKEN"),
        (403, "GatedRepo", "gated: visit https://huggingface.co/lab/weights, accept its terms, and ask for access"),
        (404, "RepoNotFound", "there is no such repository, or it is private .* renamed or removed"),
        (404, "RevisionNotFound", f"the repository has no revision {COMMIT}"),
        (404, "EntryNotFound", r"the repository has no file net/best.ckpt at 0123456789ab"),
    ],
)
def test_what_a_hub_refuses_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str, reason: str
) -> None:
    routes: dict[str, Route] = {PLACE: Answer(b"", status, {"X-Error-Code": code})}
    with pytest.raises(IncompleteError, match=rf"best.ckpt could not be fetched. Tried: Hugging Face, .*{reason}"):
        fetched(routes, tmp_path, monkeypatch)
    assert not (tmp_path / "best.ckpt").exists()


def test_a_hub_that_stays_broken_or_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IncompleteError, match=r"the hub answered 500|the hub cannot be reached"):
        fetched({PLACE: Answer(b"", 500)}, tmp_path, monkeypatch)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(IncompleteError, match="the hub cannot be reached"):
        get(FILE, tmp_path, lambda sentence: None)


def test_offline_means_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with serving({}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        with pytest.raises(IncompleteError, match=r"HF_HUB_OFFLINE is set. Unset it to fetch"):
            get(FILE, tmp_path, lambda sentence: None)
        assert server.requests == []
