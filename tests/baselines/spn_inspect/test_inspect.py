"""`inspect`: its figures show the network's own maps, are described on a page, and are reproducible to the byte."""

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import save_file
from terminal import Terminal
from torch import nn

from baselines.ec import adapter as ec_adapter
from baselines.ec.network import CompletionGenerator, EdgeGenerator
from baselines.spn import adapter, trace
from baselines.spn.inspect.activations import NETWORKS, activations
from baselines.spn.inspect.edges import open_edges
from baselines.spn.inspect.panels import Panel, save_rows
from baselines.spn.inspect.tsne import embed
from baselines.spn.network import SPN
from inpaint_bench.data import tensors
from inpaint_bench.data.datasets import open_dataset
from inpaint_bench.data.pair_lists import sample_seed
from inpaint_bench.data.prepare import Prepared, prepare
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import NO_WEIGHTS, Weights, synthetic_weights

BASELINES = Path(trace.__file__).parent.parent
CARDS = {
    card.name: card for baseline in ("spn", "ec") for card in read_card(BASELINES / baseline / "card.toml").methods
}
VIEWS = ("pyramid", "features")
SYNTHETIC = ("--weights", "spn-small=synthetic")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The page of two pairs of 32 pixels."""
    return tiny.make_dataset(tmp_path, count=2, side=32, size=32, metrics=["psnr"])


@pytest.fixture
def prepared(small: Path) -> Prepared:
    dataset = open_dataset(str(small), None)
    return prepare(dataset.page, dataset.data, dataset.pairs[0])


def synthetic_tensors(method: str) -> Weights:
    return synthetic_weights(CARDS[method].container.parts)


def inspected(
    terminal: Terminal, page: Path, out: Path, *arguments: object, method: str = "spn-small"
) -> dict[str, bytes]:
    """The files of a successful inspection with synthetic weights."""
    given = ("--dataset", page, "--out", out, "--weights", f"{method}=synthetic", "--quiet")
    terminal("inspect", method, *given, *arguments).does(f"{out}/inspect.md")
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def test_every_pair_has_its_pictures_and_the_page_says_what_they_are(
    terminal: Terminal, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["inpaint-bench", "inspect", "spn-small", "--dataset", "my page.toml"])
    found = inspected(terminal, small, Path("out"))
    pictures = {f"0000{pair}.{view}.{kind}" for pair in (0, 1) for view in VIEWS for kind in ("png", "pdf")}
    assert found.keys() == pictures | {"inspect.md"}
    for name in pictures:
        assert found[name].startswith(b"%PDF" if name.endswith("pdf") else b"\x89PNG")
    text = found["inspect.md"].decode()
    assert set(re.findall(r"\]\(([^)\s]+)\)", text)) == pictures
    for words in (
        "`inpaint-bench inspect spn-small --dataset 'my page.toml'`",
        "Nothing was trained",
        "the Hungarian assignment",
        "Canny edges of the masked image (no weights of EC here); weights of EC: none",
        "## Pair 00001: picture1.png with mask1.png",
    ):
        assert words in text


@pytest.mark.acceptance
def test_the_same_command_gives_the_same_bytes(terminal: Terminal, small: Path) -> None:
    first = inspected(terminal, small, Path("out"), "--limit", 1, method="spn-prob-small")
    shutil.rmtree("out")
    assert inspected(terminal, small, Path("out"), "--limit", 1, method="spn-prob-small") == first
    assert {"00000.samples.png", "00000.samples.pdf"} <= first.keys()


@pytest.mark.acceptance
def test_pictures_do_not_depend_on_which_pairs_are_looked_at(terminal: Terminal, small: Path) -> None:
    both = inspected(terminal, small, Path("both"))
    one = inspected(terminal, small, Path("one"), "--pairs", "00001")
    assert {name for name in one if name.startswith("0000")} == {name for name in both if name.startswith("00001")}
    assert all(both[name] == data for name, data in one.items() if name != "inspect.md")


@pytest.mark.acceptance
def test_a_file_of_weights_is_named_by_its_hash(terminal: Terminal, small: Path) -> None:
    state = synthetic_tensors("spn-small").into(NETWORKS["spn-small"]()).state_dict()
    save_file(state, "mine.safetensors")
    inspected(terminal, small, Path("synthetic"), "--limit", 1)
    given = ("--dataset", small, "--weights", "spn-small=mine.safetensors", "--limit", 1)
    terminal("inspect", "spn-small", *given, "--out", "out").does("inspect.md")
    text = Path("out/inspect.md").read_text()
    assert re.search(r"\| weights \| sha256 [0-9a-f]{64} \|", text)
    assert "Nothing was trained" not in text
    assert Path("out/00000.pyramid.png").read_bytes() != Path("synthetic/00000.pyramid.png").read_bytes()  # the heading


# --- figures show the maps of the network -----------------------------------------------------------


@pytest.mark.parametrize("method", ["spn-small", "spn-prob-small"])
def test_results_are_those_that_the_method_gives(small: Path, prepared: Prepared, method: str) -> None:
    page, pair = open_dataset(str(small), None).page, prepared.pair.pair
    seeds = [sample_seed(page.seed, pair, sample) for sample in range(2)]
    network = synthetic_tensors(method).into(NETWORKS[method]()).eval()
    found = activations(method, network, prepared, seeds, "round", tiny.CPU)
    image, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
    load = getattr(adapter, CARDS[method].load)
    given = (tensors.emptied(image, mask), mask, *([torch.tensor([seeds])] if CARDS[method].stochastic else []))
    predictions = load(synthetic_tensors(method), tiny.CPU)(*given).view(-1, 1, *image.shape[1:])
    wanted = [tensors.eight_bit(tensors.composite(prediction, image, mask))[0] for prediction in predictions]
    pixels = np.stack(wanted).astype(int)
    assert len(found) == len(pixels) == (2 if CARDS[method].stochastic else 1)
    # the adapter computes in another layout of memory, so that a value on an edge may round to the next level
    assert np.abs(np.stack([each.composite for each in found]).astype(int) - pixels).max() <= 1
    if CARDS[method].stochastic:
        assert (found[0].composite != found[1].composite).any()


def test_maps_are_the_stages_of_the_golden_files(prepared: Prepared) -> None:
    network = SPN(4, (5, 6, 7)).eval()
    (found,) = activations("spn", network, prepared, [], "round", tiny.CPU)
    image, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
    stages = trace.trace(network, {"x": tensors.emptied(image, mask), "mask": mask}, [])
    named = {
        "S_prior_3": "quarter",
        "S_prior_2": "half",
        "S_prior_1": "full",
        "F_enc_3": "encoded",
        "F_dec_3": "decoded",
    }
    for stage, name in named.items():
        expected = stages[stage]
        assert isinstance(expected, torch.Tensor)
        assert (getattr(found, name) == expected[0].numpy()).all(), stage


def test_edges_are_those_that_ecs_second_network_gets(prepared: Prepared) -> None:
    weights = synthetic_tensors("ec")
    edges = open_edges(weights, tiny.CPU)
    assert edges.title == "EC's edges\n(synthetic weights: not trained)"
    soft = edges.of(prepared)
    assert ((soft >= 0) & (soft <= 1)).all()
    completion = weights.into(nn.ModuleDict({"edge": EdgeGenerator(), "inpaint": CompletionGenerator()}))["inpaint"]
    image, mask = tensors.to_images([prepared.target]), tensors.to_masks([prepared.hole])
    image = tensors.emptied(image, mask)
    with torch.inference_mode():
        painted = completion.eval()(torch.cat([image + mask, soft[None, None]], dim=1)).clamp(0, 1)
    assert torch.equal(painted, ec_adapter.load(weights, tiny.CPU)(image, mask))


def test_without_weights_of_ec_the_known_regions_edges_are_shown_and_called_so(prepared: Prepared) -> None:
    edges = open_edges(NO_WEIGHTS, tiny.CPU)
    assert "Canny" in edges.title
    halves = np.zeros_like(prepared.target)
    halves[16:] = 200
    other = np.where(prepared.hole[..., None], np.uint8(90), halves)  # what the hole holds plays no part
    found, again = (edges.of(Prepared(prepared.pair, target, prepared.hole)) for target in (halves, other))
    assert torch.equal(found, again)
    assert set(found.flatten().tolist()) == {0.0, 1.0}
    assert set(found.nonzero()[:, 0].tolist()) <= {15, 16}


# --- the results of a run --------------------------------------------------------------------------


@pytest.fixture
def run(page: Path) -> Path:
    """A run of two methods on four pairs."""
    assert tiny.run(page, Path("run"), "--metrics", "psnr", methods=f"mean-fill,{tiny.NOISE}") == 0
    return Path("run")


@pytest.mark.acceptance
def test_results_of_a_run_are_placed_among_its_real_images(terminal: Terminal, page: Path, run: Path) -> None:
    before = tiny.state(run)
    given = ("--run", run, "--data", page.parent / "data", *SYNTHETIC, "--limit", 1, "--out", "out")
    terminal("inspect", "spn-small", *given).does("inspect.md")
    assert tiny.state(run) == before
    lines = Path("out/tsne.csv").read_text().splitlines()
    assert lines[0] == "folder,pair,sample,x,y"
    places = [line.split(",")[:3] for line in lines[1:]]
    assert places == [
        [folder, f"0000{pair}", sample]
        for folder, sample in (("mean-fill", ""), ("noise", "0"), ("targets", ""))
        for pair in range(4)
    ]
    first = {name: Path(f"out/tsne.{name}").read_bytes() for name in ("png", "pdf", "csv")}
    terminal("inspect", "spn-small", *given[:-1], "again").does("inspect.md")
    assert {name: Path(f"again/tsne.{name}").read_bytes() for name in first} == first
    assert "12 images of the run run" in Path("out/inspect.md").read_text()


@pytest.mark.acceptance
def test_the_page_does_not_say_where_things_lie_on_the_machine(
    terminal: Terminal, page: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [f"{one}" for one in ("--run", run.absolute(), "--data", page.parent / "data", *SYNTHETIC, "--limit", 1)]
    monkeypatch.setattr(sys, "argv", ["inpaint-bench", "inspect", "spn-small", *given])
    terminal("inspect", "spn-small", *given, "--out", "out").does("inspect.md")
    message = Path("out/inspect.md").read_text()
    assert "12 images of the run …/run" in message
    assert "`inpaint-bench inspect spn-small --run …/run --data …/data " in message
    assert str(tmp_path) not in message


def test_the_cache_of_the_plotting_library_lies_in_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "elsewhere")
    monkeypatch.delenv("MPLCONFIGDIR")
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "cache"))
    save_rows(tmp_path / "rows", "heading", [[Panel("title", tiny.picture(1))]])
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "cache" / "matplotlib")


def test_like_features_are_placed_together() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 12)
    places = embed((20 * groups[:, None] + rng.standard_normal((24, 10))).astype(np.float32), 0)
    middles = [places[groups == group].mean(axis=0) for group in (0, 1)]
    nearest = np.argmin([np.linalg.norm(places - middle, axis=1) for middle in middles], axis=0)
    assert (nearest == groups).all()


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("spm", (), ("no method that can be inspected is called 'spm'", "Did you mean 'spn'?")),
        ("ec", (), ("no method that can be inspected is called 'ec'",)),
        (
            "spn",
            (),
            ("spn has no weights for tiny here. The authors publish some for places2, celeba, paris; give --weights",),
        ),
        ("spn-small", ("--weights", "rfr=synthetic"), ("--weights names 'rfr'; here it may name spn-small and ec.",)),
        ("spn-small", (*SYNTHETIC, "--weights", "ec=none.safetensors"), ("there is no such weights file",)),
        ("spn-small", (*SYNTHETIC, "--pairs", "00009"), ("tiny has no pair '00009'", "Known: 00000")),
        ("spn-small", (*SYNTHETIC, "--pairs", "00000", "--limit", "2"), ("pairs and limit cannot be combined",)),
        ("spn-small", (*SYNTHETIC, "--methods", "telea"), ("name the run with --run",)),
        ("spn-small", (*SYNTHETIC, "--targets", "data"), ("targets and masks go together",)),
        ("spn-small", (*SYNTHETIC, "--targets", "a", "--masks", "b"), ("dataset and targets cannot be combined",)),
        ("spn-prob-small", ("--weights", "spn-prob-small=synthetic"), ("images of 24x24", "multiples of 32")),
    ],
)
def test_what_cannot_be_looked_at_is_refused(
    terminal: Terminal, page: Path, method: str, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    terminal("inspect", method, "--dataset", page, "--out", "out", *arguments).refuses(2, *words)
    assert not Path("out").exists()


def test_weights_of_another_network_are_refused(terminal: Terminal, small: Path) -> None:
    save_file(SPN(4, None).state_dict(), "other.safetensors")
    given = ("--dataset", small, "--weights", "spn-small=other.safetensors", "--out", "out")
    terminal("inspect", "spn-small", *given).refuses(2, "other.safetensors: not the weights of this network")


def test_what_a_run_does_not_have_is_refused(terminal: Terminal, page: Path, run: Path) -> None:
    given = ("--run", run, "--data", page.parent / "data", *SYNTHETIC, "--limit", 1, "--out", "out")
    inspect = ("inspect", "spn-small")
    terminal(*inspect, *given, "--dataset", page).refuses(
        2, "the run run has a dataset of its own, tiny; leave out --dataset"
    )
    terminal(*inspect, *given, "--methods", "meanfill").refuses(2, "called 'meanfill'", "Did you mean 'mean-fill'?")
    terminal(*inspect, *given, "--features", "lite1").refuses(2, "no features are called 'lite1'", "'lite0'")
    terminal(*inspect, *given, "--features", "inception").refuses(2, "--features inception:")
    (run / "noise" / "composites" / "00002.s1.png").unlink()
    terminal(*inspect, *given).refuses(3, "noise: 1 of 4 pairs have no composite. Run it again")
    assert not Path("out").exists()


def test_too_few_pictures_have_no_neighbours(terminal: Terminal, tmp_path: Path) -> None:
    page = tiny.make_dataset(tmp_path, count=2, metrics=["psnr"])
    assert tiny.run(page, Path("run"), methods="mean-fill") == 0
    given = ("--run", "run", "--data", page.parent / "data", *SYNTHETIC, "--out", "out")
    terminal("inspect", "spn-small", *given).refuses(2, "4 images in all; t-SNE needs 8 or more")
