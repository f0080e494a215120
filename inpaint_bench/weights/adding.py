"""Weights added to the store: an authors' tensors as our file, with the note of its origin."""

import datetime
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.errors import InputError
from inpaint_bench.weights.base import Weights, open_weights
from inpaint_bench.weights.store import Origin, refuse_homeless, weights_path


def new_origin(
    method: str,
    dataset: str,
    state: dict[str, Tensor],
    sources: Sequence[Path],
    licence: str,
    unpinned: Iterable[str],
    fetched: Mapping[str, str],
) -> Origin:
    """The note on tensors that were read from the authors' files, today."""
    return Origin(
        schema=1,
        method=method,
        dataset=dataset,
        sha256=files.sha256(_as_file(method, dataset, state)),
        sources={source.name: files.file_sha256(source) for source in sources},
        licence=licence,
        added=datetime.date.today().isoformat(),
        tensors=tensors_sha256(state),
        unpinned=tuple(unpinned),
        fetched=dict(fetched),
    )


def add_weights(
    origin: Origin, state: dict[str, Tensor], sources: Sequence[Path], try_load: Callable[[Weights], object]
) -> Path:
    """Save tensors as our file, with its note, and return its path, after `try_load` has loaded them strictly.

    `sources` are the authors' files. Raises InputError if the weights do not load, and as `refuse_homeless` does.
    """
    refuse_homeless()
    data = _as_file(origin.method, origin.dataset, state)
    with files.scratch("adding") as folder:
        temporary = folder / f"{origin.method}-{origin.dataset}.safetensors"
        files.write_whole(temporary, data)
        try:
            try_load(open_weights(temporary))
        except InputError as error:
            raise InputError(str(error).replace(str(temporary), ", ".join(map(str, sources)))) from error
    path = weights_path(origin.method, origin.dataset)
    files.write_whole(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(origin), indent=1) + b"\n")
    files.write_whole(path, data)
    return path


def _as_file(method: str, dataset: str, state: dict[str, Tensor]) -> bytes:
    """Tensors as a safetensors file, the same bytes each time: of several notes in it the order would be random."""
    return bytes(save(_apart(state), metadata={"weights": f"{method} {dataset}"}))


def tensors_sha256(state: Mapping[str, Tensor]) -> str:
    """The SHA-256 over the names, shapes, kinds of numbers and values of tensors, in whatever container they came."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = torch.empty(state[name].shape, dtype=state[name].dtype).copy_(state[name].detach())
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _apart(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without shared memory, which authors' files may have and safetensors does not."""
    seen: set[int] = set()
    found = {}
    for name, tensor in state.items():
        storage = tensor.untyped_storage()
        whole = storage.nbytes() == tensor.nbytes and storage.data_ptr() not in seen
        seen.add(storage.data_ptr())
        found[name] = (
            tensor if whole and tensor.is_contiguous() else tensor.clone(memory_format=torch.contiguous_format)
        )
    return found
