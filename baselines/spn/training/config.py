"""What a training run is: a Schema from a recipe, a file of TOML and `--set key=value`, checked before any work."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from baselines.spn.training.losses import Adversarial, Form
from inpaint_bench.data.protocols import Count, Schema
from inpaint_bench.errors import InputError, did_you_mean

Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Steps = Annotated[int, msgspec.Meta(ge=0)]

RECIPES = Path(__file__).parent / "recipes"


class NetworkSpec(Schema, frozen=True):
    """The network. The paper's: width 64, eight middle blocks, three levels, SPADE."""

    width: Annotated[int, msgspec.Meta(ge=2, multiple_of=2)] = 64
    discriminator: Count = 64  # its width
    blocks: Count = 8
    levels: Annotated[int, msgspec.Meta(ge=0, le=3)] = 3  # of the pyramid: quarter, then half, then full size
    modulation: Literal["spade", "concat"] = "spade"


class PretextSpec(Schema, frozen=True):
    """The network whose features the pyramid learns; `README.md` of this folder says what each name needs."""

    name: str = "tresnet_l"
    file: str = ""  # or a folder with NAME.*, for the rows of an ablation
    stages: tuple[Steps, ...] = ()  # of a timm model: those for full, half and quarter size


class WeightsSpec(Schema, frozen=True):
    """The weights of the losses, as coded; a term of weight 0 is not computed."""

    l1: Weight = 10.0
    prior: Weight = 1.0
    adversarial: Weight = 1.0
    feature_matching: Weight = 10.0  # from here on: of the probabilistic network alone
    perceptual: Weight = 10.0
    diversity: Weight = 1.0
    divergence: Weight = 0.05
    hole: Weight = 2.0  # what the hole weighs more in l1: delta of Eq. 10, 4 in the paper
    prior_hole: Weight = 3.0  # and in the prior loss: alpha of Eq. 4


class Stage(Schema, frozen=True):
    """A stretch of the run with its own picture size and batch."""

    steps: Count
    size: Annotated[int, msgspec.Meta(ge=32, multiple_of=4)] = 256
    batch: Count = 8  # of all processes together


class Finish(Schema, frozen=True):
    """A last part of the run: its learning rate rises again and falls as a cosine, and SSIM is among the losses."""

    start: Steps  # the step at which it begins
    lr: Positive
    warm_up: Steps = 50
    similarity: Weight = 0.0  # of 1 - SSIM: no loss of the paper


class Config(Schema, frozen=True):
    """A training run. Nothing but these values, the pictures and the masks decides what is learned."""

    method: Literal["spn", "spn-prob"] = "spn"
    losses: Form = "code"
    adversarial: Adversarial | None = None  # none: bce or hinge as the method's code, minimax as the paper
    network: NetworkSpec = NetworkSpec()
    pretext: PretextSpec = PretextSpec()
    vgg: str = ""  # for the probabilistic network's losses: torchvision's file of VGG19, or vgg16
    weights: WeightsSpec = WeightsSpec()
    stages: tuple[Stage, ...] = (Stage(steps=100_000),)
    seed: Steps = 67454
    # first values: PyTorch's, such that signals keep their size, or a network that fills holes already (start.py)
    start: Literal["torch", "scaled", "diffusion"] = "torch"
    weights_file: str = ""  # a file of `train`, put over the first values: a run that goes on from another's weights
    learns: tuple[str, ...] = ()  # of the generator: names of weights, as in decoder.6.*; none: all of them
    # the data
    crop: Literal["none", "centre-square", "random"] = "none"  # none: squashed to a square, as the authors' code
    mask_flips: Literal["with the image", "alone"] = "with the image"  # "alone" is the paper's text
    hole: str = "> 0"  # which values of a mask file are hole
    validation: Steps = 16  # photographs kept out of training; 0: those it learns from judge it, to see it overfit
    validation_size: Annotated[int, msgspec.Meta(ge=32, multiple_of=4)] = 256
    # the schedule
    lr: Positive = 1e-4
    lr_late: Positive = 1e-5
    decay: Literal["step", "cosine"] = "step"
    late: Share = 0.75  # the share of the run after which `lr_late` holds (step)
    warm_up: Steps = 0  # steps in which the learning rate rises to its value
    finish: Finish | None = None
    prior_until: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.85  # the share of the run with a prior loss
    adversarial_from: Share = 0.0  # the share of the run without a discriminator
    betas: tuple[Share, Share] = (0.0, 0.9)
    clip: Weight = 0.0  # the largest norm of the generator's gradient; 0: any
    average: Share = 0.0  # decay of the running mean of the weights that is validated and saved; 0: the weights
    accumulate: Count = 1  # parts in which a batch goes through the network
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    compile: bool = False
    # what is written down
    log_every: Count = 10
    checkpoint_every: Count = 1000
    validate_every: Count = 1000
    best: str = "psnr"  # the metric, on the validation pictures, by which the best weights are kept
    tensorboard: bool = False
    saved: Literal["float16", "float32"] = "float32"
    heads: bool = True  # whether the saved weights keep the heads that only training needs

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return sum(stage.steps for stage in self.stages)

    @property
    def game(self) -> Adversarial:
        """The adversarial loss."""
        if self.adversarial is not None:
            return self.adversarial
        if self.losses == "paper":
            return "minimax"
        return "bce" if self.method == "spn" else "hinge"

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage of a step, and how many pictures all steps before took."""
        taken = 0
        for stage in self.stages:
            if step < stage.steps:
                break
            step -= stage.steps
            taken += stage.steps * stage.batch
        return stage, taken + step * stage.batch


def recipe_names() -> list[str]:
    """The recipes that ship, by the names of the methods they train."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_config(recipe: str, file: Path | None = None, changes: Sequence[str] = ()) -> Config:
    """A recipe by name, changed by a file of TOML, changed by `key=value` words, as in network.width=16.

    Raises InputError, with the nearest known word, for an unknown recipe or key, and for a value out of range.
    """
    settings = read_settings(recipe, file, changes)
    where = ", ".join([f"the recipe {recipe}", *([str(file)] if file else []), *(f"--set {c}" for c in changes)])
    return as_config(settings, where)


def read_settings(recipe: str, file: Path | None, changes: Sequence[str]) -> dict[str, Any]:
    """What `read_config` checks: a recipe's settings with the changes."""
    if recipe not in recipe_names():
        raise InputError(f"no recipe trains '{recipe}'. {did_you_mean(recipe, recipe_names())}")
    settings = _read(RECIPES / f"{recipe}.toml")
    if file is not None:
        merge(settings, _read(file))
    for change in changes:
        merge(settings, _parse(change))
    return settings


def as_config(settings: dict[str, Any], where: str) -> Config:
    """Settings as a Config. Raises InputError, naming where they stand, when they are none."""
    _refuse_unknown(settings, Config, "", where)
    try:
        config = msgspec.convert(settings, Config)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {_plainly(str(error))}") from error
    _check(config, where)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: there is no such file of settings ({error.strerror}).") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}.") from error
    return found


def _parse(change: str) -> dict[str, Any]:
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {change}: give key=value, as in network.width=16.")
    try:
        value = msgspec.toml.decode(f"value = {text}")["value"]
    except msgspec.DecodeError:  # a bare word is a text
        value = text
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    settings: dict[str, Any] = value
    return settings


def merge(into: dict[str, Any], settings: dict[str, Any]) -> None:
    """Put settings over others, table by table."""
    for key, value in settings.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def _refuse_unknown(settings: dict[str, Any], spec: type[Schema], at: str, where: str) -> None:
    hints = get_type_hints(spec)
    for key, value in settings.items():
        if key not in hints:
            raise InputError(f"{where}: no key is called '{at}{key}'. {did_you_mean(key, hints)}")
        kinds = [hints[key], *get_args(hints[key])]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Schema)), None)
        if inner is not None:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    _refuse_unknown(part, inner, f"{at}{key}.", where)


def _plainly(message: str) -> str:
    """The library's sentence with our keys: 'Expected `int` >= 2 - at `$.network.width`'."""
    said, _, key = message.partition(" - at `$.")
    said = said.replace("`", "")
    allowed = ""
    hint: Any = Config
    for part in key.rstrip("`").split("."):
        hint = get_type_hints(hint).get(part) if isinstance(hint, type) else None
    if "enum value" in said and hint is not None:
        allowed = f" Allowed: {', '.join(map(str, get_args(hint)))}."
    return f"{key.rstrip('`') or 'the settings'}: {said[0].lower()}{said[1:]}.{allowed}"


def _check(config: Config, where: str) -> None:
    multiple = 32 if config.method == "spn-prob" else 4
    for size in (*(stage.size for stage in config.stages), config.validation_size):
        if size % multiple:
            raise InputError(f"{where}: a size of {size}; {config.method} takes multiples of {multiple} from 32 up.")
    if not config.stages:
        raise InputError(f"{where}: stages must hold at least one stage.")
    if config.finish is not None and config.finish.start >= config.steps:
        raise InputError(f"{where}: finish.start = {config.finish.start}; the run ends after {config.steps} steps.")
    if config.method == "spn-prob" and config.network.levels == 0:
        raise InputError(f"{where}: spn-prob draws its samples in the pyramid; network.levels must be 1, 2 or 3.")
    for stage in config.stages:
        if stage.batch % config.accumulate:
            raise InputError(
                f"{where}: a batch of {stage.batch} has no {config.accumulate} equal parts, which accumulate asks for."
            )
