"""One idea has one word, and it is the field's: words that the project used before stand nowhere any more."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from inpaint_bench.cli import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("inpaint_bench", "baselines", "benchmarks", "docs", "protocols", "results", "tests", ".")
KINDS = {".py", ".md", ".toml", ".js", ".html", ".yml", ".cff"}
HERE = Path(__file__)
OF_BEFORE = {HERE, ROOT / "results" / "expected" / "convert.py"}  # which reads what was written before

# What must not be found in any text, and what is meant by another word there.
PHRASES = {
    r"\brooms?\b|\bROOM|--rooms|_rooms?\b|\brooms?_": "baseline",
    r"records\.jsonl`? (?!became)|\bRecords?\b|(?:read|write)_records|records_path": "result",
    r"(?:\b|_)evidence(?:\b|_)|\bEvidence\b": "per-pair data",
    r"\bstandings?\b(?! (?:in|on|for|alone))|\bStandings?\b|told[ _]apart": "significance",
    r"\bfilled weights\b|=filled\b|\bFILLED\b|filled_weights|'filled'|\"filled\"": "synthetic weights",
    r"half against half|against the other half": "real vs real (split half)",
    r"\bby heart\b": "overfitting check",
    r"\bceilings?\b": "upper bound",
    r"\bthe floor\b|\ba floor\b|null_floor|\bfloors\b": "lower bound",
    r"torch_sums|metrics[./]sums|metrics[./]windows|metrics[./]conventions|metrics[./]catalogue": "the new name",
    r"\bkinds\.py\b|claims[./](?:sums|hidden)|evidence[./]|timing[./](?:laps|subjects)|report[./]places": "new name",
    r"training[./](?:start|step|state|team|logs|perception|compiling)\b|training/photographs\.py": "the new name",
    r"[Nn]umbers that stay|[Ss]hare[ _]out": "regression gate, sharding",
    r"\b(?:training|inspect\w*) wing\b|\ba wing\b|\bwings?\b": "package",
    r"wha?t networks make of": "image features",
}
# Names of variables, parameters, functions, classes and attributes.
IDENTIFIERS = {
    "told", "asked", "said", "evidence", "standings", "standing", "judge", "judged", "room", "rooms", "record",
    "records", "pace", "Pace", "Spec", "Look", "Place", "Places", "Work", "Made", "Told", "Asked", "Record", "Room",
    "filled", "FILLED", "floor_of", "ceiling", "ceilings", "floors", "Shown", "aside", "asides",
}  # fmt: skip
OF_OTHERS = {  # names that libraries give
    "record": {"render.py", "timer.py", "timing.py", "test_timer.py"},  # of logging.Handler.emit, of torch.cuda.Event
}
FILES = re.compile(
    r"(?:^|/)(?:kinds|catalogue|conventions|torch_sums|standings|judge|evidence|laps|subjects|places|hidden|own|words|rooms"
    r"|records)(?:\.py|/|$)"
)


@functools.cache
def texts() -> dict[Path, str]:
    """Every text of the project, but this test and what others wrote."""
    found = {}
    for folder in FOLDERS:
        paths = (ROOT / folder).glob("*") if folder == "." else (ROOT / folder).rglob("*")
        for path in paths:
            if path.suffix in KINDS and path not in OF_BEFORE and path.is_file() and "__pycache__" not in path.parts:
                found[path] = path.read_text(encoding="utf-8")
    return found


@pytest.mark.parametrize("pattern", PHRASES, ids=PHRASES.values())
def test_no_text_uses_a_word_of_before(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path, text in texts().items()
        if re.search(pattern, text)
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert not found, "\n".join([PHRASES[pattern], *found])


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that a module gives, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno


def test_no_name_in_the_code_is_a_word_of_before() -> None:
    found, any_word = [], re.compile(rf"\b(?:{'|'.join(IDENTIFIERS)})\b")
    for path, text in texts().items():
        if path.suffix == ".py" and any_word.search(text):
            tree = ast.parse(text)
            found += [
                f"{path.relative_to(ROOT)}:{line}: {name}"
                for name, line in names(tree)
                if name in IDENTIFIERS and path.name not in OF_OTHERS.get(name, set())
            ]
    assert not found, "\n".join(found)


def test_no_file_has_a_name_of_before() -> None:
    assert [str(path) for path in texts() if FILES.search(str(path.relative_to(ROOT)))] == []


def commands(group: click.Group, context: click.Context) -> Iterator[click.Command]:
    """Every command, those within groups too."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield command
        if isinstance(command, click.Group):
            yield from commands(command, context)


def test_every_command_has_a_short_help_that_is_not_cut() -> None:
    assert COMMANDS
    context = click.Context(cli, **cli.context_settings)
    for command in commands(cli, context):
        assert command.short_help, command.name
        assert len(command.short_help) <= 50, command.name
        assert "..." not in command.get_short_help_str(80)


def test_help_texts_say_reference_activations() -> None:
    for command in commands(cli, click.Context(cli, **cli.context_settings)):
        text = command.get_help(click.Context(command, info_name=command.name, **cli.context_settings))
        assert "golden file" not in text.lower().replace("\n", " "), command.name
