"""The data of the leaderboard's page: its numbers are those of the files, and text of files stays text."""

from pathlib import Path
from typing import Any

import gate_runs
import msgspec
import pytest
from submitted import submitted
from terminal import Terminal

from inpaint_bench import files
from inpaint_bench.analysis.reported import read_all
from inpaint_bench.analysis.results import REFERENCES, read_results
from inpaint_bench.api.leaderboard import build_leaderboard, check_leaderboard
from inpaint_bench.report.leaderboard.papers import reported_rows
from inpaint_bench.report.leaderboard.submission import read_submission

SEED = files.shipped("results") / "leaderboard"
STRANGE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"


def data_of(page: Path) -> dict[str, Any]:
    """The data of a page."""
    first, text = (page.parent / "data.js").read_text().split("\n", 1)
    assert first == "// inpaint-bench leaderboard 1"
    found = msgspec.json.decode(text.removeprefix("window.BOARD = ").rstrip().removesuffix(";"))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gate_runs.copy(gate_runs.finished_run(tmp_path_factory), "run")


def test_text_of_a_card_stays_text_in_page_and_badge(run: Path) -> None:
    submitted(run, title=STRANGE, authors=[STRANGE], measured_by=STRANGE, bibtex=STRANGE)
    page = build_leaderboard("board", "leaderboard")
    written = [path for path in page.parent.rglob("*") if path.is_file() and path.suffix in (".html", ".js", ".svg")]
    assert not [path for path in written if "alert(" in path.read_text() and path.name != "data.js"]
    assert "<" not in (page.parent / "data.js").read_text()
    (row,) = data_of(page)["protocols"][0]["rows"]
    assert (row["title"], row["facts"]["measured by"], row["bibtex"]) == (STRANGE, STRANGE, STRANGE)


def test_every_number_of_the_page_is_that_of_its_file(run: Path) -> None:
    for method in gate_runs.METHODS:
        submitted(run, method)
    page = build_leaderboard("board", "leaderboard")
    protocol = data_of(page)["protocols"][0]
    assert [row["name"] for row in protocol["rows"]] == sorted(gate_runs.METHODS)
    for row in protocol["rows"]:
        found = read_submission(page.parent / row["file"])
        numbers = {(r.bucket, f"{r.metric}|{r.signature}"): r.value for r in found.results}
        shown = {(bucket, key): one["value"] for bucket, of in row["numbers"].items() for key, one in of.items()}
        assert shown
        assert shown.items() <= numbers.items()
        assert {one["basis"] for of in row["numbers"].values() for one in of.values()} == {"derived"}
    tests = protocol["tests"]["all"][protocol["main"]]
    assert len(tests["next"]) == 1  # of two methods with one signature; that with samples has another
    assert (page.parent / "badges/tiny.telea.svg").read_text().startswith("<svg ")


def test_a_badge_and_rows_are_printed(terminal: Terminal, run: Path) -> None:
    submitted(run, bibtex="@article{telea2004}")
    one = next(r for r in read_submission(Path("leaderboard/tiny/telea.jsonl")).results if r.bucket == "all")
    chosen = ("leaderboard/tiny/telea.jsonl", "--dataset", "tiny", "--metric", one.metric)
    terminal("leaderboard", "badge", "telea", *chosen).does("<svg", f"{one.value:.2f} dB", "tiny psnr")
    terminal("leaderboard", "badge", "lama", *chosen).refuses(2, "no method on tiny is called 'lama'")
    rows = ("leaderboard", "rows", *chosen[:3])
    terminal(*rows, "--metrics", "psnr").does(rf"telea & {one.value:.2f} \\")
    terminal(*rows, "--format", "bibtex").does("@article{telea2004}")
    terminal(*rows, "--bucket", "0.9").refuses(2, "no bucket here is called '0.9'")


def test_a_page_is_not_written_over_something_else(terminal: Terminal, run: Path) -> None:
    submitted(run)
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("mine")
    terminal("leaderboard", "build", "leaderboard", "--out", "mine").refuses(2, "something other than a leaderboard")
    terminal("leaderboard", "build", "leaderboard", "--out", "board").does("board/index.html")
    terminal("leaderboard", "build", "leaderboard", "--out", "board").does("board/index.html")


def test_every_reported_cell_of_a_metric_stands_on_the_board_once() -> None:
    cells = [cell for cell in read_all() if cell.dataset and cell.over != "method"]
    rows = reported_rows(read_all())
    assert sum(len(row.numbers) for row in rows) == len(cells)
    assert len({row.id for row in rows}) == len(rows)
    spn = next(row for row in rows if (row.protocol, row.name) == ("paris", "spn") and "Table 1" in row.title)
    assert spn.tier == "reported"
    assert next(n.text for (bucket, _), n in spn.numbers.items() if bucket == "all" and n.column.metric == "psnr") == (
        "29.69"
    )


@pytest.mark.acceptance
def test_the_board_that_ships_agrees_with_its_scores_and_with_the_expected_results() -> None:
    checked = check_leaderboard(SEED)
    path = files.shipped("results") / "expected" / "sample" / "results.jsonl"
    expected = {(r.method, r.metric, r.bucket, r.signature): r for r in read_results(path)}
    assert {entry.submission.method for entry in checked.entries} == {key[0] for key in expected} - {*REFERENCES}
    for entry in checked.entries:
        for one in (one for one in entry.submission.results if one.main):
            other = expected[one.method, one.metric, one.bucket, one.signature]
            assert (other.fingerprint, other.pixels, other.n) == (one.fingerprint, one.pixels, one.n)
            if not one.weights:
                assert (one.value, one.low, one.high) == (other.value, other.low, other.high)
            else:  # a network gives other last bits on another processor: results/expected/sample/policy.toml
                most = {"kid": 2e-3, "det": 1e-2}.get(one.metric[:3], 0)
                assert one.value == pytest.approx(other.value, rel=2e-4, abs=most)


def test_the_seed_is_small() -> None:
    assert sum(path.stat().st_size for path in SEED.rglob("*")) < 1_000_000
