"""Every room's networks agree with their golden files, stage by stage, and its adapters with theirs."""

import pytest
import torch

from inpaint_bench.check import check_adapter, check_file
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.methods.rooms import Room, find_rooms, loader, weights_of
from inpaint_bench.weights import FILLED, Weights

CPU = torch.device("cpu")
METHODS = find_rooms()
FILES = {f"{room.folder.name}/{name}": (room, name) for room, card in METHODS.values() for name in card.golden}
LEARNED = [name for name, (_, card) in METHODS.items() if card.learned]


@pytest.mark.parametrize("file", FILES)
def test_every_stage_of_every_case_agrees(file: str) -> None:
    room, name = FILES[file]
    stages = list(check_file(room, room.folder / name, CPU))
    assert stages
    assert not [stage for stage in stages if not stage.agrees]


@pytest.mark.parametrize("method", METHODS)
def test_the_whole_adapter_predicts_what_it_did(method: str) -> None:
    room, card = METHODS[method]
    assert all(stage.agrees for stage in check_adapter(room, card, CPU))


class _Counted(Exception):
    """The parameters of a network were counted; nothing more is wanted."""


def parameters(room: Room, card: MethodCard) -> int:
    """How many parameters the network that an adapter loads has."""

    class Spy(Weights):
        def into(self, network: torch.nn.Module) -> torch.nn.Module:  # type: ignore[override]  # any network will do
            counts.append(sum(parameter.numel() for parameter in network.parameters()))
            raise _Counted

    counts: list[int] = []
    with pytest.raises(_Counted):
        loader(room, card)(Spy(), CPU)
    return counts[0]


@pytest.mark.parametrize("method", LEARNED)
def test_the_card_counts_the_parameters_and_explains_what_differs_from_the_paper(method: str) -> None:
    room, card = METHODS[method]
    assert parameters(room, card) == card.parameters
    reported = card.reported_parameters_m
    assert reported in (None, card.parameters // 10**6) or card.parameters_note


@pytest.mark.parametrize("method", LEARNED)
def test_filled_weights_load_strictly(method: str) -> None:
    room, card = METHODS[method]
    assert card.golden
    assert weights_of(room, card, "", FILLED).parts
    assert all((room.folder / name).is_file() for name in card.golden)
