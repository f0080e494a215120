"""MAT's weights files: the authors' snapshots (.pkl), and state dicts of the same names."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.mat.snapshot import Placed, Span, Thing, outline
from inpaint_bench.errors import InputError
from inpaint_bench.weights.file_kinds import OLD, is_torch
from inpaint_bench.weights.pickles import DamagedError
from inpaint_bench.weights.torch_files import AGAIN, check_torch, read_torch

MOST_FILE = 2 << 30  # bytes; the published ones have 0.7 GB
MOST_NAMES = 10_000  # of a network's tensors and modules
MOST_DEPTH = 32


def read_network(path: Path) -> Mapping[str, Any]:
    """The tensors of a file by name: of a snapshot, those of G_ema.

    Raises InputError for a snapshot that names what MAT's do not have, is damaged, or has no G_ema; for a file
    without noise; and as `read_torch` does.
    """
    try:
        if path.exists() and not path.is_file():  # to open a pipe is to wait without end
            raise InputError(f"{path}: cannot be read (it is no file).")
        with open(path, "rb") as file:
            head = file.read(512)
            snapshot = head.startswith(b"\x80") and not is_torch(head)
            found = _of_snapshot(file, path) if snapshot else read_torch(path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    if "mapping.w_avg" in found and not any(name.endswith("noise_const") for name in found):
        raise InputError(
            f"{path}: has no noise_const and noise_strength, like IOPaint's Places_512_FullData_G.pth, which is of a "
            "network without noise and gives other images than MAT's. Give the authors' .pkl, which has them."
        )
    return found


def _of_snapshot(file: io.BufferedReader, path: Path) -> dict[str, Tensor]:
    if (size := file.seek(0, 2)) > MOST_FILE:
        raise InputError(f"{path}: has {size} bytes; allowed for a snapshot of MAT's training: {MOST_FILE}.")
    file.seek(0)
    try:
        content = outline(file, str(path))
        network = content.get("G_ema") if isinstance(content, dict) else None
        if not isinstance(network, Thing):
            raise InputError(f"{path}: a pickle without the network G_ema: not a snapshot of MAT's training.")
        placed = dict(_tensors(network, "", 0, [0]))
    except DamagedError as error:
        raise InputError(f"{path}: not a whole snapshot of MAT's training ({error}). {AGAIN}") from error
    values: dict[Span, Tensor] = {}  # tensors may share them
    found = {}
    for name, tensor in placed.items():
        if tensor.values not in values:
            values[tensor.values] = _values(file, tensor.values, f"{path}: {name}")
        flat = values[tensor.values]
        if len(flat) != torch.Size(tensor.shape).numel():
            raise InputError(f"{path}: {name} has {len(flat)} values, not those of its shape {tensor.shape}.")
        found[name] = flat.view(tensor.shape)
    return found


def _tensors(module: Thing, prefix: str, depth: int, seen: list[int]) -> Iterator[tuple[str, Placed]]:
    """Parameters and buffers of a module and those below it, without copies in the calls that made it."""
    *own, modules = (_entries(module, kind) for kind in ("_parameters", "_buffers", "_modules"))
    seen[0] += 1 + sum(map(len, own))
    if seen[0] > MOST_NAMES or depth > MOST_DEPTH:
        raise DamagedError(f"its network has more than {MOST_NAMES} names, or modules within themselves")
    for name, tensor in (item for part in own for item in part.items()):
        if isinstance(tensor, Placed):
            yield prefix + name, tensor
        elif tensor is not None:
            raise DamagedError(f"{prefix + name} is no tensor")
    for name, inner in modules.items():
        if isinstance(inner, Thing):
            yield from _tensors(inner, f"{prefix}{name}.", depth + 1, seen)
        elif inner is not None:
            raise DamagedError(f"{prefix + name} is no module")


def _entries(module: Thing, kind: str) -> dict[str, Any]:
    """One dictionary of a module's state; an ordered one is a thing."""
    state = module.state if isinstance(module.state, dict) else {}
    found = state.get(kind, {})
    entries = found.state if isinstance(found, Thing) else found
    if not isinstance(entries, dict):
        raise DamagedError(f"its {kind} are no dictionary")
    return entries


def _values(file: io.BufferedReader, span: Span, where: str) -> Tensor:
    """The values of a tensor: a file of torch before 1.6 within the file, of one storage of 32-bit floats."""
    file.seek(span.start)
    data = io.BytesIO(file.read(span.length))
    if not data.getvalue().startswith(OLD):
        raise InputError(f"{where}: its values are not as torch keeps them in a pickle. {AGAIN}")
    check_torch(data, where)
    data.seek(0)
    try:
        storage: object = torch.load(data, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise InputError(f"{where}: its values cannot be read ({type(error).__name__}). {AGAIN}") from error
    if not isinstance(storage, torch.TypedStorage) or storage.dtype != torch.float32:
        raise InputError(f"{where}: its values are no 32-bit floats, as MAT's are.")
    return torch.empty(0).set_(storage._untyped_storage)
