"""Servers on the loopback address that answer as hosts do, well and badly: plain http, a hub, Google Drive."""

import hashlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

PIECE = 1 << 16
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Answer:
    """What a server says to one request."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""  # with one, parts of the body can be asked for
    announced: int | None = None  # the length that is announced, where it is not that of the body
    cut: int | None = None  # bytes after which the connection ends
    pause: float = 0.0  # seconds before the body
    drip: float = 0.0  # seconds between pieces of 64 KiB


Route = Answer | Sequence[Answer] | Callable[["Request"], Answer]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str  # with its query
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Server:
    """A server that runs, and what it was asked."""

    url: str
    port: int
    requests: list[Request]

    def paths(self, method: str = "GET") -> list[str]:
        """The paths of the requests of a method, in order."""
        return [one.path for one in self.requests if one.method == method]


@contextmanager
def serving(routes: Mapping[str, Route], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server with an answer, or several in turn, by path (without its query); 404 for all others."""
    log: list[Request] = []
    turns: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Request(self.command, self.path, headers, body)
            log.append(request)
            name = self.path.partition("?")[0]
            route = routes.get(name, Answer(b"nothing here", 404))
            if callable(route):
                answer = route(request)
            elif isinstance(route, Answer):
                answer = route
            else:
                answer = route[min(turns.get(name, 0), len(route) - 1)]
                turns[name] = turns.get(name, 0) + 1
            self._send(answer, request)

        do_HEAD = do_POST = do_PUT = do_GET

        def _send(self, answer: Answer, request: Request) -> None:
            status, body, headers = answer.status, answer.body, dict(answer.headers)
            wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
            if answer.etag:
                headers["ETag"] = answer.etag
                same = request.headers.get("if-range", answer.etag) == answer.etag
                if wanted and same and status == 200:
                    start = int(wanted[1])
                    status, headers["Content-Range"] = 206, f"bytes {start}-{len(body) - 1}/{len(body)}"
                    body = body[start:]
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body) if answer.announced is None else answer.announced))
            self.end_headers()
            if self.command == "HEAD":
                return
            time.sleep(answer.pause)
            for start in range(0, len(body[: answer.cut]), PIECE):
                self.wfile.write(body[: answer.cut][start : start + PIECE])
                time.sleep(answer.drip)
            if answer.cut is not None or answer.announced is not None:
                self.close_connection = True
                self.wfile.flush()
                self.connection.close()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client may hang up
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    port = server.server_address[1]
    try:
        yield Server(f"http://127.0.0.1:{port}", port, log)
    finally:
        server.shutdown()
        server.server_close()


def hub_routes(files: Mapping[str, bytes], repo: str = "lab/weights", revision: str = COMMIT) -> dict[str, Route]:
    """The paths of a repository on a hub, whose files lie behind a redirect, as large ones do."""
    routes: dict[str, Route] = {}
    for name, body in files.items():
        etag = f'"{len(body):064x}"'
        facts = {"X-Repo-Commit": revision, "X-Linked-Etag": etag, "X-Linked-Size": str(len(body))}
        routes[f"/{repo}/resolve/{revision}/{name}"] = _redirect(f"/cdn/{name}", facts)
        routes[f"/cdn/{name}"] = Answer(body, etag=etag)
    return routes


def _redirect(path: str, facts: Mapping[str, str]) -> Callable[[Request], Answer]:
    """To another host: on a hub, one of the same host means that the repository was renamed."""

    def elsewhere(request: Request) -> Answer:
        host = request.headers["host"].replace("127.0.0.1", "localhost")
        return Answer(status=302, headers={**facts, "Location": f"http://{host}{path}"}, announced=0)

    return elsewhere


QUOTA_PAGE = b"""<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>
<p class="uc-error-caption">Sorry, you can't view or download this file at this time.</p>
<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently.</p></body></html>"""
LOGIN_PAGE = b"""<!DOCTYPE html><html><head><title>Sign in - Google Accounts</title></head><body>
<form action="https://accounts.google.com/ServiceLogin"><input type="password"></form></body></html>"""
CONSENT_PAGE = b"<!doctype html><html><title>Before you continue to Google Search</title><body>consent</body></html>"


def confirm_page(file_id: str) -> bytes:
    """Drive's question whether to download a file that is too large for its virus scan."""
    return (
        b"<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>"
        b'<form id="download-form" action="https://drive.usercontent.google.com/download" method="get">'
        b'<input type="hidden" name="id" value="' + file_id.encode() + b'">'
        b'<input type="hidden" name="confirm" value="t"></form></body></html>'
    )


def folder_page(name: str, files: Mapping[str, str], folders: Mapping[str, str] = {}) -> bytes:
    """Drive's list of a folder: ids of files and of folders by name."""
    rows = [f'<a href="https://drive.google.com/file/d/{key}/view?usp=x">{file}</a>' for file, key in files.items()]
    rows += [f'<a href="https://drive.google.com/drive/folders/{key}">{sub}</a>' for sub, key in folders.items()]
    return f"<!DOCTYPE html><html><head><title>{name}</title></head><body>{''.join(rows)}</body></html>".encode()


FILE = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="file"'}


def drive_routes(files: Mapping[str, bytes], large: Sequence[str] = ()) -> dict[str, Route]:
    """The paths of Google Drive with files by id; those in `large` are asked for twice, past the virus scan's page."""

    def query(request: Request, name: str) -> str:
        found = re.search(rf"[?&]{name}=([^&]+)", request.path)
        return found[1] if found else ""

    def whole(body: bytes) -> Answer:
        return Answer(body, etag=f'"{len(body):x}"', headers=FILE)

    def uc(request: Request) -> Answer:
        key = query(request, "id")
        if key in large:
            return Answer(confirm_page(key), headers={"Content-Type": "text/html; charset=utf-8"})
        return whole(files[key]) if key in files else Answer(b"no such file", 404, {"Content-Type": "text/html"})

    return {"/uc": uc, "/download": lambda request: whole(files[query(request, "id")])}


@contextmanager
def driving(routes: Mapping[str, Route], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that this process reaches under Google Drive's names, with a certificate of an authority of the test."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = ("drive.google.com", "docs.google.com", "drive.usercontent.google.com")
    authority.issue_cert(*names).configure_cert(context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "authority.pem"))
    real = socket.getaddrinfo
    with serving(routes, context) as server:

        def elsewhere(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            return real(*(("127.0.0.1", server.port) if host in names else (host, port)), *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
        yield server


def model_routes(
    files: Mapping[str, bytes], repo: str, revision: str = "main", commit: str = COMMIT
) -> dict[str, Route]:
    """A repository as `hub_routes` serves it, and the list of its files: sizes, and the hashes of large ones."""
    listed = []
    for name, body in files.items():
        facts: dict[str, Any] = {"rfilename": name, "size": len(body)}
        if name.endswith(".safetensors"):
            facts["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 130}
        listed.append(facts)
    info = json.dumps({"_id": "1", "id": repo, "sha": commit, "siblings": listed, "tags": [], "downloads": 0}).encode()
    return {
        **hub_routes(files, repo, commit),
        f"/api/models/{repo}/revision/{revision}": Answer(info, headers={"Content-Type": "application/json"}),
    }
