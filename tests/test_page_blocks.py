"""Every block of the documentation has a mark, right syntax, and commands and options that exist."""

from pathlib import Path

import pytest
from pages import run_page
from site_blocks import (
    ROOT,
    Block,
    PageError,
    block_commands,
    check_block,
    check_command,
    inline_commands,
    read_blocks,
    sources,
)


@pytest.mark.parametrize("page", sources(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_are_marked_and_their_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in read_blocks(text, page.name):
        check_block(block)
    for words in inline_commands(text):
        check_command(words, page.name, whole=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("```bash\nls\n```", "the line before a block must be"),
        ("a paragraph\n\n    ls\n", "an indented block has no language"),
        ("<!-- run -->\n\n<!-- note -->\n```bash\nls\n```", "the line before a block must be"),
        ("<!-- run -->\n```toml\na = 1\n```", "run is for bash, python, pycon"),
        ("<!-- run quickly -->\n```bash\nls\n```", "run is for bash, python, pycon"),
        ("<!-- output -->\n```text\n1\n```", "an output follows the block that printed it"),
        ("<!-- parse -->\n```bash\nls\n```", "parse needs a reason"),
        ("<!-- file -->\n```python\n```", "file needs a name"),
    ],
)
def test_a_block_whose_mark_is_missing_or_unsuitable_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(PageError, match=sentence):
        read_blocks(text, "page.md")


@pytest.mark.parametrize(
    ("language", "text", "sentence"),
    [
        ("bash", "inpaint-bench runn", "no command is called 'runn'"),
        ("bash", "X=1 inpaint-bench run \\\n  --nope", "No such option '--nope'"),
        ("bash", "ls && inpaint-bench table --style table9", "'table9' is not one of"),
        ("bash", "inpaint-bench status", "Missing argument"),
        ("bash", "inpaint-bench doctor now", "takes no argument 'now'"),
        ("bash", "torchrun --nproc-per-node 2 --no-python inpaint-bench train spn", "Missing option '--images'"),
        ("bash", "make coffee", "make has no target coffee"),
        ("bash", "if true", "syntax error"),
        ("yaml", "script:\n  - inpaint-bench gate --junitt a.xml", "No such option '--junitt'"),
        ("yaml", "a: [", "expected"),
        ("toml", "a = ", "Invalid value"),
        ("json", "{", "Expecting"),
        ("python", "def", "invalid syntax"),
        ("ruby", "puts 1", "no check is known"),
    ],
)
def test_a_command_or_syntax_that_does_not_exist_is_refused(language: str, text: str, sentence: str) -> None:
    with pytest.raises(PageError, match=sentence):
        check_block(Block("page.md:1", language, "parse", "a reason", text))


def test_commands_are_found_in_lists_and_behind_assignments_and_comments_are_not() -> None:
    block = Block("page.md:1", "bash", "run", "", "A=1 inpaint-bench run --limit 2 | head  # inpaint-bench nope\n")
    assert block_commands(block) == [["inpaint-bench", "run", "--limit", "2"]]


def test_a_page_is_wrong_where_a_block_fails_or_prints_something_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- file a.txt -->\n```text\nred\n```\n\n<!-- run -->\n```bash\ncat a.txt; echo one two three\n```\n\n"
        "<!-- output -->\n```text\nred\none ... three\n```\n\n<!-- run exit=3 -->\n```bash\nexit 3\n```\n\n"
    )
    (tmp_path / "right").mkdir()
    assert run_page(page, tmp_path / "right", {"PATH": "/usr/bin:/bin"}) == []
    page.write_text(page.read_text().replace("red\none", "blue\none").replace("exit=3", "exit=4"))
    (tmp_path / "wrong").mkdir()
    wrong = run_page(page, tmp_path / "wrong", {"PATH": "/usr/bin:/bin"})
    assert ["it printed" in wrong[0], "exit code 3" in wrong[1], len(wrong)] == [True, True, 2]
