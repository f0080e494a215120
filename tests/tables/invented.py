"""Results and times that no run gave, and names that every format must bear."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inpaint_bench.analysis.reductions import Reduction
from inpaint_bench.analysis.reported import Reported
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.run import RunData
from inpaint_bench.analysis.significance import SignificanceTable, ranks_of
from inpaint_bench.data.parts import WHOLE
from inpaint_bench.runner.run_info import MethodInfo
from inpaint_bench.tables.build import PLAIN, cost_table_of, make_table
from inpaint_bench.tables.formats import cell_text
from inpaint_bench.tables.table import Table, TableOptions
from inpaint_bench.timing import Cost, Memory, Series, Setting, Timing, write_timing

NASTY = (
    "a_b%c&d#e$f{g}h~i^j\\k",
    '[x] *y* --z-- `u\' "v" <w>',
    "| pipe | \\textbf{q} $x$ %",
)


def result(**changes: Any) -> Result:
    """A result of the dataset tiny, with some of its facts changed."""
    facts: dict[str, Any] = {
        "schema": 2, "dataset": "tiny", "fingerprint": "f" * 12, "pixels": "e" * 64, "part": WHOLE, "method": "telea",
        "weights": "", "bucket": "all", "metric": "psnr", "reduction": "none", "signature": "psnr:rgb:u8r:comp:v1",
        "value": 20.0, "n": 7, "source": "measured", "scores": "", "code": "",
    }  # fmt: skip
    return Result(**{**facts, **changes})


def mae(value: float, **changes: Any) -> Result:
    """A result of the paper's MAE."""
    return result(metric="mae_spn", signature="mae_spn:rgb:channel-mean:u8t:comp:v1", value=value, **changes)


def fd(n: int, **changes: Any) -> Result:
    """A result of a Fréchet distance of n pictures."""
    return result(metric="fd_lite0", signature="fd_lite0:v1", value=31.4, n=n, **changes)


def best_of_5(**changes: Any) -> Result:
    """A result of the best of five samples by PSNR."""
    best = Reduction("best", 5, 5, "psnr")
    return result(reduction=best.name, signature=f"psnr:rgb:u8r:comp:v1{best.suffix}", **changes)


def results(methods: list[str], datasets: tuple[str, ...] = ("tiny",)) -> list[Result]:
    """Results of every method, in two metrics and three buckets, with intervals."""
    return [
        make(
            value=(20.0 + number) / scale,
            low=(19.5 + number) / scale,
            high=(20.5 + number) / scale,
            method=method,
            bucket=bucket,
            dataset=dataset,
        )
        for dataset in datasets
        for number, method in enumerate(methods)
        for make, scale in ((result, 1.0), (mae, 500.0))
        for bucket in ("0.2-0.4", "0.4-0.6", "all")
    ]


def timing(method: str, seconds: float = 0.02, **changes: Any) -> Timing:
    """The times of a method that takes so long."""
    series = Series((seconds,) * 3, (seconds,) * 3, "wall", 2, True)
    whole = Series((2 * seconds,), (seconds,), "wall", 2, True)
    made_by = MethodInfo("baseline", "", "", "cpu", (), {}, {})
    facts: dict[str, Any] = {
        "schema": 1, "method": method, "title": method, "made_by": made_by, "setting": Setting("cpu"),
        "pictures": "some",
        "network": series, "end_to_end": whole, "samples": 1, "network_of_samples": None,
        "cost": Cost(49_640_000, 123_456_000_000, {}), "memory": Memory(300 * 2**20, "peak"),
        "machine": {"processor": "a chip", "threads": "1"}, "unstable": (), "day": "2024-01-01",
    }  # fmt: skip
    return Timing(**{**facts, **changes})


def table_of(
    some: Sequence[Result],
    options: TableOptions = PLAIN,
    ranks: SignificanceTable | None = None,
    absent: Mapping[str, str] | None = None,
    reported: Sequence[Reported] = (),
) -> Table:
    """A table of results that no run folder holds, with their significance; nothing is ranked unless it says so."""
    return make_table([(RunData.__new__(RunData), some)], options, absent, reported, ranks_of(ranks or {}))


def costs_of(folder: Path, timings: Sequence[Timing], options: TableOptions, reported: str = "") -> Table:
    """A table of times, each in a run folder of its own."""
    folders = [folder / f"timing{number}" for number in range(len(timings))]
    for one, timing in zip(folders, timings, strict=True):
        write_timing(one, timing)
    return cost_table_of(folders, options, reported)


def texts(table: Table) -> list[list[str]]:
    """The cells, row by row."""
    found: list[list[str]] = table.cells(cell_text, "-").to_numpy().tolist()
    return found


def marked(table: Table) -> list[list[str]]:
    """How each cell ranks, row by row."""
    ranks: list[list[str]] = table.cells(lambda number: str(number.rank), "").to_numpy().tolist()
    return ranks


def heads(table: Table) -> list[str]:
    """The headings of the columns."""
    titles: list[str] = table.heads("column")["title"].tolist()
    return titles
