"""Every network on a GPU: the reference activations, bf16, and what must change nothing."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from under_test import DEVICE

from inpaint_bench.checks.activations import adapter, replay
from inpaint_bench.checks.activations.stages import Stage, check_adapter, check_file
from inpaint_bench.data import synthetic
from inpaint_bench.data.tensors import emptied
from inpaint_bench.methods.baselines import Baseline, find_baselines, installed, loader, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import SYNTHETIC

pytestmark = pytest.mark.gpu

PARITY = 1e-3  # of max(1, the stage's standard deviation); of the range of predictions
BF16 = {  # dB: the PSNR of a prediction in bf16 against the one in float32, 6 dB below what it is on a processor
    **{"ctsdg": 53.0, "ec": 29.0, "lama": 44.0, "mfe": 31.0, "migan": 48.0},
    **{"pic": 45.0, "rn": 30.0, "spl": 40.0, "spn": 33.0},
}  # mat and rfr have operations that do not take bf16 beside float32
SEEDS = torch.tensor([[1], [2]])
ON_A_PROCESSOR = {"pic", "spn-small"}  # the smallest networks
NAMES = [
    name
    for name, (_, card) in find_baselines().items()
    if card.learned and card.model is None and installed(card) and (DEVICE.type != "cpu" or name in ON_A_PROCESSOR)
]
every_method = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _without_tf32() -> Iterator[None]:
    """Convolutions in float32; products are by default."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


def found(name: str) -> tuple[Baseline, MethodCard]:
    return find_baselines()[name]


@cache
def loaded(name: str) -> Callable[..., Tensor]:
    """The method with synthetic weights; it stays loaded, since the tests of a method may follow one another."""
    baseline, card = found(name)
    return loader(baseline, card)(weights_of(baseline, card, "", SYNTHETIC), DEVICE)  # type: ignore[no-any-return]


def pair(card: MethodCard) -> tuple[Tensor, Tensor]:
    """Two images with empty holes, and their masks."""
    side = card.exact_size or -(-max(card.min_size, 128) // card.multiple) * card.multiple
    image, mask = (torch.cat([made(side, seed) for seed in range(2)]) for made in (synthetic.image, synthetic.mask))
    return emptied(image, mask).to(DEVICE), mask.to(DEVICE)


def predict(name: str, image: Tensor, mask: Tensor, order: list[int]) -> Tensor:
    """The predictions for the images of these numbers, in this order, as one batch."""
    arguments = [image[order], mask[order], *([SEEDS[order]] if found(name)[1].stochastic else [])]
    with torch.inference_mode():
        return loaded(name)(*arguments).float().cpu()


def spread(file: str, baseline: Baseline, stage: Stage) -> float:
    """The standard deviation that the file states for a stage."""
    cases: list[dict[str, Any]] = replay.load(baseline.folder / file)["cases"]
    case = next(case for case in cases if case["name"] == stage.case)
    known = {**case["stages"], "output": case["output"], "composite": (case["composite"] or {}).get("samples", {})}
    return float(known[stage.name].get("std", 1.0))


@every_method
def test_every_recorded_stage_agrees_with_the_reference_activations(name: str) -> None:
    baseline, card = found(name)
    for file in card.golden:
        stages = list(check_file(baseline, baseline.folder / file, DEVICE))
        assert stages
        for stage in stages:
            limit = PARITY * max(1.0, spread(file, baseline, stage))
            assert stage.agrees or stage.difference <= limit, (file, stage)


@every_method
def test_the_adapter_gives_its_reference_output(name: str) -> None:
    baseline, card = found(name)
    stages = list(check_adapter(baseline, card, DEVICE))
    assert len(stages) == len(adapter.load_cases(baseline.folder / adapter.FILE, name))
    assert all(stage.agrees or stage.difference <= PARITY for stage in stages), stages


@every_method
def test_neither_the_batch_nor_its_order_changes_a_prediction(name: str) -> None:
    image, mask = pair(found(name)[1])
    alone = torch.cat([predict(name, image, mask, [number]) for number in range(2)])
    together, exchanged = (predict(name, image, mask, order) for order in ([0, 1], [1, 0]))
    torch.testing.assert_close(together, alone, rtol=0, atol=PARITY)
    torch.testing.assert_close(exchanged.flip(0), together, rtol=0, atol=PARITY)


@pytest.mark.parametrize("name", [name for name in NAMES if name in BF16])
def test_a_prediction_in_bf16_is_as_near_to_float32_as_stated(name: str) -> None:
    image, mask = pair(found(name)[1])
    exact = predict(name, image, mask, [0])
    with torch.autocast(DEVICE.type, torch.bfloat16):
        short = predict(name, image, mask, [0])
    assert short.isfinite().all()
    assert -10 * torch.log10((short - exact).square().mean()) >= BF16[name]
