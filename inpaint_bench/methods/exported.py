"""Methods that are a network in a file of its own: TorchScript or ONNX. What it takes and gives, a contract says."""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data.tensors import Images, Inpaint, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.methods.base import Method
from inpaint_bench.methods.contracts import Contract, Range, contract_of, in_words
from inpaint_bench.methods.foreign import blamed
from inpaint_bench.methods.needs import Needs
from inpaint_bench.methods.networks import network_method
from inpaint_bench.methods.probe import probe_images, refuse_inverted
from inpaint_bench.methods.sizes import Sizes
from inpaint_bench.weights.base import Weights, open_weights

Call = Callable[[list[Tensor]], Tensor]  # of the inputs in order
PROBE = 256  # pixels a side of the images that a contract is tried with
NEAR, FAR = 0.05, 0.15  # mean differences of known regions, in [0, 1]
BEYOND = 0.5  # of [0, 1]: networks without a last activation overshoot their range
CLIPPED = "values beyond the result's range are clipped"
BOUNDS: dict[Range, tuple[float, float]] = {"0-1": (0, 1), "-1-1": (-1, 1), "0-255": (0, 255)}


def exported_method(name: str, kind: str, file: Path, io: str | None) -> Method:
    """A network in a TorchScript or ONNX file; `io` is its contract as `contract_of` takes it.

    Raises InputError for a file that is missing, a contract that is none, and where onnxruntime is not installed.
    """
    weights, contract = open_weights(file), contract_of(file, io)
    if kind == "onnx":
        _need_onnxruntime(name)
    code = files.sha256(msgspec.json.encode(contract))[:12]

    def load(found: Weights, device: torch.device) -> Inpaint:
        assert found.path is not None
        with blamed(f"{name}={kind}:{found.path}", "opening it", InputError):
            call = (_torchscript if kind == "torchscript" else _onnx)(found.path, contract, device)
            _refuse_wrong_contract(name, call, contract, device)
        return lambda image, mask: _in_unit_range(name, _results(name, call, contract, image, mask), contract)

    needs = Needs(Sizes(exact_size=contract.size))
    method = network_method(name, f"{kind}:{file}", code, load, weights, needs=needs)
    libraries = ("onnxruntime",) if kind == "onnx" else ()
    return dataclasses.replace(method, libraries=libraries, notes=f"contract (--io): {in_words(contract)}; {CLIPPED}")


def _refuse_wrong_contract(name: str, call: Call, contract: Contract, device: torch.device) -> None:
    """Raise InputError where two images show that the contract is another one, and say which.

    The known region of a result is near the image's; where it is not, but is under another reading, that is meant.
    """
    side = contract.size or max(PROBE, contract.multiple)
    image, mask = (one.to(device) for one in probe_images(side))
    emptied = image * (1 - mask)
    results = _results(name, call, contract, emptied, mask)
    readings = {f"result={one}": msgspec.structs.replace(contract, result=one) for one in BOUNDS}
    other = "bgr" if contract.channels == "rgb" else "rgb"
    far = {what: _distance(_read(results, reading), image, mask) for what, reading in readings.items()}
    far[f"channels={other}"] = _distance(_read(results, contract).flip(1), image, mask)
    here, best = far.pop(f"result={contract.result}"), min(far, key=lambda what: far[what])
    if here > FAR and far[best] < NEAR:
        low, high = results.min().item(), results.max().item()
        what = f"the output lies in {best[7:]} (from {low:.4g} to {high:.4g})"
        if best.startswith("channels"):
            what = f"the channels of the output seem to be {other}"
        raise InputError(f"{name}: {what}. Say so: --io {best}")
    try:
        refuse_inverted(name, lambda given, hole: _read(_results(name, call, contract, given, hole), contract), side)
    except InputError as error:
        turned = "known" if contract.mask == "hole" else "hole"
        raise InputError(
            f"{name}: the mask seems inverted: it leaves the hole empty and repaints the known region. Say so: "
            f"--io mask={turned}"
        ) from error


def _distance(read: Images, image: Images, mask: Masks) -> float:
    """The mean absolute difference in the known region, of the worse of the two images."""
    known = 1 - mask
    return float((((read - image).abs() * known).sum((1, 2, 3)) / (3 * known.sum((1, 2, 3)))).max())


def _need_onnxruntime(name: str) -> None:
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"{name} needs the package 'onnxruntime'. Install it with: pip install 'inpaint-bench[onnx]'"
        ) from error


def _torchscript(path: Path, contract: Contract, device: torch.device) -> Call:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has deprecated the format, and people's files are in it
        network = torch.jit.load(str(path), map_location=device).eval()  # type: ignore[no-untyped-call]

    def call(inputs: list[Tensor]) -> Tensor:
        given = dict(zip(contract.inputs, inputs, strict=True)) if contract.inputs else {}
        return _first(network(**given) if given else network(*inputs), contract.output)

    return call


def _onnx(path: Path, contract: Contract, device: torch.device) -> Call:
    import onnxruntime

    cuda = device.type == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    providers = ["CUDAExecutionProvider"] * cuda + ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    there = [one.name for one in session.get_inputs()]
    wanted = 1 if contract.join != "no" else 2
    names = list(contract.inputs) or there[:wanted]
    if len(there) < wanted or not {*names} <= {*there}:
        raise InputError(f"{path}: its inputs are {', '.join(there)}. Say which are image and mask: --io inputs=A,B.")
    side = next(one.shape[-1] for one in session.get_inputs() if one.name == names[0])
    if isinstance(side, int) and contract.size is None:
        raise InputError(f"{path}: its image is {side} pixels wide, and no other width. Say so: --io size={side}.")
    results = [one.name for one in session.get_outputs()]
    if contract.output and contract.output not in results:
        raise InputError(f"{path}: its results are {', '.join(results)}. Say which is the image: --io output=NAME.")

    def call(inputs: list[Tensor]) -> Tensor:
        arrays = {key: np.ascontiguousarray(one.cpu().numpy()) for key, one in zip(names, inputs, strict=True)}
        (found,) = session.run([contract.output or results[0]], arrays)
        return torch.from_numpy(np.asarray(found))

    return call


def _first(found: Any, name: str) -> Tensor:
    """The result of a network that returns one tensor, several, or several by name."""
    if isinstance(found, dict):
        found = found[name] if name else next(iter(found.values()))
    elif isinstance(found, (tuple, list)):
        found = found[0]
    if not isinstance(found, Tensor):
        raise InputError(f"it returned {type(found).__name__}; a tensor is needed")
    return found


@torch.inference_mode()
def _results(name: str, call: Call, contract: Contract, image: Images, mask: Masks) -> Images:
    """The results in the network's range, one by one: a batch may be fixed, and an output must not depend on others."""
    height, width = image.shape[2:]
    if contract.size and (height, width) != (contract.size, contract.size):
        side = contract.size
        raise InputError(f"{name}: images of {height}x{width}; allowed: {side}x{side} pixels only (--io size).")
    found = []
    for one, hole in zip(torch.split(image, 1), torch.split(mask, 1), strict=True):
        result = call(_inputs(contract, _padded(one, contract.multiple), _padded(hole, contract.multiple)))
        result = result.to(image.device).float()
        result = result[None] if result.ndim == 3 else result
        if result.ndim != 4 or result.shape[1] != 3 or min(result.shape[2] - height, result.shape[3] - width) < 0:
            raise InputError(f"{name}: a result of shape {tuple(result.shape)}; (1, 3, {height}, {width}) is needed.")
        result = result[:, :, :height, :width]
        found.append(result.flip(1) if contract.channels == "bgr" else result)
    return torch.cat(found)


def _inputs(contract: Contract, image: Images, mask: Masks) -> list[Tensor]:
    """Image and mask as the network takes them."""
    low, high = BOUNDS[contract.image]
    image = torch.where(mask > 0, torch.tensor(contract.hole, device=image.device), image * (high - low) + low)
    image = image.flip(1) if contract.channels == "bgr" else image
    mask = mask if contract.mask == "hole" else 1 - mask
    mask = {"0-1": mask, "0-255": mask * 255, "centred": mask - 0.5}[contract.mask_range]
    if contract.join != "no":
        inputs = [torch.cat([image, mask] if contract.join == "image-mask" else [mask, image], dim=1)]
    else:
        inputs = [image, mask]
    return [one.round().to(torch.uint8) if contract.dtype == "uint8" else one.float() for one in inputs]


def _padded(x: Tensor, multiple: int) -> Tensor:
    """Images or masks, mirrored below and on the right to multiples of a number, the pixel at the edge repeated."""
    for axis in (2, 3):
        missing = -x.shape[axis] % multiple
        if missing > x.shape[axis]:
            raise InputError(f"images of {tuple(x.shape[2:])} pixels cannot be padded to multiples of {multiple}")
        x = torch.cat([x, x.narrow(axis, x.shape[axis] - missing, missing).flip(axis)], dim=axis) if missing else x
    return x


def _in_unit_range(name: str, results: Images, contract: Contract) -> Images:
    """Results in [0, 1], clipped. Raises InputError where they are far beyond the range that is stated."""
    if not torch.isfinite(results).all():
        raise InputError(f"{name}: the result holds NaN or infinite values.")
    read = _read(results, contract)
    low, high = read.min().item(), read.max().item()
    if low < -BEYOND or high > 1 + BEYOND:
        raise InputError(
            f"{name}: the output goes from {results.min().item():.4g} to {results.max().item():.4g}, and "
            f"{contract.result} is stated: --io result={' or '.join(one for one in BOUNDS if one != contract.result)}"
        )
    return read.clamp(0, 1)


def _read(results: Images, contract: Contract) -> Images:
    """Results on the scale of [0, 1], as a contract reads them."""
    least, most = BOUNDS[contract.result]
    return (results - least) / (most - least)
