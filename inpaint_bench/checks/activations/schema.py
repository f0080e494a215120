"""What a file of reference activations may hold: types, and bounds that are checked before anything is made of it."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.errors import InputError

MOST_BYTES = 32 << 20  # of a file; the largest of ours has 0.2 MB
MOST_VALUES = 1 << 26  # of a tensor that a recipe makes, and of all draws of noise
MOST_SIZE = 1024  # pixels, height and width of an image
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Size = Annotated[int, msgspec.Meta(ge=1, le=MOST_SIZE)]
Seed = Annotated[int, msgspec.Meta(ge=0)]
Length = Annotated[int, msgspec.Meta(ge=0, le=MOST_VALUES)]
Shape = Annotated[list[Length], msgspec.Meta(max_length=8)]
Checked = TypeVar("Checked")


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """How a stage is compared."""

    absolute: float | None = None
    relative: float | None = None
    mean: float | None = None
    share: float | None = None
    within: float | None = None
    except_: list[Length] = msgspec.field(name="except", default_factory=list)


class Samples(msgspec.Struct):
    """Sampled values of a stage, or numbers by name."""

    shape: Shape | None = None
    mean: float | None = None
    std: float | None = None
    values: list[float] | None = None
    numbers: dict[str, float] | None = None

    def __post_init__(self) -> None:
        if (self.numbers is None) == (self.values is None or self.shape is None):
            raise ValueError("a stage has either `numbers`, or `shape` and `values`")


class Noise(msgspec.Struct):
    """The draws that replace a network's own noise."""

    generator: Literal["numpy default_rng"]
    distribution: Literal["standard_normal", "random", "uniform", "normal", "standard_exponential", "exponential"]
    seed: Seed
    draws: list[Shape]


class Composite(msgspec.Struct):
    """The composite of the output."""

    recipe: list[Any]
    samples: Samples


class Op(msgspec.Struct, forbid_unknown_fields=True):
    """One change to synthetic weights."""

    match: str
    op: Literal["set", "multiply", "normal", "abs_normal"]
    value: float | list[float]
    ndim: int | None = None


class Case(msgspec.Struct):
    """One run of a network."""

    name: str
    variant: str | None
    size: Size | Annotated[list[Size], msgspec.Meta(min_length=2, max_length=2)]  # or height and width
    image_seed: Seed
    mask_seed: Seed | None
    inputs: dict[str, Any]
    noise: Noise | None
    composite: Composite | None
    stages: dict[str, Samples]
    output: Samples
    rules: dict[str, Rule]
    define: dict[str, Any] = {}
    ops: list[Op] | None = None
    details: dict[str, Any] = {}  # settings of the run that are no tensors


class Fill(msgspec.Struct):
    """How synthetic weights are made."""

    gain: float
    fan_in: Literal["all axes but the first", "all axes but the last"]
    ops: list[Op]


class Golden(msgspec.Struct):
    """A file of reference activations of a network."""

    schema: Literal["inpaint-bench golden 1"]
    method: str
    part: str
    network: str
    needs: list[FileName]
    fill: Fill
    state_dict: dict[str, Shape]
    cases: list[Case]
    aliases: dict[str, str] = {}


class AdapterCase(msgspec.Struct):
    """One prediction of a method."""

    method: str
    size: Size
    image_seed: Seed
    mask_seed: Seed
    samples: Annotated[int, msgspec.Meta(ge=0, le=100)]
    rule: Rule
    output: Samples


class AdapterGolden(msgspec.Struct):
    """A file of reference outputs of whole adapters."""

    schema: Literal["inpaint-bench adapter golden 1"]
    cases: list[AdapterCase]


def read_checked(path: Path, kind: type[Checked]) -> dict[str, Any]:
    """A file as plain dicts and lists, once its types and bounds are checked. Raises InputError for another file."""
    try:
        data = files.read_bytes(path, MOST_BYTES)
        decode.json(data, kind)
        found: dict[str, Any] = decode.json(data)
    except OSError as error:
        raise InputError(f"{path}: cannot be read as reference activations ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not reference activations: {' '.join(str(error).split())[:200]}.") from error
    return found
