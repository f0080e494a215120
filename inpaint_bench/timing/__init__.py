"""Run time and cost of methods: one timing.json per method, with every raw sample, as the `time` command writes it."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from inpaint_bench import decode, files
from inpaint_bench.data.protocols import Count
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.weights import SYNTHETIC

FILE = "timing.json"
ClockName = Literal["wall", "cuda events"]
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class Series(Schema, frozen=True):
    """All timed calls of one function, in order.

    `seconds` is wall-clock time; for a network on a GPU, the time between two CUDA events around the call.
    `cpu_seconds` is the CPU time of the process over all threads; for a program, its own and its children's.
    """

    seconds: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1)]
    cpu_seconds: tuple[Seconds, ...]
    clock: ClockName
    warm_up: int  # number of calls before the first timed one
    steady: bool  # whether the last two of these took equally long

    def percentile(self, percent: int) -> float:
        """A percentile of the seconds per call, linearly interpolated between samples."""
        return float(np.percentile(self.seconds, percent))

    @property
    def p50(self) -> float:
        """Median seconds per call."""
        return self.percentile(50)

    @property
    def cpu(self) -> float:
        """Median CPU seconds per call."""
        return float(np.median(self.cpu_seconds))


class Setting(Schema, frozen=True):
    """What was timed: the device, and the number and size of the square images in one call."""

    device: str
    size: Count = 256  # height and width in pixels
    batch: Count = 1
    dtype: str = "float32"


class Cost(Schema, frozen=True):
    """What one call needs on any machine, counted rather than timed; None where it cannot be counted."""

    parameters: int | None  # number of parameter values that inference reads
    flop: int | None  # floating-point operations of one call; a multiply-add counts as 2
    uncounted: dict[str, int]  # operations not included in `flop`, and the number of values they returned


class Memory(Schema, frozen=True):
    """Peak memory of one call, measured in a separate process, in bytes; None where it cannot be measured."""

    peak: int | None  # above what the process used before it loaded the method
    how: str  # how it was measured, or why it was not


class Timing(Schema, frozen=True):
    """timing.json."""

    schema: Literal[1]
    method: str
    title: str
    made_by: MethodInfo
    setting: Setting
    pictures: str  # a description of the input images
    network: Series | None  # tensors to prediction, one sample; None for a program
    end_to_end: Series  # files to 8-bit composites, one sample
    samples: int  # per image in `network_of_samples`, for a stochastic method; else 1
    network_of_samples: Series | None  # tensors to predictions, `samples` per image
    cost: Cost
    memory: Memory
    machine: dict[str, str]
    unstable: tuple[str, ...]  # sentences about what may have distorted the times
    day: str  # YYYY-MM-DD

    @property
    def synthetic(self) -> bool:
        """Whether the method ran with synthetic weights."""
        return self.made_by.weights == SYNTHETIC

    @property
    def seconds(self) -> float:
        """Median seconds per image: of the network, or end to end if only that was timed."""
        return (self.network or self.end_to_end).p50 / self.setting.batch


def timing_path(folder: Path, method: str) -> Path:
    """The timing.json of a method in a run folder."""
    return folder / method / FILE


def read_timings(folder: Path) -> dict[str, Timing]:
    """The times in a run folder by method; empty if nothing was timed.

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
        timing: Timing = decode.json(files.read_bytes(path), Timing)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not a timing file of this version ({error}). Time the method again.") from error
    return timing


def write_timing(folder: Path, timing: Timing) -> None:
    """Write a method's timing.json, replacing an older one of the same setting."""
    data = msgspec.json.format(msgspec.json.encode(timing), indent=1) + b"\n"
    files.write_whole(timing_path(folder, timing.method), data)


def refuse_another(folder: Path, method: str, setting: Setting) -> None:
    """Raise InputError if the folder holds times of the method at another setting, so that they are not overwritten."""
    path = timing_path(folder, method)
    if not path.is_file():
        return
    before = read_timing(path).setting
    if before != setting:
        old, new = (f"{one.batch} of {one.size}x{one.size} on {one.device}" for one in (before, setting))
        raise InputError(f"{path}: holds the times of {old}; now it would be {new}. Choose another --out.")
