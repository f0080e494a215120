"""One published file, fetched from the first source that gives it, in quarantine until its size and hash are right."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inpaint_bench import disk, files
from inpaint_bench.errors import HashError, IncompleteError
from inpaint_bench.fetch import arrived, drive, hub, web
from inpaint_bench.fetch.mirrors import Wanted
from inpaint_bench.fetch.sources import GoogleDrive, Http, HuggingFace, Page, RemoteFile, Source
from inpaint_bench.fetch.web import SourceError


@dataclass(frozen=True)
class Got:
    """A file that is here, and where it came from."""

    path: Path
    source: str


def have(wanted: Wanted, folder: Path, say: Callable[[str], None], then: str = "") -> Got:
    """A file on this disk, or one that is fetched into a folder. Raises what `get` raises."""
    if wanted.path is not None:
        check_hash(wanted.path, wanted.file, str(wanted.path))
        return Got(wanted.path, str(wanted.path))
    path = get(wanted.file, folder, say, then)
    return Got(path, _source_of(path).read_text(encoding="utf-8") if _source_of(path).is_file() else "")


def get(file: RemoteFile, folder: Path, say: Callable[[str], None], then: str = "") -> Path:
    """The file, whole and of the stated size and hash, as `folder / file.file`; fetched unless it is there already.

    Sources are tried in order, and `say` is told of each. What a broken attempt left stays in the folder, and the next
    call goes on from there. `then` says what to do with a file that a person fetched.
    Raises IncompleteError, which names what each source answered and the pages to visit, where none gives the file,
    and HashError where what came has another hash than the stated one.
    """
    if file.by_hand:
        raise IncompleteError(_by_hand(file, [], then))
    target = folder / file.file
    if target.is_file():
        check_hash(target, file, str(target))
        return target
    failures: list[str] = []
    wrong: HashError | None = None
    for source in file.sources:
        if isinstance(source, Page):
            continue
        say(f"Fetching {file.file} from {source}")
        into = folder / f"{file.file}.parts" / files.sha256(str(source).encode())[:12]
        try:
            disk.make_folder(into)
            came = _from(source, into, file.size or web.MOST)
            _check(came, file, source)
        except SourceError as error:
            failures.append(f"{source}: {error}")
            say(failures[-1] + ".")
        except HashError as error:
            wrong = error
            shutil.rmtree(into, ignore_errors=True)
            say(str(error))
        except OSError as error:
            raise files.cannot_write(into, error) from error
        else:
            files.write_whole(_source_of(target), str(source).encode())
            disk.rename(came, target)
            shutil.rmtree(folder / f"{file.file}.parts", ignore_errors=True)
            return target
    if wrong is not None:
        raise wrong
    raise IncompleteError(_by_hand(file, failures, then))


def _source_of(target: Path) -> Path:
    """The file beside a fetched one that says where it came from."""
    return target.with_name(f".{target.name}.source")


def _from(source: Source, into: Path, most: int) -> Path:
    if isinstance(source, HuggingFace):
        return hub.fetch(source, into)
    if isinstance(source, GoogleDrive):
        return drive.fetch(source, into)
    assert isinstance(source, Http)
    return web.fetch(source.url, into, most)


def _check(came: Path, file: RemoteFile, source: Source) -> None:
    """Raise SourceError for what is no file, or not all of it, and HashError for another file."""
    if what := arrived.not_a_file(arrived.first_bytes(came)):
        shutil.rmtree(came.parent, ignore_errors=True)
        raise SourceError(f"it sent {what}")
    size = came.stat().st_size
    if file.size is not None and size != file.size:
        shutil.rmtree(came.parent, ignore_errors=True)
        raise SourceError(f"it sent {size:,} bytes; the file has {file.size:,}")
    check_hash(came, file, str(source))


def is_stated(path: Path, file: RemoteFile) -> bool:
    """Whether bytes have every hash that is stated for a file."""
    return all(_hash(path, kind) == stated for kind, stated in _stated(file))


def _stated(file: RemoteFile) -> list[tuple[str, str]]:
    return [(kind, stated) for kind, stated in (("sha256", file.sha256), ("md5", file.md5)) if stated]


def check_hash(path: Path, file: RemoteFile, where: str) -> None:
    """Raise HashError, which names the file, where a hash is stated and the bytes have another one."""
    for kind, stated in _stated(file):
        if (found := _hash(path, kind)) != stated:
            raise HashError(
                f"{file.file}: {where} has the {kind} {found[:12]}; {stated[:12]} is stated for it. It is another file "
                "than the one that was published, or damaged, and is not used."
            )


def _hash(path: Path, kind: str) -> str:
    with open(path, "rb") as file:
        digest = hashlib.new(kind, usedforsecurity=False)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _by_hand(file: RemoteFile, failures: list[str], then: str) -> str:
    """The error of a file that no source gave."""
    tried = f" Tried: {'; '.join(failures)}." if failures else ""
    pages = [_page_of(source) for source in file.sources]
    where = " or ".join(dict.fromkeys(page for page in pages if page))
    hand = f" Fetch it by hand from {where}." if where else ""
    return f"{file.file or 'The file'} could not be fetched.{tried}{hand}{f' {then}' if then else ''}"


def _page_of(source: Source) -> str:
    """Where a person can fetch a file."""
    if isinstance(source, Page):
        return str(source)
    if isinstance(source, GoogleDrive):
        return source.page
    return f"{hub.HUB}/{source.repo}" if isinstance(source, HuggingFace) else ""
