"""The harness that breaks files finds what it is for: a reader with one planted fault of each kind."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import fuzzing
import pytest
import stand_ins
import watching
from breakage import flip_bits
from fuzzing import Format

from inpaint_bench import files
from inpaint_bench.errors import IncompleteError, InputError, NotComparableError

VALID = b"12345678"
Read = Callable[[], object]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of one file; nothing stands in its place unless a test says so."""
    folder = tmp_path / "session" / "workspace"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(VALID)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(fuzzing, "REPLACED", 0)
    return folder


def found(workspace: Path, read: Read, **facts: object) -> list[str]:
    """The faults that one broken file shows; the valid one is read without any."""

    def careful() -> object:
        data = Path("file").read_bytes()
        return data if data == VALID else read()

    form = Format("planted", "file", (flip_bits,), careful, **facts)  # type: ignore[arg-type]
    return fuzzing.faults(form, workspace, workspace.parents[1] / "scratch", 0, 1)


def swallowing(act: Read) -> Read:
    """A reader that hides whatever goes wrong in it, and refuses the file in a good sentence."""

    def read() -> object:
        with contextlib.suppress(Exception):
            act()
        raise InputError("file: not what it should be.")

    return read


def plain(act: Callable[[], None]) -> Read:
    """A reader that acts and gives the right numbers."""

    def read() -> object:
        act()
        return VALID

    return read


def good() -> object:
    raise InputError("file: not what it should be. Fetch it again.")


def wrong() -> object:
    return b"another number"


def traceback() -> object:
    raise KeyError("missing")


def silent() -> object:
    raise InputError("")


def endless() -> object:
    raise InputError("a" * 10_000)


def test_a_sentence_is_no_fault(workspace: Path) -> None:
    assert found(workspace, good) == []


@pytest.mark.parametrize(
    ("read", "word"),
    [(wrong, "other numbers"), (traceback, "traceback of KeyError"), (silent, "no sentence"), (endless, "no sentence")],
)
def test_other_numbers_tracebacks_and_what_is_no_sentence_are_found(workspace: Path, read: Read, word: str) -> None:
    (fault,) = found(workspace, read)
    assert word in fault
    assert "seed 0" in fault


def test_exit_codes_are_those_that_are_allowed(workspace: Path) -> None:
    def other_pairs() -> object:
        raise NotComparableError("other pairs.")

    def missing() -> object:
        raise IncompleteError("a pair is missing.")

    assert "exit code 4" in found(workspace, other_pairs)[0]
    assert found(workspace, other_pairs, codes=frozenset({4})) == []
    assert found(workspace, missing) == []


def opens_a_socket() -> None:
    socket.socket().close()


def asks_for_an_address() -> None:
    socket.getaddrinfo("127.0.0.1", 80)


def starts_a_program() -> None:
    subprocess.run([sys.executable, "--version"], check=True, capture_output=True)


def writes_beside() -> None:
    Path("../beside").write_text("x")


def writes_at_home() -> None:
    Path.home().joinpath(".config").mkdir()


def writes_temporarily() -> None:
    with tempfile.NamedTemporaryFile():
        pass


def writes_elsewhere() -> None:
    Path("/tmp/of-a-planted-fault").write_text("x")
    Path("/tmp/of-a-planted-fault").unlink()


def writes_through_a_link() -> None:
    Path("link").symlink_to("..")
    Path("link/beside").write_text("x")


def moves_away() -> None:
    Path("file").rename("../beside")


def writes_in_a_thread() -> None:
    thread = threading.Thread(target=writes_temporarily)
    thread.start()
    thread.join()


def opens_a_database() -> None:
    sqlite3.connect(Path("../beside.sqlite")).close()


@pytest.mark.parametrize("hidden", [False, True], ids=["open", "hidden"])
@pytest.mark.parametrize(
    ("act", "word"),
    [
        (opens_a_socket, "socket"),
        (asks_for_an_address, "getaddrinfo"),
        (starts_a_program, "Popen"),
        (writes_beside, "outside"),
        (writes_at_home, "outside"),
        (writes_temporarily, "outside"),
        (writes_elsewhere, "outside"),
        (writes_through_a_link, "outside"),
        (moves_away, "outside"),
        (writes_in_a_thread, "outside"),
        (opens_a_database, "outside"),
    ],
)
def test_sockets_programs_and_writes_outside_are_found_even_where_errors_are_hidden(
    workspace: Path, act: Callable[[], None], word: str, hidden: bool
) -> None:
    (fault,) = found(workspace, swallowing(act) if hidden else plain(act))
    assert word in fault


def test_what_other_code_than_python_writes_outside_is_found(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.Watch, "hear", lambda *_: None)  # as for code that tells Python nothing
    assert "written outside: .config" in found(workspace, swallowing(writes_at_home))[0]
    assert "written outside: beside" in found(workspace, swallowing(writes_beside))[0]


def test_a_socket_that_is_left_open_is_found_without_an_event(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.Watch, "hear", lambda *_: None)
    left: list[socket.socket] = []
    try:
        assert "a socket is left" in found(workspace, swallowing(lambda: left.append(socket.socket())))[0]
    finally:
        left[0].close()


@pytest.mark.skipif(sys.platform != "linux", reason="the system says what memory a process takes")
def test_memory_above_the_bound_is_found(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BYTES", 64 << 20)
    assert "MiB" in found(workspace, swallowing(lambda: bytearray(700 << 20)))[0]  # others may be freed meanwhile
    assert found(workspace, swallowing(lambda: bytearray(20 << 20))) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the system bounds the memory of a process")
def test_memory_that_was_asked_for_and_refused_is_found(workspace: Path) -> None:
    def read() -> object:
        try:
            return bytearray(1 << 40)
        except MemoryError as error:
            raise InputError("file: too large. Make it smaller.") from error

    assert "asked for too much memory" in found(workspace, read)[0]


@pytest.mark.parametrize("wait", [lambda: time.sleep(3), lambda: os.open("pipe", os.O_RDONLY)], ids=["time", "pipe"])
def test_time_above_the_bound_is_found(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, wait: Callable[[], object]
) -> None:
    def read() -> object:
        os.mkfifo("pipe")
        return swallowing(wait)()

    monkeypatch.setattr(watching, "WAITS", 0.01)
    assert "more than 0.2 s" in found(workspace, read)[0]


def test_work_above_the_bound_is_found(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SECONDS", 0.01)
    monkeypatch.setattr(watching, "WAITS", 1000)
    assert "s of work" in found(workspace, swallowing(lambda: sum(range(3_000_000))))[0]


@pytest.mark.parametrize("stand_in", stand_ins.STAND_INS, ids=lambda one: one.__name__)
def test_what_stands_in_the_place_of_a_file_is_refused_at_once(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, stand_in: stand_ins.StandIn
) -> None:
    def read() -> object:
        try:
            return files.read_bytes(Path("file")) or good()
        except FileNotFoundError as error:
            raise InputError("file: there is none.") from error

    monkeypatch.setattr(fuzzing, "REPLACED", 1)
    monkeypatch.setattr(stand_ins, "STAND_INS", (stand_in,))
    form = Format("planted", "file", (flip_bits,), read)
    assert fuzzing.faults(form, workspace, workspace.parents[1] / "scratch", 0, 1) == []
