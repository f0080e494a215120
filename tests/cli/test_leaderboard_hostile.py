"""Hostile files of the leaderboard end in one sentence, and packed bytes come back as they were or not at all."""

from pathlib import Path

import gate_runs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submitted import forge, packed, submitted
from terminal import Terminal

from inpaint_bench.errors import BenchError
from inpaint_bench.report.leaderboard.packed import MOST_UNPACKED, Packed, pack, unpack


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submitted(gate_runs.copy(gate_runs.finished_run(tmp_path_factory), "run"))


def bomb() -> dict[str, str]:
    return packed(b"0" * (MOST_UNPACKED + 10))


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        (0, "[" * 100_000, "more than"),
        (3, "[" * 100_000, "line 4"),
        (0, '{"leaderboard": ' + "9" * 5000 + "}", "line 1"),
        (1, '{"pairs": 5}', "line 2"),
        (2, '{"scores": {"sha256": "' + "0" * 64 + '", "gzip": "!!!!"}}', "line 3: cannot be unpacked"),
        (2, '{"scores": {"sha256": "' + "0" * 64 + '", "gzip": "H4sI"}}', "was cut"),
        (3, '{"schema": 2}', "line 4"),
        (3, "\x00\xff", "line 4"),
    ],
)
def test_a_hostile_line_ends_in_one_sentence(terminal: Terminal, file: Path, line: int, text: str, words: str) -> None:
    lines = file.read_text().splitlines()
    lines[line] = text
    file.write_text("\n".join([*lines, ""]))
    terminal("leaderboard", "check", file).refuses(2, "telea.jsonl", words)


def test_a_decompression_bomb_is_not_unpacked(terminal: Terminal, file: Path) -> None:
    forge(file, lambda lines: lines[2].update(scores=bomb()))
    terminal("leaderboard", "check", file).refuses(2, "unpacks to more than")


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\n\n\n\n"])
def test_what_is_no_submission_is_refused(terminal: Terminal, data: bytes) -> None:
    Path("telea.jsonl").write_bytes(data)
    terminal("leaderboard", "check", "telea.jsonl").refuses(2, "telea.jsonl")


@given(st.binary(max_size=300))
@settings(max_examples=40)
def test_packing_gives_the_same_bytes_back(data: bytes) -> None:
    assert unpack(pack(data), "here") == data


@given(st.binary(min_size=1, max_size=80), st.data())
@settings(max_examples=60)
def test_no_changed_letter_of_packed_bytes_goes_unnoticed(data: bytes, chosen: st.DataObject) -> None:
    whole = pack(data)
    place = chosen.draw(st.integers(0, len(whole.gzip) - 1))
    letter = chosen.draw(st.sampled_from("ABCDabcd0123+/= "))
    changed = Packed(whole.sha256, whole.gzip[:place] + letter + whole.gzip[place + 1 :])
    try:
        assert unpack(changed, "here") == data  # as where the letter is of gzip's head, which says who packed it
    except BenchError as error:
        refused = error
    else:
        return
    assert refused.exit_code in (2, 5)
