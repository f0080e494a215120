"""The pages of the reference, made from the code: commands, Python API, metrics, methods, protocols, exit codes."""

import html
import inspect
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import click
from site_api import public_names
from site_blocks import ROOT, PageError

from inpaint_bench import decode, errors
from inpaint_bench.api import listing
from inpaint_bench.cli import cli
from inpaint_bench.data.protocols import page_names
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.metrics.registry import CHOOSABLE, find, signature

Uses = dict[str, list[tuple[str, str]]]  # command → title and path of each page with an example of it


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command that does something, by its whole name, in the order of the help."""
    yield from _below(cli, click.Context(cli, info_name="inpaint-bench", **cli.context_settings))


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, context, name, **command.context_settings)
        if isinstance(command, click.Group):
            yield from _below(command, inner)
        else:
            yield inner.command_path, command, inner


def command_pages(uses: Uses) -> dict[str, str]:
    """A page for each command or group of commands. Raises PageError for one without a text or an example."""
    by_page: dict[str, list[str]] = {}
    rows = [
        "# Commands",
        "",
        "Every option can also be set as `INPAINT_BENCH_<OPTION>`; `--data` and `--weights` cannot.",
        "",
    ]
    rows += ["| command | |", "| --- | --- |"]
    for name, command, context in commands():
        page = name.split()[1]
        by_page.setdefault(page, [f"# {page}", ""]).extend(_command(name, command, context, uses))
        rows.append(f"| [`{name}`]({page}.md#{name.replace(' ', '-')}) | {command.short_help} |")
    pages = {f"reference/commands/{page}.md": "\n".join(lines) for page, lines in by_page.items()}
    return {"reference/commands/index.md": "\n".join(rows)} | pages


def _command(name: str, command: click.Command, context: click.Context, uses: Uses) -> Iterator[str]:
    if not (command.help or "").strip():
        raise PageError(f"{name}: the command has no help.")
    if name not in uses:
        raise PageError(f"{name}: no page has an example of this command.")
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    yield from (f"## {name} {{ #{name.replace(' ', '-')} }}", "", "```text", usage, "```", "")
    yield from (_prose(inspect.cleandoc(str(command.help))), "")
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield from ("| option | |", "| --- | --- |")
        yield from (_option(name, one, context) for one in options)
        yield ""
    links = ", ".join(f"[{title}](/{path})" for title, path in uses[name])
    yield from (f"Used in: {links}", "")


def _option(name: str, option: click.Option, context: click.Context) -> str:
    shown = option.get_help_record(context)
    if not option.help or shown is None:
        raise PageError(f"{name} {option.opts[0]}: the option has no help.")
    what, text = shown
    return f"| {_code(what)} | {_prose(text).replace('|', '&#124;')} |"


def _code(text: str) -> str:
    return f"<code>{html.escape(text).replace('|', '&#124;')}</code>"


def _prose(text: str) -> str:
    """Plain text as Markdown: what looks like markup is none, but for code between backticks."""
    parts = re.split(r"(`[^`]*`)", text.replace("\b", ""))
    return "".join(one if one.startswith("`") else re.sub(r"([*_<>\[\]{}])", r"\\\1", one) for one in parts)


def api_pages() -> dict[str, str]:
    """The page of the Python API: every public name, from its docstring."""
    lines = ["# Python API", "", "`import inpaint_bench as ib`; names are imported when they are first used.", ""]
    for name, target, _ in public_names():
        lines += [f"## ib.{name} {{ #{name} }}", "", f"::: {target}", ""]
    lines += ["## Metrics in training loops", ""]
    for target in ("torch_metrics.ImageMetric", "sets.torch_metrics.FrechetDistance"):
        lines += [f"### {target.split('.')[-1]}", "", f"::: inpaint_bench.metrics.{target}", ""]
    return {"reference/python.md": "\n".join(lines)}


def metric_pages() -> dict[str, str]:
    """The list of metrics, and their definitions: the docstrings of the functions that compute them."""
    lines = [
        "# Metrics",
        "",
        f"The {len(CHOOSABLE)} metrics that ship. [Definitions and pitfalls](definitions.md) compares ",
    ]
    lines[-1] += "them with what other code computes under the same names."
    lines += ["", "| metric | better | unit | whose number | |", "| --- | --- | --- | --- | --- |"]
    for row in listing.metrics().to_dict("records"):
        first = _prose(row["summary"]).replace("|", "&#124;")
        lines.append(
            f"| [`{row['metric']}`](#{row['metric']}) | {row['better']} | {row['unit']} | {row['used_by']} | {first} |"
        )
    for name in CHOOSABLE:
        metric = find(name)
        text = listing.definition(metric)
        if not text.strip():
            raise PageError(f"{name}: the metric has no definition.")
        lines += ["", f"## {name} {{ #{name} }}", "", _docstring(text), ""]
        lines += [f"Signature: `{signature(metric, 'round', False)}`"]
    return {"reference/metrics/index.md": "\n".join(lines)}


def _docstring(text: str) -> str:
    """A docstring as Markdown; its lists stay lists."""
    return re.sub(r"\n(?=- )", "\n\n", _prose(text), count=1)


def method_pages() -> dict[str, str]:
    """The list of methods, and a page for each baseline with the cards of its methods."""
    rows = ["# Methods", "", "| method | year | licence of code | stochastic | |", "| --- | --- | --- | --- | --- |"]
    pages: dict[str, list[str]] = {}
    for name, (baseline, card) in find_baselines().items():
        page = baseline.folder.name
        title = decode.toml((baseline.folder / "card.toml").read_text(encoding="utf-8"))["title"]
        lines = pages.setdefault(page, [f"# {title}", "", f"From `baselines/{page}/card.toml`.", ""])
        lines += [f"## {name} {{ #{name} }}", "", "| | |", "| --- | --- |"]
        facts = [(what, fact) for what, fact in listing.show_method(name) if what != "baseline"]
        lines += [f"| {what} | {_prose(fact).replace('|', '&#124;')} |" for what, fact in facts]
        lines += [""]
        stochastic = "yes" if card.stochastic else ""
        rows.append(
            f"| [`{name}`]({page}.md#{name}) | {card.year or ''} | {card.licence} | {stochastic} "
            f"| {_prose(card.title)} |"
        )
    named = {f"reference/methods/{page}.md": "\n".join(lines) for page, lines in pages.items()}
    return {"reference/methods/index.md": "\n".join(rows)} | named


def protocol_pages() -> dict[str, str]:
    """The list of protocols, and a page for each: its facts and the TOML page itself."""
    rows = [
        "# Protocols that ship",
        "",
        "[The format](format.md) explains every key.",
        "",
        "| dataset | pairs | |",
        "| --- | --- | --- |",
    ]
    pages = {}
    for name in page_names():
        facts, get = listing.show_dataset(name)
        shown = [(what, fact) for what, fact in facts if what not in ("data", "page", "pixel digests")]
        text = (ROOT / "protocols" / f"{name}.toml").read_text(encoding="utf-8")
        lines = [f"# {name}", "", "| | |", "| --- | --- |", *(f"| {what} | {_prose(fact)} |" for what, fact in shown)]
        lines += ["", f"Data: {_prose(get)}", "", f"## protocols/{name}.toml", "", "```toml", text.strip(), "```"]
        pages[f"reference/protocols/{name}.md"] = "\n".join(lines)
        known = dict(facts)
        rows.append(f"| [`{name}`]({name}.md) | {known['pairs'].split(',')[0]} | {_prose(known['title'])} |")
    return {"reference/protocols/index.md": "\n".join(rows)} | pages


def exit_code_page() -> dict[str, str]:
    """The exit codes: those of the errors, and those of a command that finds something or is stopped."""
    of_errors: dict[int, list[str]] = {}
    for error in (
        errors.InputError,
        errors.IncompleteError,
        errors.MethodError,
        errors.NotComparableError,
        errors.HashError,
    ):
        of_errors.setdefault(error.exit_code, []).append(f"`{error.__name__}`: {error.__doc__}")
    of_signals = {128 + number: f"stopped by {number.name}" for number in (signal.SIGINT, signal.SIGTERM)}
    lines = [
        "# Exit codes",
        "",
        "An error is one sentence on stderr: what, where, what is allowed, what to do. A traceback is a defect.",
        "",
    ]
    lines += ["| code | meaning |", "| ---: | --- |", "| 0 | done |"]
    lines += [
        "| 1 | drift (`gate`), a contradiction (`claims check`), a network that differs (`check`), or something that "
        "`run` needs is missing (`doctor`) |"
    ]
    lines += [f"| {code} | {' '.join(texts)} |" for code, texts in sorted(of_errors.items())]
    lines += [
        f"| {code} | {text}; what was finished is kept, and the same command goes on |"
        for code, text in of_signals.items()
    ]
    lines += [
        "",
        "In Python the names are exceptions, all of them `ib.BenchError`; `exit_code` is an attribute of each.",
    ]
    return {"reference/exit-codes.md": "\n".join(lines)}


def notebook_page(path: Path) -> str:
    """A notebook as Markdown: texts as they are, code in fences."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ("".join(cell["source"]) for cell in cells)
    shown = [
        text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
        for cell, text in zip(cells, texts, strict=True)
    ]
    return "\n\n".join(shown)
