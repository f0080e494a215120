"""Folders to and from datasets of the Hugging Face hub, by huggingface_hub, with its token and endpoint."""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench.errors import IncompleteError, InputError
from inpaint_bench.fetch.hub import HUB, refuse_offline
from inpaint_bench.fetch.web import REMEDIES, SourceError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_ADDRESS = re.compile(rf"hf://datasets/({_NAME})/({_NAME})(?:@([A-Za-z0-9][A-Za-z0-9._/-]{{0,99}}))?")


@dataclass(frozen=True)
class Address:
    """A dataset repository of the hub."""

    repo: str  # USER/NAME
    revision: str = ""  # a branch, tag or commit; '' for the default

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The repository of hf://datasets/USER/NAME[@REVISION]. Raises InputError for any other text."""
        found = _ADDRESS.fullmatch(text)
        if found is None or ".." in text:
            raise InputError(f"'{text}' is no address of a dataset; give hf://datasets/USER/NAME, or …/NAME@REVISION.")
        return cls(f"{found[1]}/{found[2]}", found[3] or "")

    def __str__(self) -> str:
        return f"hf://datasets/{self.repo}{f'@{self.revision}' * bool(self.revision)}"


def create(address: Address, public: bool) -> list[str]:
    """Make the repository where there is none, private unless `public`; the names of the files that it holds.

    Raises InputError for a revision, and for a repository that is public where that was not chosen; IncompleteError
    where the hub does not let one in.
    """
    if address.revision:
        raise InputError(f"{address}: a run is pushed to the default branch. Leave out @{address.revision}.")
    with _hub(address, "pushed") as api:
        api.create_repo(address.repo, repo_type="dataset", private=not public, exist_ok=True)
        info = api.dataset_info(address.repo)
        if not public and not info.private:
            raise InputError(f"{address} is public: give --public to push there, or another name.")
        return [one.rfilename for one in info.siblings or ()]


def upload(folder: Path, names: Sequence[str], stale: Sequence[str], address: Address, message: str) -> str:
    """Upload files of a folder, and delete `stale` ones of the repository; the hash of the last commit.

    Names are relative paths without patterns, as the caller has checked. Raises IncompleteError where the hub does not
    take them.
    """
    with _hub(address, "pushed") as api:
        done = api.upload_folder(
            repo_id=address.repo, repo_type="dataset", folder_path=folder, allow_patterns=list(names),
            delete_patterns=list(stale) or None, commit_message=message,
        )  # fmt: skip
        return str(done.oid)


def names_of(address: Address) -> tuple[str, list[str]]:
    """The commit that an address stands for, and the names of the files there. Raises IncompleteError."""
    with _hub(address, "pulled") as api:
        info = api.dataset_info(address.repo, revision=address.revision or None)
        return str(info.sha), [one.rfilename for one in info.siblings or ()]


def download(address: Address, commit: str, names: Sequence[str], into: Path) -> None:
    """Download files of a commit into a folder. Raises IncompleteError where one does not come.

    Names are relative paths without patterns, as the caller has checked.
    """
    with _hub(address, "pulled") as api:
        api.snapshot_download(
            address.repo, repo_type="dataset", revision=commit, local_dir=into, allow_patterns=list(names)
        )
    if missing := [name for name in names if not (into / name).is_file()]:
        raise IncompleteError(f"{address} cannot be pulled: {missing[0]} did not come. Pull it again.")


@contextlib.contextmanager
def _hub(address: Address, doing: str) -> "Iterator[HfApi]":
    """The hub; whatever it answers becomes one sentence. The token is the library's: of `hf auth login` or HF_TOKEN."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        refuse_offline()
        yield HfApi((os.environ.get("HF_ENDPOINT") or HUB).rstrip("/"))
    except SourceError as error:
        raise IncompleteError(f"{address} cannot be {doing}: {error}.") from error
    except (InputError, IncompleteError):
        raise
    except Exception as error:  # of one of two http libraries, by its version
        raise IncompleteError(f"{address} cannot be {doing}: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """What the hub said, in words; no header and no token."""
    from huggingface_hub import errors

    response = getattr(error, "response", None)
    status = int(response.status_code) if response is not None else 0
    if isinstance(error, errors.LocalTokenNotFoundError) or status in (401, 403):
        return "the hub does not let this account. Log in with `hf auth login`, or set HF_TOKEN, and check its rights"
    if isinstance(error, errors.RevisionNotFoundError):
        return "there is no such revision"
    if isinstance(error, errors.RepositoryNotFoundError) or status == 404:
        return "there is no such dataset, or it is private: log in with `hf auth login`, or set HF_TOKEN"
    if status:
        return REMEDIES.get(status, f"the hub answered {status}")
    return f"the hub cannot be reached ({' '.join(f'{type(error).__name__}: {error}'.split())[:160]})"
