"""A run that somebody watches: tables while methods are at work, and the files of one that nobody watches."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from selection import quick
from terminal import Terminal, write_method

from inpaint_bench.api import stages
from inpaint_bench.api.outcome import Outcome
from inpaint_bench.api.pipeline import Pipeline
from inpaint_bench.cli import run_cli
from inpaint_bench.errors import HashError, MethodError
from inpaint_bench.methods.base import Method
from inpaint_bench.weights import NO_WEIGHTS, Weights

METHODS = f"telea,{tiny.NOISE},mean-fill"
METRICS = ["ssim", "lpips_alex", "psnr", "mae", "fd_lite0"]


class Ended(BaseException):
    """The process was killed."""


@pytest.fixture(autouse=True)
def _every_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table after every method, however fast."""
    monkeypatch.setattr(stages, "PAUSE", 0.0)


@pytest.fixture
def page(tmp_path: Path) -> str:
    return str(tiny.make_dataset(tmp_path, count=6, side=32, size=32, metrics=METRICS))


@pytest.fixture(scope="module")
def unwatched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run whose methods are all inpainted, then all scored."""
    folder = tmp_path_factory.mktemp("unwatched")
    page = tiny.make_dataset(folder, count=6, side=32, size=32, metrics=METRICS)
    assert tiny.run(page, folder / "run", "--device", "cpu", methods=METHODS) == 0
    return files_of(folder / "run")


def files_of(run: Path) -> dict[str, bytes]:
    """The files of a run, without its path in a table's notes."""
    return {name: data.replace(str(run).encode(), b"RUN") for name, data in tiny.outcome(run).items()}


def pipeline(page: str, methods: Any = METHODS, **options: Any) -> Pipeline:
    return Pipeline(page, methods, out="run", device="cpu", quiet=True, **options)


def shown_by(page: str, methods: Any = METHODS, **options: Any) -> list[Outcome]:
    """What is shown before the end of a run."""
    shown: list[Outcome] = []
    pipeline(page, methods, **options).run(shown.append)
    return shown


def methods_of(shown: list[Outcome]) -> list[set[str]]:
    return [{one.method for one in outcome.run.result_list} for outcome in shown]


def test_a_table_is_shown_after_every_method_in_the_metrics_of_pixels(page: str, unwatched: dict[str, bytes]) -> None:
    shown = shown_by(page)
    assert methods_of(shown) == [{"telea"}, {"telea", "noise"}, {"telea", "noise", "mean-fill"}]
    assert {one.metrics.names for one in shown} == {("ssim", "psnr", "mae")}
    assert [one.methods for one in shown][-1] == ("telea", "noise", "mean-fill")
    assert files_of(Path("run")) == unwatched


def test_the_order_of_methods_changes_no_byte(page: str, unwatched: dict[str, bytes]) -> None:
    shown_by(page, ",".join(reversed(METHODS.split(","))))
    assert files_of(Path("run")) == unwatched


@pytest.mark.parametrize("tables", quick([1, 2, 3], [2]))
def test_a_run_killed_between_two_stages_is_resumed_to_the_same_bytes(
    page: str, unwatched: dict[str, bytes], tables: int
) -> None:
    shown: list[Outcome] = []

    def die(outcome: Outcome) -> None:
        shown.append(outcome)
        if len(shown) == tables:
            raise Ended

    with pytest.raises(Ended):
        pipeline(page).run(die)
    assert run_cli(["table", "run", "--metrics", "psnr"]) == 0  # what was shown is there
    pipeline(page).run(shown.append)
    assert files_of(Path("run")) == unwatched


def test_what_was_measured_before_is_still_measured_after_a_kill(page: str) -> None:
    pipeline(page, "telea", metrics="mse").run()

    def die(outcome: Outcome) -> None:
        raise Ended

    with pytest.raises(Ended):
        pipeline(page, "telea,mean-fill", fresh="telea").run(die)
    run = pipeline(page, "telea,mean-fill").run().run
    assert {one.method for one in run.result_list if one.metric == "mse"} == {"telea", "mean-fill"}


def test_nothing_is_shown_early_where_there_are_results_in_other_metrics(page: str) -> None:
    pipeline(page, "telea").run()
    assert shown_by(page, "telea,mean-fill") == []


def test_nothing_is_shown_early_of_a_shard(page: str) -> None:
    assert shown_by(page, shard=(1, 2)) == []


def test_the_last_table_is_shown_once_where_nothing_slow_is_measured(page: str) -> None:
    assert methods_of(shown_by(page, "telea,mean-fill", metrics="psnr")) == [{"telea"}]


def test_a_method_that_fails_keeps_the_tables_of_the_others(page: str) -> None:
    entry = write_method("raise ValueError('no')")
    shown: list[Outcome] = []
    outcome = pipeline(page, f"telea,{entry},mean-fill").run(shown.append)
    assert methods_of(shown) == [{"telea"}, {"telea", "mean-fill"}]
    assert [type(one) for one in outcome.failures] == [MethodError]


def test_what_cannot_be_scored_ends_the_run_once_every_method_has_inpainted(page: str) -> None:
    pipeline(page, "telea").predict()
    path = Path("run/telea/composites/00001.png")
    path.write_bytes(Path("run/telea/composites/00002.png").read_bytes())
    with pytest.raises(HashError, match="known region is not that of the target of pair 00001"):
        shown_by(page, "telea,mean-fill")
    assert len(list(Path("run/mean-fill/composites").iterdir())) == 6


def test_methods_without_weights_come_first() -> None:
    def made(name: str, weights: Weights) -> Method:
        return Method(name, "baseline", "", lambda job: iter(()), weights)

    network = dataclasses.replace(NO_WEIGHTS, sha256="5b1e09c2")
    methods = [made("a", network), made("b", NO_WEIGHTS), made("c", network), made("d", NO_WEIGHTS)]
    assert [one.name for one in stages.classical_first(methods)] == ["b", "d", "a", "c"]


def test_a_terminal_shows_every_table_and_a_pipe_the_last(
    page: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", "--dataset", page, "--methods", "telea,mean-fill", "--device", "cpu")
    piped = terminal(*command, "--out", "piped")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    watched = terminal(*command, "--out", "watched")
    assert watched.out.count("(n=6)") == 3
    assert watched.out.endswith(piped.out.replace("piped", "watched"))
    assert piped.out.count("(n=6)") == 1
    assert "to come: mean-fill, lpips_alex, fd_lite0, kid_lite0.\n" in watched.err
    assert terminal(*command, "--out", "quiet", "--quiet").out.count("(n=6)") == 1
