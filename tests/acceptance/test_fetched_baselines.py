"""Every baseline with published weights: synthetic files in the authors' layout are served, fetched, locked and run."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import tiny
from authors_files import outline, write_authors_files
from msgspec.structs import replace
from serving import Answer, Route, serving
from terminal import Terminal
from torch import Tensor

from inpaint_bench.decode import toml
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.methods.card import Card, MethodCard, Published, read_card
from inpaint_bench.weights.synthetic import kept, synthetic_state

pytestmark = pytest.mark.acceptance

PUBLISHED = {name: found for name, found in find_baselines().items() if found[1].weights}
SIDE = 128


def served(card: MethodCard, published: Published, state: dict[str, Tensor], folder: Path) -> dict[str, bytes]:
    """The authors' files of a state, by the names that the card gives them."""
    named = [file.file for file in published.files]
    folder.mkdir()
    if len(card.container.parts) == 1 and len(named) > 1:  # of MFE: each file holds some of the tensors
        split = [dict(list(state.items())[number :: len(named)]) for number in range(len(named))]
        return {name: b"".join(_written(card, some, folder / name)) for name, some in zip(named, split, strict=True)}
    write_authors_files(card, state, folder)
    made = sorted(folder.iterdir(), key=lambda path: path.name)
    if len(named) == 1:
        return {named[0] or made[0].name: made[0].read_bytes()}
    patterns = {part.file.replace("*", "x"): part.file for part in card.container.parts}
    called = {path.name: patterns.get(path.name, path.name) for path in made}
    return {name: next(p for p in made if fnmatchcase(name, called[p.name])).read_bytes() for name in named}


def is_constant(card: MethodCard, name: str) -> bool:
    """Whether a tensor is one that the network knows itself."""
    return any(kept(name.removeprefix(part.name), part.synthetic) for part in card.container.parts)


def _written(card: MethodCard, state: dict[str, Tensor], folder: Path) -> list[bytes]:
    folder.mkdir()
    return [path.read_bytes() for path in write_authors_files(card, state, folder)]


@pytest.fixture(autouse=True)
def _no_stated_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards as if nobody had stated a hash or a size: synthetic files have others."""

    def read(path: Path) -> Card:
        card = read_card(path)
        methods = []
        for one in card.methods:
            loose = [
                replace(weights, files=tuple(replace(f, sha256="", md5="", size=None) for f in weights.files))
                for weights in one.weights
            ]
            methods.append(replace(one, weights=tuple(loose)))
        return replace(card, methods=tuple(methods))

    monkeypatch.setattr("inpaint_bench.methods.baselines.read_card", read)


@pytest.mark.parametrize("name", PUBLISHED)
def test_served_fetched_locked_run_and_refused_once_changed(name: str, tmp_path: Path, terminal: Terminal) -> None:
    baseline, card = PUBLISHED[name]
    published = card.weights[0]
    side = card.exact_size or SIDE
    tiny.make_dataset(tmp_path, count=3, side=side, size=side, name=published.dataset, samples=1, metrics=["psnr"])
    state = synthetic_state(outline(baseline, card).state_dict(), card.container.parts)
    first = served(card, published, state, tmp_path / "first")
    free = [key for key in state if state[key].is_floating_point() and not is_constant(card, key)]
    changed = state | {key: state[key] * 1.5 for key in free}
    routes: dict[str, Route] = {f"/{file}": Answer(body) for file, body in first.items()}
    with serving(routes) as server:
        mirrors = [f"{server.url}/{file}" for file in first]
        fetch = ["weights", "fetch", name, "tiny.toml", "--accept-licence"]
        fetch += [part for mirror in mirrors for part in ("--from", mirror)]
        terminal(*fetch).does("fetched; unpinned")
        assert len(server.requests) == len(first)
        terminal(*fetch).does("here already")
        assert len(server.requests) == len(first)
        locked = toml(Path("weights.lock.toml").read_bytes())["weights"]
        assert {one["file"] for one in locked} == set(first)
        for path in Path("cache/weights", name).iterdir():
            path.unlink()
        terminal(*fetch).does("fetched; unpinned")
        other = served(card, published, changed, tmp_path / "second")
        routes.update({f"/{file}": Answer(body) for file, body in other.items()})
        terminal.run(name, "--limit", 1, "--allow-known-error").does(f"{name}: weights unpinned")
        for path in Path("cache/weights", name).iterdir():
            path.unlink()
        terminal(*fetch).refuses(5, f"this file of {name} for {published.dataset}", "weights.lock.toml says")
