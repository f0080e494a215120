"""Files for Inception-v3 whose values are made from the names of its tensors, where the trained ones are not."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchvision.models import inception_v3

from inpaint_bench import files
from inpaint_bench.metrics.features.by_path import FileByPath
from inpaint_bench.metrics.features.weight_files import INCEPTION
from inpaint_bench.weights.synthetic import fill_state_dict

GAIN = 1.5  # features are then about as large as those of the trained network


class Unloaded(FeatureExtractorInceptionV3):  # type: ignore[misc]  # its library has no types
    """torch-fidelity's extractor, which has no way to be built without a file, before it reads one."""

    def load_state_dict(self, *args: Any, **settings: Any) -> None:
        """Read nothing."""


def write_synthetic(name: str, folder: Path) -> tuple[FileByPath, Path]:
    """A file for 'inception' or 'inception_pic2018' in a folder, and what it is known by."""
    path = folder / INCEPTION[name].names[0]
    torch.save(fill_state_dict(_shapes(name), GAIN), path)
    return replace(INCEPTION[name], sha256=files.file_sha256(path)[:8]), path


def _shapes(name: str) -> dict[str, tuple[int, ...]]:
    if name == "inception":
        nothing = io.BytesIO()
        torch.save({}, nothing)
        nothing.seek(0)
        network = Unloaded("synthetic", ["2048"], nothing)
    else:
        network = inception_v3(weights=None, init_weights=False)
    return {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
