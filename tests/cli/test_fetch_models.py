"""Models of several files fetched from a hub: listed, licensed, checked, pinned to a commit, and run."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
import tiny_diffusion
from serving import COMMIT, Answer, Route, Server, model_routes, serving
from terminal import Terminal

from inpaint_bench.fetch import web
from inpaint_bench.files import sha256
from inpaint_bench.methods import baselines
from inpaint_bench.weights import models

REPO = "lab/paints"
RUN = ("mine=diffusers:lab/paints", "--allow-known-error", "--set", "mine.steps=1", "--limit", 1)
FETCH = ("weights", "fetch", "diffusers", REPO)
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A model's files by name, and beside them what is not fetched."""
    folder = tiny_diffusion.save(tmp_path_factory.mktemp("model") / "model")
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    others = {"README.md": b"words", "paints.ckpt": b"a pickle", "unet/diffusion_pytorch_model.bin": b"a pickle"}
    return found | others | {"unet/diffusion_pytorch_model.fp16.safetensors": b"half"}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A page of the model's size, no waiting, and a home folder of the test's own."""
    tiny.make_dataset(tmp_path, 2, side=tiny_diffusion.SIDE, size=tiny_diffusion.SIDE, samples=1)
    monkeypatch.setattr(web, "WAIT", 0.0)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Route]], Server]]:
    """Serves what it is given as the hub, until the test ends."""
    opened: list[Any] = []

    def serve(routes: dict[str, Route]) -> Server:
        opened.append(serving(routes))
        server: Server = opened[-1].__enter__()
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        return server

    yield serve
    for one in opened:
        one.__exit__(None, None, None)


Hub = Callable[[dict[str, Route]], Server]


def folder() -> Path:
    return models.models_dir(models.ModelId(REPO)) / COMMIT


def test_a_model_is_fetched_once_pinned_and_run(hub: Hub, files: dict[str, bytes], terminal: Terminal) -> None:
    server = hub(model_routes(files, REPO))
    terminal(*FETCH).refuses(2, "nothing was fetched", "--accept-licence")
    assert server.requests == []
    answer = terminal(*FETCH, "--accept-licence")
    answer.does(f"{folder()}: lab/paints for diffusers, commit {COMMIT[:12]}, fetched.")
    fetched = {str(path.relative_to(folder())) for path in folder().rglob("*") if path.is_file()}
    assert fetched == {name for name in files if name.endswith(models.TEXTS) or name == UNET or "model.safe" in name}
    assert (folder() / UNET).read_bytes() == files[UNET]
    assert sorted(path.name for path in folder().parent.iterdir()) == [COMMIT, f"{COMMIT}.json", "main.commit"]
    count = len(server.requests)
    terminal(*FETCH).does("here already")
    answer = terminal.run(*RUN)
    answer.does(f"mine: weights unpinned, {models.open_model(folder()).sha256[:12]}", f"lab/paints ({COMMIT[:12]})")
    assert len(server.requests) == count


def test_each_file_of_a_model_is_listed_with_its_state_and_verified(
    hub: Hub, files: dict[str, bytes], terminal: Terminal
) -> None:
    hub(model_routes(files, REPO))
    terminal(*FETCH, "--accept-licence").does("fetched")
    names = sorted(str(path.relative_to(folder())) for path in folder().rglob("*") if path.is_file())
    lines = terminal("weights", "list").out.splitlines()
    assert [line.split("  ")[:2] for line in lines] == [["diffusers", REPO]] * len(names)
    for name, line in zip(names, lines, strict=True):
        assert line.endswith(f"  here  licence: not stated  {folder() / name} {sha256(files[name])[:12]}")
    checked = terminal("weights", "verify").out.splitlines()
    assert checked == [f"diffusers {REPO}/{name}: as it was added, {sha256(files[name])[:12]}." for name in names]
    (folder() / UNET).write_bytes(b"half of it")
    terminal("weights", "list").does(f"  10 of {len(files[UNET])} bytes  ")
    terminal("weights", "verify").refuses(5, f"{UNET}: hash ", f"{sha256(files[UNET])[:12]} was fetched. Remove ")
    (folder() / UNET).unlink()
    terminal("weights", "list").does("  missing  licence: not stated  ")
    terminal("weights", "verify").refuses(2, f"{UNET}: the file is missing. Remove ")


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (None, "no note says what was fetched. Remove it, and fetch again."),
        (b"{", "not the note of a model"),
        (b'{"schema":1,"repo":"a/b","method":"m","licence":"","added":"","files":{"../x":{"size":1,"sha256":""}}}',
         "not the note of a model"),
    ],
    ids=["none", "broken", "outside"],
)  # fmt: skip
def test_a_model_without_its_note_is_one_sentence_and_hides_no_other(
    note: bytes | None, reason: str, terminal: Terminal
) -> None:
    folder().mkdir(parents=True)
    other = folder().with_name("f" * 40)
    other.mkdir()
    other.with_suffix(".json").write_bytes(
        b'{"schema":1,"repo":"a/b","method":"m","licence":"","added":"","files":{"x":{"size":1,"sha256":"01"}}}'
    )
    if note is not None:
        folder().with_suffix(".json").write_bytes(note)
    broken, listed = terminal("weights", "list").out.splitlines()
    assert COMMIT in broken
    assert reason in broken
    assert listed == f"m  a/b    missing  licence:   {other / 'x'} 01"
    terminal("weights", "verify").refuses(2, COMMIT, reason)


def test_a_branch_that_moves_changes_nothing_here(hub: Hub, files: dict[str, bytes], terminal: Terminal) -> None:
    hub(model_routes(files, REPO))
    terminal(*FETCH, "--accept-licence").does("fetched")
    hub(model_routes({}, REPO, commit="f" * 40))
    terminal(*FETCH, "--accept-licence").does(COMMIT[:12], "here already")


def test_run_fetches_a_model_where_that_is_requested(hub: Hub, files: dict[str, bytes], terminal: Terminal) -> None:
    terminal.run(*RUN).refuses(2, "is not here. Fetch it with `inpaint-bench weights fetch diffusers lab/paints`")
    hub(model_routes(files, REPO))
    terminal.run(*RUN, "--fetch").refuses(2, "nothing was fetched")
    own = ("mine=diffusers", "--weights", f"mine={REPO}", *RUN[1:])
    terminal.run(*own, "--fetch").refuses(2, "nothing was fetched")
    terminal.run(*RUN, "--fetch", "--accept-licence").does("mine: steps=1")


def test_a_download_of_the_hubs_own_that_was_interrupted_is_not_used(
    monkeypatch: pytest.MonkeyPatch, terminal: Terminal, files: dict[str, bytes], hub: Hub
) -> None:
    cached = Path("hub/models--lab--paints")
    (cached / "refs").mkdir(parents=True)
    (cached / "refs/main").write_text(COMMIT)
    (cached / "snapshots" / COMMIT).mkdir(parents=True)
    (cached / "snapshots" / COMMIT / models.INDEX).write_bytes(files[models.INDEX])
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(Path("hub").absolute()), raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(Path("hub").absolute()))
    terminal.run(*RUN).refuses(2, "the model lab/paints is not here")
    for name, data in files.items():
        path = cached / "snapshots" / COMMIT / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    terminal.run(*RUN).does(f"lab/paints ({COMMIT[:12]})")


def test_sizes_are_looked_at_before_anything_is_fetched(hub: Hub, terminal: Terminal) -> None:
    server = hub({})
    answer = terminal.run("sdxl-inpaint", "--fetch", "--accept-licence")
    answer.refuses(2, "sdxl-inpaint takes height and width multiples of 8 and at least 1024")
    assert server.requests == []


def test_a_commit_is_pinned_by_its_name(hub: Hub, files: dict[str, bytes], terminal: Terminal) -> None:
    hub(model_routes(files, REPO, revision=COMMIT))
    terminal(*FETCH[:-1], f"{REPO}@{COMMIT}", "--accept-licence").does("fetched")
    assert {path.name for path in folder().parent.iterdir()} == {COMMIT, f"{COMMIT}.json"}
    run = (f"mine=diffusers:{REPO}@{COMMIT}", *RUN[1:])
    terminal.run(*run).does("mine: steps=1")
    assert json.loads(Path("runs/tiny.first1/run.json").read_bytes())["methods"]["mine"]["unpinned"] == []


def test_a_file_of_another_hash_than_the_hub_states_is_not_used_and_the_next_attempt_goes_on(
    hub: Hub, files: dict[str, bytes], terminal: Terminal
) -> None:
    routes = model_routes(files, REPO)
    whole = routes[f"/cdn/{UNET}"]
    assert isinstance(whole, Answer)
    routes[f"/cdn/{UNET}"] = Answer(whole.body[:-1] + b"\x00", etag=whole.etag)
    server = hub(routes)
    terminal(*FETCH, "--accept-licence").refuses(5, "diffusion_pytorch_model.safetensors", "has the sha256")
    assert not folder().exists()
    asked_for = len(server.requests)
    again = hub(model_routes(files, REPO))
    terminal(*FETCH, "--accept-licence").does("fetched")
    assert asked_for > 0
    assert not [one for one in again.paths() if one.endswith("model_index.json")]


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "GatedRepo", "gated: visit https://huggingface.co/lab/paints, accept its terms, and set HF_TOKEN"),
        (403, "GatedRepo", "gated: visit https://huggingface.co/lab/paints, accept its terms, and ask for access"),
        (404, "RepoNotFound", "there is no such repository, or it is private"),
        (404, "RevisionNotFound", "the repository has no revision main"),
        (500, "", "lab/paints cannot be fetched: "),
    ],
)
def test_what_a_hub_refuses_is_one_sentence(hub: Hub, terminal: Terminal, status: int, code: str, words: str) -> None:
    hub({f"/api/models/{REPO}/revision/main": Answer(b"{}", status, {"X-Error-Code": code})})
    terminal(*FETCH, "--accept-licence").refuses(3, words)


def test_offline_and_out_of_reach_are_one_sentence(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    terminal(*FETCH, "--accept-licence").refuses(3, "lab/paints cannot be fetched: the hub cannot be reached")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    terminal(*FETCH, "--accept-licence").refuses(3, "HF_HUB_OFFLINE is set. Unset it to fetch")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({UNET: None}, "unet: its weights are pickles, which may run code, and are not opened"),
        ({models.INDEX: None}, "the hub lists no model_index.json of it"),
        ({models.INDEX: b'{"_class_name": ["mine", "Mine"]}'}, "its pipeline is code of its own, which is not run"),
        ({models.INDEX: b"[]"}, "not the index of a model"),
        ({models.INDEX: b'{"_class_name": "Mine", "a/../b": ["diffusers", "X"]}'}, "code of its own"),
    ],
)
def test_a_model_that_would_run_code_is_not_fetched(
    hub: Hub, files: dict[str, bytes], terminal: Terminal, change: dict[str, bytes | None], words: str
) -> None:
    half = "unet/diffusion_pytorch_model.fp16.safetensors"
    changed = {name: data for name, data in (files | change).items() if data is not None and name != half}
    hub(model_routes(changed, REPO))
    terminal(*FETCH, "--accept-licence").refuses(2, words)
    assert not folder().exists()


def test_names_and_licences_of_the_cards(terminal: Terminal) -> None:
    answer = terminal("weights", "fetch", "flux-fill")
    answer.refuses(2, "nothing was fetched")
    assert "licence of the model: FLUX.1 [dev] Non-Commercial; its terms are accepted on https://hugging" in answer.err
    terminal("weights", "fetch", "diffusers").refuses(2, "diffusers: name a model of the hub, ORG/NAME")
    terminal("weights", "fetch", "diffusers", "../x").refuses(2, "diffusers: name a model of the hub, ORG/NAME")
    terminal.run("sd15-inpaint", "--resize-for-method").refuses(
        2, "Fetch it with `inpaint-bench weights fetch sd15-inpaint`"
    )
    terminal.run("diffusers").refuses(2, "diffusers needs a model: mine=diffusers:FOLDER")
    terminal.run("mine=diffusers:").refuses(2, "diffusers needs a model: mine=diffusers:FOLDER")
    terminal.run("mine=diffusers:models/sd--x").refuses(2, "there is no such folder, and it is no model's id")
    Path("one.safetensors").touch()
    terminal.run("mine=diffusers:one.safetensors").refuses(2, "this is a file; give the folder that holds")
    terminal.run("mine=diffusers:nowhere").refuses(2, "nowhere: there is no such folder, and it is no model's id")
    resized = ("sd15-inpaint", "--resize-for-method", "--weights")
    terminal.run(*resized, "*=synthetic").refuses(2, "is not here")
    terminal.run(*resized, "sd15-inpaint=synthetic").refuses(2, "there are no synthetic weights")
    assert baselines.find_baselines()["flux-fill"][1].model is not None
    terminal("methods", "show", "sd2-inpaint").does("Hugging Face, sd2-community/", "option steps", "default 50")
    terminal("check", "sd15-inpaint").refuses(2, "there are no reference activations of its networks")
    terminal("weights", "add", "sd15-inpaint", "paris", "x.ckpt").refuses(2, "sd15-inpaint")
