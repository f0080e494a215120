"""HRNet, trained to segment ADE20K: a bar of Fig. 8.

Its files name tensors as HRNet's authors do, alone (the encoder of a C1 segmenter) or with a prefix (`module.`,
`model.`, `backbone.`) next to a classifier. Any width of HRNet is accepted: the file determines it. timm has the same
network with the same names, but enlarges maps by nearest neighbour where the segmenters do so bilinearly.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from baselines.spn.training.config import PretextConfig
from baselines.spn.training.pretext.features import IMAGENET, Features, Scaled, torch_file
from inpaint_bench.errors import InputError

WIDEST = "stage2.0.branches.0.0.conv1.weight"  # has the width in the network's name: 48 in HRNet-W48
WIDTHS = (18, 30, 32, 40, 44, 48, 64)
MAPS = (0, 1, 2)  # the stem after its first convolution, then the two largest of the last stage's four branches
COUNTERS = "num_batches_tracked"  # of batch norm; older files lack them, and frozen networks do not use them


def segmenter(config: PretextConfig, seed: int) -> Features:
    """Three maps at a half, a quarter and an eighth of the enlarged image; other tensors of the file are ignored.

    Raises InputError for a file that is not an HRNet.
    """
    import timm

    path, content = torch_file(config)
    state = _state(content, path)
    width = len(state[WIDEST])
    if width not in WIDTHS:
        raise InputError(f"{path}: an HRNet of width {width}; widths {', '.join(map(str, WIDTHS))} are known.")
    network = timm.create_model(
        f"hrnet_w{width}", pretrained=False, features_only=True, feature_location="", out_indices=MAPS
    )
    wanted = {name: values for name, values in network.state_dict().items() if not name.endswith(COUNTERS)}
    for name, values in wanted.items():
        if name not in state:
            raise InputError(f"{path}: not HRNet-W{width}: it has no {name}.")
        if state[name].shape != values.shape:
            raise InputError(
                f"{path}: not HRNet-W{width}: {name} is {tuple(state[name].shape)}, not {tuple(values.shape)}."
            )
    network.load_state_dict({name: state[name] for name in wanted}, strict=False)
    for part in network.modules():
        if isinstance(part, nn.Upsample):
            part.mode, part.align_corners = "bilinear", False
    info: Any = network.feature_info
    return Scaled(network, tuple(info.channels()), *IMAGENET)


def _state(content: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """The network's tensors under its own names, wherever the file holds them."""
    inner = content.get("state_dict", content)
    held = (
        {key: values for key, values in inner.items() if isinstance(values, Tensor)}
        if isinstance(inner, Mapping)
        else {}
    )
    found = [key for key in held if key.endswith(WIDEST)]
    if len(found) != 1:
        raise InputError(f"{path}: not HRNet: it has {'no' if not found else len(found)} {WIDEST}.")
    prefix = found[0].removesuffix(WIDEST)
    return {key.removeprefix(prefix): values for key, values in held.items() if key.startswith(prefix)}
