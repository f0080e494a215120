"""BibTeX read by its own rules: entries with fields in braces, braces counted whatever stands before them."""

import re

ENTRY = re.compile(r"@(\w+)\{([^\s,{}]+),")
FIELD = re.compile(r"\s*(\w+) = \{")


def entries(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """The kind, key and fields of every entry. What stands between entries is a comment and holds no '@'."""
    found, at = [], 0
    while match := ENTRY.search(text, at):
        assert "@" not in text[at : match.start()]
        fields, at = {}, match.end()
        while field := FIELD.match(text, at):
            at = field.end()
            start, depth = at, 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            fields[field[1]] = text[start : at - 1]
            at += text[at] == ","
        assert text[at : at + 2] == "\n}", text[at - 40 : at + 10]
        at += 2
        found.append((match[1], match[2], fields))
    return found
