"""Reading a run must not load what only running one needs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("from inpaint_bench.weights import SYNTHETIC", ["torch", "safetensors"]),
        ("import inpaint_bench.runner.folder", ["torch", "inpaint_bench.methods.base", "inpaint_bench.data.datasets"]),
    ],
)
def test_a_light_module_loads_nothing_heavy(statement: str, heavy: list[str]) -> None:
    code = f"{statement}\nimport sys\nprint(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {*heavy} & {*done.stdout.splitlines()}
