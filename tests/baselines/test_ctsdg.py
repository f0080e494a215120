"""CTSDG's edges, and how its adapter prepares the network's input."""

from pathlib import Path

import torch
from loading import CPU, held, load_of, whole_pairs

from baselines.ctsdg import adapter
from baselines.ctsdg.network import Generator
from inpaint_bench.checks.activations import replay
from inpaint_bench.data.tensors import emptied
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.weights.containers import read_container

BASELINE, CARD = find_baselines()["ctsdg"]
GOLDEN = replay.load(BASELINE.folder / "golden.json")


def test_the_generator_is_taken_from_the_authors_checkpoint(tmp_path: Path) -> None:
    weight = {"out_layer.0.bias": torch.zeros(3)}
    torch.save({"n_iter": 1, "generator": weight, "discriminator": {"conv.bias": torch.zeros(1)}}, tmp_path / "a.pt")
    assert list(read_container([tmp_path / "a.pt"], CARD.container)) == ["out_layer.0.bias"]


def test_edges_of_a_whole_image_are_the_golden_ones() -> None:
    (case,) = GOLDEN["cases"]
    image = replay.inputs(GOLDEN, {**case, "inputs": {"x": "x"}})["x"]  # before its hole is emptied, in [-1, 1]
    found = adapter.edges(adapter.grey(image), torch.ones(1, 1, 256, 256))
    expected = replay.inputs(GOLDEN, {**case, "inputs": {"edges": "edges"}})["edges"]
    assert (found == expected).float().mean() > 0.999  # Canny may change from one scikit-image to the next


def test_the_border_of_the_hole_is_no_edge() -> None:
    values, known = torch.full((1, 1, 64, 64), 0.9, dtype=torch.float64), torch.ones(1, 1, 64, 64)
    known[..., 20:40, 20:40] = 0
    assert not adapter.edges(values * known, known).any()


def test_the_adapter_gives_the_networks_output() -> None:
    network = Generator().eval()
    inpaint = load_of("ctsdg")(held(network.state_dict()), CPU)
    image, mask = whole_pairs(128)
    known, values = 1 - mask, adapter.grey(emptied(image, mask) * 2 - 1)
    structure = torch.cat([adapter.edges(values, known), values], dim=1).float() * known
    with torch.inference_mode():
        output = network((image * 2 - 1) * known, structure, known)
    torch.testing.assert_close(inpaint(emptied(image, mask), mask), (output + 1) / 2, rtol=0, atol=1e-5)
