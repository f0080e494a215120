"""The wheel: installed anywhere, it gives the checkout's numbers, and it carries what it needs and nothing else."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from inpaint_bench import __version__

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("inpaint_bench", "baselines", "protocols", "results", "pyproject.toml", "README.md", "LICENSE")
RUN = ("run", "--methods", "telea,mean-fill", "--limit", "6", "--quiet")


def call(command: Sequence[str], folder: Path, python_path: Path | None = None) -> str:
    """A program's stdout; it must end well."""
    environment = os.environ | ({"PYTHONPATH": str(python_path)} if python_path else {})
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources, so that nothing is written beside them."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, copy / name)
    call([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"], copy)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--disable-pip-version-check"]
    call([*pip, "--target", str(site), str(wheel)], site)
    return site


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.acceptance
def test_the_wheel_gives_the_same_table_as_the_checkout(site: Path, tmp_path: Path) -> None:
    tables = []
    for place in (site, ROOT):
        folder = tmp_path / f"from-{place.name}"
        folder.mkdir()
        code = "import inpaint_bench.cli; print(inpaint_bench.__file__); inpaint_bench.cli.main()"
        where, table = call([sys.executable, "-c", code, *RUN], folder, place).split("\n", 1)
        assert Path(where).is_relative_to(place)
        tables.append(table)
    assert tables[0] == tables[1]
    assert "telea" in tables[0]


@pytest.mark.acceptance
def test_the_wheel_lists_every_dataset_and_method(site: Path, tmp_path: Path) -> None:
    code = "from inpaint_bench.cli import run_cli; print([run_cli([word]) for word in ('datasets', 'methods')])"
    here, there = (call([sys.executable, "-c", code], tmp_path, place) for place in (ROOT, site))
    assert here == there
    assert here.endswith("[0, 0]\n")


def test_the_wheel_carries_types_licence_pages_and_cards(names: list[str]) -> None:
    wanted = {"inpaint_bench/py.typed", "baselines/py.typed", "baselines/classical/card.toml"}
    assert wanted <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    pages = {path.name for path in (ROOT / "protocols").glob("*.toml")}
    assert {f"inpaint_bench/_shipped/protocols/{page}" for page in pages} <= set(names)
    cards = {path.parent.name for path in (ROOT / "baselines").glob("*/card.toml")}
    assert {f"baselines/{baseline}/card.toml" for baseline in cards} <= set(names)
    assert "inpaint_bench/_shipped/protocols/sample/ATTRIBUTION.csv" in names
    results = "inpaint_bench/_shipped/results"
    assert {f"{results}/reported/spn_paper.csv", f"{results}/expected/sample/results.jsonl"} <= set(names)


def test_the_wheel_carries_nothing_else(names: list[str]) -> None:
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"inpaint_bench", "baselines"}
    assert not [
        name for name in names if "__pycache__" in name or Path(name).name.startswith("test") or "conftest" in name
    ]
    kinds = {Path(name).suffix for name in names if ".dist-info/" not in name}
    code, data, pages = {".py", ".typed", ""}, {".toml", ".json", ".jsonl", ".csv", ".png", ".safetensors"}, {".md"}
    assert kinds <= code | data | pages | {".css", ".js", ".html", ".tex"}


@pytest.mark.acceptance
def test_the_wheel_and_the_sdist_can_be_published(wheel: Path, tmp_path: Path) -> None:
    sources = wheel.parents[1]
    call([sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path)], sources)
    (sdist,) = tmp_path.glob("inpaint_bench-*.tar.gz")
    call([sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)], tmp_path)
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.partition("/")[0] for name in names} == {*SOURCES, "PKG-INFO"}
    assert {"baselines/spn/spn-small.safetensors", "protocols/sample.toml"} <= names
    assert f"inpaint_bench-{__version__}-py3-none-any.whl" == wheel.name


def test_the_command_is_declared(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "inpaint-bench = inpaint_bench.cli:main" in archive.read(entry).decode()
