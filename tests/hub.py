"""A hub of datasets on the loopback address: repositories that are made, uploaded to, listed and downloaded."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from serving import Answer, Request, Server, serving

LARGE = 2000  # bytes from which on a file is uploaded beside the commit, as large ones are


def answer(found: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(json.dumps(found).encode(), status, {"Content-Type": "application/json"})


def missing(code: str) -> Answer:
    """What the hub says where there is nothing."""
    return Answer(b"{}", 404, {"X-Error-Code": code, "Content-Type": "application/json"})


@dataclass
class Repository:
    """The files of a repository, and its commits."""

    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b""})
    messages: list[str] = field(default_factory=list)

    @property
    def sha(self) -> str:
        """The hash of the last commit."""
        facts = json.dumps([self.messages, sorted(self.files)]).encode()
        return hashlib.sha1(facts + b"".join(self.files[name] for name in sorted(self.files))).hexdigest()


class Hub(dict[str, Any]):
    """The routes of the hub for datasets. Whoever has no token of `tokens` sees nothing that is private."""

    def __init__(self) -> None:
        super().__init__()
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.tokens = {"hf_writes"}
        self.broken = 0  # the status of every answer, where it is not 0

    def get(self, key: str, default: Any = None) -> Any:
        return self.route

    def route(self, request: Request) -> Answer:
        """The answer to a request."""
        if self.broken:
            return Answer(b"{}", self.broken)
        name = unquote(request.path.partition("?")[0])
        allowed = request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens
        if request.method in ("POST", "PUT") and not name.startswith("/large/") and not allowed:
            return answer({"error": "Invalid credentials"}, 401)
        if name == "/api/repos/create":
            return self._create(request)
        if name.startswith("/large/"):
            self.large[name.removeprefix("/large/")] = request.body
            return Answer()
        found = re.fullmatch(r"(?:/api)?/datasets/([^/]+/[^/.]+)(?:\.git)?(?:/(.*))?", name)
        assert found, name
        repository = self.repositories.get(found[1])
        if repository is None or (repository.private and not allowed):
            return missing("RepoNotFound")
        return self._of(repository, request, found[2] or "revision/main")

    def _create(self, request: Request) -> Answer:
        asked_for = json.loads(request.body)
        assert asked_for["type"] == "dataset"
        name = f"{asked_for['organization']}/{asked_for['name']}"
        made = name not in self.repositories
        self.repositories.setdefault(name, Repository(asked_for.get("visibility") == "private"))
        return answer(
            {"url": f"http://{request.headers['host']}/datasets/{name}", "error": "exists"}, 200 if made else 409
        )

    def _of(self, repository: Repository, request: Request, path: str) -> Answer:
        kind, _, rest = path.partition("/")
        if kind in ("revision", "resolve", "tree") and rest.partition("/")[0] not in ("main", repository.sha):
            return missing("RevisionNotFound")
        if kind == "revision":
            siblings = [{"rfilename": name} for name in sorted(repository.files)]
            facts = {"id": "lab/run", "sha": repository.sha, "private": repository.private, "siblings": siblings}
            return answer(facts)
        if kind == "tree":
            return answer([self._listed(name, data) for name, data in sorted(repository.files.items())])
        if kind == "resolve":
            return self._file(repository, rest.partition("/")[2])
        if kind == "preupload":
            files = json.loads(request.body)["files"]
            return answer({"files": [self._mode(repository, one) for one in files]})
        if path == "info/lfs/objects/batch":
            return self._batch(request)
        assert kind == "commit", path
        return self._commit(repository, request)

    def _listed(self, name: str, data: bytes) -> dict[str, Any]:
        return {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}

    def _file(self, repository: Repository, name: str) -> Answer:
        if name not in repository.files:
            return missing("EntryNotFound")
        data = repository.files[name]
        return Answer(data, etag=f'"{hashlib.sha1(data).hexdigest()}"', headers={"X-Repo-Commit": repository.sha})

    def _mode(self, repository: Repository, one: dict[str, Any]) -> dict[str, Any]:
        mode = "lfs" if one["size"] >= LARGE else "regular"
        return {"path": one["path"], "uploadMode": mode, "shouldIgnore": False}

    def _batch(self, request: Request) -> Answer:
        asked_for = json.loads(request.body)
        host = request.headers["host"]
        objects = [
            {**one, "actions": {"upload": {"href": f"http://{host}/large/{one['oid']}"}}}
            for one in asked_for["objects"]
        ]
        return answer({"transfer": "basic", "objects": objects})

    def _commit(self, repository: Repository, request: Request) -> Answer:
        for line in request.body.splitlines():
            step = json.loads(line)
            value = step["value"]
            if step["key"] == "header":
                repository.messages.append(value["summary"])
            elif step["key"] == "deletedFile":
                del repository.files[value["path"]]
            elif step["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            else:
                assert step["key"] == "lfsFile"
                assert hashlib.sha256(self.large[value["oid"]]).hexdigest() == value["oid"]
                repository.files[value["path"]] = self.large[value["oid"]]
        address = f"http://{request.headers['host']}/datasets/lab/run/commit/{repository.sha}"
        return answer({"success": True, "commitOid": repository.sha, "commitUrl": address})


@contextmanager
def opened_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hub, Server]]:
    """A hub that this process uploads to and downloads from, with files in the commit or beside it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # whose other half is no plain http
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    hub = Hub()
    with serving(hub) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield hub, server
