"""ARNIQA: image quality without a target, by torchmetrics on its authors' files. Every image goes through alone."""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import torch
from torch import Tensor

from inpaint_bench import files
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import InputError
from inpaint_bench.fetch import archives
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.arniqa_files import ARNIQA, ENCODER, MOST_FILE, REGRESSOR
from inpaint_bench.metrics.features.networks import built_once, each
from inpaint_bench.metrics.pixel_stats import PerImage
from inpaint_bench.weights.loading import refuse_differences, refuse_infinite
from inpaint_bench.weights.torch_files import read_torch

SMALLEST = 64  # pixels a side; at half the size the network still has one position
MOST_PICKLE, MOST_UNPACKED = 1 << 16, 1 << 26  # bytes of the regressor


def arniqa(batch: Batch) -> PerImage:
    """ARNIQA: the technical quality of the composite, learned from people's opinions of photographs.

    A ResNet-50, trained to tell distortions apart whatever the picture shows, at full and at half size; a linear
    regressor of KonIQ-10k on both, scaled from 1-100 to 0-1.

    Range: mostly 0 to 1, not bounded; higher is better, nan for images with a side under 64 pixels.
    Source: Agnolucci et al. 2024; torchmetrics.
    Raises InputError where the files are not here.
    """
    if min(batch.holes.shape[1:]) < SMALLEST:
        return np.full(len(batch.holes), np.nan)
    network = _opened(ARNIQA.found(), ARNIQA.sha256, batch.device)

    def score(pixels: Pixels) -> float:
        levels = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(batch.device)
        return float(network(levels.float() / 255, normalize=True))

    return np.array(each(score, list(batch.composites), batch.device), np.float64)


@built_once
def _opened(folder: Path, sha256: str, device: torch.device) -> Any:
    """torchmetrics' network with the files of a folder. Raises InputError for files of another network."""
    from torchmetrics.functional.image.arniqa import _NoTrainArniqa

    parts = states(folder)

    class Local(_NoTrainArniqa):
        """The network, without a download."""

        def _load_weights(self) -> None:
            for name, state, module in zip((ENCODER, REGRESSOR), parts, (self.encoder, self.regressor), strict=True):
                refuse_differences(str(folder / name), state, module.state_dict())
                module.load_state_dict(state, strict=True)
                refuse_infinite(str(folder / name), module.state_dict())

    with torch.random.fork_rng(devices=[]):  # it initialises randomly before it loads these
        return Local("koniq10k").to(device)


def states(folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tensors of encoder and regressor, by torchmetrics' names. Raises InputError for files of another kind."""
    published = read_torch(folder / ENCODER)
    encoder = {name.removeprefix("model."): one for name, one in published.items() if "projector" not in name}
    read = read_script(folder / REGRESSOR)
    if not {"weights", "biases"} <= read.keys():
        raise InputError(f"{folder / REGRESSOR}: not ARNIQA's regressor: it has no weights and biases.")
    return encoder, {"weight": read["weights"], "bias": read["biases"].reshape(-1)}


def read_script(path: Path) -> dict[str, Tensor]:
    """The tensors that the outermost module of a TorchScript program has, as data: no code of it is run.

    Raises InputError for a file that is none, is damaged, or whose pickle names anything but tensors and its own
    modules.
    """
    try:
        data = io.BytesIO(files.read_bytes(path, MOST_FILE))
        with archives.opened(data, str(path)) as archive:
            if archives.unpacked_size(archive) > MOST_UNPACKED:
                raise InputError(f"{path}: unpacks to more than {MOST_UNPACKED} bytes. Fetch it again.")
            archives.check_entries(archive)
            (listed,) = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
            if archive.getinfo(listed).file_size > MOST_PICKLE:
                raise InputError(f"{path}: its pickle has more than {MOST_PICKLE} bytes. Fetch it again.")
            content = _Tensors(archive, listed.removesuffix(".pkl"), str(path)).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way
        raise InputError(f"{path}: not a whole TorchScript program ({str(error)[:100]}). Fetch it again.") from error
    found: Mapping[str, object] = vars(content) if isinstance(content, _Module) else {}
    return {name: value for name, value in found.items() if isinstance(value, Tensor)}


class _Module:
    """Stands for a module of the program: its attributes, none of its code."""


class _Tensors(pickle.Unpickler):
    """Builds tensors and empty modules, and nothing else."""

    def __init__(self, archive: ZipFile, folder: str, where: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}.pkl")))
        self.archive, self.folder, self.where = archive, folder, where

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "FloatStorage"): "float32",
        }
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if (module, name) not in known:
            raise InputError(f"{self.where}: refused: it holds more than tensors ({module[:60]}.{name[:60]}).")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Tensor:
        """The values of a storage."""
        kind, of, key, _, count = pid
        values = self.archive.read(f"{self.folder}/{key}")
        if (kind, of) != ("storage", "float32") or len(values) != 4 * count:
            raise InputError(f"{self.where}: a tensor is not of 32-bit numbers, or not whole. Fetch it again.")
        return torch.frombuffer(bytearray(values), dtype=torch.float32)


def _tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    """A tensor of a storage. Raises RuntimeError where it reaches beyond."""
    view = storage.as_strided(size, stride, offset)
    if view.numel() > storage.numel():
        raise InputError("a tensor shares values with itself. Fetch it again.")
    return view.clone()
