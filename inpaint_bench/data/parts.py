"""The part of a dataset that a run covers: the whole, the first pairs, or a shard."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError

Number = Annotated[int, msgspec.Meta(ge=1)]


Shard = tuple[int, int] | tuple[int, int, int]  # (k, n): the k-th of n; (k, l, n): the k-th to the l-th of n


class Part(Schema, frozen=True):
    """The whole dataset, its first `count` pairs, or shard `index` of `count`. False for the whole.

    With `last`, the shards from `index` to `last`; with `of_first`, shards of only so many pairs, the first ones.
    """

    kind: Literal["whole", "first", "shard"] = "whole"
    index: Number = 1
    count: Number = 1
    last: Number | msgspec.UnsetType = msgspec.UNSET
    of_first: Number | msgspec.UnsetType = msgspec.UNSET

    def __bool__(self) -> bool:
        return self.kind != "whole"

    def __str__(self) -> str:
        """'first 3', 'shard 2/8', 'shard 2-5/8', 'shard 2/8 of the first 100'; '' for the whole."""
        if self.kind == "shard":
            return f"shard {self._numbers}/{self.count}" + (f" of the first {self.of_first}" if self.of_first else "")
        return f"first {self.count}" if self else ""

    @property
    def suffix(self) -> str:
        """The end of the name of a run's folder: '.first3', '.2of8', '.2-5of8', '.first100.2of8'; '' for the whole."""
        if self.kind == "shard":
            return f"{self.merged.suffix}.{self._numbers}of{self.count}"
        return f".first{self.count}" if self else ""

    @property
    def merged(self) -> "Part":
        """What this part is of where it is a shard: all shards together. Else the part itself."""
        if self.kind != "shard":
            return self
        return Part("first", count=self.of_first) if self.of_first else WHOLE

    @property
    def _numbers(self) -> str:
        return f"{self.index}-{self.last}" if self.last else str(self.index)


WHOLE = Part()


def part_of(shard: Shard) -> Part:
    """The part that a shard, or several in a row, are; all of them are the whole.

    Raises InputError where the numbers make no shard.
    """
    first, last, of = shard if len(shard) == 3 else (shard[0], shard[0], shard[1])
    if not 1 <= first <= last <= of:
        raise InputError(f"shard {shard}: is none. (k, n) is the k-th of n, (k, l, n) the k-th to the l-th of n.")
    if last - first + 1 == of:
        return WHOLE
    return Part("shard", first, of, last if last > first else msgspec.UNSET)


# Variables of engines that start one program many times: the index, the number of programs, and the first index, which
# may be a variable too; of a Slurm array the step as well. The first that is set counts.
ENGINES = (
    ("INPAINT_BENCH_SHARD_INDEX", "INPAINT_BENCH_SHARD_COUNT", "1", "1"),
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"),
    ("PBS_ARRAY_INDEX", "PBS_ARRAY_COUNT", "1", "1"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "0", "1"),
    ("RANK", "WORLD_SIZE", "0", "1"),
    ("SLURM_PROCID", "SLURM_NTASKS", "0", "1"),
)


def shard_of(environment: Mapping[str, str]) -> tuple[int, int]:
    """The shard (k, n) that an engine gives this process, by its variables.

    Raises InputError where none is set, or where they do not make a shard.
    """
    for index, count, *others in ENGINES:
        if index not in environment:
            continue
        values = [environment.get(name, name if name.isdecimal() else "1") for name in others]
        given = [environment[index], environment.get(count, ""), *values]
        try:
            place, of, first, step = map(int, given)
            number = (place - first) // step + 1
            exact = (place - first) % step == 0
        except (ValueError, ZeroDivisionError):
            number, of, exact = 0, 0, False
        if not (exact and 1 <= number <= of):
            raise InputError(f"{index}={given[0]} and {count}={given[1] or '(not set)'} make no shard. Give K/N.")
        return number, of
    names = ", ".join(index for index, *_ in ENGINES)
    raise InputError(f"no variable says which shard this is: none of {names} is set. Give K/N, as in 2/8.")
