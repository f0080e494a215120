"""Removes absolute paths of the machine from texts and commands."""

import re
from collections.abc import Iterable

# An absolute path, also after = or : as in mine=folder:/home/me/results; after // it is a web address.
_START = r"(?<![\w.~…/\\])(?:[A-Za-z]:[\\/]|~?/(?!/))"
_IN_TEXT = re.compile(_START + r"[^\s'\",;:=]*")
_IN_WORD = re.compile(_START + r"[^'\",;:=]*")  # an argument may contain blanks
_SAFE = re.compile(r"[\w@%+=:,./…-]+")


def redact_paths(text: str) -> str:
    """The text with each absolute path reduced to its last name: '/home/me/results' becomes '…/results'."""
    return _IN_TEXT.sub(_last_name, text)


def _last_name(path: re.Match[str]) -> str:
    return "…/" + re.split(r"[\\/]", path[0].rstrip("\\/"))[-1]


def redacted_command(words: Iterable[str]) -> str:
    """A command as it is typed in a shell, with absolute paths redacted."""
    return " ".join(_quoted((_IN_TEXT if "exec:" in word else _IN_WORD).sub(_last_name, word)) for word in words)


def _quoted(word: str) -> str:
    return word if _SAFE.fullmatch(word) else "'" + word.replace("'", "'\"'\"'") + "'"
