"""The classical methods: several processes inpaint the same pictures, to the bit, and end with the method."""

import gc
import subprocess
import sys

import numpy as np
import psutil
import pytest
import torch

from baselines.classical.workers import LEAST, Workers
from inpaint_bench.data.images import Hole, Pixels

RNG = np.random.default_rng(0)
PICTURES: list[Pixels] = [RNG.integers(0, 256, (48, 40, 3), dtype=np.uint8) for _ in range(LEAST + 1)]
HOLES: list[Hole] = [np.pad(np.ones((9, 4 + n), bool), ((20, 19), (10, 26 - n))) for n in range(LEAST + 1)]


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if any("functions.py" in part for part in one.cmdline())]


@pytest.mark.parametrize(
    "name",
    [
        "biharmonic",
        pytest.param(
            "patchmatch",
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="no package of it for Python 3.10"),
        ),
    ],
)
def test_processes_give_the_pixels_of_the_function(name: str) -> None:
    workers = Workers(name)
    alone = [workers.function(*one) for one in zip(PICTURES, HOLES, strict=True)]
    together = workers.all(PICTURES, HOLES)
    assert len(workers.started) == 2
    for one, other, picture, hole in zip(alone, together, PICTURES, HOLES, strict=True):
        assert np.array_equal(one, other)
        assert not np.array_equal(one[hole], picture[hole])
    again = workers.all(PICTURES, HOLES)
    assert len(workers.started) == 2
    assert all(np.array_equal(one, other) for one, other in zip(alone, again, strict=True))


def test_few_pictures_and_one_thread_need_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers("biharmonic")
    workers.all(PICTURES[: LEAST - 1], HOLES[: LEAST - 1])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    workers.all(PICTURES, HOLES)
    assert workers.started == []


def test_a_process_that_was_killed_is_replaced() -> None:
    workers = Workers("biharmonic")
    before = workers.all(PICTURES, HOLES)
    for worker in workers.started:
        worker.kill()
        worker.wait()
    after = workers.all(PICTURES, HOLES)
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert len(workers.started) > 2


def test_an_error_is_that_of_the_function(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="zero-size array"):
        Workers("biharmonic").all(PICTURES, [np.ones_like(hole) for hole in HOLES])
    assert capfd.readouterr().err == ""


def test_processes_end_with_the_method() -> None:
    workers = Workers("biharmonic")
    workers.all(PICTURES, HOLES)
    started: list[subprocess.Popen[bytes]] = workers.started
    assert len(children()) == 2
    del workers
    gc.collect()
    assert children() == []
    assert all(worker.returncode is not None for worker in started)
