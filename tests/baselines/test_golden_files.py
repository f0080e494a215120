"""Every baseline's networks agree with their golden files, stage by stage, and its adapters with theirs."""

import pytest
import torch

from inpaint_bench.checks.activations.stages import check_adapter, check_file
from inpaint_bench.methods.baselines import Baseline, find_baselines, loader, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import SYNTHETIC, Weights

CPU = torch.device("cpu")
METHODS = find_baselines()
FILES = {
    f"{baseline.folder.name}/{name}": (baseline, name) for baseline, card in METHODS.values() for name in card.golden
}
LEARNED = [name for name, (_, card) in METHODS.items() if card.learned]


@pytest.mark.parametrize("file", FILES)
def test_every_stage_of_every_case_agrees(file: str) -> None:
    baseline, name = FILES[file]
    stages = list(check_file(baseline, baseline.folder / name, CPU))
    assert stages
    assert not [stage for stage in stages if not stage.agrees]


@pytest.mark.parametrize("method", METHODS)
def test_the_whole_adapter_predicts_what_it_did(method: str) -> None:
    baseline, card = METHODS[method]
    assert all(stage.agrees for stage in check_adapter(baseline, card, CPU))


class _Counted(Exception):
    """The parameters of a network were counted; nothing more is wanted."""


def parameters(baseline: Baseline, card: MethodCard) -> int:
    """How many parameters the network that an adapter loads has."""

    class Spy(Weights):
        def into(self, network: torch.nn.Module) -> torch.nn.Module:  # type: ignore[override]  # any network will do
            counts.append(sum(parameter.numel() for parameter in network.parameters()))
            raise _Counted

    counts: list[int] = []
    with pytest.raises(_Counted):
        loader(baseline, card)(Spy(), CPU)
    return counts[0]


@pytest.mark.parametrize("method", LEARNED)
def test_the_card_counts_the_parameters_and_explains_what_differs_from_the_paper(method: str) -> None:
    baseline, card = METHODS[method]
    assert parameters(baseline, card) == card.parameters
    reported = card.reported_parameters_m
    assert reported in (None, card.parameters // 10**6) or card.parameters_note


@pytest.mark.parametrize("method", LEARNED)
def test_filled_weights_load_strictly(method: str) -> None:
    baseline, card = METHODS[method]
    assert card.golden
    assert weights_of(baseline, card, "", SYNTHETIC).parts
    assert all((baseline.folder / name).is_file() for name in card.golden)
