"""What is imported when: the package is light, and a run's results are read without torch or OpenCV."""

import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from selection import quick

HEAVY = ("torch", "cv2", "numba", "scipy", "skimage", "sklearn", "matplotlib", "torchvision", "timm")


def loaded_after(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after some code."""
    names = f"print(' '.join(name for name in {(*HEAVY, 'pandas')!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{names}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import inpaint_bench") == set()


def test_help_loads_nothing_heavy() -> None:
    assert loaded_after("from inpaint_bench.cli import run_cli\nsys.stdout = open('h', 'w')\nrun_cli(['--help'])\n"
                        "sys.stdout = sys.__stdout__") == set()  # fmt: skip


def test_results_and_scores_are_read_with_pandas_alone(tmp_path: Path) -> None:
    page = tiny.make_dataset(tmp_path / "dataset", metrics=["psnr"])
    assert tiny.run(page, tmp_path / "run", methods="mean-fill") == 0
    code = f"import inpaint_bench as ib\nrun = ib.load_run({str(tmp_path / 'run')!r})\nrun.results, run.scores"
    assert loaded_after(code) == {"pandas"}


@pytest.mark.parametrize("name", quick(["methods", "metrics"], ["metrics"]))
def test_a_listing_has_the_name_of_a_subpackage_and_both_work(name: str) -> None:
    for first in (f"ib.{name}()", f"import inpaint_bench.{name}"):
        code = f"import inpaint_bench as ib\n{first}\nassert len(ib.{name}()) > 5\nassert ib.{name}.__path__"
        loaded_after(code)


def test_what_the_package_exports_is_there() -> None:
    import inpaint_bench

    for name in inpaint_bench.__all__:
        assert getattr(inpaint_bench, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'pictures'"):
        getattr(inpaint_bench, "pictures")  # noqa: B009
