"""The lists that ship are what their script writes, to the byte, and the masks to the pixel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inpaint_bench import files
from inpaint_bench.data.images import read_pixels

pytestmark = pytest.mark.acceptance


def test_the_script_writes_every_list_and_mask_that_ships(tmp_path: Path) -> None:
    shipped, made = files.shipped("protocols"), tmp_path / "protocols"
    kept = shutil.ignore_patterns("*.pairs.csv", "*.masks.csv", "masks", "__pycache__")
    shutil.copytree(shipped, made, ignore=kept)
    environment = os.environ | {"PYTHONPATH": str(files.PACKAGE.parent)}
    subprocess.run([sys.executable, made / "make.py"], check=True, env=environment, cwd=tmp_path)
    written = [path for path in made.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len([path for path in written if path.name.endswith(("pairs.csv", "masks.csv"))]) == 10
    for path in written:
        ours = shipped / path.relative_to(made)
        same = path.suffix == ".png" and (read_pixels(path) == read_pixels(ours)).all()
        assert same or path.read_bytes() == ours.read_bytes(), path.name
