"""Inception-v3: torch-fidelity and torchvision agree on synthetic weights; how its file is found and checked."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from serving import Answer, serving
from synthetic_inception import write_synthetic
from terminal import Terminal
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_threads import with_threads
from torchvision.models import inception_v3

from inpaint_bench.errors import HashError, InputError
from inpaint_bench.fetch import web
from inpaint_bench.metrics.features import EXTRACTORS, Extract
from inpaint_bench.metrics.features import inception as ours
from inpaint_bench.metrics.features.by_path import FileByPath
from inpaint_bench.metrics.features.weight_files import INCEPTION

CPU = torch.device("cpu")
NAMES = ("inception", "inception_pic2018")
both = pytest.mark.parametrize("name", NAMES)


def crops(count: int, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth pictures with some noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    slopes = rng.uniform(0.01, 0.3, (2, count, 1, 1, 3))
    waves = 128 + 90 * np.sin(rows[..., None] * slopes[0] + columns[..., None] * slopes[1] + slopes[0] * 20)
    return np.asarray(np.clip(waves + rng.normal(0, 12, waves.shape), 0, 255), np.uint8)


def levels(pictures: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[FileByPath, Path]]:
    """A filled file of each network."""
    return {name: write_synthetic(name, tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.fixture(scope="module")
def extract(synthetic: dict[str, tuple[FileByPath, Path]]) -> dict[str, Extract]:
    """Each network with synthetic weights."""
    load = {"inception": ours.load_inception, "inception_pic2018": ours.load_pic2018}
    return {name: load[name](*synthetic[name], CPU) for name in NAMES}


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **settings: Any) -> None:
        raise AssertionError("something wants the network")

    monkeypatch.setattr("socket.socket.connect", refuse)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of weights and that of torch's downloads are empty, in the test's own folder."""
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path / "weights" / "extractors"


@pytest.mark.acceptance
def test_torch_fidelity_has_the_same_features(
    synthetic: dict[str, tuple[FileByPath, Path]], extract: dict[str, Extract]
) -> None:
    theirs = FeatureExtractorInceptionV3("theirs", ["2048"], str(synthetic["inception"][1]))
    for height, width in ((64, 80), (256, 256), (320, 310)):
        pictures = crops(8, height, width)
        expected = theirs(levels(pictures))[0].numpy()
        found = extract["inception"](list(pictures))
        assert found.shape == (8, 2048)
        assert 0.1 < found.mean() < 10
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.acceptance
def test_torchvision_has_the_features_of_the_script_of_2018(
    synthetic: dict[str, tuple[FileByPath, Path]], extract: dict[str, Extract]
) -> None:
    theirs = inception_v3(weights=None, init_weights=False, transform_input=True)
    theirs.load_state_dict(torch.load(synthetic["inception_pic2018"][1], weights_only=True))
    theirs.fc = torch.nn.Identity()
    pictures = crops(4, 100, 90)
    enlarge = torch.nn.Upsample((299, 299), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        expected = theirs.eval()(enlarge(levels(pictures) / 255)).numpy()
    np.testing.assert_allclose(extract["inception_pic2018"](list(pictures)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.acceptance
@both
def test_a_row_does_not_depend_on_its_neighbours(extract: dict[str, Extract], name: str) -> None:
    pictures = list(crops(5, 50, 40, seed=1))
    together = extract[name](pictures)
    assert together.tolist() == np.concatenate([extract[name]([picture]) for picture in pictures]).tolist()
    assert together[::-1].tolist() == extract[name](pictures[::-1]).tolist()


@pytest.mark.acceptance
@both
def test_the_number_of_threads_changes_no_bit(extract: dict[str, Extract], name: str) -> None:
    pictures = list(crops(2, 60, 50))
    one, two, three = with_threads(lambda: extract[name](pictures).tolist(), 1, 2, 3)
    assert one == two == three


@pytest.mark.acceptance
@both
def test_loading_draws_no_number(synthetic: dict[str, tuple[FileByPath, Path]], tmp_path: Path, name: str) -> None:
    file, path = synthetic[name]
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    before = torch.get_rng_state()
    (ours.load_inception if name == "inception" else ours.load_pic2018)(file, copy, CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_signatures_name_weights_size_filter_and_layer() -> None:
    assert [EXTRACTORS[name].signature() for name in NAMES] == [
        "inception:6726825d:299-tf1-bilinear:pool3:v1",
        "inception_pic2018:0cc3c7bd:299-bilinear-transform-input:pool3:v1",
    ]


@both
def test_the_libraries_download_the_file_that_we_know(name: str) -> None:
    file = INCEPTION[name]
    assert file.url().startswith("https://")
    assert file.url().rpartition("/")[2] in file.names
    assert all(published.endswith(f"-{file.sha256}.pth") for published in file.names)


@both
@pytest.mark.usefixtures("kept", "_offline")
def test_without_its_file_a_network_says_how_to_fix_it_and_downloads_nothing(name: str) -> None:
    file = INCEPTION[name]
    message = (
        f"{file.names[0]} is not here. Fetch it: inpaint-bench weights fetch {name}; or name it: {file.variable}=FILE"
    )
    assert EXTRACTORS[name].absent() == message
    with pytest.raises(InputError) as caught:
        EXTRACTORS[name].open(CPU)
    assert str(caught.value) == message


def test_the_file_is_looked_for_where_the_variable_says_then_among_weights_then_where_torch_downloads(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = INCEPTION["inception"]
    places = [
        tmp_path / "torch" / "hub" / "checkpoints" / file.names[1],
        kept / file.names[0],
        tmp_path / "mine.pth",
    ]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        if place == places[-1]:
            monkeypatch.setenv(file.variable, str(place))
        assert file.path() == place
        assert file.absent() == ""
    places[-1].unlink()
    places[-1].mkdir()
    assert file.absent() == (
        f"{places[-1]}, which {file.variable} names, is a folder, not a file. Name the file {file.names[0]}."
    )
    places[-1].rmdir()
    assert file.path() is None  # what was named is not replaced by another
    assert file.absent().startswith(f"{places[-1]}, which {file.variable} names, is not there.")


@both
@pytest.mark.usefixtures("kept", "_offline")
def test_without_its_library_a_network_says_the_line_that_installs_it(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file, find = INCEPTION[name], importlib.util.find_spec
    (tmp_path / "mine.pth").touch()
    monkeypatch.setenv(file.variable, str(tmp_path / "mine.pth"))
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None if package == file.library else find(package))
    pip = {"inception": "pip install torch-fidelity", "inception_pic2018": "pip install torchvision"}[name]
    message = f"{file.library} is not installed. Install it: {pip}"
    assert EXTRACTORS[name].absent() == message
    with pytest.raises(InputError) as caught:
        EXTRACTORS[name].open(CPU)
    assert str(caught.value) == message
    answer = terminal("weights", "fetch", name)
    assert (answer.code, answer.err) == (2, f"Error: {message}\n")


@pytest.mark.usefixtures("kept", "_offline")
def test_another_file_is_refused(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.pth").write_bytes(b"other")
    monkeypatch.setenv("INPAINT_BENCH_INCEPTION", str(tmp_path / "other.pth"))
    with pytest.raises(HashError, match=r"other\.pth: hash d9298a10d1b0 instead of 6726825d: another file"):
        EXTRACTORS["inception"].open(CPU)
    terminal("weights", "add-extractor", "inception", "other.pth").refuses(5, "other.pth", "d9298a10d1b0")
    terminal("weights", "add-extractor", "inception", "none.pth").refuses(2, "there is no such file")
    terminal("weights", "add-extractor", "incepton", "other.pth").refuses(2, "Did you mean 'inception'?")


class Code:
    """What a pickle can run when it is opened by an unpickler that lets it."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Path]]:
        return Path.touch, (Path("it-ran"),)


@both
def test_a_file_that_would_run_code_is_refused_whatever_its_hash(tmp_path: Path, name: str) -> None:
    path = tmp_path / "code.pth"
    torch.save({"a": Code()}, path)
    file = replace(INCEPTION[name], sha256="")
    with pytest.raises(InputError, match="refused: it holds more than tensors"):
        (ours.load_inception if name == "inception" else ours.load_pic2018)(file, path, CPU)
    assert not Path("it-ran").exists()


@pytest.mark.acceptance
@both
def test_a_file_of_ones_own_is_added_once_and_found(
    kept: Path,
    synthetic: dict[str, tuple[FileByPath, Path]],
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    file, path = synthetic[name]
    monkeypatch.setitem(INCEPTION, name, file)
    terminal("weights", "add-extractor", name, path).does(str(kept / file.names[0]), file.sha256)
    assert (kept / file.names[0]).read_bytes() == path.read_bytes()
    assert EXTRACTORS[name].absent() == ""
    assert EXTRACTORS[name].open(CPU)([np.zeros((40, 40, 3), np.uint8)]).shape == (1, EXTRACTORS[name].width)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the extractor 'inception' be published at a URL, with a hash."""
    monkeypatch.setattr(web, "WAIT", 0.0)

    def publish(url: str, sha256: str = INCEPTION["inception"].sha256) -> None:
        file = replace(INCEPTION["inception"], sha256=sha256, published=lambda: url)
        monkeypatch.setitem(INCEPTION, "inception", file)

    return publish


def test_fetch_downloads_checks_and_keeps_the_file(
    kept: Path, terminal: Terminal, published: Callable[..., None]
) -> None:
    with serving({"/inception.pth": Answer(b"other")}) as server:
        published(f"{server.url}/inception.pth", "d9298a10")
        path = kept / INCEPTION["inception"].names[0]
        terminal("weights", "fetch", "inception").does(str(path), "d9298a10")
        terminal("weights", "fetch", "inception").does(str(path), "here already")
        assert server.paths() == ["/inception.pth"]
    assert path.read_bytes() == b"other"


def test_what_came_as_another_file_is_not_kept(kept: Path, terminal: Terminal, published: Callable[..., None]) -> None:
    with serving({"/inception.pth": Answer(b"other")}) as server:
        published(f"{server.url}/inception.pth")
        terminal("weights", "fetch", "inception").refuses(5, "d9298a10d1b0", "6726825d")
    assert not kept.exists()


@pytest.mark.parametrize("answer", [Answer(b"", 404), Answer(b"half", announced=100), Answer(b"<html>")])
def test_a_failed_download_is_reported_and_nothing_is_kept(
    kept: Path, terminal: Terminal, published: Callable[..., None], answer: Answer
) -> None:
    with serving({"/inception.pth": answer}) as server:
        published(f"{server.url}/inception.pth")
        then = "Then: `inpaint-bench weights add-extractor inception pt_inception-2015-12-05-6726825d.pth`."
        terminal("weights", "fetch", "inception").refuses(3, "could not be fetched", then)
    assert not kept.exists()
