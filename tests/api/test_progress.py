"""Every progress bar ends at its total, and a pair counts once, however many samples it has."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tiny

import inpaint_bench as ib
from inpaint_bench.api import existing, progress

METHODS = {"telea": "telea", "noise": "python:tiny:load_noise"}
METRICS: dict[str, Any] = {"psnr": "psnr", "mine": lambda composite, target, mask: 1.0}
BETTER = {"mine": "lower"}


class Bars:
    """The total of each bar, and by how much it moved, by its name."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.moved: Counter[str] = Counter()

    @contextmanager
    def bar(self, what: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
        self.totals[what] += total
        yield lambda count: self.moved.update({what: count})


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bars]:
    """The bars of the test; at the end each has moved on by its total."""
    found = Bars()
    monkeypatch.setattr(progress, "_bar", found.bar)
    yield found
    assert found.moved == found.totals


@pytest.fixture
def page(tmp_path: Path) -> str:
    return str(tiny.make_dataset(tmp_path, count=4, side=32, size=32))


def test_pairs_are_counted_once_and_composites_where_each_is_scored(page: str, bars: Bars) -> None:
    ib.run(page, METHODS, METRICS, better=BETTER, device="cpu", out="run")
    pairs, samples = 4, 3
    assert +bars.totals == {
        "reading the pairs": pairs,
        "telea": pairs, "telea: scores": pairs, "telea: mine": pairs,
        "noise": pairs, "noise: scores": pairs * samples, "noise: mine": pairs * samples,
    }  # fmt: skip


@pytest.mark.acceptance
def test_features_are_counted_where_they_are_computed(page: str, bars: Bars) -> None:
    ib.run(page, METHODS, ["fd_lite0", "diversity"], device="cpu", out="run")
    assert [bars.totals[f"{name}: lite0"] for name in ("targets", "telea", "noise")] == [4, 4, 4]
    assert bars.totals["noise: samples of a pair"] == 4


def test_what_is_there_already_is_counted_too_when_a_run_is_scored_again(page: str, bars: Bars) -> None:
    ib.run(page, METHODS, ["psnr"], device="cpu", out="run")
    before = bars.totals["noise: scores"]
    existing.score_run("run", ["psnr", "mae"], data="data", device="cpu")
    assert bars.totals["noise: scores"] - before == 12


def test_of_an_interrupted_run_the_rest_is_counted(page: str, bars: Bars) -> None:
    ib.predict(page, METHODS, device="cpu", out="run")
    for name in ("00001", "00002.s1"):
        (composite,) = Path("run").glob(f"*/composites/{name}.png")
        composite.unlink()
    ib.predict(page, METHODS, device="cpu", out="run")
    assert (bars.totals["telea"], bars.totals["noise"]) == (4 + 1, 4 + 1)
