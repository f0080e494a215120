"""The leaderboard: a run as a file to add, files checked against the scores in them, and the page of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_bench import files
from inpaint_bench.api.arguments import AnyPath, Names, as_names, as_path
from inpaint_bench.api.run import Run, as_run
from inpaint_bench.errors import InputError, refuse_unknown

if TYPE_CHECKING:
    from inpaint_bench.report.leaderboard.board import BoardNumber, Column, Row
    from inpaint_bench.report.leaderboard.check import Entry

FOLDER = Path("results") / "leaderboard"  # of a checkout: <protocol>/<method>.jsonl
Files = AnyPath | Sequence[AnyPath] | None  # files and folders of <protocol>/<method>.jsonl; None for what ships


@dataclass(frozen=True, eq=False)
class CheckedFiles:
    """Submissions that agree with their scores and with each other."""

    entries: "tuple[Entry, ...]"

    def to_text(self) -> str:
        """A line for each file: its tier, and how many of its numbers were derived again."""
        lines = []
        for entry in self.entries:
            for one, tier in [(entry.submission, entry.tier), *((again, "measured again") for again in entry.again)]:
                derived = sum(map(entry.derived, one.results))
                stated = f", {rest} stated" if (rest := len(one.results) - derived) else ""
                pairs = f"{len(one.run.pairs)} pairs of {one.protocol}"
                lines.append(f"{one.path}: {tier}; {derived} results derived again from the scores of {pairs}{stated}")
        return "\n".join([*lines, ""])


def submit_run(run: "Run | AnyPath", method: str, card: AnyPath, out: AnyPath | None = None) -> Path:
    """Write a method of a run as a file of the leaderboard; its path.

    `card` is a TOML file that says what the method is and who measured it (docs/how-to/leaderboard.md), or an earlier
    submission, whose card then stays. The file is
    results/leaderboard/<protocol>/<method>.jsonl unless `out` names another; it is checked as `check_leaderboard` does.
    Raises InputError for synthetic weights, a card that is none, and a file of another measurer in its place;
    IncompleteError where pairs are missing or not scored; HashError where files of the run were edited.
    """
    from inpaint_bench.report.leaderboard.card import read_card
    from inpaint_bench.report.leaderboard.check import check_file
    from inpaint_bench.report.leaderboard.submission import read_submission
    from inpaint_bench.report.leaderboard.submit import refuse_path, submission_of

    given = files.expanded(card)
    stated = read_submission(given).header.card if given.suffix == ".jsonl" else read_card(given)
    opened = as_run(run)
    path = as_path(out) or FOLDER / opened.dataset / f"{method}.jsonl"
    data = submission_of(opened, method, stated)
    refuse_path(path, method, opened.dataset, stated)
    files.write_if_changed(path, data)
    check_file(path)
    return path


def check_leaderboard(submissions: Files = None) -> CheckedFiles:
    """Derive every number of submissions again from their scores, and compare them with each other.

    By default those that ship. Raises InputError for a file that is no submission and for two of one name,
    NotComparableError for other pairs, pixels, signatures or missing pairs, and for a re-measurement that does not
    agree, and HashError for numbers that were edited.
    """
    from inpaint_bench.report.leaderboard.check import check_files

    return CheckedFiles(tuple(check_files(_paths(submissions))))


def build_leaderboard(out: AnyPath, submissions: Files = None) -> Path:
    """Write the leaderboard as a page that needs no network, into a folder of its own; the path of index.html.

    It shows the submissions, by default those that ship, and what papers report. Raises as `check_leaderboard` does,
    and InputError where `out` holds something else.
    """
    from inpaint_bench.report.leaderboard.site import board_rows, write_site

    return write_site(board_rows(_paths(submissions)), files.expanded(out))


def leaderboard_rows(
    dataset: str, submissions: Files = None, bucket: str = "all", methods: Names = None, metrics: Names = None,
    format_: str = "latex",
) -> str:  # fmt: skip
    """The rows of a dataset to copy into a paper: as LaTeX, or the BibTeX of their methods.

    Raises InputError for unknown names, and as `check_leaderboard` does.
    """
    from inpaint_bench.report.leaderboard.board import columns_of
    from inpaint_bench.report.leaderboard.rows import latex_head, latex_row

    rows = _rows(dataset, submissions, as_names(methods))
    if format_ == "bibtex":
        entries = dict.fromkeys(row.card.bibtex.strip() for row in rows if row.card and row.card.bibtex)
        return "\n\n".join([*entries, ""]) if entries else ""
    columns = _chosen(columns_of(rows), as_names(metrics))
    refuse_unknown("bucket here is", [bucket], {one for row in rows for one, _ in row.numbers})
    return "\n".join([latex_head(columns), r"\midrule", *(latex_row(row, bucket, columns) for row in rows), ""])


def leaderboard_badge(
    dataset: str, method: str, submissions: Files = None, metric: str = "psnr", bucket: str = "all"
) -> str:
    """A number of a submission as a badge, in SVG. Raises InputError for unknown names."""
    from inpaint_bench.report.leaderboard.rows import badge_of

    row = next((one for one in _rows(dataset, submissions, [method]) if one.submission), None)
    if row is None:
        raise InputError(f"no submission on {dataset} is of '{method}': badges are of what was measured.")
    refuse_unknown("bucket here is", [bucket], {one for one, _ in row.numbers})
    found = {number.column.metric: number for number in _of_bucket(row, bucket)}
    refuse_unknown("metric here is", [metric], found)
    return badge_of(row, found[metric])


def _of_bucket(row: "Row", bucket: str) -> "list[BoardNumber]":
    return [number for (one, _), number in row.numbers.items() if one == bucket]


def _rows(dataset: str, submissions: Files, methods: list[str]) -> "list[Row]":
    from inpaint_bench.report.leaderboard.site import board_rows

    rows = board_rows(_paths(submissions))
    refuse_unknown("dataset here is", [dataset], {row.protocol for row in rows})
    rows = [row for row in rows if row.protocol == dataset]
    refuse_unknown(f"method on {dataset} is", methods, {row.name for row in rows})
    return [row for row in rows if row.name in (methods or [row.name])]


def _chosen(columns: "list[Column]", metrics: list[str]) -> "list[Column]":
    refuse_unknown("metric here is", metrics, {column.metric for column in columns})
    return [column for column in columns if column.metric in (metrics or [column.metric])]


def _paths(given: Files) -> list[Path]:
    """Files as they are, and those in folders."""
    from inpaint_bench.report.leaderboard.check import submitted_files

    listed = [given] if isinstance(given, (str, Path)) else list(given or ())
    paths = [files.expanded(path) for path in listed] or [files.shipped("results") / "leaderboard"]
    return [file for path in paths for file in (submitted_files(path) if path.is_dir() else [path])]
