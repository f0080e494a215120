"""Training with compiled blocks, run as a user runs it: the tests' own checks of types would be compiled along."""

import os
import subprocess
import sys
from pathlib import Path

import few_steps
import pytest

PROGRAM = str(Path(sys.executable).with_name("inpaint-bench"))
pytestmark = pytest.mark.acceptance


def test_compiled_blocks_learn_the_same_and_write_only_in_the_cache(tmp_path: Path) -> None:
    images = few_steps.photographs(tmp_path / "images")
    steps = ("stages=[{steps=3,size=64,batch=2}]", "network.width=4", "network.discriminator=4", "pretext.name=random")
    settings = ("crop=random", "validation=1", "validation_size=64", "log_every=1", *steps)
    curves, folders = [], {"TMPDIR": tmp_path / "tmp", "INPAINT_BENCH_CACHE": tmp_path / "cache"}
    for folder in folders.values():
        folder.mkdir()
    environment = {**os.environ, **{name: str(folder) for name, folder in folders.items()}}
    del environment["TORCHINDUCTOR_CACHE_DIR"]  # of the tests
    for name, switch in (("plain", "compile=false"), ("compiled", "compile=true")):
        words = [word for change in (*settings, switch) for word in ("--set", change)]
        command = [PROGRAM, "train", "spn", "--images", str(images), "--quiet", *words]
        subprocess.run([*command, "--out", str(tmp_path / name)], check=True, env=environment, cwd=tmp_path)
        curves.append(few_steps.curve(tmp_path / name))
    assert few_steps.difference(*curves) < 1e-4
    assert any((tmp_path / "cache" / "compiled").rglob("*.so"))
    assert not list(folders["TMPDIR"].iterdir())
