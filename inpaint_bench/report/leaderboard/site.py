"""A leaderboard on disk: one folder with a page that opens without a server or a network."""

from collections.abc import Sequence
from pathlib import Path

from inpaint_bench import files
from inpaint_bench.analysis.reported import read_all
from inpaint_bench.report.leaderboard.board import Row, row_of
from inpaint_bench.report.leaderboard.check import check_files
from inpaint_bench.report.leaderboard.facts import BADGES, FILES, badge_number, facts
from inpaint_bench.report.leaderboard.papers import reported_rows
from inpaint_bench.report.leaderboard.rows import badge_of
from inpaint_bench.report.leaderboard.submission import MOST_BYTES
from inpaint_bench.report.write import DATA, data_script, refuse_strange
from inpaint_bench.report.write import PAGE as REPORT_PAGE

PAGE = files.PACKAGE / "report" / "leaderboard" / "page"
SCHEMA = "// inpaint-bench leaderboard 1"
SHARED = ("report.css", "theme.js", "make.js")  # of the report's page


def board_rows(paths: Sequence[Path], reported: Sequence[Path] = ()) -> list[Row]:
    """The rows of checked submissions and of what papers report: those of some files, or those that ship."""
    return [*map(row_of, check_files(paths)), *reported_rows(read_all(reported))]


def write_site(rows: Sequence[Row], out: Path) -> Path:
    """Write the page of some rows into a folder of its own and return its path, index.html.

    The submissions lie in it too, so that every number is beside the file that it is from. Raises InputError where the
    folder holds something else.
    """
    refuse_strange(out, SCHEMA, "leaderboard")
    files.write_whole(out / DATA, f"{SCHEMA}\n".encode())  # marks the folder as that of a leaderboard
    found = facts(rows)
    written = set()
    for row in rows:
        for one in [row.submission, *row.again] if row.submission else []:
            assert one is not None
            written.add(path := out / FILES / row.protocol / one.path.name)
            files.write_if_changed(path, files.read_bytes(one.path, MOST_BYTES))
        if row.submission and (number := badge_number(row)):
            written.add(path := out / BADGES / f"{row.id}.svg")
            files.write_if_changed(path, badge_of(row, number).encode())
    for asset in [*sorted(PAGE.iterdir()), *(REPORT_PAGE / name for name in SHARED)]:
        files.write_if_changed(out / asset.name, asset.read_bytes())
    files.write_whole(out / DATA, data_script(found, "window.BOARD", SCHEMA))
    for path in [*(out / FILES).glob("*/*.jsonl"), *(out / BADGES).glob("*.svg")]:
        if path not in written:
            path.unlink()  # of a submission that is gone
    return out / "index.html"
