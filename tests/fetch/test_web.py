"""Files at URLs: whole, resumed, refused; what hosts send instead of a file is named."""

from pathlib import Path

import pytest
from serving import CONSENT_PAGE, LOGIN_PAGE, QUOTA_PAGE, Answer, serving

from inpaint_bench import files
from inpaint_bench.errors import HashError, IncompleteError
from inpaint_bench.fetch import web
from inpaint_bench.fetch.get import get
from inpaint_bench.fetch.sources import Http, Page, RemoteFile

BODY = bytes(range(256)) * 4000
WHOLE = Answer(BODY, etag='"one"')


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WAIT", 0.0)


def remote(*urls: str, **facts: object) -> RemoteFile:
    return RemoteFile("file.pth", tuple(map(Http, urls)), **facts)  # type: ignore[arg-type]


def silent(sentence: str) -> None:
    """Nobody listens."""


def test_a_file_comes_whole_and_a_second_call_asks_for_nothing(tmp_path: Path) -> None:
    heard: list[str] = []
    with serving({"/f": WHOLE}) as server:
        stated = remote(f"{server.url}/f", size=len(BODY), sha256=files.sha256(BODY))
        path = get(stated, tmp_path, heard.append)
        assert path == tmp_path / "file.pth"
        assert path.read_bytes() == BODY
        assert get(stated, tmp_path, heard.append) == path
        assert server.paths() == ["/f"]
    assert heard == [f"Fetching file.pth from {server.url}/f"]
    assert {one.name for one in tmp_path.iterdir()} == {"file.pth", ".file.pth.source"}


def test_what_a_broken_connection_left_is_not_fetched_again(tmp_path: Path) -> None:
    with serving({"/f": [Answer(BODY, etag='"one"', cut=600_000), WHOLE]}) as server:
        path = get(remote(f"{server.url}/f", sha256=files.sha256(BODY)), tmp_path, silent)
    assert path.read_bytes() == BODY
    first, second = server.requests
    assert "range" not in first.headers
    start = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 600_000
    assert second.headers["if-range"] == '"one"'


def test_what_a_killed_call_left_is_gone_on_with(tmp_path: Path) -> None:
    with serving({"/f": Answer(BODY, etag='"one"', cut=100_000)}) as server:
        one = remote(f"{server.url}/f")
        with pytest.raises(IncompleteError, match=r"file.pth could not be fetched. Tried: .*the connection broke off"):
            get(one, tmp_path, silent)
        port = server.port
    assert not (tmp_path / "file.pth").exists()
    (part,) = tmp_path.rglob("data")
    left = part.stat().st_size
    assert 0 < left <= 400_000
    with serving({"/f": WHOLE}) as server:
        part.parent.rename(part.parents[1] / files.sha256(f"{server.url}/f".encode())[:12])  # a port of its own
        assert get(remote(f"{server.url}/f"), tmp_path, silent).read_bytes() == BODY
    assert port != server.port
    assert server.requests[0].headers["range"] == f"bytes={left}-"


def test_a_file_that_changed_in_between_is_fetched_anew(tmp_path: Path) -> None:
    new = BODY[::-1]
    with serving({"/f": [Answer(BODY, etag='"one"', cut=600_000), Answer(new, etag='"two"')]}) as server:
        assert get(remote(f"{server.url}/f"), tmp_path, silent).read_bytes() == new


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(BODY, announced=len(BODY) + 10, cut=len(BODY)), "the connection broke off, 4 times"),
        (Answer(b"", 404), "nothing is there: the link died"),
        (Answer(b"", 403), "it refuses access"),
        (Answer(b"", 503), "it answered 503 Service Unavailable, 4 times"),
        (Answer(b""), "it sent an empty file"),
        (Answer(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "it sent a Git LFS pointer"),
        (Answer(QUOTA_PAGE), r"it sent its quota page: .*\('Google Drive - Quota exceeded'\)"),
        (Answer(LOGIN_PAGE), r"it sent a page for signing in: the file is not public \('Sign in"),
        (Answer(CONSENT_PAGE), "it sent a page of consent to cookies"),
        (Answer(b"\n<html><title>Moved</title>"), r"it sent a web page \('Moved'\)"),
        (Answer(BODY, announced=1 << 40, cut=10), "it says that the file has 1,099,511,627,776 bytes; at most"),
    ],
)
def test_what_is_no_file_is_named_and_never_kept(tmp_path: Path, answer: Answer, reason: str) -> None:
    with serving({"/f": answer}) as server, pytest.raises(IncompleteError, match=reason) as caught:
        get(remote(f"{server.url}/f"), tmp_path, silent)
    assert str(caught.value).startswith(f"file.pth could not be fetched. Tried: {server.url}/f: ")
    assert not (tmp_path / "file.pth").exists()


def test_a_server_that_is_silent_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "TIMEOUT", (2.0, 0.2))
    with (
        serving({"/f": Answer(BODY, pause=1.0)}) as server,
        pytest.raises(IncompleteError, match=r"(it was silent for|the connection broke off).*, 4 times"),
    ):
        get(remote(f"{server.url}/f"), tmp_path, silent)


def test_a_server_that_is_not_there_ends_in_a_sentence(tmp_path: Path) -> None:
    with serving({}) as server:
        gone = server.url
    with pytest.raises(IncompleteError, match="it cannot be reached, 4 times"):
        get(remote(f"{gone}/f"), tmp_path, silent)


def test_errors_that_pass_are_waited_for(tmp_path: Path) -> None:
    with serving({"/f": [Answer(b"", 503), Answer(b"", 500), WHOLE]}) as server:
        assert get(remote(f"{server.url}/f"), tmp_path, silent).read_bytes() == BODY
        assert len(server.requests) == 3


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_another_file_than_the_stated_one_is_refused(tmp_path: Path, kind: str) -> None:
    stated = {"sha256": "0" * 64} if kind == "sha256" else {"md5": "0" * 32}
    with (
        serving({"/f": WHOLE}) as server,
        pytest.raises(HashError, match=f"^file.pth: .* has the {kind} [0-9a-f]{{12}}; 000000000000 is stated for it"),
    ):
        get(remote(f"{server.url}/f", **stated), tmp_path, silent)
    assert not (tmp_path / "file.pth").exists()


def test_a_file_of_another_size_than_the_stated_one_is_refused(tmp_path: Path) -> None:
    with (
        serving({"/f": WHOLE}) as server,
        pytest.raises(IncompleteError, match="it sent 1,024,000 bytes; the file has 1,024,001"),
    ):
        get(remote(f"{server.url}/f", size=len(BODY) + 1), tmp_path, silent)


@pytest.mark.parametrize("first", [Answer(b"", 404), Answer(QUOTA_PAGE), Answer(BODY[:100])])
def test_the_next_source_is_tried_and_the_failure_is_said(tmp_path: Path, first: Answer) -> None:
    heard: list[str] = []
    with serving({"/old": first, "/new": WHOLE}) as server:
        urls = (f"{server.url}/old", f"{server.url}/new")
        path = get(remote(*urls, sha256=files.sha256(BODY)), tmp_path, heard.append)
    assert path.read_bytes() == BODY
    assert len(heard) == 3
    assert heard[2] == f"Fetching file.pth from {server.url}/new"


def test_a_file_that_only_people_can_fetch_says_where_and_what_then(tmp_path: Path) -> None:
    page = RemoteFile("spn.pth", (Page("https://pan.example/s/1", "extraction code 2x99"),))
    with pytest.raises(IncompleteError) as caught:
        get(page, tmp_path, silent, "Then: `inpaint-bench weights add spn places2 spn.pth`.")
    assert str(caught.value) == (
        "spn.pth could not be fetched. Fetch it by hand from https://pan.example/s/1 (extraction code 2x99). "
        "Then: `inpaint-bench weights add spn places2 spn.pth`."
    )


def test_a_damaged_file_from_before_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.pth").write_bytes(b"x")
    with pytest.raises(HashError, match=f"^file.pth: {tmp_path}"):
        get(remote("http://127.0.0.1:9/f", sha256="0" * 64), tmp_path, silent)
