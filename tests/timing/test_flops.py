"""Parameters and FLOPs are those of a call, whatever else the network holds."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from inpaint_bench.methods.baselines import find_baselines, loader, weights_of
from inpaint_bench.timing.flops import cost_of, tracked
from inpaint_bench.weights import SYNTHETIC

IMAGE = torch.ones(1, 3, 8, 8)
KERNELS = 3 * 5 * 9


class Network(nn.Module):
    """A convolution that is used, and a head that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Conv2d(3, 5, 3, padding=1)
        self.head = nn.Conv2d(5, 7, 1)

    def forward(self, image: Tensor) -> Tensor:
        return torch.relu(self.used(image))


def as_it_is() -> Callable[[], Tensor]:
    network = Network()
    return lambda: network(IMAGE)


def moved() -> Callable[[], Tensor]:
    network = Network().to(memory_format=torch.channels_last).double()
    return lambda: network(IMAGE.double())


def folded() -> Callable[[], Tensor]:
    """The kernels, the head's included, are halved into new tensors while the network is loaded."""
    network = Network()
    kernel, head = network.used.weight.detach() / 2, network.head.weight.detach() / 2
    bias = network.used.bias
    assert head.shape
    return lambda: nn.functional.conv2d(IMAGE, kernel, bias, padding=1)


def no_gradients() -> Callable[[], Tensor]:
    network = Network()

    @torch.inference_mode()
    def call() -> Tensor:
        return network(IMAGE)  # type: ignore[no-any-return]  # nn.Module's

    return call


@pytest.mark.parametrize("load", [as_it_is, moved, folded, no_gradients])
def test_only_what_the_call_reads_is_counted(load: Callable[[], Callable[[], Tensor]]) -> None:
    call, tracker = tracked(load)
    _, cost = cost_of(call, tracker)
    assert cost.parameters == KERNELS + 5
    assert cost.flop == 2 * KERNELS * 64  # a multiplication and an addition at every pixel


def test_operations_without_a_flop_formula_are_listed_with_the_number_of_their_values() -> None:
    call, tracker = tracked(as_it_is)
    _, cost = cost_of(call, tracker)
    assert cost.uncounted == {"relu": 5 * 64}


def test_reused_memory_does_not_count_other_parameters() -> None:
    def load() -> Callable[[], Tensor]:
        network = Network()
        for _ in range(100):
            assert (network.head.weight == network.head.weight).all()  # gone at once; others get its place
        return lambda: network.used(IMAGE) + torch.tensor([1.0])

    call, tracker = tracked(load)
    for _ in range(3):
        assert cost_of(call, tracker)[1].parameters == KERNELS + 5


def test_a_classical_method_has_neither_parameters_nor_flops() -> None:
    call, tracker = tracked(lambda: lambda: IMAGE.mean())
    result, cost = cost_of(call, tracker)
    assert result == 1
    assert (cost.parameters, cost.flop) == (None, None)


@pytest.mark.acceptance
def test_parameters_that_inference_does_not_need_are_not_counted_in_a_baseline() -> None:
    """PIC's posterior is loaded but not used; its card states the number of the other parameters."""
    baseline, card = find_baselines()["pic"]
    load = loader(baseline, card)
    inpaint, tracker = tracked(lambda: load(weights_of(baseline, card, "", SYNTHETIC), torch.device("cpu")))
    images, masks = torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)
    masks[..., 16:32, 16:32] = 1
    _, cost = cost_of(lambda: inpaint(images, masks, torch.tensor([[1]])), tracker)
    assert f"{cost.parameters:,} without the posterior" in card.parameters_note
