"""What fails the build of the documentation beside what mkdocs itself looks for."""

from dataclasses import fields

import click
import pytest
import site_hooks
import site_pages
import yaml  # type: ignore[import-untyped]
from mkdocstrings_handlers.python import PythonOptions
from site_api import undocumented
from site_blocks import INCLUDED, ROOT, PageError
from site_examples import fenced


def test_no_public_name_lacks_a_docstring() -> None:
    assert list(undocumented()) == []


def test_a_command_that_no_page_shows_is_refused() -> None:
    with pytest.raises(PageError, match="inpaint-bench run: no page has an example of this command"):
        site_pages.command_pages({})


def test_an_option_without_a_help_text_is_refused() -> None:
    command = click.Command("run", params=[click.Option(["--colour"])], help="Run.")
    uses = {"inpaint-bench run": [("Start", "start.md")]}
    with pytest.raises(PageError, match=r"inpaint-bench run --colour: the option has no help"):
        list(site_pages._command("inpaint-bench run", command, click.Context(command), uses))


def test_a_path_of_the_repository_that_is_not_there_is_refused() -> None:
    with pytest.raises(PageError, match=r"page.md: the repository has no docs/nothing.md"):
        site_hooks._check_paths("See `docs/nothing.md`.", "page.md")


def test_links_of_pages_that_lie_elsewhere_lead_to_pages_or_become_names() -> None:
    page, source = "contributing/index.md", INCLUDED["contributing/index.md"]
    text = "[the format](protocols/README.md#keys), [licence](LICENSE), [numbers](docs/concepts/numbers.md)"
    moved = (
        "[the format](../reference/protocols/format.md#keys), licence (`LICENSE`), [numbers](../concepts/numbers.md)"
    )
    assert site_hooks._relink(text, page, source) == moved
    with pytest.raises(PageError, match=r"the link to nothing.md leads nowhere"):
        site_hooks._relink("[x](nothing.md)", page, source)


def test_the_page_of_exit_codes_names_the_error_of_each() -> None:
    (text,) = site_pages.exit_code_page().values()
    for code, name in ((2, "InputError"), (3, "IncompleteError"), (4, "NotComparableError"), (5, "HashError")):
        assert f"| {code} | `{name}`" in text
    assert "| 130 | stopped by SIGINT" in text


def test_options_of_the_python_reference_are_those_of_its_handler() -> None:
    plugins = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["plugins"]
    (handlers,) = [plugin["mkdocstrings"]["handlers"] for plugin in plugins if "mkdocstrings" in plugin]
    known = {field.name for field in fields(PythonOptions)}
    named = set(handlers["python"]["options"])
    assert named <= known  # others end the build, but for an environment that happens to have pydantic


def test_examples_of_a_docstring_are_code() -> None:
    text = "Adds.\n\n>>> one = {'a': [1]}\n>>> one['a'][0]\n1\n\nMore.\n\nExamples:\n    >>> 2\n    2"
    moved = "Adds.\n\n```pycon\n>>> one = {'a': [1]}\n>>> one['a'][0]\n1\n```\n\nMore.\n\nExamples:\n    >>> 2\n    2"
    assert fenced(text) == moved
