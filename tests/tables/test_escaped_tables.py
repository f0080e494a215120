"""HTML and Markdown: a name is only text, whatever it holds."""

from html.parser import HTMLParser

from invented import NASTY, result, results

from inpaint_bench.tables.formats import FORMATS, as_markdown
from inpaint_bench.tables.html import as_html
from inpaint_bench.tables.make import make_table
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
    table = make_table(results(list(TAGS)), TableOptions("ablation"))
    page = Page(as_html(table))
    assert page.rows[1:] == [[row.method, *(cell.text for cell in row.cells)] for row in table.rows]
    assert not page.tags & {"script", "img", "w"}


def test_a_page_of_two_datasets_heads_each() -> None:
    page = Page(as_html(make_table(results(["a"], ("tiny", "other")), TableOptions("table1"))))
    assert page.rows[0] == ["", "tiny", "other"]
    assert page.rows[1] == ["", *["0.2-0.4n=7", "0.4-0.6n=7", "Alln=7"] * 2]
    assert page.rows[2][:2] == ["psnr ↑", "a"]


def test_a_page_needs_nothing_else() -> None:
    text = as_html(make_table([result()]))
    assert not any(word in text for word in ("http", "src=", "href=", "url("))
    assert text.startswith("<!DOCTYPE html>")


def test_a_pipe_in_a_name_ends_no_cell_of_markdown() -> None:
    lines = as_markdown(make_table([result(method="a|b <i>*c*")])).splitlines()
    assert r"| psnr ↑ | a\|b \<i\>\*c\* | 20.00 |" in lines


def test_a_dollar_and_an_entity_in_a_name_are_only_text_in_markdown() -> None:
    assert r"| psnr ↑ | a\$b\$ \&lt; | 20.00 |" in as_markdown(make_table([result(method="a$b$ &lt;")]))


def test_every_format_ends_with_one_line_end() -> None:
    for format_ in FORMATS.values():
        text = format_(make_table([result()]))
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
