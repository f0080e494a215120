"""The machine that a method's composites were made on: its facts, and which of them must be equal within one method."""

from typing import TYPE_CHECKING

from inpaint_bench.hardware import machine_facts, program_facts, torch_settings

if TYPE_CHECKING:  # heavy
    import torch

    from inpaint_bench.methods.base import Method

NOT_COMPARED = ("system", "processor")  # of a processor, the vector instructions that torch uses are compared


def facts_of(method: "Method", device: "torch.device") -> dict[str, str]:
    """The facts of the machine that are known before a method is loaded; none of a folder of outputs.

    Those outputs were computed elsewhere, and what reads them is the same on every machine.
    """
    if method.load is not None:
        return machine_facts(device)
    return program_facts() if method.command else {}


def settings_of(method: "Method", device: "torch.device") -> dict[str, str]:
    """Torch's settings, once a method is loaded, for it may have changed them; none where torch computes nothing."""
    return torch_settings(device) if method.load is not None else {}


def differences(before: dict[str, str], now: dict[str, str]) -> list[tuple[str, str, str]]:
    """The facts that are not equal, each with both values.

    A fact that one side does not state cannot be compared and is no difference: runs of earlier versions state fewer,
    and a driver may not answer.
    """
    both = [fact for fact in before if fact in now and fact not in NOT_COMPARED]
    return [(fact, before[fact], now[fact]) for fact in both if before[fact] != now[fact]]


def joined(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """The facts of two parts of one run; of a fact that is not compared or may differ, both values."""
    found = dict(before)
    for fact, value in now.items():
        known = found.get(fact, "")
        there = f", {value}, " in f", {known}, "
        found[fact] = known if there else f"{known}, {value}".removeprefix(", ")
    return found
