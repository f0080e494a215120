"""Clusters on this machine, and a dataset whose run has several units."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from engines import Engine, ray_engine, slurm_engine


@pytest.fixture(params=["slurm", "ray"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Each of the two."""
    with slurm_engine(tmp_path / "slurm") if request.param == "slurm" else ray_engine() as opened:
        yield opened


@pytest.fixture
def nine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset of nine pairs, and methods of tests that other processes find too."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(tiny.__file__).parent), *sys.path]))
    return tiny.make_dataset(tmp_path, count=9, metrics=["psnr"])
