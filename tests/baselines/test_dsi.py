"""DSI draws codes as the slow way does, place by place, whatever else is drawn beside them."""

import numpy as np
import pytest
import torch
from loading import CPU, held, load_of, whole_pairs
from torch import Tensor

from baselines.dsi.network import StructureGenerator
from baselines.dsi.sampling import LANES, CodeSampler, draw
from inpaint_bench.checks.activations import replay
from inpaint_bench.data.tensors import emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import find_baselines

FOLDER = find_baselines()["dsi"][0].folder


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """The tensors of the inference path as the golden files fill them, but for softer logits.

    The golden files' logits differ by hundreds, and a draw from them is hardly one: these are like a trained network's.
    """
    state: dict[str, Tensor] = {}
    for file in ("dsi_texture.json", "dsi_structure.json"):  # the structure's codebook is the unscaled one
        state |= replay.state_dict(replay.load(FOLDER / file))
    last = "structure_pixelcnn/wndense_180/g"
    return {**state, last: state[last] * 0.005}


@pytest.fixture(scope="module")
def generator(state: dict[str, Tensor]) -> StructureGenerator:
    generator = StructureGenerator()
    generator.load_state_dict({name: state[name] for name in generator.state_dict()}, strict=True)
    return generator


@pytest.fixture(scope="module")
def sampler(generator: StructureGenerator) -> CodeSampler:
    _, pixelcnn, codebook = generator.parts
    return CodeSampler(pixelcnn, codebook.vectors)


def condition(images: int, height: int, width: int) -> Tensor:
    """Something of the shape of the condition network's output."""
    return torch.randn(images, 256, height, width, generator=torch.Generator().manual_seed(0))


def uniform(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(5).random(shape))


def test_the_logits_of_a_place_depend_on_earlier_places_alone(generator: StructureGenerator) -> None:
    _, pixelcnn, codebook = generator.parts
    codes = torch.randint(512, (1, 4, 4), generator=torch.Generator().manual_seed(1))
    changed = codes.clone()
    changed[0, 2, 1] += 1 - 2 * (changed[0, 2, 1] // 511)
    with torch.inference_mode():
        before, after = (pixelcnn(codebook(c), condition(1, 4, 4)).flatten(2) for c in (codes, changed))
    same = (before == after).all(dim=1).flatten()
    assert same[: 2 * 4 + 2].all()
    assert not same[2 * 4 + 2 :].any()


def test_codes_are_those_of_a_full_pass_for_every_place(generator: StructureGenerator, sampler: CodeSampler) -> None:
    """The authors' way: the whole network anew for each place, which is then drawn from its logits."""
    _, pixelcnn, codebook = generator.parts
    height, width = 4, 6
    given, draws = condition(1, height, width), uniform(1, 1, height, width)
    features = torch.zeros(1, 64, height, width)
    slow = torch.zeros(height, width, dtype=torch.int64)
    with torch.inference_mode():
        for row in range(height):
            for column in range(width):
                logits = pixelcnn(features, given)[:, :, row, column]
                slow[row, column] = draw(logits, draws[0, :, row, column])
                features[..., row, column] = codebook(slow[None])[..., row, column]
        fast, _ = sampler.sample(given, draws)
    assert torch.equal(fast[0, 0], slow)


@pytest.mark.parametrize("size", [(12, 16), pytest.param((32, 32), marks=pytest.mark.acceptance)], ids=str)
def test_a_whole_map_is_drawn_as_full_passes_would(
    generator: StructureGenerator, sampler: CodeSampler, size: tuple[int, int]
) -> None:
    """One full pass over drawn codes gives, at each place, the logits of a full pass made when it was drawn.

    Codes may differ only where the draw is within rounding of the border between two codes.
    """
    _, pixelcnn, codebook = generator.parts
    given, draws = condition(1, *size), uniform(1, 1, *size)
    with torch.inference_mode():
        codes, logits = sampler.sample(given, draws)
        full = pixelcnn(codebook(codes[0]), given)[0].permute(1, 2, 0)
    torch.testing.assert_close(logits[0, 0], full, rtol=0, atol=1e-4 * max(1.0, float(full.std())))
    again = draw(full.flatten(0, 1), draws.flatten())
    borders = full.double().softmax(dim=2).cumsum(dim=2).flatten(0, 1)
    near_ties = (borders - draws.flatten()[:, None]).abs().amin(dim=1) < 1e-5
    assert (again == codes.flatten())[~near_ties].all()
    assert near_ties.float().mean() < 0.02
    assert len(set(codes.flatten().tolist())) > 100


def test_a_sample_does_not_depend_on_its_company(sampler: CodeSampler) -> None:
    """To the last bit: a code near a tie would change, and with it all that follow."""
    count = LANES // 2 + 1  # of two images: more than the lanes hold
    given, draws = condition(2, 3, 5), uniform(2, count, 3, 5)
    with torch.inference_mode():
        codes, logits = sampler.sample(given, draws)
        for image, sample in ((0, 0), (0, count - 1), (1, count - 1)):
            alone = sampler.sample(given[image : image + 1], draws[image : image + 1, sample : sample + 1])
            assert torch.equal(alone[0][0, 0], codes[image, sample])
            assert torch.equal(alone[1][0, 0], logits[image, sample])


def test_a_draw_is_the_code_at_which_the_distribution_exceeds_it() -> None:
    logits = torch.full((5, 512), -1e9)
    logits[:, 3], logits[:, 7] = np.log(0.25), np.log(0.75)
    draws = torch.tensor([0, 0.2499, 0.2501, 0.75, 1 - 2**-53], dtype=torch.float64)
    assert draw(logits, draws).tolist() == [3, 3, 7, 7, 7]


def test_a_seed_is_a_sample(state: dict[str, Tensor]) -> None:
    image, mask = whole_pairs(32)
    samples = load_of("dsi")(held(state), CPU)(emptied(image, mask), mask, torch.tensor([[1, 2, 1]]))
    first, second, again = samples[0]
    assert torch.equal(first, again)
    assert (first - second).abs().max() > 0.001


def test_weights_of_one_network_alone_are_refused(state: dict[str, Tensor]) -> None:
    texture = {name: tensor for name, tensor in state.items() if name.startswith("texture_generator/")}
    with pytest.raises(
        InputError, match=r"not the weights of this network: 883 missing \(structure_condition/wnconv2d_0"
    ):
        load_of("dsi")(held(texture), CPU)
