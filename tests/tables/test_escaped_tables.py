"""HTML and Markdown: a name is only text, whatever it holds."""

import re
from html.parser import HTMLParser

from invented import NASTY, result, results, table_of, texts

from inpaint_bench.tables.formats import SUFFIX
from inpaint_bench.tables.table import TableOptions

TAGS = (NASTY[1], "<script>alert(1)</script>", '"><img src=x>')


class Page(HTMLParser):
    """The rows of a page's tables, as text, and every tag that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.open = False  # whether in a cell
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.open = True
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "th")


def test_a_page_holds_the_cells_and_no_tag_of_a_name() -> None:
    table = table_of(results(list(TAGS)), TableOptions("ablation"))
    page = Page(table.to_html())
    methods = table.heads("row")["method"]
    assert set(methods) == {*TAGS}
    assert page.rows[2:] == [[method, *cells] for method, cells in zip(methods, texts(table), strict=True)]
    assert not page.tags & {"script", "img", "w"}
    assert not Page(table_of([result(dataset=TAGS[2])]).to_html()).tags & {"img"}


def test_a_page_of_two_datasets_heads_each() -> None:
    page = Page(table_of(results(["a"], ("tiny", "other")), TableOptions("table1")).to_html())
    blank = ["\xa0", "\xa0"]
    assert page.rows[0] == [*blank, "tiny", "other"]
    assert page.rows[1] == [*blank, *["0.2-0.4", "0.4-0.6", "All"] * 2]
    assert page.rows[2] == [*blank, *["n=7"] * 6]
    assert page.rows[3][:2] == ["psnr ↑", "a"]


def test_a_page_needs_nothing_else() -> None:
    text = table_of([result()]).to_html()
    assert not any(word in text for word in ("http", "src=", "href=", "url("))
    assert text.startswith("<!DOCTYPE html>")


def markdown_row(method: str) -> str:
    """The row of a method in Markdown, without the blanks that pad it."""
    row = table_of([result(method=method)]).to_markdown().splitlines()[4]
    return re.sub(" +", " ", row)


def test_a_pipe_in_a_name_ends_no_cell_of_markdown() -> None:
    assert markdown_row("a|b <i>*c*") == r"| psnr ↑ | a\|b \<i\>\*c\* | 20.00 |"


def test_a_dollar_and_an_entity_in_a_name_are_only_text_in_markdown() -> None:
    assert markdown_row("a$b$ &lt;") == r"| psnr ↑ | a\$b\$ \&lt; | 20.00 |"


def test_every_format_ends_with_one_line_end() -> None:
    for format_ in SUFFIX:
        text = getattr(table_of([result()]), f"to_{format_}")()
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
