"""Methods against their reference activations: the largest difference and the tolerance of every stage."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from inpaint_bench.checks.activations import adapter, replay
from inpaint_bench.checks.activations.weights import Case, Golden
from inpaint_bench.errors import InputError
from inpaint_bench.methods.baselines import Baseline, loader, weights_of
from inpaint_bench.methods.card import MethodCard
from inpaint_bench.weights import SYNTHETIC

Found = Tensor | dict[str, float]


@dataclass(frozen=True)
class Stage:
    """One comparison. The tolerance is infinite if the rule bounds the mean or a share instead of the largest error."""

    golden: str  # name of the file
    case: str
    name: str
    difference: float
    tolerance: float
    agrees: bool


@torch.inference_mode()
def check_file(baseline: Baseline, path: Path, device: torch.device) -> Iterator[Stage]:
    """Compare a baseline's networks with a file of reference activations, its own or another one of the same networks.

    Raises InputError if the file is about another network, or has a stage that the baseline does not return.
    """
    golden = replay.load(path, search=[baseline.folder])
    if not (baseline.folder / "trace.py").is_file():
        raise InputError(f"{path}: {baseline.folder.name} has no networks to compare with reference activations.")
    hook = importlib.import_module(f"{baseline.package}.trace")
    try:
        yield from _check_cases(hook, baseline, path, golden, device)
    except InputError as error:
        raise error if str(path.name) in str(error) else InputError(f"{path}: {error}") from error
    except Exception as error:  # a recipe may combine valid steps in any wrong way
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: a recipe or stage does not fit ({type(error).__name__}: {reason}).") from error


def _check_cases(
    hook: ModuleType, baseline: Baseline, path: Path, golden: Golden, device: torch.device
) -> Iterator[Stage]:
    for case in golden["cases"]:
        network = _build(hook, baseline, golden, case).to(device)
        inputs = replay.inputs(golden, case, lambda needed, of: _output(hook, baseline, needed, of, device))
        found = _trace(hook, network, inputs, case, device)
        if hasattr(hook, "prepare"):  # stages that the adapter computes before any network
            found |= hook.prepare(*replay.picture(golden, case))
        yield from _compare(path.name, golden, case, found)


def check_adapter(baseline: Baseline, card: MethodCard, device: torch.device) -> Iterator[Stage]:
    """Compare a whole adapter with its reference outputs; a learned method runs with synthetic weights.

    Raises InputError if the baseline has no reference outputs of it.
    """
    weights = weights_of(baseline, card, "", SYNTHETIC if card.learned else None)
    inpaint = loader(baseline, card)(weights, device)
    for case in adapter.load_cases(baseline.folder / adapter.FILE, card.name):
        found = adapter.predict(inpaint, case, device)
        difference, limit = replay.compare(case["output"], found), replay.tolerance(case["output"], case["rule"])
        agrees = replay.agrees(case["output"], found, case["rule"])
        yield Stage(adapter.FILE, f"size {case['size']}", "prediction", difference, limit, agrees)


def _compare(file: str, golden: Golden, case: Case, found: dict[str, Found]) -> Iterator[Stage]:
    expected = {**case["stages"], "output": case["output"]}
    output = found.get("output")
    if case["composite"] is not None and isinstance(output, Tensor):
        expected["composite"] = case["composite"]["samples"]
        found["composite"] = replay.composite(golden, case, output)
    for name, samples in expected.items():
        if name not in found:
            raise InputError(
                f"{file}: case {case['name']}: the baseline returns no stage '{name}'. It returns {', '.join(found)}."
            )
        rule = replay.rule_of(case, name)
        difference = replay.compare(samples, found[name], rule.get("except", ()))
        limit = replay.tolerance(samples, rule)
        yield Stage(file, case["name"], name, difference, limit, replay.agrees(samples, found[name], rule))


def _build(hook: ModuleType, baseline: Baseline, golden: Golden, case: Case) -> nn.Module:
    network: nn.Module = hook.build(_own_name(baseline, golden), case["variant"])
    network.load_state_dict(replay.state_dict(golden, case), strict=True)
    return network.eval()


def _output(hook: ModuleType, baseline: Baseline, golden: Golden, case: Case, device: torch.device) -> Tensor:
    network = _build(hook, baseline, golden, case).to(device)
    inputs = replay.inputs(golden, case, lambda needed, of: _output(hook, baseline, needed, of, device))
    found = _trace(hook, network, inputs, case, device)["output"]
    assert isinstance(found, Tensor)
    return found


def _trace(
    hook: ModuleType, network: nn.Module, inputs: dict[str, Tensor], case: Case, device: torch.device
) -> dict[str, Found]:
    """The stages of a case; a hook that asks for `details` gets the case's settings, too."""
    settings = [case.get("details", {})] if "details" in inspect.signature(hook.trace).parameters else []
    moved = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in inputs.items()}
    found = hook.trace(network, moved, [draw.to(device) for draw in replay.noise(case)], *settings)
    return {name: value.cpu() if isinstance(value, Tensor) else value for name, value in found.items()}


def _own_name(baseline: Baseline, golden: Golden) -> str:
    """The name of the baseline's own file about the same network."""
    for path in sorted(set(baseline.folder.glob("*.json")) - {baseline.folder / adapter.FILE}):
        ours = replay.load(path)
        if (ours["method"], ours["part"], ours["state_dict"]) == (
            golden["method"],
            golden["part"],
            golden["state_dict"],
        ):
            return path.name
    raise InputError(
        f"these reference activations are of {golden['network']}, which is not a network of {baseline.folder.name}."
    )
