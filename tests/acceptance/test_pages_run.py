"""What the documentation shows, run as it is written."""

from pathlib import Path

import pytest
from pages import environment, run_page
from site_blocks import ROOT, read_blocks, sources

pytestmark = pytest.mark.acceptance

PAGES = [
    page
    for page in sources()
    if any(block.mark == "run" for block in read_blocks(page.read_text(encoding="utf-8"), page.name))
]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache folder for all pages: machine code is compiled once, masks are drawn once."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs_as_written(page: Path, tmp_path: Path, cache: Path) -> None:
    variables = environment(tmp_path, cache)
    (tmp_path / "page").mkdir()
    assert run_page(page, tmp_path / "page", variables) == []


def test_a_script_that_evaluates_a_function_has_at_most_fifteen_lines() -> None:
    page = ROOT / "docs" / "tutorials" / "evaluate.md"
    (script,) = [block for block in read_blocks(page.read_text(), page.name) if block.argument == "evaluate.py"]
    assert len([line for line in script.text.splitlines() if line.strip()]) <= 15
