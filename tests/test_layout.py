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

LAYERS = [  # a module imports from its own package and from the layers before it
    ["errors", "disk", "files", "decode", "threads", "hardware", "escape", "fetch"],
    ["data"],
    ["weights"],
    ["metrics", "methods", "executors"],
    ["runner", "study"],
    ["analysis", "timing"],
    ["tables"],
    ["figures"],
    ["report"],
    ["checks"],
    ["api"],
    ["cli"],
]
ORDER = [part for layer in LAYERS for part in layer]
OF_CLI = {"inpaint_bench.api", "inpaint_bench.errors", "inpaint_bench.cli", "inpaint_bench.__version__"}
PACKAGE = Path(inpaint_bench.__file__).parent
BASELINES = sorted(path.parent for path in Path(baselines.__file__).parent.glob("*/card.toml"))
OF_BASELINES = {"data", "weights", "errors"}
ENTRIES = {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path not in ENTRIES)


def part_of(path: Path) -> str:
    """The name in ORDER that a module of the package stands under."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path, package: str) -> Iterator[str]:
    """Every name that a module imports, wherever in it, as 'inpaint_bench.data.masks.sets'."""
    yield from names_of(ast.parse(path.read_text(encoding="utf-8")), package)


def names_of(tree: ast.AST, package: str) -> Iterator[str]:
    """The names that the import statements of a tree name."""
    for node in ast.walk(tree):
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


def layer_of(part: str) -> int:
    """The number of the layer that a part belongs to."""
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_the_layers_before_its_own(path: Path) -> None:
    part = part_of(path)
    first = LAYERS[0]
    for other in ours(path, package_of(path, PACKAGE), "inpaint_bench") - {part, "__version__"}:
        if part in first and other in first:
            assert first.index(other) < first.index(part), other
        else:
            assert layer_of(other) < layer_of(part), other


def test_there_are_at_most_twelve_layers_and_twenty_five_parts() -> None:
    assert len(LAYERS) <= 12
    parts = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")}
    assert {part.removesuffix(".py") for part in parts} == {*ORDER, "__init__", "__main__"}
    assert len(parts) <= 25


def run_time_imports(path: Path, package: str) -> Iterator[str]:
    """What a module imports when it runs; imports for type checkers alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    yield from names_of(tree, package)


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=lambda path: path.name)
def test_the_command_line_imports_the_api_errors_and_itself(path: Path) -> None:
    for name in run_time_imports(path, package_of(path, PACKAGE)):
        if name.split(".")[0] == "inpaint_bench":
            assert ".".join(name.split(".")[:2]) in OF_CLI, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_harness_names_no_baseline(path: Path) -> None:
    assert not any(name.split(".")[0] == "baselines" for name in imported(path, package_of(path, PACKAGE)))


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_a_baseline_imports_images_weights_errors_and_itself(baseline: Path) -> None:
    for path in sorted(baseline.rglob("*.py")):
        if {"training", "inspect"} & set(path.relative_to(baseline).parts):
            continue  # training and inspection may import the harness
        package = package_of(path, baseline.parent)
        assert ours(path, package, "inpaint_bench") <= OF_BASELINES, path.name
        assert ours(path, package, "baselines") <= {baseline.name, "convolutions", "layers"}, path.name


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_a_baseline_has_a_card_that_reads_and_the_functions_that_it_names(baseline: Path) -> None:
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
        assert not method.learned or method.model or (baseline / "network.py").is_file()


def test_no_two_methods_share_a_name() -> None:
    names = [method.name for baseline in BASELINES for method in read_card(baseline / "card.toml").methods]
    assert len(set(names)) == len(names) > 0


@pytest.mark.parametrize("path", sorted(files.shipped("protocols").glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_page_reads(path: Path) -> None:
    assert read_page(path).name == path.stem
