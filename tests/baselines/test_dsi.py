"""DSI gives what the published networks give, draws codes as the slow way does, and keeps the contract of methods."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.dsi import adapter, trace
from baselines.dsi.network import StructureGenerator
from baselines.dsi.sampling import LANES, CodeSampler, draw
from inpaint_bench.checks.activations import replay
from inpaint_bench.data import synthetic
from inpaint_bench.data.images import InpaintSamples, emptied
from inpaint_bench.errors import InputError
from inpaint_bench.methods.card import read_card
from inpaint_bench.weights import Weights, synthetic_weights

ROOM = Path(trace.__file__).parent
(CARD,) = read_card(ROOM / "card.toml").methods
CPU = torch.device("cpu")
PARTS = {"dsi_vqvae.json": 1917571 + 66560, "dsi_structure.json": 63728928 + 32768, "dsi_texture.json": 4602467 + 32768}


@pytest.fixture(scope="module", params=CARD.golden)
def golden(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"file": request.param, **replay.load(ROOM / request.param)}


@pytest.fixture(scope="module")
def network(golden: dict[str, Any]) -> nn.Module:
    network = trace.build(golden["file"])
    network.load_state_dict(replay.state_dict(golden, golden["cases"][0]), strict=True)
    return network


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """The tensors of the inference path as the golden files fill them, but for softer logits.

    The golden files' logits differ by hundreds, and a draw from them is hardly one: these are like a trained network's.
    """
    state: dict[str, Tensor] = {}
    for file in ("dsi_texture.json", "dsi_structure.json"):  # the structure's codebook is the unscaled one
        state |= replay.state_dict(replay.load(ROOM / file))
    state["structure_pixelcnn/wndense_180/g"] *= 0.005
    return state


@pytest.fixture(scope="module")
def generator(state: dict[str, Tensor]) -> StructureGenerator:
    generator = StructureGenerator()
    generator.load_state_dict({name: state[name] for name in generator.state_dict()}, strict=True)
    return generator


@pytest.fixture(scope="module")
def sampler(generator: StructureGenerator) -> CodeSampler:
    _, pixelcnn, codebook = generator.parts
    return CodeSampler(pixelcnn, codebook.vectors)


@pytest.fixture(scope="module")
def inpaint(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> InpaintSamples:
    path = tmp_path_factory.mktemp("weights") / "dsi.safetensors"
    save_file(state, path)
    return adapter.load(Weights(path), CPU)


@pytest.fixture(scope="module")
def pairs() -> tuple[Tensor, Tensor]:
    """Three whole images of 32x32 and their masks."""
    return torch.cat([synthetic.image(32, seed) for seed in range(3)]), torch.cat(
        [synthetic.mask(32, seed) for seed in range(3)]
    )


def condition(images: int, height: int, width: int) -> Tensor:
    """What the condition network might say of some images."""
    return torch.randn(images, 256, height, width, generator=torch.Generator().manual_seed(0))


def uniform(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(5).random(shape))


def test_networks_have_the_published_number_of_parameters(golden: dict[str, Any], network: nn.Module) -> None:
    """The golden files count neither the moving averages of the codebooks nor the codebook a code map is made with."""
    assert sum(parameter.numel() for parameter in network.parameters()) == PARTS[golden["file"]]


def test_the_card_fills_weights_as_the_golden_files_do() -> None:
    structure, texture, codebook = (part.synthetic for part in CARD.container.parts)
    for filled, file in (
        (structure, "dsi_structure.json"),
        (texture, "dsi_texture.json"),
        (codebook, "dsi_vqvae.json"),
    ):
        rule = replay.load(ROOM / file)["fill"]
        assert (filled.gain, filled.fan_in) == (rule["gain"], rule["fan_in"])
    (change,) = structure.ops
    assert (change.match, change.op, change.value) == ("*/g", "normal", (1, 0.1))
    assert not texture.ops
    assert not codebook.ops


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


def test_pixels_under_the_hole_change_nothing(inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = (tensor[:1] for tensor in pairs)
    seeds = torch.tensor([[4]])
    assert torch.equal(inpaint(images, masks, seeds), inpaint(emptied(images, masks), masks, seeds))


def test_an_output_does_not_depend_on_the_batch(inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]) -> None:
    images, masks, seeds = emptied(*pairs), pairs[1], torch.tensor([[1, 2], [3, 4], [2, 5]])
    together = inpaint(images, masks, seeds)
    alone = torch.cat([inpaint(images[i : i + 1], masks[i : i + 1], seeds[i : i + 1]) for i in range(len(images))])
    assert torch.equal(together, alone)


def test_a_seed_is_a_sample(inpaint: InpaintSamples, pairs: tuple[Tensor, Tensor]) -> None:
    image, mask = emptied(*pairs)[:1], pairs[1][:1]
    first, second, again = inpaint(image, mask, torch.tensor([[1, 2, 1]]))[0]
    assert torch.equal(first, again)
    assert (first - second).abs().max() > 0.001


@pytest.mark.parametrize("size", [(16, 16), (40, 64), (64, 24)], ids=str)
def test_multiples_of_8_give_predictions_in_range(inpaint: InpaintSamples, size: tuple[int, int]) -> None:
    height, width = size
    images, masks = (tensor[..., :height, :width] for tensor in (synthetic.image(64), synthetic.mask(64)))
    prediction = inpaint(emptied(images, masks), masks, torch.tensor([[0]]))
    assert prediction.shape == (1, 1, 3, height, width)
    assert prediction.isfinite().all()
    assert ((prediction >= 0) & (prediction <= 1)).all()
    assert prediction.std() > 0.01


@pytest.mark.parametrize("hole", [0.0, 1.0], ids=["nothing missing", "everything missing"])
def test_extreme_masks_give_finite_predictions(inpaint: InpaintSamples, hole: float) -> None:
    images, masks = synthetic.image(32), torch.full((1, 1, 32, 32), hole)
    assert inpaint(emptied(images, masks), masks, torch.tensor([[0]])).isfinite().all()


@pytest.mark.parametrize("size", [(60, 64), (64, 60), (8, 64)], ids=str)
def test_other_sizes_are_refused(inpaint: InpaintSamples, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"dsi: images of {size[0]}x{size[1]}; height and width must be multiples"):
        inpaint(torch.zeros(1, 3, *size), torch.zeros(1, 1, *size), torch.tensor([[0]]))


def test_filled_weights_are_those_of_the_cards_parts(pairs: tuple[Tensor, Tensor]) -> None:
    images, masks = emptied(*pairs)[:1], pairs[1][:1]
    prediction = adapter.load(synthetic_weights(CARD.container.parts), CPU)(images, masks, torch.tensor([[0]]))
    assert prediction.isfinite().all()


def test_weights_of_one_network_alone_are_refused(state: dict[str, Tensor], tmp_path: Path) -> None:
    texture = {name: tensor for name, tensor in state.items() if name.startswith("texture_generator/")}
    save_file(texture, tmp_path / "texture.safetensors")
    with pytest.raises(
        InputError, match=r"not the weights of this network: 883 missing \(structure_condition/wnconv2d_0"
    ):
        adapter.load(Weights(tmp_path / "texture.safetensors"), CPU)
