"""Set metrics of features that somebody else made: `score --features`."""

import json
from typing import Any

import numpy as np
import pytest
from terminal import Terminal

from inpaint_bench.metrics.sets.frechet import frechet_distance
from inpaint_bench.metrics.sets.kid import kernel_distance


def test_own_features_are_compared(terminal: Terminal) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(0, 1, (40, 6)).astype(np.float32)
    x = y + rng.normal(0, 0.5, y.shape).astype(np.float32)
    np.save("x.npy", x)
    np.save("y.npy", y)
    rows = {row["metric"]: row for row in json.loads(terminal("score", "--features", "x.npy", "y.npy").out)}
    assert rows["fd"]["value"] == frechet_distance(x, y)
    assert rows["kid"]["value"] == kernel_distance(x, y)
    assert (rows["fd"]["mark"], rows["kid"]["mark"], rows["fd"]["n"]) == ("‡", "", 40)
    assert list(rows) == ["fd", "kid", "kid_paired", "uids", "pids", "uids_insample", "pids_insample"]
    assert rows["fd"]["low"] < rows["fd"]["value"] < rows["fd"]["high"]
    assert rows["fd"]["signature"] == "fd:frechet:ddof1:own-features:v1"
    terminal("score", "--features", "x.npy", "y.npy", "--format", "csv").does("metric,value,low,high,floor,n")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 4)), "x.npy holds 3 rows of 4, y.npy 5 of 4."),
        (np.zeros((5, 4), np.int64), "x.npy: must hold one table of real numbers"),
        (np.zeros(5), "x.npy: must hold one table of real numbers"),
        (np.full((5, 4), np.nan), "not finite"),
        (np.zeros(()), "x.npy: must hold one table of real numbers"),
        (np.zeros((5, 9000), np.float32), "x.npy: 5 rows of 9,000 numbers; allowed: 8,192 numbers a row"),
        (np.array([{}], dtype=object), "x.npy: not an array of numpy's own format"),
    ],
)
def test_own_features_that_cannot_be_compared_are_refused(terminal: Terminal, array: Any, message: str) -> None:
    np.save("x.npy", array)
    np.save("y.npy", np.random.default_rng(0).normal(0, 1, (5, 4)))
    terminal("score", "--features", "x.npy", "y.npy").refuses(2, message)


def test_own_features_stand_alone(terminal: Terminal) -> None:
    terminal("score", "runs/x", "--features", "x.npy", "y.npy").refuses(2, "or --features alone.")
    terminal("score", "--features", "x.npy", "y.npy").refuses(2, "x.npy: cannot be read (No such file or directory).")
