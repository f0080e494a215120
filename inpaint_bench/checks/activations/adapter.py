"""Reference outputs of whole adapters: predictions for synthetic images and masks (golden_adapter.json).

Schema "inpaint-bench adapter golden 1": `cases`, each with `method`, `size`, `image_seed`, `mask_seed`, `samples` (the
number of samples of a stochastic method, else 0), `rule` (as in a network's file) and `output` (sampled values of the
prediction). Learned methods run with synthetic weights. The values are our own: they detect changes of an adapter, and
do not show that it is right.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inpaint_bench.checks.activations.replay import sampled
from inpaint_bench.checks.activations.schema import AdapterGolden, read_checked
from inpaint_bench.data import synthetic
from inpaint_bench.data.pair_lists import sample_seed
from inpaint_bench.data.tensors import emptied
from inpaint_bench.errors import InputError

SCHEMA = "inpaint-bench adapter golden 1"
FILE = "golden_adapter.json"
RULE = {"relative": 1e-3}  # the order of summation differs between machines
NOTE = "Golden files of whole adapters: a picture and a mask in our convention, and what the method predicts from them."


def load_cases(path: Path, method: str) -> list[dict[str, Any]]:
    """The cases of a method. Raises InputError if the file is missing, of another schema, or has no case of it."""
    golden = read_checked(path, AdapterGolden)
    cases = [case for case in golden["cases"] if case["method"] == method]
    if not cases:
        raise InputError(f"{path}: has no case of {method}.")
    return cases


@torch.inference_mode()
def predict(inpaint: Callable[..., Tensor], case: dict[str, Any], device: torch.device) -> Tensor:
    """The prediction of a loaded method for a case: (1, 3, size, size), or (1, samples, 3, size, size)."""
    image = (synthetic.image(case["size"], case["image_seed"]) * 255).round() / 255
    mask = synthetic.mask(case["size"], case["mask_seed"])
    arguments = [emptied(image, mask).to(device), mask.to(device)]
    if case["samples"]:
        arguments.append(torch.tensor([[sample_seed(0, "00000", sample) for sample in range(case["samples"])]]))
    return inpaint(*arguments).float().cpu()


def capture(method: str, inpaint: Callable[..., Tensor], size: int, samples: int) -> dict[str, Any]:
    """A new case, from the method's current prediction."""
    case: dict[str, Any] = {"method": method, "size": size, "image_seed": 0, "mask_seed": 0, "samples": samples}
    output = sampled(predict(inpaint, case, torch.device("cpu")), count=512)
    return {**case, "rule": RULE, "output": output}
