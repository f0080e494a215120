"""EdgeConnect's edges and norm."""

import torch
from torch import nn

from baselines.ec import adapter
from baselines.ec.blocks import InstanceNorm
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.methods.baselines import find_baselines

GOLDEN = replay.load(find_baselines()["ec"][0].folder / "ec_inpaint.json")


def test_edges_are_those_of_the_golden_file_and_the_hole_has_no_part_in_them() -> None:
    expected = replay.inputs(GOLDEN, GOLDEN["cases"][0])["x"][:, 3:]
    image, mask = (synthetic.image(256) * 255).round() / 255, synthetic.mask(256)
    assert torch.equal(adapter.known_edges(adapter.to_grey(image), mask), expected)
    assert torch.equal(adapter.known_edges(adapter.to_grey(emptied(image, mask)), mask), expected)


def test_instance_norm_is_torchs() -> None:
    x = torch.rand(2, 5, 16, 12) * 9 + 3
    torch.testing.assert_close(InstanceNorm()(x), nn.functional.instance_norm(x), rtol=0, atol=1e-5)
