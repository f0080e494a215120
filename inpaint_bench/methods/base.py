"""A prediction job, its predictions, and a method, whatever its kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_bench.data.pair_lists import sample_seed
from inpaint_bench.data.pairs import Pair
from inpaint_bench.data.prepare import Prepared
from inpaint_bench.data.protocols import Protocol
from inpaint_bench.methods.needs import NO_NEEDS, Needs
from inpaint_bench.methods.options import Value
from inpaint_bench.weights import NO_WEIGHTS, Weights

if TYPE_CHECKING:  # heavy
    import torch

    from inpaint_bench.methods.predictions import PredictedImage


@dataclass(frozen=True)
class PredictJob:
    """The pairs a method still has to inpaint, and the options it runs with."""

    page: Protocol
    pairs: Sequence[Pair]
    prepare: Callable[[Pair], Prepared]
    scratch: Path  # a temporary folder for the method's own use; programs exchange files through it
    device: "torch.device"
    batch: int = 8
    jobs: int = 2
    timeout: float | None = None  # seconds that a program may run

    @property
    def samples(self) -> int:
        """The number of samples that a stochastic method draws for each pair."""
        return self.page.samples

    def seeds(self, pair: Pair) -> list[int]:
        """The seeds of the samples of a pair, in order."""
        return [sample_seed(self.page.seed, pair.pair, sample) for sample in range(self.samples)]


@dataclass(frozen=True)
class Prediction:
    """One prediction for one pair; sample is None for a deterministic method."""

    prepared: Prepared
    sample: int | None
    prediction: "PredictedImage"
    source: str = ""  # SHA-256 of the file it was read from; '' if the method computed it


@dataclass(frozen=True)
class Method:
    """A system under test, ready to run."""

    name: str
    source: str  # where it comes from, as recorded in run.json: "baseline rfr", "folder:/…", "callable:mine.inpaint"
    code: str  # hash of its source code; '' where the source is not available
    predict: Callable[[PredictJob], Iterator[Prediction]]
    weights: Weights = NO_WEIGHTS
    load: "Callable[[torch.device], Any] | None" = None  # returns its `inpaint` function; None for folders and programs
    command: str = ""  # the command template of a program; '' for other methods
    title: str = ""  # of the paper's method, from its card; '' for a user's own
    notes: str = ""  # information to print before it starts
    import_code: Callable[[], object] = lambda: None  # of a baseline; raises InputError where that fails
    options: Mapping[str, Value] = field(default_factory=dict)  # the value of each that it declares
    needs: Needs = NO_NEEDS
    libraries: tuple[str, ...] = ()  # distributions beyond the core whose version may change an output
    offloads: bool = False  # it can keep one part at a time on the GPU
    resized: bool = False  # images are resized for it, and its predictions back
    probed: bool = True  # two images are tried before a run, which detects inverted masks
    stale: Callable[[Pair, Mapping[str, str]], bool] | None = None  # by the texts of a composite
