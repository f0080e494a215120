"""The networks whose features the pyramid learns, by name; all frozen, none is ever downloaded.

Each takes whole images, at their size and twice as large, and gives features at full, half and quarter size. A map that
comes out smaller than its level is enlarged by nearest neighbour, as the authors' code does at full size.
"""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from baselines.spn.network import SPN, Channels
from baselines.spn.training.config import Config, PretextSpec
from baselines.spn.tresnet import Pretext, Targets
from inpaint_bench.errors import InputError, did_you_mean
from inpaint_bench.images import Images, Pixels, eight_bit
from inpaint_bench.metrics.detection import nanodet
from inpaint_bench.metrics.detection.network import NanoDet
from inpaint_bench.metrics.features import lite0
from inpaint_bench.metrics.features.packages import tensors
from inpaint_bench.weights import open_weights

Larger = Float[Tensor, "batch 3 2*height 2*width"]
LITE0 = "tf_efficientnet_lite0"
DEFAULT_STAGES = (0, 1, 2)  # of a timm model: strides 2, 4 and 8 in the larger image


class Features(nn.Module):
    """A frozen network with the channels of what it gives."""

    channels: Channels

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Features at full, half and quarter size of the image."""
        raise AssertionError("each pretext network has its own")


class TResNet(Features):
    """TResNet-L after its stem and its first two stages: the paper's."""

    channels = (76, 76, 152)

    def __init__(self, network: Pretext) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Of the larger image."""
        targets: Targets = self.network(larger)
        return targets


class Timm(Features):
    """Three stages of a timm model, whose input is (image - mean) / deviation."""

    def __init__(self, network: nn.Module, mean: Any, deviation: Any) -> None:
        super().__init__()
        self.network = network
        info: Any = network.feature_info
        full, half, quarter = info.channels()
        self.channels = (full, half, quarter)
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1))

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Of the larger image."""
        maps = self.network((larger - self.mean) / self.deviation)
        return _at_levels(maps, image)


class Detector(Features):
    """NanoDet's stem and its first two stages, at a half, a quarter and an eighth of the larger image."""

    channels = (32, 64, 128)

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        self.network = network
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.tensor(nanodet.MEAN).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor(nanodet.SPREAD).view(1, 3, 1, 1))

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Of the larger image."""
        full = self.network.stem((larger.flip(1) * 255 - self.mean) / self.spread)
        half = self.network.stages[0](F.max_pool2d(full, 3, 2, 1))
        return Targets(full, half, self.network.stages[1](half))


class Edges(Features):
    """Canny's edges of the grey image, 0 or 1, found at each size anew."""

    channels = (1, 1, 1)

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Of the image itself."""
        maps = [torch.stack([_edges(pixels, 2**level) for pixels in eight_bit(image)]) for level in range(3)]
        return Targets(*(each.to(image) for each in maps))


def _edges(pixels: Pixels, shrink: int) -> Tensor:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(cv2.Canny(cv2.GaussianBlur(small, (0, 0), 1.0), 100, 200) > 0)[None].float()


class SpnPrior(Features):
    """The pyramid that another trained SPN makes of the whole image (Table 5)."""

    def __init__(self, network: SPN) -> None:
        super().__init__()
        self.network = network
        width = network.encoder_conv1.out_channels
        self.channels = (width, 2 * width, 4 * width)

    def forward(self, image: Images, larger: Larger) -> Targets:
        """Of the image itself, with nothing missing."""
        return Targets(*self.network.learn(self.network.encode(image, torch.zeros_like(image[:, :1]))))


def _at_levels(maps: list[Tensor], image: Images) -> Targets:
    """Three maps brought to full, half and quarter size. Raises InputError for one that is larger than its level."""
    found = []
    for shrink, features in zip((1, 2, 4), maps, strict=True):
        size = [side // shrink for side in image.shape[2:]]
        if features.shape[2] > size[0]:
            raise InputError(
                f"pretext.stages: a stage of {features.shape[2]} pixels for the level of {size[0]}; "
                "a stage must not be larger than its level. Choose later stages."
            )
        found.append(features if list(features.shape[2:]) == size else F.interpolate(features, size=size))
    return Targets(*found)


def _tresnet(spec: PretextSpec, seed: int) -> Features:
    """From the file of ASL's authors, or its state dict alone."""
    content = _torch_file(spec)
    state = content.get("model", content)
    network = Pretext()
    wanted = network.state_dict()
    if missing := sorted(wanted.keys() - state.keys()):
        raise InputError(f"{spec.file}: not TResNet-L: it has no {missing[0]}.")
    network.load_state_dict({name: state[name] for name in wanted})
    return TResNet(network)


def _random(spec: PretextSpec, seed: int) -> Features:
    """TResNet-L's first stages with values drawn from the seed: features of a network that learned nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TResNet(Pretext())


def _lite0(spec: PretextSpec, seed: int) -> Features:
    """EfficientNet-Lite0, trained on ImageNet, from its package, which has other names in the same order."""
    path, data = lite0.FILE.read()
    values = tensors(data, str(path)).values()

    def renamed(wanted: list[str]) -> Mapping[str, Tensor]:
        return dict(zip(wanted, values, strict=True))

    return _timm(LITE0, spec.stages, renamed, (0.5,) * 3, (0.5,) * 3)


def _any_timm(spec: PretextSpec, seed: int) -> Features:
    import timm

    name = spec.name.removeprefix("timm:")
    if name not in timm.list_models():
        raise InputError(f"pretext.name: timm has no model '{name}'. Its list_models() says which it has.")
    content = _torch_file(spec)
    settings: Any = timm.get_pretrained_cfg(name)
    return _timm(name, spec.stages, lambda wanted: content, settings.mean, settings.std)


def _timm(
    name: str, stages: tuple[int, ...], state: Callable[[list[str]], Mapping[str, Tensor]], mean: Any, deviation: Any
) -> Features:
    import timm

    stages = stages or DEFAULT_STAGES
    if len(stages) != 3 or sorted(set(stages)) != list(stages):
        raise InputError(f"pretext.stages: {list(stages)}; three stages in rising order are wanted, as in [0, 1, 2].")
    whole = timm.create_model(name, pretrained=False)
    try:
        whole.load_state_dict(state(list(whole.state_dict())))
    except (RuntimeError, ValueError) as error:
        raise InputError(f"pretext.file: not the weights of timm's {name}: {str(error).splitlines()[0]}") from error
    features = timm.create_model(name, pretrained=False, features_only=True, out_indices=stages)
    features.load_state_dict({k: v for k, v in whole.state_dict().items() if k in features.state_dict()})
    return Timm(features, mean, deviation)


def _nanodet(spec: PretextSpec, seed: int) -> Features:
    """The detector that comes with the package, trained on COCO."""
    return Detector(nanodet.load_network(nanodet.WEIGHTS))


def _edges_of(spec: PretextSpec, seed: int) -> Features:
    return Edges()


def _spn_prior(spec: PretextSpec, seed: int) -> Features:
    weights = open_weights(_file(spec))
    state = weights.tensors()
    try:
        heads = ("feature_mapping_256", "feature_mapping_128", "feature_mapping")
        full, half, quarter = (len(state[f"{head}.bias"]) for head in heads)
    except KeyError:
        return SpnPrior(weights.into(SPN(len(state["encoder_conv1.bias"]), None)))
    return SpnPrior(weights.into(SPN(len(state["encoder_conv1.bias"]), (full, half, quarter))))


def _file(spec: PretextSpec) -> Path:
    if not spec.file:
        raise InputError(f"the pretext network {spec.name} needs its weights; name them with --set pretext.file=FILE.")
    if not Path(spec.file).is_file():
        raise InputError(f"pretext.file: {spec.file}: there is no such file.")
    return Path(spec.file)


def _torch_file(spec: PretextSpec) -> Mapping[str, Any]:
    try:
        content = torch.load(_file(spec), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{spec.file}: refused: it holds more than tensors, and opening it would run code.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise InputError(f"{spec.file}: not a whole torch file. Fetch it again.") from error
    if not isinstance(content, Mapping):
        raise InputError(f"{spec.file}: holds a {type(content).__name__}, not tensors by name.")
    return content


PRETEXTS: dict[str, Callable[[PretextSpec, int], Features]] = {
    "tresnet_l": _tresnet,
    "lite0": _lite0,
    "nanodet": _nanodet,
    "edges": _edges_of,
    "random": _random,
    "spn-prior": _spn_prior,
}


def open_pretext(config: Config) -> Features | None:
    """The pretext network of a run, frozen; none where the prior loss is off.

    Raises InputError for an unknown name and a missing or wrong file.
    """
    spec = config.pretext
    if config.weights.prior == 0 or config.network.levels == 0:
        return None
    make = _any_timm if spec.name.startswith("timm:") else PRETEXTS.get(spec.name)
    if make is None:
        raise InputError(
            f"no pretext network is called '{spec.name}'. {did_you_mean(spec.name, [*PRETEXTS, 'timm:NAME'])}"
        )
    return make(spec, config.seed).requires_grad_(False).eval()
