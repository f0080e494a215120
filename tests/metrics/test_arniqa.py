"""ARNIQA on synthetic files in the published format: torchmetrics' values, and a regressor that is read as data."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from arniqa_regressor import Regressor, write_regressor
from terminal import Terminal
from torchmetrics.functional.image.arniqa import arniqa as of_torchmetrics
from torchvision.models import resnet50

from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.arniqa import read_script
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.arniqa_files import ARNIQA, ENCODER, REGRESSOR
from inpaint_bench.metrics.registry import absent, network_signature
from inpaint_bench.weights.synthetic import fill_state_dict

SIDE = 70


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both files."""
    folder = tmp_path_factory.mktemp("arniqa")
    with torch.device("meta"):
        encoder = torch.nn.Sequential(*list(resnet50(weights=None).children())[:-1])
    shapes = {f"model.{name}": tuple(one.shape) for name, one in encoder.state_dict().items()}
    torch.save(fill_state_dict(shapes | {"projector.0.weight": (2, 2)}), folder / ENCODER)
    write_regressor(folder / REGRESSOR)
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    monkeypatch.setenv(ARNIQA.variable, str(folder))
    return folder


def batch(side: int = SIDE) -> Batch:
    composites = np.stack([tiny.picture(number, side) for number in range(2)])
    return Batch(composites, composites, np.ones((2, side, side), bool))


@pytest.mark.acceptance
def test_the_value_is_that_of_torchmetrics(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def local(url: str, **_: Any) -> Any:
        path = here / url.rpartition("/")[2]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load: Any = torch.jit.load if path.name == REGRESSOR else torch.load
            return load(path)

    found = METRICS["arniqa"].of(batch())
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", local)
    images = torch.from_numpy(batch().composites).permute(0, 3, 1, 2).float() / 255
    expected = of_torchmetrics(images, reduction="none").numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert found[0] != found[1]
    assert METRICS["arniqa"].of(batch()).tolist() == found.tolist()
    assert np.isnan(METRICS["arniqa"].of(batch(63))).all()
    assert network_signature(METRICS["arniqa"]) == ARNIQA.sha256[:8]


def test_the_regressor_is_read_without_running_it(folder: Path, tmp_path: Path) -> None:
    wanted = Regressor(300.0).state_dict()
    found = read_script(folder / REGRESSOR)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    data = (folder / REGRESSOR).read_bytes()
    (tmp_path / "cut.pth").write_bytes(data[: len(data) // 2])
    torch.save({"a": print}, tmp_path / "code.pth")
    for name, words in (("cut.pth", "not a whole TorchScript program"), ("code.pth", "refused: it holds more")):
        with pytest.raises(InputError, match=words):
            read_script(tmp_path / name)


@pytest.mark.acceptance
def test_both_files_are_added_pinned_and_checked(
    folder: Path, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "weights"))
    assert "inpaint-bench weights fetch arniqa" in absent(METRICS["arniqa"])
    terminal("weights", "add-extractor", "arniqa", tmp_path).refuses(2, "there is no such file")
    terminal("weights", "add-extractor", "arniqa", folder).does("the weights of arniqa")
    assert absent(METRICS["arniqa"]) == ""
    terminal("weights", "fetch", "arniqa").does("here already")
    write_regressor(ARNIQA.kept() / REGRESSOR, 200.0)
    with pytest.raises(HashError, match="Delete it, and fetch it again: inpaint-bench weights fetch arniqa"):
        ARNIQA.found()
