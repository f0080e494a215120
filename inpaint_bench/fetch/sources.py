"""Where a file is published, as cards and protocol pages list it: a hub, a URL, Google Drive, or a page for people."""

import re
from typing import Annotated, TypeAlias

import msgspec

from inpaint_bench.decode import Schema

FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}"  # of a fetched file; it becomes a path

FileName = Annotated[str, msgspec.Meta(pattern=rf"^({FILE_NAME})?\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Md5 = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?\Z")]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+\Z")]
Size = Annotated[int, msgspec.Meta(ge=1)]


class HuggingFace(Schema, frozen=True, tag_field="kind", tag="huggingface"):
    """A file of a repository on the Hugging Face hub, or on the mirror that HF_ENDPOINT names."""

    repo: str
    file: str
    revision: str  # a commit: a branch may move

    def __str__(self) -> str:
        return f"Hugging Face, {self.repo}/{self.file} at {self.revision[:12]}"


class Http(Schema, frozen=True, tag_field="kind", tag="http"):
    """A file at a URL."""

    url: Url

    def __str__(self) -> str:
        return self.url


class GoogleDrive(Schema, frozen=True, tag_field="kind", tag="google-drive"):
    """A file on Google Drive, or the file `path` within a folder there."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{10,100}\Z")]
    path: str = ""  # within the folder; '' where the id is the file's own

    @property
    def page(self) -> str:
        """The page of the file or folder for people."""
        kind, end = ("drive/folders", "") if self.path else ("file/d", "/view")
        return f"https://drive.google.com/{kind}/{self.id}{end}"

    def __str__(self) -> str:
        return f"Google Drive, {self.id}{f', {self.path}' if self.path else ''}"


class Page(Schema, frozen=True, tag_field="kind", tag="page"):
    """A page from which only a person can fetch the file; `note` says how, with the extraction code if there is one."""

    url: Url
    note: str = ""

    def __str__(self) -> str:
        return f"{self.url}{f' ({self.note})' if self.note else ''}"


Source: TypeAlias = HuggingFace | Http | GoogleDrive | Page


class RemoteFile(Schema, frozen=True):
    """A published file: its name, its sources in the order in which they are tried, what is known of its bytes."""

    file: FileName  # '' where the authors do not state it: then only pages can be its sources
    sources: tuple[Source, ...]
    size: Size | None = None  # bytes
    sha256: Sha256 = ""
    md5: Md5 = ""  # where only that is known

    def __post_init__(self) -> None:
        if not self.file and not self.by_hand:
            raise ValueError("a file without a name can only have pages as sources")

    @property
    def by_hand(self) -> bool:
        """Whether only a person can fetch the file."""
        return all(isinstance(source, Page) for source in self.sources)

    @property
    def pinned(self) -> bool:
        """Whether anyone has stated a hash of the file."""
        return bool(self.sha256 or self.md5)


def from_text(text: str) -> Http | None:
    """The URL that a text is; None for the path of a file."""
    return Http(text) if re.match(r"https?://", text) else None
