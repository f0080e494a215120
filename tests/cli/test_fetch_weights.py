"""`weights fetch` and `run --fetch`: licensed, served, checked, locked, run; and nothing half-fetched ever counts."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from serving import QUOTA_PAGE, Answer, Route, Server, serving
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.decode import toml
from inpaint_bench.fetch import web
from inpaint_bench.metrics.features.weight_files import INCEPTION

CARD = """
schema = 1
title = "A baseline"
[[methods]]
name = "painter"
title = "Painter"
paper = "none"
year = 2024
repository = "https://example.org/painter"
licence = "MIT"
parameters = 3
container = {{ parts = [{{ key = "generator" }}], leave_out = ["n_iter"] }}

[[methods.weights]]
dataset = "tiny"
licence = "CC BY-NC 4.0"
files = [{{ file = "painter.pth", sources = [{sources}]{hashes} }}]
"""
CODE = """
from torch import nn
import torch


class Painter(nn.Module):
    def __init__(self):
        super().__init__()
        self.colour = nn.Parameter(torch.zeros(3))


def load(weights, device):
    network = weights.into(Painter()).eval()
    return lambda image, mask: image + mask * network.colour.detach().view(1, 3, 1, 1)
"""
FETCH = ("weights", "fetch", "painter", "tiny.toml", "--baselines", "mine")


def checkpoint(value: float = 0.5, **more: object) -> bytes:
    """A checkpoint as the painter's authors publish it."""
    out = io.BytesIO()
    torch.save({"generator": {"colour": torch.full((3,), value)}, "n_iter": 7} | more, out)
    return out.getvalue()


def write_baseline(*sources: str, hashes: str = "") -> None:
    """The painter, in the folder `mine`, with sources as TOML."""
    folder = Path("mine") / "painter"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.toml").write_text(CARD.format(sources=", ".join(sources), hashes=hashes))
    (folder / "adapter.py").write_text(dedent(CODE))


def http(url: str) -> str:
    return f'{{ kind = "http", url = "{url}" }}'


def stored() -> list[str]:
    """The files in the folder of weights."""
    return sorted(path.name for path in Path("cache/weights").rglob("*") if path.is_file() and path.suffix != ".lock")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    monkeypatch.setattr(web, "WAIT", 0.0)


@pytest.fixture
def routes() -> dict[str, Route]:
    """What the server of a test answers; the test may change it."""
    return {"/painter.pth": Answer(checkpoint(), etag='"one"')}


@pytest.fixture
def server(routes: dict[str, Route]) -> Iterator[Server]:
    """A server that publishes the painter's weights, and its card."""
    with serving(routes) as running:
        write_baseline(http(f"{running.url}/painter.pth"))
        yield running


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


@pytest.mark.parametrize("mirror", ["copy/painter.pth", "copy/renamed.pth", "copy", "URL/painter.pth", "URL/"])
def test_a_mirror_of_ones_own_takes_the_place_of_the_sources(server: Server, terminal: Terminal, mirror: str) -> None:
    write_baseline(http("http://127.0.0.1:9/painter.pth"))
    Path("copy").mkdir()
    for name in ("painter.pth", "renamed.pth"):
        (Path("copy") / name).write_bytes(checkpoint())
    terminal(*FETCH, "--accept-licence", "--from", mirror.replace("URL", server.url)).does("fetched")
    assert stored() == ["tiny.json", "tiny.safetensors"]
    assert sorted(path.name for path in Path("copy").iterdir()) == ["painter.pth", "renamed.pth"]


@pytest.mark.parametrize(("mirror", "words"), [("nowhere.pth", "there is no such file"), (".", "is in none of .")])
def test_a_mirror_without_the_file_is_named(server: Server, terminal: Terminal, mirror: str, words: str) -> None:
    terminal(*FETCH, "--accept-licence", "--from", mirror).refuses(2, words)


def test_run_fetches_what_the_named_methods_lack_and_only_that(server: Server, terminal: Terminal) -> None:
    command = ("--baselines", "mine", "--fetch")
    terminal.run("mean-fill,painter", *command).refuses(2, "nothing was fetched")
    assert server.requests == []
    terminal.run("mean-fill", *command).does("mean-fill")
    assert server.requests == []
    terminal.run("mean-fill,painter", *command, "--accept-licence").does("painter")
    terminal.run("mean-fill,painter", *command).does("painter")
    assert server.paths() == ["/painter.pth"]


def test_run_stops_where_weights_cannot_be_fetched(
    server: Server, routes: dict[str, Route], terminal: Terminal
) -> None:
    routes["/painter.pth"] = Answer(b"", 403)
    answer = terminal.run("painter", "--baselines", "mine", "--fetch", "--accept-licence")
    answer.refuses(3, "painter.pth could not be fetched", "it refuses access")


def test_all_that_is_published_for_a_dataset(
    server: Server, routes: dict[str, Route], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("mine") / "other"
    folder.mkdir()
    card = CARD.format(sources='{ kind = "page", url = "https://pan.example/s/1", note = "code 2x99" }', hashes="")
    (folder / "card.toml").write_text(card.replace('"painter"', '"other"').replace("painter.pth", "other.pth"))
    (folder / "adapter.py").write_text(dedent(CODE))
    page = Path("tiny.toml")
    page.write_text(page.read_text().replace('metrics = ["psnr"]', 'metrics = ["psnr", "fid"]'))
    extractor = replace(INCEPTION["inception"], sha256="d9298a10", published=lambda: f"{server.url}/inception.pth")
    monkeypatch.setitem(INCEPTION, "inception", extractor)
    routes["/inception.pth"] = Answer(b"other")
    every = ("weights", "fetch", "--all", "--dataset", "tiny.toml", "--baselines", "mine")
    answer = terminal(*every, "--accept-licence")
    answer.refuses(
        3, "other for tiny: other.pth could not be fetched. Fetch it by hand from https://pan.example/s/1 (code 2x99)"
    )
    assert "painter for tiny, fetched" in answer.out
    assert "the weights of inception" in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("spn", "places2"),
            3,
            (
                "https://pan.baidu.com/s/1Jd_lw6so5QjRcm1-K9RkdQ",
                "extraction code 2x99",
                "`inpaint-bench weights add spn places2 FILE`",
            ),
        ),
        (
            ("ctsdg", "paris"),
            3,
            ("https://drive.google.com/drive/folders/1lcATVc", "which one is of which dataset is not"),
        ),
        (("ctsdg", "celeba-drawn"), 3, ("https://drive.google.com", "weights add ctsdg celeba FILE")),
        (("spn", "places2-512"), 3, ("weights add spn places2 FILE",)),
        (("rfr",), 2, ("weights are published for paris, celeba", "rfr DATASET")),
        (("rfr", "places2"), 2, ("no weights are published for places2; there are some for paris, celeba",)),
        (("rfr", "pariss"), 2, ("no dataset is called 'pariss'", "Did you mean 'paris'?")),
        (("rfr-small",), 2, ("rfr-small: no weights are published",)),
        (("spn-small",), 2, ("they ship with the package",)),
        (("telea",), 2, ("no method with weights is called 'telea'",)),
        ((), 2, ("give a method, or --all",)),
        (("--all",), 2, ("--all needs --dataset",)),
    ],
)
def test_what_cannot_be_fetched_says_what_to_do(
    terminal: Terminal, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    answer = terminal("weights", "fetch", *arguments, "--accept-licence")
    assert answer.code == code
    for word in words:
        assert word in answer.err


@pytest.mark.acceptance
def test_a_killed_fetch_goes_on_where_it_was(server: Server, routes: dict[str, Route], tmp_path: Path) -> None:
    body = checkpoint(n_iter=torch.zeros(2_000_000))
    routes["/painter.pth"] = Answer(body, etag='"one"', drip=0.02)
    command = [sys.executable, "-m", "inpaint_bench", *FETCH, "--accept-licence"]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            before = len(server.requests)
            while len(server.requests) == before and running.poll() is None:
                time.sleep(0.05)
            time.sleep(0.3)
            running.kill()
        assert stored() == []
    subprocess.run(command, check=True, capture_output=True)
    assert stored() == ["tiny.json", "tiny.safetensors"]
    starts = [int(one.headers.get("range", "bytes=0-")[6:-1]) for one in server.requests]
    assert starts[0] == 0
    assert starts == sorted(set(starts)), starts  # each call went on from where the one before was killed
