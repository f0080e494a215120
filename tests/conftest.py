"""Every test works in a folder of its own, with shapes and types checked as the code runs."""

import os
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"  # sums in one order; two workers share two cores
os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.gettempdir() + "/torchinductor-of-tests"
os.environ["NUMBA_CACHE_DIR"] = tempfile.gettempdir() + "/numba-of-tests"  # read when numba is imported

from pathlib import Path

from jaxtyping import install_import_hook

HOME = Path(__file__).parents[1]
COMPUTING = ("data", "weights", "methods", "metrics", "analysis/statistics", "figures", "checks", "timing", "study")
FOLDERS = [HOME / "baselines", *(HOME / "inpaint_bench" / name for name in COMPUTING)]
PATHS = [path for folder in FOLDERS for path in folder.rglob("*.py") if "jaxtyping" in path.read_text("utf-8")]
# The modules that state shapes. What others are given is for mypy to check: at every call that would take minutes.
checked = [".".join(path.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__") for path in PATHS]
hook = install_import_hook(checked, "beartype.beartype")  # before the packages are imported
Path(os.environ["NUMBA_CACHE_DIR"]).mkdir(exist_ok=True)

import functools  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import shutil  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from collections import OrderedDict  # noqa: E402
from collections.abc import Callable, Generator, Iterator  # noqa: E402
from importlib import metadata  # noqa: E402
from importlib.util import find_spec  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402
import tiny  # noqa: E402
from hypothesis import settings  # noqa: E402
from painter import checkpoint, http, write_baseline  # noqa: E402
from registered import forget_own_metrics  # noqa: E402
from serving import Answer, Route, Server, serving  # noqa: E402
from terminal import Once, Terminal  # noqa: E402

settings.register_profile("untimed", settings(), deadline=None)  # else a busy machine fails tests
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The garbage collector looks at nothing that tests import: it stays, and looking at it takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No test marked gpu is selected where there is no GPU, unless a device is named for them: tests/gpu."""
    needing = [item for item in items if item.get_closest_marker("gpu")]
    if not needing or "INPAINT_BENCH_TEST_DEVICE" in os.environ:
        return
    import torch

    if not torch.cuda.is_available():
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if item not in needing]


@pytest.fixture(scope="session")
def compiled() -> Path:
    """Where machine code is kept, by all workers and what they start, so that it is compiled once."""
    return Path(os.environ["NUMBA_CACHE_DIR"])


@pytest.fixture(scope="session", autouse=True)
def _synthetic_weights_once() -> Iterator[None]:
    """Tests in a row share the synthetic weights of a network: the 130 million of MFE take seconds to make."""
    from inpaint_bench.weights import synthetic

    make, made = synthetic._synthetic, OrderedDict[str, Any]()

    def remembered(shapes: dict[str, tuple[int, ...]], gain: float, fan_in: str) -> dict[str, Any]:
        key = json.dumps([sorted(shapes.items()), gain, fan_in])
        if key not in made:
            made[key] = make(shapes, gain, fan_in)
            while len(made) > 4:
                made.popitem(last=False)
        return dict(made[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "_synthetic", remembered)
        yield


@pytest.fixture(scope="session", autouse=True)
def _packages_looked_up_once() -> Iterator[None]:
    """What is installed does not change while tests run; a command line reads files of some two hundred packages."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("entry_points", "version"):
            patch.setattr(metadata, name, functools.cache(getattr(metadata, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fixtures of a module or session run before `_own_folder` does; what they cache stays in the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_syncs() -> Iterator[None]:
    """Nobody needs the files of a test after a power cut; `power_cut.py` plays one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """No test opens a connection beyond this machine."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a connection to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The working folder and the cache lie in the test's own folder; no variable of the user's counts."""
    for variable in [name for name in os.environ if name.startswith("INPAINT_BENCH_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(compiled))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # a python: method adds the working folder
    before = set(sys.modules)
    yield
    forget_own_metrics()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(scope="session")
def _begun() -> dict[str, Path]:
    """By function, a copy of what it made: see `once`."""
    return {}


@pytest.fixture
def once(tmp_path: Path, _begun: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Fill the folder of a test as a function does, which is called for the first test; the others get a copy.

    What the function captures must be the same for all. It returns None, or the exit code 0.
    """

    def fill(make: Callable[[], int | None]) -> None:
        name = f"{make.__module__}.{make.__qualname__}"
        if name in _begun:
            shutil.copytree(_begun[name], tmp_path, dirs_exist_ok=True)
            return
        assert not make()
        copied = tmp_path_factory.mktemp("begun")
        shutil.copytree(tmp_path, copied, dirs_exist_ok=True, ignore=shutil.ignore_patterns("cache"))
        _begun[name] = copied

    return fill


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The command line, called in this process."""
    return Terminal(capsys)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page of a dataset of four small pairs, tiny.toml in the working folder."""
    return tiny.make_dataset(tmp_path, count=4, metrics=["psnr"])


@pytest.fixture
def ultralytics(monkeypatch: pytest.MonkeyPatch) -> Any:
    """ultralytics, as we import it, where it is installed; a look at the network fails."""
    from inpaint_bench.metrics.detection import yolo
    from inpaint_bench.metrics.detection.detectors import YOLO_INSTALL

    if find_spec("ultralytics") is None:
        pytest.skip(YOLO_INSTALL)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something looked at the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what ultralytics imports
        return yolo._quiet()


@pytest.fixture
def routes() -> dict[str, Route]:
    """What the server of a test answers; the test may change it."""
    return {"/painter.pth": Answer(checkpoint(), etag='"one"')}


@pytest.fixture
def server(routes: dict[str, Route]) -> Iterator[Server]:
    """A server that publishes the painter's weights, and its card."""
    with serving(routes) as running:
        write_baseline(http(f"{running.url}/painter.pth"))
        yield running
