"""A file on Google Drive, or in a folder there, by gdown (extra `fetch`)."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from inpaint_bench.errors import some
from inpaint_bench.fetch import web
from inpaint_bench.fetch.arrived import KINDS, kind_of_page
from inpaint_bench.fetch.sources import GoogleDrive
from inpaint_bench.fetch.web import SourceError

QUOTA = next(iter(KINDS))


def fetch(source: GoogleDrive, into: Path) -> Path:
    """The file, as `data` in an existing folder, which also holds what an earlier attempt left. Raises SourceError."""
    if importlib.util.find_spec("gdown") is None:
        raise SourceError("the package 'gdown' is not installed. Install it with: pip install 'inpaint-bench[fetch]'")
    import gdown

    file_id = _in_folder(source) if source.path else source.id
    path = into / "data"
    _asked(
        lambda: gdown.download(
            id=file_id, output=str(path), quiet=not sys.stderr.isatty(), use_cookies=False, resume=True,
            timeout=web.TIMEOUT, retries=web.TRIES - 1,
        )
    )  # fmt: skip
    if not path.is_file():
        raise SourceError("nothing came")
    return path


def _in_folder(source: GoogleDrive) -> str:
    """The id of a file in a folder, by its path there; case, blanks, '_' and '-' do not matter."""
    import gdown

    listed = _asked(
        lambda: gdown.download_folder(
            id=source.id, skip_download=True, quiet=True, use_cookies=False, timeout=web.TIMEOUT, output="folder"
        )
    )
    paths = {str(one.path).replace("\\", "/"): str(one.id) for one in listed or ()}
    found = {path: key for path, key in paths.items() if _plain(path) == _plain(source.path)}
    if len(found) == 1:
        return next(iter(found.values()))
    if len(found) > 1:
        raise SourceError(f"the folder holds {source.path} more than once ({some(sorted(found))})")
    if not paths:
        raise SourceError("the folder is empty, or not public")
    cut = "; Drive lists 50 files of a folder at a time, so it may be among the others" if len(paths) % 50 == 0 else ""
    raise SourceError(f"the folder has no {source.path}; it has {some(sorted(paths), 12)}{cut}")


def _plain(path: str) -> str:
    return re.sub(r"[ _-]", "", path).lower()


def _asked(ask: Any) -> Any:
    """What gdown returns. Raises SourceError for what it raises, in a sentence."""
    import requests
    from gdown.exceptions import DownloadError

    try:
        return ask()
    except DownloadError as error:
        raise SourceError(_reason(str(error))) from error
    except requests.Timeout as error:
        raise SourceError("Google Drive was silent for too long") from error
    except requests.RequestException as error:
        raise SourceError("Google Drive cannot be reached") from error
    except (KeyError, AssertionError, AttributeError, TypeError) as error:  # of a page that gdown does not know
        raise SourceError("Google Drive answered with a page that is not understood") from error


def _reason(message: str) -> str:
    """The reason in gdown's messages, which are paragraphs."""
    text = " ".join(message.split())
    kind = kind_of_page(text.encode())
    if kind == QUOTA or "have had many accesses" in text:
        return (
            f"Drive gave {QUOTA}"
            if kind == QUOTA
            else ("the file or folder is not public, was removed, or was fetched by too many people today")
        )
    if "status code 404" in text:
        return "there is no such folder any more"
    return text[:200].rstrip(".")
