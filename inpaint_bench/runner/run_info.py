"""What run.json states of a run, and of what made the composites of its methods."""

from typing import Literal

import msgspec

from inpaint_bench.data.parts import Part
from inpaint_bench.data.protocols import Name, Protocol
from inpaint_bench.decode import Schema
from inpaint_bench.methods.options import Value, in_words
from inpaint_bench.metrics.own_metric import MetricInfo


class MethodInfo(Schema, frozen=True):
    """What produced the composites of a method. A run that resumes must match it."""

    source: str
    code: str
    weights: str  # the hash of the file, '' for a method without
    device: str
    command: tuple[str, ...]
    environment: dict[str, str]
    machine: dict[str, str]
    known_error_allowed: bool = False  # composites were made whatever the known region of the predictions was
    unpinned: tuple[str, ...] = ()  # files of its authors whose hash nobody has stated: see weights.lock.toml
    notes: str = ""  # what was said when it started: of a folder, how its files were read and which were left out
    options: dict[str, Value] = msgspec.field(default_factory=dict)  # the value of each option that the method declares
    mixed: tuple[str, ...] = ()  # facts of machine and environment that were not the same for all composites: allowed

    @property
    def loaded_with(self) -> str:
        """The hash of the weights and the options: what results state, and what one method has only one of."""
        return " ".join(filter(None, (self.weights, in_words(self.options))))


class RunInfo(Schema, frozen=True):
    """run.json."""

    schema: Literal[2]
    protocol: Protocol
    fingerprint: str
    pixels: str  # the pixel digest of the pairs
    part: Part
    pairs: int
    methods: dict[Name, MethodInfo]
    raw: bool = False  # predictions are scored as they are, not composited with the known region
    metrics: dict[Name, MetricInfo] = msgspec.field(default_factory=dict)  # those of one's own
