"""What a report says of a machine, without where things lie on it."""

import re
from collections.abc import Iterable

# An absolute path, also behind = or : as in mine=folder:/home/me/results; what follows // is an address of the web.
_START = r"(?<![\w.~…/\\])(?:[A-Za-z]:[\\/]|~?/(?!/))"
_IN_TEXT = re.compile(_START + r"[^\s'\",;:=]*")
_IN_WORD = re.compile(_START + r"[^'\",;:=]*")  # a word of a command may hold blanks
_SAFE = re.compile(r"[\w@%+=:,./…-]+")


def without_places(text: str) -> str:
    """The text with each absolute path cut down to its last name: '/home/me/results' becomes '…/results'."""
    return _IN_TEXT.sub(_last_name, text)


def _last_name(path: re.Match[str]) -> str:
    return "…/" + re.split(r"[\\/]", path[0].rstrip("\\/"))[-1]


def command_line(words: Iterable[str]) -> str:
    """A command as it is typed, without the places of the machine that it ran on."""
    return " ".join(_quoted((_IN_TEXT if "exec:" in word else _IN_WORD).sub(_last_name, word)) for word in words)


def _quoted(word: str) -> str:
    return word if _SAFE.fullmatch(word) else "'" + word.replace("'", "'\"'\"'") + "'"
