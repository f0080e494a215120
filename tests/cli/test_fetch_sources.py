"""Where `weights fetch` and `run --fetch` get weights from: mirrors, cards, pages; and what they leave alone."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from painter import CARD, CODE, FETCH, checkpoint, http, stored, write_baseline
from serving import Answer, Route, Server
from terminal import Terminal

from inpaint_bench.fetch import web
from inpaint_bench.metrics.features.weight_files import INCEPTION


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, page: Path) -> None:
    monkeypatch.setattr(web, "WAIT", 0.0)


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
