"""The settings of a training run: a Schema, read from a recipe, a TOML file and `--set key=value`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.data.protocols import Count
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError, did_you_mean

Form: TypeAlias = Literal["code", "paper"]
Adversarial: TypeAlias = Literal["bce", "hinge", "minimax"]
Fraction = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Steps = Annotated[int, msgspec.Meta(ge=0)]

CONFIGS = Path(__file__).parent / "configs"


class NetworkConfig(Schema, frozen=True):
    """The network. The paper's: width 64, eight middle blocks, three levels, SPADE."""

    width: Annotated[int, msgspec.Meta(ge=2, multiple_of=2)] = 64
    discriminator: Count = 64  # its width
    blocks: Count = 8
    levels: Annotated[int, msgspec.Meta(ge=0, le=3)] = 3  # of the pyramid: quarter, then half, then full size
    modulation: Literal["spade", "concat"] = "spade"


class PretextConfig(Schema, frozen=True):
    """The network whose features the pyramid learns; `README.md` in this folder lists the names and what they need."""

    name: str = "tresnet_l"
    file: str = ""  # or a folder with NAME.*, for the runs of an ablation
    stages: tuple[Steps, ...] = ()  # of a timm model: those for full, half and quarter size


class LossWeights(Schema, frozen=True):
    """The weights of the losses, as in the authors' code; a term of weight 0 is not computed."""

    l1: Weight = 10.0
    prior: Weight = 1.0
    adversarial: Weight = 1.0
    feature_matching: Weight = 10.0  # this and the next three: probabilistic network only
    perceptual: Weight = 10.0
    diversity: Weight = 1.0
    divergence: Weight = 0.05
    hole: Weight = 2.0  # extra weight of the hole in l1: delta of Eq. 10, 4 in the paper
    prior_hole: Weight = 3.0  # and in the prior loss: alpha of Eq. 4


class Stage(Schema, frozen=True):
    """A part of the run with its own image size and batch size."""

    steps: Count
    size: Annotated[int, msgspec.Meta(ge=32, multiple_of=4)] = 256
    batch: Count = 8  # over all processes


class Finish(Schema, frozen=True):
    """The last part of the run: a learning rate of its own that warms up and decays as a cosine, and an SSIM loss."""

    start: Steps  # the step at which it begins
    lr: Positive
    warm_up: Steps = 50
    similarity: Weight = 0.0  # weight of 1 - SSIM, which is not a loss of the paper


class Config(Schema, frozen=True):
    """A training run. These values, the photographs and the masks alone determine what is learned."""

    method: Literal["spn", "spn-prob"] = "spn"
    losses: Form = "code"
    adversarial: Adversarial | None = None  # None: bce or hinge as in the method's code, minimax as in the paper
    network: NetworkConfig = NetworkConfig()
    pretext: PretextConfig = PretextConfig()
    vgg: str = ""  # for the losses of the probabilistic network: torchvision's VGG19 file, or vgg16
    weights: LossWeights = LossWeights()
    stages: tuple[Stage, ...] = (Stage(steps=100_000),)
    seed: Steps = 67454
    # initial values: PyTorch's, variance-preserving ones, or a network that already fills holes (init.py)
    init: Literal["torch", "scaled", "diffusion"] = "torch"
    weights_file: str = ""  # weights of an earlier run that replace the initial values: fine-tuning
    trainable: tuple[str, ...] = ()  # patterns on the generator's parameter names, e.g. decoder.6.*; none: all
    # data
    crop: Literal["none", "centre-square", "random"] = "none"  # none: squashed to a square, as in the authors' code
    mask_flips: Literal["with the image", "alone"] = "with the image"  # the paper's text: alone
    hole: str = "> 0"  # which values of a mask file are hole
    validation: Steps = 16  # photographs held out for validation; 0: validate on the training photographs (overfitting)
    validation_size: Annotated[int, msgspec.Meta(ge=32, multiple_of=4)] = 256
    # schedule
    lr: Positive = 1e-4
    lr_late: Positive = 1e-5
    decay: Literal["step", "cosine"] = "step"
    late: Fraction = 0.75  # fraction of the run after which `lr_late` applies (step decay)
    warm_up: Steps = 0  # steps of linear warm-up
    finish: Finish | None = None
    prior_until: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.85  # fraction of the run with a prior loss
    adversarial_from: Fraction = 0.0  # fraction of the run before the discriminator is used
    betas: tuple[Fraction, Fraction] = (0.0, 0.9)
    clip: Weight = 0.0  # maximum gradient norm of the generator; 0: no clipping
    ema_decay: Fraction = 0.0  # of the averaged weights, which are then validated and saved; 0: no averaging
    accumulate: Count = 1  # micro-batches per batch
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    compile: bool = False
    # logs and outputs
    log_every: Count = 10
    checkpoint_every: Count = 1000
    validate_every: Count = 1000
    best: str = "psnr"  # the validation metric that selects the best weights
    log: tuple[str, ...] = ()  # tensorboard, wandb, mlflow, trackio, or NAME:MODE as `run --log` takes them
    saved: Literal["float16", "float32"] = "float32"
    heads: bool = True  # whether the saved weights include the heads, which only training needs

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return sum(stage.steps for stage in self.stages)

    @property
    def adversarial_loss(self) -> Adversarial:
        """The kind of adversarial loss."""
        if self.adversarial is not None:
            return self.adversarial
        if self.losses == "paper":
            return "minimax"
        return "bce" if self.method == "spn" else "hinge"

    def stage_at(self, step: int) -> tuple[Stage, int]:
        """The stage of a step, and the number of images that all steps before it took."""
        taken = 0
        for stage in self.stages:
            if step < stage.steps:
                break
            step -= stage.steps
            taken += stage.steps * stage.batch
        return stage, taken + step * stage.batch


def recipe_names() -> list[str]:
    """The recipes in `configs`, by the name of the method that they train."""
    return sorted(path.stem for path in CONFIGS.glob("*.toml"))


def read_config(recipe: str, file: Path | None = None, changes: Sequence[str] = ()) -> Config:
    """A recipe by name, overridden by a TOML file and then by `key=value` settings such as network.width=16.

    Raises InputError, with the closest known name, for an unknown recipe or key, and for a value out of range.
    """
    settings = read_settings(recipe, file, changes)
    where = ", ".join([f"the recipe {recipe}", *([str(file)] if file else []), *(f"--set {c}" for c in changes)])
    return as_config(settings, where)


def read_settings(recipe: str, file: Path | None, changes: Sequence[str]) -> dict[str, Any]:
    """The settings of a recipe with the overrides, unchecked."""
    if recipe not in recipe_names():
        raise InputError(f"no recipe trains '{recipe}'. {did_you_mean(recipe, recipe_names())}")
    settings = _read(CONFIGS / f"{recipe}.toml")
    if file is not None:
        merge(settings, _read(file))
    for change in changes:
        merge(settings, _parse(change))
    return settings


def as_config(settings: dict[str, Any], where: str) -> Config:
    """Settings as a Config. Raises InputError, naming where they come from, when they are invalid."""
    _refuse_unknown(settings, Config, "", where)
    try:
        config = msgspec.convert(settings, Config)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {_sentence(str(error))}") from error
    _check(config, where)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = decode.toml(files.read_bytes(path))
    except OSError as error:
        raise InputError(f"{path}: there is no such file of settings ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}.") from error
    return found


def _parse(change: str) -> dict[str, Any]:
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {change}: give key=value, as in network.width=16.")
    try:
        value = decode.toml(f"value = {text}")["value"]
    except msgspec.DecodeError:  # a bare word is a string
        value = text
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    settings: dict[str, Any] = value
    return settings


def merge(into: dict[str, Any], settings: dict[str, Any]) -> None:
    """Override settings in place, table by table."""
    for key, value in settings.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def _refuse_unknown(settings: dict[str, Any], schema: type[Schema], prefix: str, where: str) -> None:
    hints = get_type_hints(schema)
    for key, value in settings.items():
        if key not in hints:
            raise InputError(f"{where}: no key is called '{prefix}{key[:80]}'. {did_you_mean(key, hints)}")
        types = [hints[key], *get_args(hints[key])]
        inner = next((each for each in types if isinstance(each, type) and issubclass(each, Schema)), None)
        if inner is not None:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    _refuse_unknown(part, inner, f"{prefix}{key}.", where)


def _sentence(error: str) -> str:
    """msgspec's error, e.g. 'Expected `int` >= 2 - at `$.network.width`', in terms of our keys."""
    problem, _, key = error.partition(" - at `$.")
    problem = problem.replace("`", "")
    if len(problem) > decode.MOST_REASON:  # it repeats a value
        problem = f"{problem[: decode.MOST_REASON]}…"
    allowed = ""
    hint: Any = Config
    for part in key.rstrip("`").split("."):
        hint = get_type_hints(hint).get(part) if isinstance(hint, type) else None
    if "enum value" in problem and hint is not None:
        allowed = f" Allowed: {', '.join(map(str, get_args(hint)))}."
    return f"{key.rstrip('`') or 'the settings'}: {problem[0].lower()}{problem[1:]}.{allowed}"


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
                f"{where}: a batch of {stage.batch} cannot be split into {config.accumulate} equal parts (accumulate)."
            )
