"""What a metric of one's own may give for a pair, and what is said of anything else."""

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from finished import finished_run
from hypothesis import given
from hypothesis import strategies as st

from inpaint_bench.data import datasets
from inpaint_bench.errors import InputError, MethodError
from inpaint_bench.metrics.own_metric import MetricInfo, as_number, own_metric
from inpaint_bench.metrics.registry import declare
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_own import score_own
from inpaint_bench.runner.scores import read_scores, scores_path

ONE = RuntimeOptions("cpu", jobs=1)
Measure = Callable[..., tuple[list[str], dict[str, float]]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunFolder]:
    """A run of four pairs, scored in psnr, and its page."""
    folder = tmp_path_factory.mktemp("own")
    page = tiny.make_dataset(folder, count=4, metrics=["psnr"])
    return page, finished_run(page, folder / "run", ["mean-fill"]).folder


@pytest.fixture
def measure(finished: tuple[Path, RunFolder]) -> Iterator[Measure]:
    """Scores the run in a function or a command; the failures, and the scores by pair."""
    page, run = finished
    dataset = datasets.open_dataset(str(page), None)

    def score(function: Any = None, command: str = "", code: str = "") -> tuple[list[str], dict[str, float]]:
        entry = f"exec:{command}" if command else "python:mine:score"
        declare(own_metric("mine", MetricInfo(entry, code, "lower"), function, command))
        failures = score_own(run, dataset, "mean-fill", ["psnr", "mine"], ONE)
        scores = read_scores(scores_path(run, "mean-fill"))
        assert len([one for one in scores if one.metric == "psnr"]) == 4
        return [str(one) for one in failures], {one.pair: one.value for one in scores if one.metric == "mine"}

    yield score
    score(lambda *_: 0, code="the next test begins anew")


class Odd(KeyboardInterrupt):
    """Not what Ctrl-C raises."""


def raises(error: BaseException) -> Callable[[], float]:
    """A function that raises."""

    def function() -> float:
        raise error

    return function


@pytest.mark.parametrize(
    ("third", "message"),
    [
        (lambda: np.ones(3), "it gave an array of shape (3,); it must give a number."),
        (lambda: torch.ones(1), "it gave an array of shape (1,); it must give a number."),
        (lambda: "good", "it gave str; it must give a number."),
        (lambda: True, "it gave bool; it must give a number."),
        (lambda: np.bool_(True), "it gave bool; it must give a number."),
        (lambda: 1j, "it gave complex; it must give a number."),
        (lambda: math.nan, "it gave nan; it must give a number, or None where the metric is not defined."),
        (lambda: np.float32("nan"), "it gave nan; it must"),
        (lambda: -math.inf, "it gave -inf;"),
        (lambda: 10**400, "OverflowError: int too large to convert to float."),
        (raises(ValueError("no\nface")), "ValueError: no face."),
        (raises(SystemExit(7)), "SystemExit: 7."),
        (raises(Odd()), "Odd."),
        (raises(InputError("a bad pair.")), "a bad pair."),
        (raises(MemoryError()), "out of memory."),
    ],
)
def test_a_function_that_gives_no_number_is_one_sentence_and_what_it_gave_before_is_kept(
    measure: Measure, third: Callable[[], Any], message: str
) -> None:
    calls: list[int] = []

    def function(composite: Any, target: Any, mask: Any) -> Any:
        calls.append(1)
        return third() if len(calls) == 3 else 0.5

    failures, scores = measure(function, code=str(third))
    (failure,) = failures
    assert failure.startswith("mine: pair 00002 of mean-fill failed: ")
    assert message in failure
    assert scores == {"00000": 0.5, "00001": 0.5}
    failures, scores = measure(lambda *_: 0.25, code=str(third))  # as mended: what was measured stays
    assert not failures
    assert list(scores.values()) == [0.5, 0.5, 0.25, 0.25]


def test_ctrl_c_stops(measure: Measure) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(lambda *_: raises(KeyboardInterrupt())(), code="stops")


@given(st.floats(allow_nan=False).filter(lambda value: value > -math.inf))
def test_a_number_of_any_type_is_that_number(value: float) -> None:
    for given_as in (value, np.float64(value), np.array(value), torch.tensor(value, dtype=torch.float64)):
        assert as_number(given_as) == value
    assert math.isnan(as_number(None))


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_a_whole_number_is_a_number(value: int) -> None:
    assert as_number(value) == as_number(np.int64(value)) == value


# --- programs -------------------------------------------------------------------------------------

CSV = "".join(f"0000{number},{number}.5\n" for number in range(4))
NUMBERS = {f"0000{number}": number + 0.5 for number in range(4)}
WRITE = "import pathlib, sys; out = pathlib.Path(sys.argv[1]); "


def command(folder: Path, text: str, then: str = "") -> str:
    """A command that writes a text."""
    (folder / "text").write_text(text)
    (folder / "write.py").write_text(
        f"{WRITE}out.write_bytes(pathlib.Path({str(folder / 'text')!r}).read_bytes()){then}"
    )
    return f"{sys.executable} -S -E {folder / 'write.py'} {{out}} {{composites}}"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (CSV, NUMBERS),
        ("\ufeffpair,value\n" + CSV.replace("\n", "\r\n\r\n"), NUMBERS),
        (CSV.replace("0.5", "inf"), NUMBERS | {"00000": math.inf}),
        ('{"00003": 3.5, "00001": 1.5, "00000": 0.5, "00002": 2.5}', NUMBERS),
        (CSV.replace("2.5", ""), NUMBERS | {"00002": None}),
        ('{"00003": 3.5, "00001": 1.5, "00000": 0.5, "00002": null}', NUMBERS | {"00002": None}),
    ],
)
def test_a_program_gives_numbers_by_pair(
    measure: Measure, tmp_path: Path, text: str, numbers: dict[str, float | None]
) -> None:
    failures, scores = measure(command=command(tmp_path, text), code=str(tmp_path))
    assert not failures
    assert {pair: None if math.isnan(value) else value for pair, value in scores.items()} == numbers


@pytest.mark.parametrize(
    ("text", "then", "message"),
    [
        (CSV[10:], "", "the program gave no number for 1 of 4 pairs: 00000."),
        (CSV + "z,1\n", "", "the program gave numbers for what it was not given: z."),
        (CSV + "00000,1\n", "", "the program gave two numbers for pair 00000."),
        ('{"00000": 1, "00000": 2}', "", "the program gave two numbers for pair 00000."),
        (CSV.replace("0.5", "nan"), "", "pair 00000 of mean-fill failed: it gave nan;"),
        ('{"00000": NaN, "00001": 1, "00002": 1, "00003": 1}', "", "pair 00000 of mean-fill failed: it gave nan;"),
        ('{"00000": [1], "00001": 1, "00002": 1, "00003": 1}', "", "it gave list; it must give a number."),
        (CSV.replace("1.5", "good"), "", "neither a JSON object of numbers by pair nor CSV lines PAIR,NUMBER"),
        (CSV.replace(",", ";"), "", "a line has 1 cells"),
        ("{" * 100_000, "", "neither a JSON object"),
        ('{"00000": ' + "9" * 5000 + "}", "", "neither a JSON object"),
        ("", "", "the program gave no number for 4 of 4 pairs"),
        ("", "; out.unlink()", "the program left no file at {out}; it must write its numbers there."),
        ("", "; out.unlink(); out.symlink_to('/etc/hostname')", "left a link, a folder or no file at {out}"),
        ("", "; out.unlink(); import os; os.mkfifo(out)", "left a link, a folder or no file at {out}"),
        (CSV, "; raise ValueError('late')", "mine: mean-fill: the program ended with code 1: ValueError: late."),
    ],
)
def test_a_program_that_does_not_give_every_number_once_is_one_sentence(
    measure: Measure, tmp_path: Path, text: str, then: str, message: str
) -> None:
    failures, scores = measure(command=command(tmp_path, text, then), code=str(tmp_path))
    (failure,) = failures
    assert failure.startswith("mine: ")
    assert message in failure
    assert not scores


def test_a_metric_that_a_run_declares_has_no_code_here() -> None:
    read = own_metric("mine", MetricInfo("exec:./score {out}", "", "lower"))
    assert read.absent() == (
        "the run declares it, and its code is not given. Give it again: --metrics mine=exec:./score {out}."
    )
    with pytest.raises(MethodError, match="is computed in runs and by `score`, and not of a batch"):
        read.function(None)  # type: ignore[arg-type]
