"""What is imported when: the package is light, and a run's results are read without torch or OpenCV."""

import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import tiny
from selection import quick

LISTINGS = """
methods
methods show spn
metrics
metrics show lpips_alex
metrics show fid
datasets
datasets show paris
weights list
weights verify
cite --methods lama,telea --metrics psnr,fid --dataset paris
"""
STYLER = {"matplotlib"} if version("pandas") < "3" else set[str]()  # what pandas imports for a table in LaTeX
OF_RESULTS = """
status run
table run --format latex
table run --intervals
cite run
model-index run --methods telea
pairs build --dataset tiny.toml
pairs show --dataset tiny.toml
pairs verify --dataset tiny.toml
study make run --data data --question Which? --out study
gate run --expected expected --accept --reason first
gate run --expected expected
"""
OF_STATISTICS = """
run --dataset tiny.toml --methods mean-fill,telea --out run
score run --data data
figure grid run --data data --out grid.png
merge first second --out merged
compare mean-fill telea run
metrics compare run
report run --data data --out report
study power
claims check
leaderboard build --out board
"""
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page, a run of it, and its two shards."""
    folder = tmp_path_factory.mktemp("light")
    page = tiny.make_dataset(folder, count=8, metrics=["psnr", "ssim"])
    assert tiny.run(page, folder / "run") == 0
    for name, shard in (("first", "1/2"), ("second", "2/2")):
        assert tiny.run(page, folder / name, "--shard", shard) == 0
    return folder


def test_results_and_scores_are_read_with_pandas_alone(folder: Path) -> None:
    code = f"import inpaint_bench as ib\nrun = ib.load_run({str(folder / 'run')!r})\nrun.results, run.scores"
    assert loaded_after(code) == {"pandas"}


def test_commands_that_run_no_network_load_no_torch_listings_no_pandas_and_what_reads_results_no_statistics(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    steps = [
        (LISTINGS, {*HEAVY, "pandas"} - {"cv2"}),
        (OF_RESULTS, {*HEAVY} - {"cv2"} - STYLER),
        (OF_STATISTICS, {*HEAVY} - {"cv2", "numba", "scipy", "matplotlib"}),
    ]
    listed = [(shlex.split(line), heavy) for lines, heavy in steps for line in lines.strip().splitlines()]
    code = f"""
import contextlib, io, sys
from inpaint_bench.cli import run_cli
for words, heavy in {listed!r}:
    with contextlib.redirect_stdout(io.StringIO()):
        assert run_cli(words) == int(words[0] == "claims"), words  # papers contradict themselves: 1
    assert not heavy & sys.modules.keys(), (words, heavy & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
