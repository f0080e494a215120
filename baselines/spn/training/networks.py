"""The networks of a training run: SPN of any width, the ablations of Tables 3 and 4 and Fig. 7, and their critics.

The paper leaves one thing open: where a level of the pyramid is missing, its features are normalised and not modulated
here, and the decoder and the head of the level do not exist.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from jaxtyping import Float
from torch import Tensor, nn

from baselines.convolutions import Conv3x3
from baselines.layers import ResidualDenseBlock
from baselines.spn.blocks import (
    DecoderBlock,
    Features,
    MergeBlock,
    MiddleBlock,
    Modulation,
    ResidualBlock,
    Spade,
)
from baselines.spn.discriminators import Discriminator, ProbabilisticDiscriminator
from baselines.spn.network import SPN, Channels, Encoded, Generator, Priors, white_hole
from baselines.spn.prob import Posterior, ProbabilisticSPN
from baselines.spn.training.config import Config
from baselines.spn.training.init import MIN_WIDTH, init_diffusion, init_scaled
from baselines.spn.training.pretext import open_pretext
from baselines.spn.training.pretext.features import Features as PretextFeatures
from baselines.spn.training.vgg import open_vgg
from baselines.spn.vgg import VGG
from inpaint_bench import files
from inpaint_bench.data.tensors import Images, Masks
from inpaint_bench.errors import InputError
from inpaint_bench.weights import open_weights

Label = Float[Tensor, "batch label height width"]
Noise = Float[Tensor, "draws batch latent rows columns"]

HEADS = "feature_mapping"  # the prefix of the heads' names
COMPILED = (DecoderBlock, MergeBlock, MiddleBlock, ResidualBlock, ResidualDenseBlock)
COMPILERS = ("c++", "g++", "clang++")


class Output(NamedTuple):
    """What the generator returns for a batch; for two draws, a batch of twice the size, first draw first."""

    prediction: Tensor
    heads: tuple[Tensor, ...]
    posterior: Posterior | None


def generate(generator: SPN | ProbabilisticSPN, image: Images, mask: Masks, noise: Noise | None, heads: bool) -> Output:
    """A forward pass on whole images, whose holes the generator empties; `heads`: whether their outputs are wanted."""
    encoded = generator.encode(image, mask)
    posterior = None
    if isinstance(generator, ProbabilisticSPN):
        assert noise is not None
        draws = len(noise)
        posterior = generator.infer(encoded)
        repeated = Posterior(*(x.repeat(draws, 1, 1, 1) for x in posterior))
        encoded = type(encoded)(*(x.repeat(draws, 1, 1, 1) for x in encoded))
        priors: Priors = generator.learn(encoded, repeated, noise.flatten(0, 1))
    else:
        priors = generator.learn(encoded)
    prediction = generator.paint(encoded.image, priors)
    return Output(prediction, generator.distil(priors) if heads else (), posterior)


class GeneratorPass(nn.Module):
    """`generate` as one module, which is what DistributedDataParallel wraps."""

    def __init__(self, generator: SPN | ProbabilisticSPN) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Images, mask: Masks, noise: Noise | None, heads: bool) -> Output:
        """See `generate`."""
        return generate(self.generator, image, mask, noise, heads)


@dataclass(frozen=True)
class Networks:
    """Every network of a run; pretext and VGG are frozen, and None where no loss needs them."""

    generator: SPN | ProbabilisticSPN
    discriminator: Discriminator | ProbabilisticDiscriminator
    pretext: PretextFeatures | None
    vgg: VGG | None


def open_networks(config: Config, device: torch.device) -> Networks:
    """The networks of a run, initialised from its seed, on the device and in channels-last layout.

    Raises InputError for missing or wrong weights files, and where `compile` finds no compiler.
    """
    pretext = open_pretext(config)
    torch.manual_seed(config.seed)
    generator = build(config, pretext.channels if pretext else None)
    width = config.network.discriminator
    discriminator = Discriminator(width) if config.method == "spn" else ProbabilisticDiscriminator(width)
    vgg = open_vgg(config)
    networks: list[nn.Module | None] = [generator, discriminator, pretext, vgg]
    for network in networks:
        if network is not None:
            network.to(device).to(memory_format=torch.channels_last)
    if config.compile:
        compile_blocks(generator)
    return Networks(generator, discriminator, pretext, vgg)


class Plain(Modulation):
    """No modulation."""

    def forward(self, normalised: Features, label: Label) -> Features:
        """The features, unchanged."""
        return normalised


class Concatenation(Modulation):
    """A convolution of the concatenated features and label map, in place of SPADE (Fig. 7)."""

    def __init__(self, channels: int, label: int) -> None:
        super().__init__()
        self.conv = Conv3x3(channels + label, channels, padding=1)

    def forward(self, normalised: Features, label: Label) -> Features:
        """Features of the label map's size."""
        out: Tensor = self.conv(torch.cat([normalised, label], dim=1))
        return out


class Missing(nn.Module):
    """A missing level of the pyramid: maps without channels."""

    def skip(self, encoded: Features) -> Float[Tensor, "batch 0 height width"]:
        """An empty contribution of the encoder."""
        return encoded[:, :0]

    def forward(self, skip: Float[Tensor, "batch 0 rows columns"], decoded: Features) -> Tensor:
        """An empty map of the level's size."""
        return skip


class ImageGenerator(SPN):
    """SPN without the pyramid and its prior learner."""

    def __init__(self, width: int) -> None:
        super().__init__(width, pretext=None)
        learner = [f"encoder_conv{i}_sm" for i in range(1, 5)]
        for name in (*learner, "encoder_sm_out", "rdbs", "gff", "feature_recon", "feature_recon_decoder"):
            delattr(self, name)

    def encode(self, image: Images, mask: Masks) -> Encoded:
        """The image encoder's features; the prior learner's are empty."""
        full, half, quarter = (image[:, :0, ::shrink, ::shrink] for shrink in (1, 2, 4))
        return Encoded(self._encode_image(white_hole(image, mask), mask), quarter, half, full)

    def learn(self, encoded: Encoded) -> Priors:
        """An empty pyramid."""
        return Priors(encoded.full, encoded.half, encoded.quarter)


def build(config: Config, pretext: Channels | None) -> SPN | ProbabilisticSPN:
    """The generator of a run with its initial weights, and heads for `pretext` channels at the levels that it has."""
    settings = config.network
    if settings.levels == 0:
        network: SPN | ProbabilisticSPN = ImageGenerator(settings.width)
    else:
        network = (SPN if config.method == "spn" else ProbabilisticSPN)(settings.width, pretext)
    network.middle = nn.ModuleList([_middle(network) for _ in range(settings.blocks)])
    _remove_levels(network, settings.levels)
    if settings.modulation == "concat":
        for part in (network.middle, network.decoder):
            _replace(part, lambda spade: Concatenation(spade.mlp_gamma.out_channels, _label(spade)))
    _initialise(network, config)
    if config.weights_file:
        _load_weights(network, config, pretext)
    if config.trainable:
        _freeze_others(network, config.trainable)
    return network


def _initialise(network: Generator, config: Config) -> None:
    if config.init != "torch":
        init_scaled(network)
    if config.init == "diffusion":
        settings = config.network
        if settings.width < MIN_WIDTH or settings.levels < 3 or settings.modulation != "spade":
            raise InputError(
                f"init = 'diffusion' needs width {MIN_WIDTH} or more, three levels and SPADE. Choose init = 'scaled'."
            )
        init_diffusion(network)


def _load_weights(network: Generator, config: Config, pretext: Channels | None) -> None:
    """Load the weights of an earlier run; heads that its file does not hold keep their initial values."""
    weights = open_weights(Path(config.weights_file))
    heads = any(name.startswith(HEADS) for name in weights.tensors())
    other = build(msgspec.structs.replace(config, weights_file=""), pretext if heads else None)
    network.load_state_dict(weights.into(other).state_dict(), strict=False)


def _freeze_others(network: Generator, trainable: Sequence[str]) -> None:
    """Freeze all parameters but those named. Raises InputError where a pattern matches none, or heads alone."""
    names = [name for name, _ in network.named_parameters()]
    for pattern in trainable:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"trainable: no parameter matches '{pattern}'. Examples: decoder.6.*, middle.*.")
    chosen = {name for name in names if any(fnmatchcase(name, pattern) for pattern in trainable)}
    if all(name.startswith(HEADS) for name in chosen):
        raise InputError("trainable: the heads alone do not change the prediction. Name other parameters too.")
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in chosen)


def _middle(network: Generator) -> MiddleBlock:
    first = next(module for module in network.middle.modules() if isinstance(module, Spade))
    return MiddleBlock(first.mlp_gamma.out_channels, first.mlp_gamma.in_channels)


def _label(spade: Spade) -> int:
    first = spade.mlp_shared[0]
    assert isinstance(first, nn.Conv2d)
    return first.in_channels


def _remove_levels(network: Generator, levels: int) -> None:
    """Keep only the first `levels` levels of the pyramid, in the order quarter, half and full size."""
    if levels < 1:
        _replace(network.middle, lambda spade: Plain())
    for level, block, first, head in ((2, 1, 0, "feature_mapping_128"), (3, 3, 4, "feature_mapping_256")):
        if levels >= level:
            continue
        _replace(network.decoder[block], lambda spade: Plain())
        if levels > 0:
            for position in range(first, first + 3):
                network.feature_recon_decoder[position] = nn.Identity()
            network.feature_recon_decoder[first + 3] = Missing()
        if hasattr(network, head):
            setattr(network, head, nn.Identity())


def _replace(part: nn.Module, by: Callable[[Spade], Modulation]) -> None:
    """Replace every SPADE within a module by another modulation."""
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Spade):
                setattr(module, name, by(child))


def compile_blocks(generator: nn.Module) -> None:
    """Compile every block on its first call; later runs reuse the compiled code.

    Blocks are compiled one by one: the whole network as one graph did not finish within half an hour, while its blocks
    are of seven kinds for one image size. Raises InputError without a C++ compiler, which torch needs.
    """
    requested = os.environ.get("CXX")
    if not any(map(shutil.which, [requested] if requested else COMPILERS)):
        names = requested or ", ".join(COMPILERS)
        raise InputError(f"compile = true needs a compiler for C++ ({names}). Install one.")
    folder = os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(files.cache_folder("compiled")))
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = folder  # torch keeps precompiled headers in the temporary folder
    tempfile.tempdir = None  # Python caches it
    for block in generator.modules():
        if isinstance(block, COMPILED):
            block.compile()
