"""Baselines of a user's own, their cards, and the weights that a learned method is loaded with."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from terminal import OUT, Terminal, composites

from inpaint_bench import files

CARD = """
schema = 1
title = "A baseline"
[[methods]]
name = "painter"
title = "Painter"
paper = "none"
year = 2024
repository = "https://example.org/painter"
licence = "MIT"
parameters = 4
departures = ["it paints one colour"]
weights = [
    { dataset = "tiny", files = [
        { file = "painter.safetensors", sources = [{ kind = "page", url = "https://example.org/painter" }] },
    ] },
]
"""
ADAPTER = """
import torch
from torch import nn
from .network import Painter

def load(weights, device):
    network = weights.into(Painter()).to(device).eval()

    @torch.inference_mode()
    def inpaint(image, mask):
        return network(image, mask)

    return inpaint
"""
NETWORK = """
import torch
from torch import nn

class Painter(nn.Module):
    def __init__(self):
        super().__init__()
        self.colour = nn.Parameter(torch.zeros(3))
        self.level = nn.Parameter(torch.zeros(1))

    def forward(self, image, mask):
        return image * (1 - mask) + mask * self.level * self.colour.view(1, 3, 1, 1)
"""
TENSORS = {"colour": torch.tensor([0.2, 0.4, 0.6]), "level": torch.ones(1)}


def write_baseline(card: str = CARD, adapter: str = ADAPTER, name: str = "painting") -> Path:
    baseline = Path("baselines", name)
    baseline.mkdir(parents=True)
    (baseline / "card.toml").write_text(card)
    (baseline / "adapter.py").write_text(adapter)
    (baseline / "network.py").write_text(NETWORK)
    return baseline


def write_weights(tensors: dict[str, torch.Tensor], path: str = "painter.safetensors") -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return path


def test_a_learned_method_of_a_baseline_runs_with_named_weights(terminal: Terminal, page: Path) -> None:
    write_baseline()
    path = write_weights(TENSORS)
    terminal.run("painter", "--baselines", "baselines", "--weights", f"painter={path}").does("painter", "psnr")
    assert len(composites("painter")) == 4


def test_weights_are_found_by_method_and_dataset(
    terminal: Terminal, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_baseline()
    write_weights(TENSORS, "weights/painter/tiny.safetensors")
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", "weights")
    terminal.predict("painter", "--baselines", "baselines").does("4 pairs by painter")


def test_shipped_weights_serve_any_dataset_and_must_have_the_hash_of_the_card(terminal: Terminal, page: Path) -> None:
    half = {name: tensor.half() for name, tensor in TENSORS.items()}
    baseline = write_baseline()
    shipped = write_weights(half, str(baseline / "painter.safetensors"))
    (baseline / "card.toml").write_text(CARD + f'ships = "{files.file_sha256(Path(shipped))}"\n')
    terminal("methods", "list", "--baselines", "baselines").does("painter", "runs here")
    terminal("methods", "show", "painter", "--baselines", "baselines").does("painter.safetensors", "for any dataset")
    terminal.predict("painter", "--baselines", "baselines").does("4 pairs by painter")
    Path(shipped).write_bytes(Path(shipped).read_bytes()[:-1] + b"!")
    answer = terminal.predict("painter", "--baselines", "baselines", "--out", "again")
    answer.refuses(5, "painter.safetensors: hash", "its card says")


def test_a_learned_method_without_weights_is_refused_and_tells_where_to_get_them(
    terminal: Terminal, page: Path
) -> None:
    write_baseline()
    answer = terminal.run("painter", "--baselines", "baselines")
    answer.refuses(
        2, "no weights for tiny here. Fetch them with `inpaint-bench weights fetch painter tiny.toml`", "=FILE"
    )
    assert not OUT.exists()


def test_a_missing_weights_file_is_refused(terminal: Terminal, page: Path) -> None:
    write_baseline()
    answer = terminal.run("painter", "--baselines", "baselines", "--weights", "painter=nowhere.safetensors")
    answer.refuses(2, "nowhere.safetensors: there is no such weights file.")


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"colour": TENSORS["colour"]}, "1 missing (level)"),
        ({**TENSORS, "extra.bias": torch.ones(2)}, "1 not of this network (extra.bias)"),
        ({**TENSORS, "colour": torch.ones(4)}, "1 of another shape (colour (4,) instead of (3,))"),
        ({f"module.{name}": tensor for name, tensor in TENSORS.items()}, "2 missing (colour, level); 2 not of this"),
        ({}, "2 missing (colour, level)"),
    ],
    ids=["missing", "extra", "reshaped", "renamed", "empty"],
)
def test_weights_of_another_network_are_refused_with_the_first_names(
    terminal: Terminal, page: Path, tensors: dict[str, torch.Tensor], message: str
) -> None:
    write_baseline()
    path = write_weights(tensors)
    answer = terminal.run("painter", "--baselines", "baselines", "--weights", f"painter={path}")
    answer.refuses(2, f"{path}: not the weights of this network: ", message)
    assert composites("painter") == []


def test_a_broken_weights_file_is_refused(terminal: Terminal, page: Path) -> None:
    write_baseline()
    Path("painter.safetensors").write_bytes(b"PK no safetensors")
    answer = terminal.run("painter", "--baselines", "baselines", "--weights", "painter=painter.safetensors")
    answer.refuses(2, "painter.safetensors: not a whole safetensors file")


def test_other_weights_are_not_mixed_with_existing_composites(terminal: Terminal, page: Path) -> None:
    write_baseline()
    path = write_weights(TENSORS)
    terminal.predict("painter", "--baselines", "baselines", "--weights", f"painter={path}").does()
    write_weights({**TENSORS, "level": torch.full((1,), 0.5)})
    answer = terminal.predict("painter", "--baselines", "baselines", "--weights", f"painter={path}")
    answer.refuses(2, "runs/tiny/painter: made with weights ", "the two are not mixed")


def test_a_changed_baseline_is_not_mixed_with_existing_composites(terminal: Terminal, page: Path) -> None:
    baseline = write_baseline()
    path = write_weights(TENSORS)
    terminal.predict("painter", "--baselines", "baselines", "--weights", f"painter={path}").does()
    (baseline / "network.py").write_text(NETWORK + "# changed\n")
    answer = terminal.predict("painter", "--baselines", "baselines", "--weights", f"painter={path}")
    answer.refuses(2, "runs/tiny/painter: made with code ", "Start it anew with --fresh painter")


def test_weights_are_offered_to_a_function_of_ones_own(terminal: Terminal, page: Path) -> None:
    Path("own.py").write_text(
        "def load(weights, device):\n"
        "    level = weights.tensors()['level']\n"
        "    return lambda image, mask: image + 0.5 * level * mask\n"
    )
    path = write_weights(TENSORS)
    terminal.predict("mine=python:own:load", "--weights", f"mine={path}").does("4 pairs by mine")
    answer = terminal.predict("bare=python:own:load")
    answer.refuses(2, "this method needs weights and was given none; give them with --weights NAME=FILE.")


def test_baselines_are_listed_and_shown(terminal: Terminal) -> None:
    write_baseline()
    terminal("methods", "list", "--baselines", "baselines").does("painter", "needs weights", "mean-fill")
    answer = terminal("methods", "show", "painter", "--baselines", "baselines")
    answer.does(
        "https://example.org/painter",
        "painter.safetensors: https://example.org/painter",
        "it paints one colour",
        "licence",
    )


def test_a_package_that_a_method_requires_is_named_with_the_line_that_installs_it(
    terminal: Terminal, page: Path
) -> None:
    write_baseline(f'{CARD}learned = false\nrequires = {{ module = "no.such.package", extra = "classical" }}\n')
    answer = terminal.run("painter", "--baselines", "baselines")
    answer.refuses(2, "painter needs the package 'no.such.package'", "pip install 'inpaint-bench[classical]'")
    terminal("methods", "list", "--baselines", "baselines").does("needs inpaint-bench[classical]")


def test_a_package_that_cannot_be_had_everywhere_is_named_with_where_it_can(terminal: Terminal, page: Path) -> None:
    where = 'extra = "classical", where = "on Linux"'
    write_baseline(f'{CARD}learned = false\nrequires = {{ module = "no.such.package", {where} }}\n')
    answer = terminal.run("painter", "--baselines", "baselines")
    answer.refuses(2, "Install it on Linux, with: pip install 'inpaint-bench[classical]'")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (CARD.replace('title = "Painter"', 'titel = "Painter"'), "baselines/painting/card.toml: "),
        (CARD.replace("year = 2024", 'year = "2024"'), "baselines/painting/card.toml: Expected `int`, got `str`"),
        (CARD.replace("schema = 1", "schema = 2"), "baselines/painting/card.toml: "),
        (CARD.replace("schema = 1", "schema = "), "baselines/painting/card.toml: "),
        (CARD.replace('"painter"', '"telea"'), "baselines/painting/card.toml: 'telea' is also a method of "),
        (CARD.replace('"painter"', '"../up"'), "baselines/painting/card.toml: "),
    ],
    ids=["unknown key", "wrong type", "another schema", "no TOML", "a name that is taken", "no name"],
)
def test_a_wrong_card_is_refused(terminal: Terminal, page: Path, card: str, message: str) -> None:
    write_baseline(card)
    terminal.run("mean-fill", "--baselines", "baselines").refuses(2, message)


def test_a_card_that_is_no_text_is_refused(terminal: Terminal, page: Path) -> None:
    (write_baseline() / "card.toml").write_bytes(b"schema = 1 # \xff")
    terminal.run("mean-fill", "--baselines", "baselines").refuses(2, "baselines/painting/card.toml: ")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "schema = " + "9" * 5000, "schema = 'one'", "methods = 3", "\x00", "#" * (1 << 21)]
)
def test_a_card_out_of_bounds_ends_in_a_sentence(text: str, terminal: Terminal, page: Path) -> None:
    (write_baseline() / "card.toml").write_text(text)
    terminal.run("mean-fill", "--baselines", "baselines").refuses(2, "baselines/painting/card.toml: ")


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ("def laod(weights, device): pass", "adapter.py: has no function 'load', which the card names."),
        ("import no_such_package", "adapter.py: importing it failed: ModuleNotFoundError: No module named 'no_such"),
        ("def load(:", "adapter.py: importing it failed: SyntaxError: "),
    ],
)
def test_a_wrong_adapter_is_refused(terminal: Terminal, page: Path, adapter: str, message: str) -> None:
    write_baseline(adapter=adapter)
    path = write_weights(TENSORS)
    answer = terminal.run("painter", "--baselines", "baselines", "--weights", f"painter={path}")
    answer.refuses(2, "baselines/painting/", message)


def test_a_card_names_a_function_of_the_baseline_that_reads_the_authors_file(terminal: Terminal, page: Path) -> None:
    container = '[methods.container]\nreader = "lines:read"\n'
    baseline = write_baseline(CARD + container)
    (baseline / "lines.py").write_text(
        "import torch\n"
        "def read(path):\n"
        "    rows = [line.split() for line in path.read_text().splitlines()]\n"
        "    return {name: torch.tensor([float(value) for value in values]) for name, *values in rows}\n"
    )
    Path("painter.txt").write_text("colour 0.2 0.4 0.6\nlevel 1\n")
    answer = terminal("weights", "add", "painter", "tiny.toml", "painter.txt", "--baselines", "baselines")
    answer.does("2 tensors of painter for tiny")
    Path("painter.txt").write_text("colour 0.2 0.4\nlevel 1\n")
    answer = terminal("weights", "add", "painter", "tiny.toml", "painter.txt", "--baselines", "baselines")
    answer.refuses(2, "painter.txt", "colour (2,) instead of (3,)")
    (baseline / "card.toml").write_text(CARD + container.replace('read"', 'write"'))
    answer = terminal("weights", "add", "painter", "tiny.toml", "painter.txt", "--baselines", "baselines")
    answer.refuses(2, "lines.py: has no function 'write', which the card names.")


def test_a_missing_folder_of_baselines_is_refused(terminal: Terminal, page: Path) -> None:
    terminal.run("mean-fill", "--baselines", "nowhere").refuses(2, "nowhere: there is no such folder of baselines.")


def test_synthetic_weights_run_on_request_and_get_no_results(terminal: Terminal, page: Path) -> None:
    baseline = write_baseline()
    (baseline / "network.py").write_text(
        NETWORK.replace("self.level *", "").replace("self.colour.view", "torch.sigmoid(self.colour).view")
    )
    answer = terminal.run("painter,telea", "--baselines", "baselines", "--weights", "painter=synthetic")
    answer.does("No numbers for painter: synthetic weights", "telea")
    assert composites("painter")
    assert not (OUT / "painter" / "scores.csv").exists()
    assert '"painter"' not in (OUT / "results.jsonl").read_text()
    assert '"weights": "synthetic"' in (OUT / "run.json").read_text()
