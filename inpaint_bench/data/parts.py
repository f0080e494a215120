"""The part of a dataset that a run covers: the whole, the first pairs, or a shard."""

from typing import Annotated, Literal

import msgspec

from inpaint_bench.decode import Schema

Number = Annotated[int, msgspec.Meta(ge=1)]


class Part(Schema, frozen=True):
    """The whole dataset, its first `count` pairs, or shard `index` of `count`. False for the whole."""

    kind: Literal["whole", "first", "shard"] = "whole"
    index: Number = 1
    count: Number = 1

    def __bool__(self) -> bool:
        return self.kind != "whole"

    def __str__(self) -> str:
        """'first 3', 'shard 2/8'; '' for the whole."""
        return {"whole": "", "first": f"first {self.count}", "shard": f"shard {self.index}/{self.count}"}[self.kind]

    @property
    def suffix(self) -> str:
        """What the name of a run's folder ends with: '.first3', '.2of8'; '' for the whole."""
        return {"whole": "", "first": f".first{self.count}", "shard": f".{self.index}of{self.count}"}[self.kind]


WHOLE = Part()
