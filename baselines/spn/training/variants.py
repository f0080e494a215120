"""The networks that a run may train: SPN of any width, and the ablations of Tables 3 and 4 and Fig. 7.

What the paper leaves open is decided here: where a level of the pyramid is missing, its features are normalised and
not modulated, and neither the level's decoder nor its head is there.
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.layers import Conv3x3
from baselines.spn.blocks import Features, MiddleBlock, Modulation, Spade
from baselines.spn.network import SPN, Channels, Encoded, Generator, Priors, white_hole
from baselines.spn.prob import ProbabilisticSPN
from baselines.spn.training.config import Config
from baselines.spn.training.start import LEAST, diffuse
from inpaint_bench.data.images import Images, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.weights import open_weights

Label = Float[Tensor, "batch label height width"]


LINEAR = ("*mapping*", "*mlp_gamma", "*mlp_beta", "gff.*", "encoder_sm_out", "*shortcut*", "*conv_s", "decoder.6")
HEADS = "feature_mapping"  # how the names of the heads begin
ADDED = ("rdbs.*.lff", "feature_recon.?.conv_block.4", "middle.*.conv_block.7")  # the last layers of residual blocks


def _named(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name is one of the patterns'."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


class Plain(Modulation):
    """No modulation."""

    def forward(self, normalised: Features, label: Label) -> Features:
        """The features as they are."""
        return normalised


class Joined(Modulation):
    """A convolution of features and label map together, in place of SPADE (Fig. 7)."""

    def __init__(self, channels: int, label: int) -> None:
        super().__init__()
        self.conv = Conv3x3(channels + label, channels, padding=1)

    def forward(self, normalised: Features, label: Label) -> Features:
        """Features of the label's size."""
        out: Tensor = self.conv(torch.cat([normalised, label], dim=1))
        return out


class Missing(nn.Module):
    """A level of the pyramid that is not there: maps without channels."""

    def skip(self, encoded: Features) -> Float[Tensor, "batch 0 height width"]:
        """What the encoder's features add: nothing."""
        return encoded[:, :0]

    def forward(self, skip: Float[Tensor, "batch 0 rows columns"], decoded: Features) -> Tensor:
        """Nothing at the level's size, whatever was decoded."""
        return skip


class ImageGenerator(SPN):
    """SPN without a pyramid and without what learns it."""

    def __init__(self, width: int) -> None:
        super().__init__(width, pretext=None)
        learner = [f"encoder_conv{i}_sm" for i in range(1, 5)]
        for name in (*learner, "encoder_sm_out", "rdbs", "gff", "feature_recon", "feature_recon_decoder"):
            delattr(self, name)

    def encode(self, image: Images, mask: Masks) -> Encoded:
        """What the image encoder sees; the rest is empty."""
        full, half, quarter = (image[:, :0, ::shrink, ::shrink] for shrink in (1, 2, 4))
        return Encoded(self._encode_image(white_hole(image, mask), mask), quarter, half, full)

    def learn(self, encoded: Encoded) -> Priors:
        """An empty pyramid."""
        return Priors(encoded.full, encoded.half, encoded.quarter)


def build(config: Config, pretext: Channels | None) -> SPN | ProbabilisticSPN:
    """The network of a run, with heads for `pretext` channels at the levels it has; values as PyTorch draws them."""
    spec = config.network
    if spec.levels == 0:
        network: SPN | ProbabilisticSPN = ImageGenerator(spec.width)
    else:
        network = (SPN if config.method == "spn" else ProbabilisticSPN)(spec.width, pretext)
    network.middle = nn.ModuleList([_middle(network) for _ in range(spec.blocks)])
    if spec.modulation == "concat":
        for part in (network.middle, network.decoder):
            _replace(part, lambda spade: Joined(spade.mlp_gamma.out_channels, _label(spade)))
    _take_levels(network, spec.levels)
    if config.start != "torch":
        scale(network)
    if config.start == "diffusion":
        if spec.width < LEAST or spec.levels < 3 or spec.modulation != "spade":
            raise InputError(
                f"start = 'diffusion' needs width {LEAST} or more, three levels and SPADE. Choose start = 'scaled'."
            )
        diffuse(network)
    if config.weights_file:
        _go_on(network, config, pretext)
    if config.learns:
        _hold_others(network, config.learns)
    return network


def _go_on(network: Generator, config: Config, pretext: Channels | None) -> None:
    """Put the weights of another run over the first values; heads that its file does not hold keep theirs."""
    weights = open_weights(Path(config.weights_file))
    heads = any(name.startswith(HEADS) for name in weights.tensors())
    other = build(msgspec.structs.replace(config, weights_file=""), pretext if heads else None)
    network.load_state_dict(weights.into(other).state_dict(), strict=False)


def _hold_others(network: Generator, learns: Sequence[str]) -> None:
    """Keep the gradient from all weights but those named. Raises InputError where a name is none or nothing paints."""
    names = [name for name, _ in network.named_parameters()]
    for pattern in learns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"learns: no weight's name is like '{pattern}'. Write them as in decoder.6.* or middle.*.")
    if all(name.startswith(HEADS) for name in names if _named(name, learns)):
        raise InputError("learns: heads alone paint nothing, so no picture could teach them. Name other weights too.")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(_named(name, learns))


def scale(network: nn.Module) -> None:
    """Normal first values whose variance keeps the size of signals (He et al. 2015), and biases of 0.

    PyTorch's own shrink a signal in every layer. The prior learner has some hundred and no normalisation, so of the
    picture next to nothing reaches the pyramid at first, its colours least. Before a ReLU the variance is twice as
    large; what a residual block adds is begun small, so that sixteen in a row do not grow the signal.
    """
    for name, module in network.named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        fan_in = module.weight[0].numel()
        gain = 1.0 if _named(name, LINEAR) else 2.0**0.5
        nn.init.normal_(module.weight, 0, (0.3 if _named(name, ADDED) else gain) / fan_in**0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _middle(network: Generator) -> MiddleBlock:
    first = next(module for module in network.middle.modules() if isinstance(module, Spade))
    return MiddleBlock(first.mlp_gamma.out_channels, first.mlp_gamma.in_channels)


def _label(spade: Spade) -> int:
    first = spade.mlp_shared[0]
    assert isinstance(first, nn.Conv2d)
    return first.in_channels


def _take_levels(network: Generator, levels: int) -> None:
    """Take away the finest levels of the pyramid, all but the first so many of quarter, half and full size."""
    if levels < 1:
        _replace(network.middle, lambda spade: Plain())
    for level, block, first, head in ((2, 1, 0, "feature_mapping_128"), (3, 3, 4, "feature_mapping_256")):
        if levels >= level:
            continue
        _replace(network.decoder[block], lambda spade: Plain())
        if levels > 0:
            for place in range(first, first + 3):
                network.feature_recon_decoder[place] = nn.Identity()
            network.feature_recon_decoder[first + 3] = Missing()
        if hasattr(network, head):
            setattr(network, head, nn.Identity())


def _replace(part: nn.Module, by: Callable[[Spade], Modulation]) -> None:
    """Every SPADE within a part by another modulation."""
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Spade):
                setattr(module, name, by(child))
