"""A file of a repository on the Hugging Face hub, by huggingface_hub: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE count."""

import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench.errors import IncompleteError
from inpaint_bench.fetch import web
from inpaint_bench.fetch.sources import HuggingFace
from inpaint_bench.fetch.web import SourceError

HUB = "https://huggingface.co"


def fetch(source: HuggingFace, into: Path) -> Path:
    """The file, in an existing folder, which also holds what an earlier attempt left. Raises SourceError."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    refuse_offline()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # not what it says of another try
    if not sys.stderr.isatty():
        disable_progress_bars()
    endpoint = os.environ.get("HF_ENDPOINT") or HUB
    for attempt in range(web.TRIES):
        if attempt:
            time.sleep(web.WAIT * 2 ** (attempt - 1))
        try:
            found = hf_hub_download(
                source.repo, source.file, revision=source.revision, local_dir=into, endpoint=endpoint.rstrip("/"),
                token=os.environ.get("HF_TOKEN") or None,
            )  # fmt: skip
            return Path(found)
        except Exception as error:  # of one of two http libraries, by its version
            reason, passing = _reason(source, error)
            if not passing:
                raise SourceError(reason) from error
    raise SourceError(f"{reason}, {web.TRIES} times")


@dataclass(frozen=True)
class Stated:
    """What the hub states of a file: its bytes, and the SHA-256 of a large one; 0 and '' where it states none."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Listing:
    """The files of a repository at a commit."""

    commit: str
    files: dict[str, Stated]


def listing(repo: str, revision: str) -> Listing:
    """What a repository holds at a revision. Raises IncompleteError where the hub does not say."""
    from huggingface_hub import HfApi

    try:
        refuse_offline()
        api = HfApi((os.environ.get("HF_ENDPOINT") or HUB).rstrip("/"), token=os.environ.get("HF_TOKEN") or None)
        info = api.model_info(repo, revision=revision, files_metadata=True)
    except SourceError as error:
        raise IncompleteError(f"{repo} cannot be fetched: {error}.") from error
    except Exception as error:  # of one of two http libraries, by its version
        reason, _ = _reason(HuggingFace(repo, "", revision), error)
        raise IncompleteError(f"{repo} cannot be fetched: {reason}.") from error
    stated = {
        one.rfilename: Stated(one.size or 0, str(one.lfs.sha256) if one.lfs else "") for one in info.siblings or ()
    }
    return Listing(str(info.sha), stated)


def refuse_offline() -> None:
    """Raise SourceError where HF_HUB_OFFLINE is set."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise SourceError("HF_HUB_OFFLINE is set. Unset it to fetch")


def _reason(source: HuggingFace, error: Exception) -> tuple[str, bool]:
    """Why a file did not come, and whether another try may help."""
    from huggingface_hub import errors

    page = f"{HUB}/{source.repo}"
    if isinstance(error, errors.GatedRepoError):
        way = "set HF_TOKEN to a token of an account that may" if _status(error) == 401 else "ask for access"
        return f"the repository is gated: visit {page}, accept its terms, and {way}", False
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"there is no such repository, or it is private ({page}): it may have been renamed or removed", False
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the repository has no revision {source.revision}", False
    if isinstance(error, errors.LocalEntryNotFoundError):
        return _behind(source, error)
    if isinstance(error, errors.EntryNotFoundError):
        return f"the repository has no file {source.file} at {source.revision[:12]}", False
    if isinstance(error, errors.FileMetadataError):
        return "it does not answer as a hub does: check HF_ENDPOINT, and a proxy", False
    if isinstance(error, errors.HfHubHTTPError):
        status = _status(error)
        return web.REMEDIES.get(status, f"the hub answered {status}"), status in web.PASSING
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return "the hub sent another number of bytes than it announced", True
    name = type(error).__name__
    if isinstance(error, (OSError, ValueError)) or "Connect" in name or "Timeout" in name or "Protocol" in name:
        return (
            f"the hub cannot be reached ({' '.join(str(error).split())[:120] or name})",
            False,
        )  # it tried again itself
    raise error


def _behind(source: HuggingFace, error: Exception) -> tuple[str, bool]:
    """The reason within an error that only says that the file is not on this disk."""
    cause = error.__cause__
    if isinstance(cause, Exception) and cause is not error:
        return _reason(source, cause)
    return "the hub cannot be reached", False


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    return int(response.status_code) if response is not None else 0
