"""The list of files is the architecture: who may import whom, and what every baseline and page has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import baselines
import inpaint_bench
from inpaint_bench import files
from inpaint_bench.data.protocols import read_page
from inpaint_bench.methods.card import read_card

LAYERS = [
    ["errors", "files", "hardware", "threads"],
    ["data"],
    ["weights"],
    ["metrics", "methods"],
    ["runner"],
    ["timing", "analysis"],
    ["tables"],
    ["figures"],
    ["report"],
    ["checks"],
    ["cli"],
]
ORDER = [part for layer in LAYERS for part in layer]
PACKAGE = Path(inpaint_bench.__file__).parent
BASELINES = sorted(path.parent for path in Path(baselines.__file__).parent.glob("*/card.toml"))
OF_BASELINES = {"data", "weights", "errors"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(path: Path) -> str:
    """The name in ORDER that a module of the package stands under."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path, package: str) -> Iterator[str]:
    """Every name that a module imports, wherever in it, as 'inpaint_bench.data.masks.sets' or 'inpaint_bench.data.masks.draw'."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def ours(path: Path, package: str, top: str) -> set[str]:
    """The parts of a top package that a module imports."""
    names = [name.split(".") for name in imported(path, package)]
    return {name[1] for name in names if name[0] == top and len(name) > 1}


def package_of(path: Path, root: Path) -> str:
    """The package that a module lies in, as relative imports count it."""
    return ".".join([root.name, *path.relative_to(root).parts[:-1]])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_before_it(path: Path) -> None:
    part = part_of(path)
    assert part in ORDER
    before = {*ORDER[: ORDER.index(part) + 1], "__version__"}
    assert ours(path, package_of(path, PACKAGE), "inpaint_bench") <= before


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_harness_names_no_baseline(path: Path) -> None:
    assert not any(name.split(".")[0] == "baselines" for name in imported(path, package_of(path, PACKAGE)))


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_a_room_imports_images_weights_errors_and_itself(baseline: Path) -> None:
    for path in sorted(baseline.rglob("*.py")):
        if {"training", "inspect"} & set(path.relative_to(baseline).parts):
            continue  # the one wing that may import the harness
        package = package_of(path, baseline.parent)
        assert ours(path, package, "inpaint_bench") <= OF_BASELINES, path.name
        assert ours(path, package, "baselines") <= {baseline.name, "layers"}, path.name


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_a_room_has_a_card_that_reads_and_the_functions_that_it_names(baseline: Path) -> None:
    card = read_card(baseline / "card.toml")
    defined = {
        node.name
        for node in ast.parse((baseline / "adapter.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    for method in card.methods:
        assert method.load in defined
        module, _, function = method.container.reader.partition(":")
        assert not module or f"\ndef {function}(" in (baseline / f"{module}.py").read_text(encoding="utf-8")
        assert all((baseline / name).is_file() for name in method.golden)
        assert not method.learned or (baseline / "network.py").is_file()


def test_no_two_methods_share_a_name() -> None:
    names = [method.name for baseline in BASELINES for method in read_card(baseline / "card.toml").methods]
    assert len(set(names)) == len(names) > 0


@pytest.mark.parametrize("path", sorted(files.shipped("protocols").glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_page_reads(path: Path) -> None:
    assert read_page(path).name == path.stem
