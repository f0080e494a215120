"""The card of a submission: what its authors state of a method, in TOML."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError

MOST_BYTES = 1 << 16  # of a card
MOST_AUTHORS = 200
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
MaybeText = Annotated[str, msgspec.Meta(max_length=300)]
Url = Annotated[str, msgspec.Meta(max_length=500, pattern=r"""^(https?://[^\s<>"'`{}|\\^]+)?\Z""")]
BibTeX = Annotated[str, msgspec.Meta(max_length=5000)]
Year = Annotated[int, msgspec.Meta(ge=1990, le=2100)]
Parameters = Annotated[int, msgspec.Meta(ge=0, le=10**13)]


class EntryCard(Schema, frozen=True):
    """What a submission states of its method; the numbers stand elsewhere."""

    schema: Literal[1]
    title: Text
    authors: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=MOST_AUTHORS)]
    year: Year  # of the paper, or of the code
    code_licence: Text
    weights_licence: Text  # "none" where there are no weights
    measured_by: Text  # a person or a group
    paper: Url = ""
    repository: Url = ""
    parameters: Parameters | None = None  # that a call uses; none where it has none or nobody counted
    training_data: MaybeText = ""
    composites: Url = ""  # where the composites can be had
    bibtex: BibTeX = ""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            for text in value if isinstance(value, tuple) else [value]:
                lines = text.split("\n") if isinstance(text, str) and name == "bibtex" else [text]
                if any(isinstance(line, str) and not line.replace("\t", " ").isprintable() for line in lines):
                    raise ValueError(f"{name} has control characters")


def read_card(path: Path) -> EntryCard:
    """The card in a file. Raises InputError, which names the key, for what is none."""
    try:
        card: EntryCard = decode.toml(files.read_bytes(path, MOST_BYTES), EntryCard)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such card. docs/how-to/leaderboard.md shows one.") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}. docs/how-to/leaderboard.md lists the keys of a card.") from error
    return card
