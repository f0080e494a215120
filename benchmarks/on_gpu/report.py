"""The files of all parts as one page."""

import json
from pathlib import Path
from typing import Any


def write_report(out: Path, parts: list[str]) -> None:
    """Write report.md from the files of the parts that are there."""
    contents = [json.loads(path.read_text()) for path in (out / f"{name}.json" for name in parts) if path.is_file()]
    (out / "report.md").write_text("\n\n".join(["# On a GPU", *map(section, contents)]) + "\n")


def section(content: dict[str, Any]) -> str:
    """A part: how it ended, its rows as a table, its notes."""
    ended = content.get("ended", {})
    lines = [f"## {content.get('title', content['part'])}", "", sentence(ended), ""]
    if rows := content.get("rows"):
        columns = list(dict.fromkeys(name for row in rows for name in row))
        cells = [columns, ["---"] * len(columns), *([shown(row.get(name)) for name in columns] for row in rows)]
        lines += [*(f"| {' | '.join(line)} |" for line in cells), ""]
    facts = "; ".join(f"{name} {value}" for name, value in content.get("machine", {}).items())
    notes = [*content.get("notes", []), *([f"machine: {facts}."] if facts else [])]
    return "\n".join([*lines, *(f"- {note}" for note in notes)]).strip()


def sentence(ended: dict[str, Any]) -> str:
    """How a part ended."""
    last = f" The last line that it printed: `{ended['last_line']}`" if ended.get("last_line") else ""
    return f"{ended['how'].capitalize()}, {ended['seconds']} of {ended['limit_seconds']} s.{last}"


def shown(value: object) -> str:
    """A cell: numbers with four digits, '-' for nothing, and no bar that would end the cell."""
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
