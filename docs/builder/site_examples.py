"""Examples in docstrings as blocks of code: outside of an `Examples:` section Markdown takes `>>>` for quotations."""

import re
from typing import Any

import griffe

EXAMPLES = re.compile(r"^>>> .*(?:\n.*\S.*)*", re.MULTILINE)  # to the next empty line


def fenced(text: str) -> str:
    """A docstring with its examples in fences. An `Examples:` section is indented, and left to the parser."""
    return EXAMPLES.sub(lambda found: f"```pycon\n{found[0]}\n```", text)


class FencedExamples(griffe.Extension):
    """What griffe calls for every object that it reads."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Put the examples of its docstring in fences."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)
