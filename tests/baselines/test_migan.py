"""MI-GAN's files: the layout of before October 2023, and networks whose constants were changed."""

from pathlib import Path

import pytest
import torch
from authors_files import tensors
from loading import CPU, held

from baselines.migan.files import read_generator
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import find_baselines, loader

BASELINE, CARD = find_baselines()["migan"]


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return tensors(BASELINE, CARD)


def before(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights as files of before October 2023 hold them: zeros are stuffed by a convolution."""
    found = {}
    for name, tensor in state.items():
        if name.endswith("filter_const"):
            channels = len(state[name.replace("filter_const", "filter.weight")])
            kernel = torch.tensor([[1.0, 0.0], [0.0, 0.0]]).expand(channels, 1, 2, 2)
            found[name.replace("filter_const", "insert_zeros.weight")] = kernel
        else:
            found[name] = tensor
    return found


def test_both_layouts_of_the_files_are_read_as_the_same_weights(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save(state, tmp_path / "now.pt")
    torch.save(before(state), tmp_path / "before.pt")
    now, older = read_generator(tmp_path / "now.pt"), read_generator(tmp_path / "before.pt")
    assert now.keys() == older.keys() == state.keys()
    assert all(torch.equal(now[name], older[name]) for name in now)


def test_zeros_stuffed_in_another_way_are_refused(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    changed = before(state)
    changed["synthesis.b8.upsample.insert_zeros.weight"] = torch.ones(3, 1, 2, 2)
    torch.save(changed, tmp_path / "before.pt")
    with pytest.raises(InputError, match=r"before.pt: synthesis.b8.upsample.insert_zeros.weight does not stuff zeros"):
        read_generator(tmp_path / "before.pt")


@pytest.mark.parametrize("name", ["encoder.b64.conv2.downsample.filter.weight", "synthesis.b16.upsample.filter_const"])
def test_other_constants_than_those_that_are_computed_are_refused(state: dict[str, torch.Tensor], name: str) -> None:
    changed = {**state, name: state[name] + 0.01}
    with pytest.raises(InputError, match=f"{name}: not the filter of MI-GAN"):
        loader(BASELINE, CARD)(held(changed), CPU)
