"""The fenced blocks of the documentation's pages: what each is marked as, and which commands stand in it.

The line before a fence is a comment that says what happens to the block:

    <!-- run -->              it is run (bash, python, pycon) and must end well
    <!-- run exit=3 -->       it must end with this exit code
    <!-- output -->           what the block before it printed; '...' stands for anything
    <!-- file NAME -->        it is written to a file, which later blocks use
    <!-- parse REASON -->     it cannot be run here; its commands and its syntax are checked
"""

import ast
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import yaml  # type: ignore[import-untyped]
from markdown_it import MarkdownIt

from inpaint_bench.cli import cli
from inpaint_bench.decode import toml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
INCLUDED = {  # pages of the site that lie elsewhere in the repository
    "contributing/index.md": "CONTRIBUTING.md",
    "reference/metrics/definitions.md": "inpaint_bench/metrics/README.md",
    "reference/protocols/format.md": "protocols/README.md",
    "reference/expected-results.md": "results/expected/README.md",
    "reference/training.md": "baselines/spn/training/README.md",
}
MARKS = ("run", "output", "file", "parse")
RUNS = ("bash", "python", "pycon")
MARK = re.compile(r"^\s*<!-- (run|output|file|parse)\b ?(.*?) ?-->\s*$")
PARTS_COMMANDS = {"|", "||", "&&", ";", "&", "(", ")", "`", "do", "then", "else", "!"}


class PageError(Exception):
    """A page of the documentation is not what it should be; the message names file and line."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its mark and what stands behind the mark, its text."""

    where: str  # file:line
    language: str
    mark: str
    argument: str
    text: str


def sources() -> list[Path]:
    """Every page that holds blocks: those of docs/, those that the site takes from elsewhere, and the README."""
    return [*sorted(DOCS.rglob("*.md")), *(ROOT / path for path in INCLUDED.values()), ROOT / "README.md"]


def read_blocks(text: str, name: str) -> list[Block]:
    """The blocks of a page in order. Raises PageError for one without a mark, or with one that it cannot have."""
    found = []
    mark: re.Match[str] | None = None
    for token in MarkdownIt("commonmark").parse(text):
        where = f"{name}:{token.map[0] + 1}" if token.map else name
        if token.type == "code_block":
            raise PageError(f"{where}: an indented block has no language and no mark. Fence it.")
        if token.type == "fence":
            if mark is None:
                raise PageError(f"{where}: the line before a block must be <!-- {' | '.join(MARKS)} … -->.")
            found.append(Block(where, token.info.strip(), mark[1], mark[2], token.content))
            _check_mark(found)
        mark = MARK.match(token.content) if token.type == "html_block" else None
    return found


def _check_mark(blocks: list[Block]) -> None:
    """Raise PageError where the last block's mark does not suit it."""
    block = blocks[-1]
    if block.mark == "run" and (block.language not in RUNS or not re.fullmatch(r"(exit=\d+)?", block.argument)):
        raise PageError(f"{block.where}: run is for {', '.join(RUNS)}, and takes at most exit=N.")
    if block.mark == "output" and (len(blocks) < 2 or blocks[-2].mark != "run"):
        raise PageError(f"{block.where}: an output follows the block that printed it.")
    if block.mark in ("file", "parse") and not block.argument:
        raise PageError(f"{block.where}: {block.mark} needs {'a name' if block.mark == 'file' else 'a reason'}.")


def check_block(block: Block) -> None:
    """Check a block without running it. Raises PageError for wrong syntax, or a command or option that there is not."""
    try:
        if block.language == "bash":
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
            if done.returncode:
                raise PageError(f"{block.where}: {done.stderr.strip()}")
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "toml":
            toml(block.text.encode(), dict)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            yaml.safe_load(block.text)
        elif block.language not in ("pycon", "text", "csv", "bibtex"):
            raise PageError(f"{block.where}: no check is known for a block of '{block.language}'.")
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        raise PageError(f"{block.where}: {error}") from error
    for words in block_commands(block):
        check_command(words, block.where)


def block_commands(block: Block) -> list[list[str]]:
    """The command lines of inpaint-bench and make in a block of bash, or in the texts of one of YAML."""
    if block.language not in ("bash", "yaml"):
        return []
    text = block.text if block.language == "bash" else re.sub(r"^\s*- ", "", block.text, flags=re.MULTILINE)
    return list(_commands(text))


def _commands(text: str) -> Iterator[list[str]]:
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not re.search(r"\b(inpaint-bench|make)\b", line):
            continue
        lexer = shlex.shlex(line.strip(), posix=True, punctuation_chars="();&|")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in PARTS_COMMANDS:
                yield from filter(None, [_of_ours(words)])
                words = []
            else:
                words.append(word)


def _of_ours(words: list[str]) -> list[str]:
    """A command from its own name on, behind assignments and launchers; [] for a command of others."""
    for number, word in enumerate(words):
        if word in ("inpaint-bench", "make"):
            return words[number:]
        if not ("=" in word or word in ("torchrun", "--no-python", "srun", "python", "-m") or word.startswith("--")):
            if word.isdigit():
                continue
            return []
    return []


def check_command(words: list[str], where: str, whole: bool = True) -> None:
    """Raise PageError where a command, option or choice does not exist, or, of a `whole` one, something lacks."""
    name, *rest = words
    if name == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        for word in rest:
            if "=" not in word and word not in targets:
                raise PageError(f"{where}: make has no target {word}.")
        return
    try:
        _check_arguments(cli, click.Context(cli, info_name=name, **cli.context_settings), rest, whole)
    except click.ClickException as error:
        raise PageError(f"{where}: {' '.join(words)}: {error.format_message()}") from error


def _check_arguments(command: click.Command, context: click.Context, words: list[str], whole: bool) -> None:
    parser = command.make_parser(context)
    parser.allow_interspersed_args = not isinstance(command, click.Group)
    values, rest, _ = parser.parse_args(list(words))
    if isinstance(command, click.Group):
        if rest:
            found = command.get_command(context, rest[0])
            if found is None:
                raise click.UsageError(f"no command is called '{rest[0]}'")
            _check_arguments(found, click.Context(found, context, rest[0], **found.context_settings), rest[1:], whole)
        return
    if "help" in values or "-h" in words:
        return
    if rest:
        raise click.UsageError(f"takes no argument '{rest[0]}'")
    for parameter in command.params:
        given = values.get(str(parameter.name))
        lacks = given is None or parameter.value_is_missing(given)
        if whole and parameter.required and lacks:
            raise click.MissingParameter(ctx=context, param=parameter)
        if isinstance(parameter.type, click.Choice) and isinstance(given, str):
            parameter.type.convert(given, parameter, context)


def inline_commands(text: str) -> Iterator[list[str]]:
    """The command lines that stand between backticks in prose."""
    for code in re.findall(r"`(inpaint-bench [^`]+|make [a-z-]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if "…" not in code and "..." not in code and "<" not in code:
            yield from _commands(" ".join(code.split()))
