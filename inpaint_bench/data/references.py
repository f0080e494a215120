"""References: what a paper cites, kept as fields beside what it is a reference of, and printed as BibTeX."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from inpaint_bench import decode, files
from inpaint_bench.decode import Schema
from inpaint_bench.errors import InputError
from inpaint_bench.escape import bibtex

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,59}\Z")]
Author = Annotated[str, msgspec.Meta(pattern=r"^(\{[^\n]+\}|[^,{\n]+(, [^,\n]+)?)\Z")]
VENUE = {"article": "journal", "inproceedings": "booktitle", "misc": "howpublished"}


class Reference(Schema, frozen=True):
    """A publication. An author is 'First Last', 'von Last, First', or an organisation in braces, '{Name}'."""

    key: Key
    kind: Literal["article", "inproceedings", "misc"]
    title: str
    authors: tuple[Author, ...] = ()
    venue: str = ""  # the journal, the proceedings, or how it was published
    year: Annotated[int, msgspec.Meta(ge=1900, le=2100)] | None = None
    url: Annotated[str, msgspec.Meta(pattern=r"^(https://[A-Za-z0-9/._~-]+)?\Z")] = ""
    note: str = ""

    def to_bibtex(self) -> str:
        """The entry as BibTeX, in which every field is text and nothing else; it ends with a line break."""
        names = [f"{{{bibtex(name[1:-1])}}}" if name.startswith("{") else bibtex(name) for name in self.authors]
        fields = {
            "author": " and ".join(names),
            "title": f"{{{bibtex(self.title)}}}",  # a second pair of braces keeps capitals
            VENUE[self.kind]: bibtex(self.venue),
            "year": str(self.year or ""),
            "url": self.url,
            "note": bibtex(self.note),
        }
        lines = [f"  {name} = {{{text}}}" for name, text in fields.items() if text]
        return f"@{self.kind}{{{self.key},\n" + ",\n".join(lines) + "\n}\n"


class References(Schema, frozen=True):
    """A file of references, and which of them names cite: a name is a pattern, and all that match it count."""

    schema: Literal[1]
    cite: dict[str, tuple[Key, ...]]
    references: tuple[Reference, ...]

    def keys_of(self, name: str) -> tuple[str, ...] | None:
        """The keys that a name cites, each once; () where the name stands for itself, None where it is not known."""
        found = [keys for pattern, keys in self.cite.items() if fnmatchcase(name, pattern)]
        return tuple(dict.fromkeys(key for keys in found for key in keys)) if found else None


def read_references(path: Path) -> References:
    """A file of references. Raises InputError naming the file and the key."""
    try:
        found: References = decode.toml(files.read_bytes(path), References)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: {error}.") from error
    return found


def of_datasets() -> References:
    """The references of the datasets, and of the sets and kinds of masks, that the package knows."""
    return read_references(Path(__file__).with_name("references.toml"))


def by_key(references: Iterable[Reference]) -> Mapping[str, Reference]:
    """The references by key. Raises InputError where one key has two meanings."""
    found: dict[str, Reference] = {}
    for one in references:
        if found.setdefault(one.key, one) != one:
            raise InputError(f"two references have the key '{one.key}' and differ: give one of them another key.")
    return found
