"""A file at a URL, by pooch: bounded, tried again after what passes, resumed where an earlier attempt stopped."""

import importlib.util
import re
import sys
import time
from pathlib import Path
from typing import IO, Any

TRIES = 4
WAIT = 1.0  # seconds before the second try; twice as long before each further one
TIMEOUT = (20.0, 60.0)  # seconds to connect, and between two pieces
MOST = 64 << 30  # bytes of a file
PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses that may be gone at the next try
REMEDIES = {
    401: "it asks for a password",
    403: "it refuses access",
    404: "nothing is there: the link died",
    410: "nothing is there any more",
}


class SourceError(Exception):
    """A source did not give the file; the text ends 'SOURCE: …'."""


class _Writer:
    """The end of a partial file. A response decides whether its bytes follow what is there or begin anew."""

    def __init__(self, file: IO[bytes], validator: Path, most: int) -> None:
        self.file, self.validator, self.most = file, validator, most
        self.wanted: int | None = None  # bytes of the whole file, as the server says

    def begin(self, response: Any, *_: object, **__: object) -> None:
        """Hook of requests: look at the head of a response before its bytes come."""
        if response.status_code not in (200, 206):
            return
        have = self.file.seek(0, 2)
        length = response.headers.get("Content-Length", "")
        if response.status_code == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
            if not found or int(found[1]) != have:
                raise SourceError("it answered with another part of the file than was asked for")
            self.wanted = int(found[3])
        else:
            self.file.truncate(0)
            self.wanted = int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
        if self.wanted is not None and self.wanted > self.most:
            raise SourceError(f"it says that the file has {self.wanted:,} bytes; at most {self.most:,} are fetched")
        self.validator.write_text(_validator(response.headers), encoding="utf-8")

    def write(self, data: bytes) -> int:
        """Append, within the bound."""
        if self.file.tell() + len(data) > self.most:
            raise SourceError(f"it sent more than {self.most:,} bytes")
        return self.file.write(data)

    def flush(self) -> None:
        """Nothing: the file is flushed when it is closed."""


def fetch(url: str, into: Path, most: int = MOST) -> Path:
    """The file at a URL, as `data` in an existing folder, which also holds what an earlier attempt left.

    Raises SourceError with the reason after the last try. What came by then stays, for the next attempt.
    """
    import requests

    for attempt in range(TRIES):
        if attempt:
            time.sleep(WAIT * 2 ** (attempt - 1))
        try:
            return _fetch_once(url, into, most)
        except requests.HTTPError as error:
            status = error.response.status_code
            reason = REMEDIES.get(status, f"it answered {status} {error.response.reason or ''}".rstrip())
            if status == 416:  # what is here is no beginning of what is there
                (into / "data").unlink(missing_ok=True)
            elif status not in PASSING:
                raise SourceError(reason) from error
        except requests.Timeout:
            reason = f"it was silent for {TIMEOUT[1]:.0f} s"
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            reason = "the connection broke off"
        except requests.ConnectionError as error:
            reason = _unreachable(error)
        except (requests.RequestException, ValueError) as error:
            raise SourceError(f"it cannot be asked ({str(error)[:200]})") from error
    raise SourceError(f"{reason}, {TRIES} times")


def _fetch_once(url: str, into: Path, most: int) -> Path:
    import pooch

    path, validator = into / "data", into / "validator"
    have = path.stat().st_size if path.is_file() else 0
    mark = validator.read_text(encoding="utf-8") if validator.is_file() else ""
    headers = {"Accept-Encoding": "identity", "User-Agent": "inpaint-bench"}
    if have and mark:  # without a mark nobody can say whether it is still the same file
        headers |= {"Range": f"bytes={have}-", "If-Range": mark}
    with open(path, "ab" if have and mark else "wb") as file:
        writer = _Writer(file, validator, most)
        downloader = pooch.HTTPDownloader(
            progressbar=_bar(), chunk_size=1 << 16, timeout=TIMEOUT, headers=headers, hooks={"response": writer.begin}
        )
        downloader(url, writer, None)
        came = file.tell()
    if writer.wanted is not None and came != writer.wanted:
        path.unlink()
        raise SourceError(f"it announced {writer.wanted:,} bytes and sent {came:,}")
    return path


def _validator(headers: Any) -> str:
    """What says that a file is still the same: its strong ETag, else the day it was changed."""
    etag = str(headers.get("ETag", ""))
    return etag if etag.startswith('"') else str(headers.get("Last-Modified", ""))


def _unreachable(error: Exception) -> str:
    text = str(error)
    if "IncompleteRead" in text or "Connection broken" in text:
        return "the connection broke off"
    if "timed out" in text.lower():
        return "it was silent for too long"
    return "it cannot be reached"


def _bar() -> bool:
    """Whether someone watches a bar on stderr."""
    return sys.stderr.isatty() and importlib.util.find_spec("tqdm") is not None  # with which pooch draws it
