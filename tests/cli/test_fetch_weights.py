"""`weights fetch`: licensed, served, checked, locked, run; and nothing half-fetched ever counts."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from painter import FETCH, checkpoint, http, stored, write_baseline
from serving import QUOTA_PAGE, Answer, Route, Server
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.decode import toml
from inpaint_bench.fetch import web


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    monkeypatch.setattr(web, "WAIT", 0.0)


def test_without_the_licence_nothing_is_asked_for(server: Server, terminal: Terminal) -> None:
    answer = terminal(*FETCH)
    answer.refuses(2, "nothing was fetched", "--accept-licence")
    assert "painter for tiny: painter.pth; licence of the weights: CC BY-NC 4.0" in answer.err
    assert server.requests == []


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("no\n", 2), ("\n", 2)])
def test_a_typed_yes_on_a_terminal_accepts_the_licence(
    server: Server, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    keyboard = io.StringIO(typed)
    monkeypatch.setattr(keyboard, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", keyboard)
    assert terminal(*FETCH).code == code
    assert len(server.requests) == (code == 0)


def test_served_fetched_locked_and_run(server: Server, terminal: Terminal) -> None:
    answer = terminal(*FETCH, "--accept-licence")
    answer.does("painter for tiny, fetched; unpinned: painter.pth, see weights.lock.toml.")
    assert "licence of the weights: CC BY-NC 4.0" in answer.err.splitlines()[0]
    assert stored() == ["tiny.json", "tiny.safetensors"]
    assert not list(Path("cache/fetched").rglob("*.pth"))
    (locked,) = toml(Path("weights.lock.toml").read_bytes())["weights"]
    assert locked["sha256"] == files.sha256(checkpoint())
    assert locked["source"] == f"{server.url}/painter.pth"
    before = Path("weights.lock.toml").read_bytes()
    terminal(*FETCH).does("here already")  # no licence is asked for what is here
    assert len(server.requests) == 1
    assert Path("weights.lock.toml").read_bytes() == before
    note = "nobody has stated the hash of painter.pth"
    terminal.run("painter", "--baselines", "mine").does("painter: weights unpinned,", note)
    assert json.loads(Path("runs/tiny/run.json").read_bytes())["methods"]["painter"]["unpinned"] == ["painter.pth"]
    assert note in Path("runs/tiny/tables/plain.tex").read_text()


def test_the_lock_refuses_a_changed_file_by_name(server: Server, routes: dict[str, Route], terminal: Terminal) -> None:
    terminal(*FETCH, "--accept-licence").does("fetched")
    for path in Path("cache/weights/painter").iterdir():
        path.unlink()
    for other, inside in ((checkpoint(0.25), "others too"), (checkpoint(more=1), "the same")):
        routes["/painter.pth"] = Answer(other)
        answer = terminal(*FETCH, "--accept-licence")
        answer.refuses(5, "painter.pth: this file of painter for tiny", "weights.lock.toml", inside)
        assert stored() == []
        assert not list(Path("cache/fetched").rglob("painter.pth"))
    routes["/painter.pth"] = Answer(checkpoint())
    terminal(*FETCH, "--accept-licence").does("fetched")


def test_weights_that_are_here_must_agree_with_the_lock_file_too(
    server: Server, routes: dict[str, Route], terminal: Terminal
) -> None:
    terminal(*FETCH, "--accept-licence").does("fetched")
    theirs = Path("weights.lock.toml").read_text()
    Path("weights.lock.toml").write_text(theirs.replace(files.sha256(checkpoint()), "0" * 64))
    terminal(*FETCH).refuses(5, "painter.pth: this file of painter for tiny", "says 000000000000")
    Path("weights.lock.toml").unlink()
    terminal(*FETCH).does("here already")
    assert Path("weights.lock.toml").read_text() == theirs
    terminal("weights", "list").does("unpinned: painter.pth")


def test_another_lock_file_can_be_named(server: Server, terminal: Terminal) -> None:
    terminal(*FETCH, "--accept-licence", "--lock", "paper/weights.toml").does("see paper/weights.toml")
    assert Path("paper/weights.toml").is_file()
    assert not Path("weights.lock.toml").exists()


def test_a_broken_lock_file_is_named(server: Server, terminal: Terminal) -> None:
    Path("weights.lock.toml").write_text("schema = 1\nweights = 7\n")
    terminal(*FETCH, "--accept-licence").refuses(2, "weights.lock.toml: not a lock file of weights")
    assert stored() == []


def test_a_stated_hash_pins_the_weights(server: Server, terminal: Terminal) -> None:
    write_baseline(http(f"{server.url}/painter.pth"), hashes=f', sha256 = "{files.sha256(checkpoint())}"')
    terminal(*FETCH, "--accept-licence").does("painter for tiny, fetched.")
    assert not Path("weights.lock.toml").exists()
    answer = terminal.run("painter", "--baselines", "mine")
    answer.does("painter")
    assert "unpinned" not in answer.out


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_file_of_another_hash_than_the_stated_one_is_refused(server: Server, terminal: Terminal, kind: str) -> None:
    length = 64 if kind == "sha256" else 32
    write_baseline(http(f"{server.url}/painter.pth"), hashes=f', {kind} = "{"0" * length}"')
    terminal(*FETCH, "--accept-licence").refuses(
        5, f"painter.pth: {server.url}/painter.pth has the {kind}", "000000000000"
    )
    assert stored() == []


def test_a_file_that_was_added_by_hand_is_pinned_by_the_same_hash(terminal: Terminal) -> None:
    Path("painter.pth").write_bytes(checkpoint())
    for stated, unpinned in ((files.sha256(checkpoint()), []), ("0" * 64, ["painter.pth"])):
        write_baseline(http("http://127.0.0.1:9/painter.pth"), hashes=f', sha256 = "{stated}"')
        terminal("weights", "add", "painter", "tiny.toml", "painter.pth", "--baselines", "mine").does("licence: CC BY")
        assert json.loads(Path("cache/weights/painter/tiny.json").read_bytes())["unpinned"] == unpinned


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer(QUOTA_PAGE), 3, ("its quota page", "`inpaint-bench weights add painter tiny.toml painter.pth`")),
        (Answer(b"", 404), 3, ("the link died",)),
        (Answer(checkpoint()[:-50]), 2, ("painter.pth", "not a whole torch file")),
        (Answer(checkpoint(generator={"other": torch.zeros(2)})), 2, ("painter.pth", "other")),
        (Answer(checkpoint(float("nan"))), 2, ("painter.pth", "NaN")),
        (Answer(checkpoint(method=print)), 2, ("painter.pth", "would run code")),
    ],
    ids=["quota", "dead", "cut", "another network", "NaN", "code"],
)
def test_what_is_not_the_weights_is_never_found_as_weights(
    server: Server, routes: dict[str, Route], terminal: Terminal, answer: Answer, code: int, words: tuple[str, ...]
) -> None:
    routes["/painter.pth"] = answer
    terminal(*FETCH, "--accept-licence").refuses(code, *words)
    assert stored() == []
    assert not Path("weights.lock.toml").exists()
    terminal.run("painter", "--baselines", "mine").refuses(2, "weights fetch painter tiny.toml")


def test_a_broken_download_goes_on_at_the_next_call(
    server: Server, routes: dict[str, Route], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TRIES", 1)
    body = checkpoint(n_iter=torch.zeros(100_000))
    routes["/painter.pth"] = [Answer(body, etag='"one"', cut=200_000), Answer(body, etag='"one"')]
    terminal(*FETCH, "--accept-licence").refuses(3, "the connection broke off")
    assert stored() == []
    terminal(*FETCH, "--accept-licence").does("fetched")
    assert server.requests[1].headers["range"].startswith("bytes=1")
