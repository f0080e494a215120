"""The grammar of `--methods` and `--metrics`: entries separated by commas, each a NAME or NAME=KIND:TARGET.

An entry, what follows its `=`, or its target may stand in quotes, '…' or "…", within which a comma is a comma; they are
taken off. Elsewhere an apostrophe is an apostrophe, except in a command (exec:), which is quoted as in a shell.
"""

import re
import shlex
import string

from inpaint_bench.errors import InputError

QUOTES = ("'", '"')
COMMAND = re.compile(r"""['"]?[^='"]*=['"]?exec:""")
PARSER = string.Formatter()  # of commands: names in braces


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


def placeholders(entry: str, template: str) -> set[str]:
    """The names in braces of a command line. Raises InputError, which begins with `entry`, where it cannot be read."""
    try:
        parts = [part for word in shlex.split(template) for part in PARSER.parse(word) if part[1] is not None]
    except ValueError as error:
        raise InputError(f"{entry}: {error}. Write {{{{ and }}}} for literal braces, and close quotes.") from error
    return {"".join([field, conversion or "", form or ""]) for _, field, form, conversion in parts if field is not None}
