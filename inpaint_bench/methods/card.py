"""A room's card: everything that is known of a system, and which function of its adapter loads it."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench.errors import InputError
from inpaint_bench.protocols import Name, Spec

Count = Annotated[int, msgspec.Meta(ge=0)]


class Change(Spec, frozen=True):
    """One change to filled weights, as the golden files have it."""

    match: str  # a pattern on tensor names
    op: Literal["set", "multiply", "normal", "abs_normal"]
    value: float | None = None
    ndim: int | None = None


class Filled(Spec, frozen=True):
    """How weights are made from tensor names, for tests and timing."""

    gain: float = 1.0
    ops: tuple[Change, ...] = ()


class Published(Spec, frozen=True):
    """Where the authors publish a weights file, and under which licence."""

    dataset: str
    host: str  # the kind of host: "Google Drive", "Baidu Pan", "repository", …
    id: str
    file: str = ""
    licence: str = "not stated"


class Part(Spec, frozen=True):
    """One network of a system, and where its tensors lie in the authors' files."""

    file: str = ""  # which of the authors' files, where there are several; a pattern on its name
    key: str = ""  # the key of the file's dictionary that holds the state dict; '' when it is the file itself
    prefix: str = ""  # only names that start with this belong to the part; it is taken off
    strip: tuple[str, ...] = ()  # further leading words taken off where they lead, as 'module.'
    name: str = ""  # the word our file puts before the part's names, with its dot; '' for a lone network


class Container(Spec, frozen=True):
    """The authors' weights file: its parts, and what in it is known and left out (patterns on names)."""

    format: Literal["torch", "tensorflow"] = "torch"
    parts: tuple[Part, ...] = (Part(),)
    leave_out: tuple[str, ...] = ()


class Requires(Spec, frozen=True):
    """A package beyond the core: the module that is imported, the extra that installs it."""

    module: str
    extra: str


class MethodCard(Spec, frozen=True):
    """One method of a room. `load` names the function of adapter.py that loads it."""

    name: Name
    title: str
    paper: str
    year: int
    repository: str
    licence: str  # of the authors' code
    commit: str = ""
    load: str = "load"
    golden: tuple[str, ...] = ()  # golden files of its networks, in the room
    stochastic: bool = False
    learned: bool = True  # false: there are no weights to load
    training_data: str = ""
    parameters: Count = 0  # of the inference path, tested against the network
    reported_parameters_m: int | None = None  # the paper's Table 6, in whole millions
    parameters_note: str = ""
    sizes: str = "256"
    weights: tuple[Published, ...] = ()
    container: Container = Container()
    filled: Filled = Filled()
    departures: tuple[str, ...] = ()  # where we do not do what the authors' code does, and why
    requires: Requires | None = None


class Card(Spec, frozen=True):
    """A room's card.toml."""

    schema: Literal[1]
    title: str
    methods: tuple[MethodCard, ...]


def read_card(path: Path) -> Card:
    """A room's card, checked. Raises InputError naming the file and the key."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Card)
    except OSError as error:
        raise InputError(f"{path}: a room needs a card ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}.") from error
