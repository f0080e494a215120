"""A baseline's card: everything that is known of a system, and which function of its adapter loads it."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.data.protocols import Count, Name
from inpaint_bench.data.references import Key, Reference
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.fetch.sources import RemoteFile
from inpaint_bench.methods.needs import Gigabytes, Needs
from inpaint_bench.methods.options import Option
from inpaint_bench.methods.sizes import Sizes
from inpaint_bench.weights.layout import Container
from inpaint_bench.weights.models import ModelId

MOST_BYTES = 1 << 20  # of a card
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class Published(Schema, frozen=True):
    """The files of a method's weights for a dataset, as the authors publish them."""

    dataset: str
    files: tuple[RemoteFile, ...]
    licence: str = "not stated"
    note: str = ""  # which of several, as "random holes"; of these the first is fetched
    opened: tuple[str, ...] = ()  # the files that are read, where others only have to lie beside them

    def given(self, paths: Mapping[str, Path]) -> list[Path]:
        """The paths that are read, of those of all files."""
        return [path for name, path in paths.items() if name in (self.opened or paths)]


class Requires(Schema, frozen=True):
    """A package beyond the core: the module that is imported, the extra that installs it, and where it can be had."""

    module: str
    extra: str
    where: str = ""  # "on Linux"; by default everywhere


class MethodCard(Schema, frozen=True):
    """One method of a baseline. `load` names the function of adapter.py that loads it."""

    name: Name
    title: str
    paper: str
    year: int
    repository: str
    licence: str  # of the authors' code
    commit: str = ""
    load: str = "load"
    golden: tuple[str, ...] = ()  # golden files of its networks, in the baseline
    stochastic: bool = False
    learned: bool = True  # false: there are no weights to load
    training_data: str = ""
    parameters: NotNegative = 0  # of the inference path, tested against the network
    reported_parameters_m: int | None = None  # the paper's Table 6, in whole millions
    parameters_note: str = ""
    multiple: Count = 1  # height and width in pixels are multiples of this number
    min_size: Count = 1  # and at least this
    exact_size: Count | None = None  # or squares of this side and nothing else
    sizes_note: str = ""
    needs_prompt: bool = False
    memory_gb: Gigabytes = 0.0  # of its device, about; said before a run where there is less
    options: tuple[Option, ...] = ()  # which `load` takes as keywords
    model: ModelId | None = None  # a folder of files in place of one weights file, as diffusers saves models
    libraries: tuple[Name, ...] = ()  # distributions beyond the core whose version may change an output
    note: str = ""  # said before a run
    offloads: bool = False  # `load` takes `offload` too: one part at a time on the GPU
    probed: bool = True  # two images are tried before a run, which detects inverted masks
    weights: tuple[Published, ...] = ()
    ships: str = ""  # the sha256 of NAME.safetensors in the baseline, weights that serve where no others are here
    container: Container = Container()
    departures: tuple[str, ...] = ()  # where we do not do what the authors' code does, and why
    requires: Requires | None = None
    cite: tuple[Key, ...] = ()  # the references of the card that a paper on the method cites

    def __post_init__(self) -> None:
        if self.exact_size is not None and (self.multiple, self.min_size) != (1, 1):
            raise ValueError("exact_size allows one size, so multiple and min_size cannot stand with it")
        if len({option.name for option in self.options}) != len(self.options):
            raise ValueError("an option is declared twice")

    def published(self, dataset: str) -> Published | None:
        """The weights that the authors publish for a dataset, the first where there are several."""
        return next((one for one in self.weights if one.dataset == dataset), None)

    @property
    def sizes(self) -> Sizes:
        """The image sizes that the method takes."""
        return Sizes(self.multiple, self.min_size, self.exact_size)

    @property
    def needs(self) -> Needs:
        """What the method needs before it can run."""
        return Needs(self.sizes, self.needs_prompt, self.memory_gb)


class Card(Schema, frozen=True):
    """A baseline's card.toml."""

    schema: Literal[1]
    title: str
    methods: tuple[MethodCard, ...]
    references: tuple[Reference, ...] = ()

    def __post_init__(self) -> None:
        known = {one.key for one in self.references}
        for method in self.methods:
            if strangers := [key for key in method.cite if key not in known]:
                raise ValueError(f"{method.name} cites '{strangers[0]}', which is not one of the card's references")


def read_card(path: Path) -> Card:
    """A baseline's card, checked. Raises InputError naming the file and the key."""
    try:
        return _parsed(files.read_bytes(path, MOST_BYTES))
    except OSError as error:
        raise InputError(f"{path}: a baseline needs a card ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}.") from error


@functools.lru_cache(64)  # the cards are read at every run of a process, and change little
def _parsed(text: bytes) -> Card:
    card: Card = decode.toml(text, Card)
    return card
