"""What mkdocs calls while it builds the site: generated pages, pages from elsewhere, and checks that fail the build."""

import posixpath
import re

import yaml  # type: ignore[import-untyped]
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from site_api import undocumented
from site_blocks import (
    DOCS,
    INCLUDED,
    MARK,
    ROOT,
    PageError,
    block_commands,
    check_block,
    check_command,
    inline_commands,
    read_blocks,
)
from site_pages import (
    Uses,
    api_pages,
    command_pages,
    exit_code_page,
    method_pages,
    metric_pages,
    notebook_page,
    protocol_pages,
)

NOTEBOOKS = {"tutorials/notebook.md": DOCS / "tutorials" / "quickstart.ipynb"}
MADE: dict[str, str] = {}  # the pages that are no files of docs/
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")
PATH = re.compile(r"`((?:docs|results|protocols|inpaint_bench|baselines|tests|benchmarks)/[\w./-]*)`")


def on_config(config: MkDocsConfig) -> None:
    """Make the pages, and add to the navigation folders of them, and how-to pages that mkdocs.yml does not name."""
    try:
        MADE.update(_pages())
    except PageError as error:
        raise PluginError(str(error)) from error
    nav = config.nav or []
    named = yaml.safe_dump(nav)
    how_to = next(part["How-to"] for part in nav if "How-to" in part)
    how_to += [f"how-to/{path.name}" for path in sorted((DOCS / "how-to").glob("*.md")) if path.name not in named]
    for entry in next(part["Reference"] for part in nav if "Reference" in part):
        for title, path in entry.items() if isinstance(entry, dict) else ():
            if str(path).endswith("/"):
                inside = [page for page in MADE if page.startswith(path) and page != f"{path}index.md"]
                entry[title] = [f"{path}index.md", *inside]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and those that lie elsewhere."""
    for path, text in MADE.items():
        files.append(File.generated(config, path, content=text))
    return files


def _pages() -> dict[str, str]:
    for name in undocumented():
        raise PageError(f"inpaint_bench.{name} is public and has no docstring.")
    included = {path: (ROOT / source).read_text(encoding="utf-8") for path, source in INCLUDED.items()}
    notebooks = {path: notebook_page(source) for path, source in NOTEBOOKS.items()}
    made = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    for path, text in (made | included).items():
        _check_paths(text, path)
    uses = _uses(made | included)
    moved = {path: _relink(text, path, INCLUDED[path]) for path, text in included.items()}
    generated = (
        command_pages(uses) | api_pages() | metric_pages() | method_pages() | protocol_pages() | exit_code_page()
    )
    return moved | notebooks | {path: _absolute(text, path) for path, text in generated.items()}


def _check_paths(text: str, page: str) -> None:
    written = {block.argument for block in read_blocks(text, page) if block.mark == "file"}
    for path in PATH.findall(text):
        if path not in written and not (ROOT / path).exists():
            raise PageError(f"{page}: the repository has no {path}.")


def _uses(pages: dict[str, str]) -> Uses:
    """Which pages have an example of each command; every command in them is checked."""
    uses: Uses = {}
    for path, text in sorted(pages.items(), key=lambda item: ("reference" in item[0], item[0])):
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        blocks = read_blocks(text, path)
        for block in blocks:
            check_block(block)
        lines = [words for block in blocks for words in block_commands(block)]
        for words in inline_commands(text):
            check_command(words, path, whole=False)
            lines.append(words)
        for name in {name for words in lines for name in _names(words)}:
            uses.setdefault(name, []).append((title[1] if title else path, path))
    return uses


def _names(words: list[str]) -> list[str]:
    """The names that a command line may have: 'inpaint-bench run', 'inpaint-bench pairs show'."""
    plain = [word for word in words[1:3] if not word.startswith("-")]
    names = [" ".join(["inpaint-bench", *plain[:count]]) for count in range(1, len(plain) + 1)]
    groups = {"inpaint-bench methods", "inpaint-bench metrics", "inpaint-bench datasets"}
    return [*names, *(f"{name} list" for name in names if name in groups and len(words) == 2)]


def _absolute(text: str, page: str) -> str:
    """Links that begin with '/', from the root of the pages, as relative ones."""
    return re.sub(r"\]\(/([^)#]+)", lambda found: f"]({posixpath.relpath(found[1], posixpath.dirname(page))}", text)


def _relink(text: str, page: str, source: str) -> str:
    """A page that lies elsewhere: links to other pages are kept, those to files that the site lacks become names."""
    where = {path: name for name, path in INCLUDED.items()}

    def link(found: re.Match[str]) -> str:
        label, target, anchor = found[1], found[2], found[3] or ""
        if ":" in target:
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / path).exists():
            raise PageError(f"{source}: the link to {target} leads nowhere.")
        known = where.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else "")
        return (
            f"[{label}]({posixpath.relpath(known, posixpath.dirname(page))}{anchor})"
            if known
            else f"{label} (`{path}`)"
        )

    return LINK.sub(link, text)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leave out the marks of the blocks; a block that is a file gets its name as a title."""
    lines: list[str] = []
    title = ""
    for line in markdown.split("\n"):
        mark = MARK.match(line)
        if mark:
            title = f' title="{mark[2]}"' if mark[1] == "file" else ""
            continue
        lines.append(line + title)
        title = ""
    return "\n".join(lines)
