"""How long methods take and what they cost, as `time` writes it: one timing.json a method, with every raw sample."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from inpaint_bench import files
from inpaint_bench.data.protocols import Count, Schema
from inpaint_bench.errors import InputError
from inpaint_bench.runner.folder import MethodInfo
from inpaint_bench.weights import SYNTHETIC

FILE = "timing.json"
ClockName = Literal["wall", "cuda events"]
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Series(Schema, frozen=True):
    """Every timed call of one thing, in the order in which they were made.

    `seconds` are those of the wall; on a GPU, of a network, those between two CUDA events around the call.
    `cpu_seconds` are those of the process, all its threads together; of a program, its own and its children's.
    """

    seconds: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)]
    cpu_seconds: tuple[Seconds, ...]
    clock: ClockName
    warm_up: int  # calls made before the first that counts
    steady: bool  # whether the last two of those took the same time

    def percentile(self, percent: int) -> float:
        """That percentile of the seconds of a call, between two samples by straight line."""
        return float(np.percentile(self.seconds, percent))

    @property
    def p50(self) -> float:
        """The median of the seconds of a call."""
        return self.percentile(50)

    @property
    def cpu(self) -> float:
        """The median of the processor's seconds of a call."""
        return float(np.median(self.cpu_seconds))


class Setting(Schema, frozen=True):
    """What was timed: so many square pictures in one call, on one kind of device."""

    device: str
    size: Count = 256  # pixels a side
    batch: Count = 1
    dtype: str = "float32"


class Cost(Schema, frozen=True):
    """What a call needs, counted and not timed; None where it cannot be seen."""

    parameters: int | None  # those that the way from image to prediction touches
    flop: int | None  # of one call; a multiplication with its addition counts as 2
    uncounted: dict[str, int]  # operations that no count was made of, and how many values they gave


class Memory(Schema, frozen=True):
    """The most memory that a process of the method's own held in a call, in bytes; None where it cannot be seen."""

    peak: int | None  # above what the process held before it loaded the method
    how: str


class Timing(Schema, frozen=True):
    """timing.json."""

    schema: Literal[1]
    method: str
    title: str
    made_by: MethodInfo
    setting: Setting
    pictures: str  # what was inpainted, in words
    network: Series | None  # image to prediction, one sample; None where only the whole way can be timed
    end_to_end: Series  # files to 8-bit composite, one sample
    samples: int  # of a stochastic method, in the next; 1 for another
    network_of_samples: Series | None
    cost: Cost
    memory: Memory
    machine: dict[str, str]
    unstable: tuple[str, ...]  # sentences: why the seconds may be others than a quiet machine's
    day: str

    @property
    def synthetic(self) -> bool:
        """Whether the weights were made from names."""
        return self.made_by.weights == SYNTHETIC

    @property
    def seconds(self) -> float:
        """The median seconds of an image: of the network, or end to end where that alone was timed."""
        return (self.network or self.end_to_end).p50 / self.setting.batch


def timing_path(folder: Path, method: str) -> Path:
    """Where the times of a method lie in a run folder."""
    return folder / method / FILE


def read_timings(folder: Path) -> dict[str, Timing]:
    """The times in a run folder, by method; none where nothing was timed.

    Raises InputError for a file that is broken or of another version.
    """
    found = {path.parent.name: read_timing(path) for path in sorted(folder.glob(f"*/{FILE}"))}
    for name, timing in found.items():
        if timing.method != name:
            raise InputError(f"{timing_path(folder, name)}: holds the times of {timing.method}. Time {name} again.")
    return found


def read_timing(path: Path) -> Timing:
    """One timing.json. Raises InputError when it cannot be read, is broken or of another version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Timing)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not times that this version reads ({error}). Time the method again.") from error


def write_timing(folder: Path, timing: Timing) -> None:
    """Write a method's timing.json, in place of an older one of the same setting."""
    data = msgspec.json.format(msgspec.json.encode(timing), indent=1) + b"\n"
    files.write_whole(timing_path(folder, timing.method), data)


def refuse_another(folder: Path, method: str, setting: Setting) -> None:
    """Raise InputError when the folder holds the method's times at another setting, which must not be lost."""
    path = timing_path(folder, method)
    if not path.is_file():
        return
    before = read_timing(path).setting
    if before != setting:
        old, new = (f"{one.batch} of {one.size}x{one.size} on {one.device}" for one in (before, setting))
        raise InputError(f"{path}: holds the times of {old}; now it would be {new}. Choose another --out.")
