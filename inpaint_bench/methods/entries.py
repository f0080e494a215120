"""The grammar of `--methods` and `--metrics`: entries separated by commas, each a NAME or NAME=KIND:TARGET.

An entry, what follows its `=`, or its target may stand in quotes, '…' or "…", within which a comma is a comma; they are
taken off. Elsewhere an apostrophe is an apostrophe, except in a command (exec:), which is quoted as in a shell.
"""

import re

from inpaint_bench.errors import InputError

QUOTES = ("'", '"')
COMMAND = re.compile(r"""['"]?[^='"]*=['"]?exec:""")


def split_methods(text: str, option: str = "--methods") -> list[str]:
    """The entries of an option. Raises InputError for a quote that is not closed."""
    entries, quoted, current = [], "", ""
    for letter in text:
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in QUOTES and _opens(current.lstrip()):
            quoted = letter
        if letter == "," and not quoted:
            entries.append(current)
            current = ""
        else:
            current += letter
    if quoted and not COMMAND.match(current.lstrip()):  # a command is looked at where it is read
        raise InputError(f"{option}: the quote {quoted} is not closed in {current.strip()}.")
    return [unquoted(entry.strip()) for entry in [*entries, current] if entry.strip()]


def _opens(before: str) -> bool:
    """Whether a quote opens a quotation after what stands before it in its entry."""
    return not before or bool(re.fullmatch(r"[^=:]*=(\w+:)?", before) or COMMAND.match(before))


def unquoted(text: str) -> str:
    """The text without the quotes around the whole of it."""
    return text[1:-1] if text[:1] in QUOTES and text.find(text[0], 1) == len(text) - 1 else text
