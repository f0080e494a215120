"""Networks built by timm: EfficientNet-Lite0 from its package, and any other from its state dict."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from baselines.spn.training.config import PretextConfig
from baselines.spn.training.pretext.features import Features, Scaled, torch_file
from inpaint_bench.errors import InputError
from inpaint_bench.metrics.features import weight_files
from inpaint_bench.metrics.features.packages import tensors

LITE0 = "tf_efficientnet_lite0"
DEFAULT_STAGES = (0, 1, 2)  # strides 2, 4 and 8 in the enlarged image


def packaged(config: PretextConfig, seed: int) -> Features:
    """EfficientNet-Lite0, trained on ImageNet, from its package, whose tensors have other names in the same order."""
    path, data = weight_files.LITE0.read()
    values = tensors(data, str(path)).values()

    def renamed(wanted: list[str]) -> Mapping[str, Tensor]:
        return dict(zip(wanted, values, strict=True))

    return _model(LITE0, config.stages, renamed, (0.5,) * 3, (0.5,) * 3)


def by_name(config: PretextConfig, seed: int) -> Features:
    """Any timm model that returns features."""
    import timm

    name = config.name.removeprefix("timm:")
    if name not in timm.list_models():
        raise InputError(f"pretext.name: timm has no model '{name}'. Its list_models() says which it has.")
    _, content = torch_file(config)
    settings: Any = timm.get_pretrained_cfg(name)
    return _model(name, config.stages, lambda wanted: content, settings.mean, settings.std)


def _model(
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
    info: Any = features.feature_info
    return Scaled(features, tuple(info.channels()), mean, deviation)
