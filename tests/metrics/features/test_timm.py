"""Models of timm as extractors: their own preprocessing, strict weights, a row for each picture alone, safe names."""

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import timm_weights
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from serving import COMMIT, model_routes, serving
from terminal import Terminal
from test_inception import crops
from timm.data import create_transform, resolve_model_data_config
from timm_weights import TINY
from torch_threads import with_threads

from inpaint_bench.errors import HashError, InputError
from inpaint_bench.fetch import web
from inpaint_bench.metrics.features import EXTRACTORS, Extractor, timm_extractor
from inpaint_bench.metrics.features.timm_files import TimmFile, extractor_of, file_name, model_of
from inpaint_bench.metrics.features.timm_models import _of_size, by_timms_names, load_model, open_network
from inpaint_bench.metrics.features.timm_specs import SPECS, TimmFeatures

CPU = torch.device("cpu")
NAME = f"timm/{TINY}"


@pytest.fixture(scope="module")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return timm_weights.write_synthetic(TINY, tmp_path_factory.mktemp("weights"))


@pytest.fixture
def extractor(monkeypatch: pytest.MonkeyPatch, tiny_file: Path) -> Extractor:
    """The tiny model with synthetic weights."""
    monkeypatch.setenv(timm_weights.variable(TINY), str(tiny_file))
    return timm_extractor(NAME, TimmFeatures(TINY))


def test_features_are_those_of_timm_with_its_own_transform(extractor: Extractor, tiny_file: Path) -> None:
    theirs = timm.create_model(TINY, checkpoint_path=str(tiny_file)).eval()
    transform = create_transform(**resolve_model_data_config(theirs), is_training=False)
    for shape in ((40, 60), (200, 180)):
        pictures = list(crops(2, *shape))
        inputs = torch.stack([transform(Image.fromarray(picture)) for picture in pictures])
        with torch.inference_mode():
            expected = theirs.forward_head(theirs.forward_features(inputs), pre_logits=True)
        found = extractor.open(CPU)(pictures)
        assert found.shape == (2, extractor.width) == (2, 64)
        assert found.std() > 0.1
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_row_does_not_depend_on_its_neighbours_or_on_threads(extractor: Extractor) -> None:
    pictures, extract = list(crops(3, 50, 40)), extractor.open(CPU)
    together = extract(pictures).tolist()
    assert together == [extract([picture])[0].tolist() for picture in pictures]
    assert all(rows == together for rows in with_threads(lambda: extract(pictures).tolist(), 1, 2))
    assert extract([]).shape == (0, 64)


def test_opening_draws_no_random_number(extractor: Extractor, tiny_file: Path, tmp_path: Path,
                                        monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv(timm_weights.variable(TINY), str(tmp_path / "copy.safetensors"))
    (tmp_path / "copy.safetensors").write_bytes(tiny_file.read_bytes())
    before = torch.get_rng_state()
    extractor.open(CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_signature_says_model_weights_preprocessing_and_layer(extractor: Extractor) -> None:
    assert extractor.signature() == (
        f"timm/test_vit.r160_in1k:{TimmFile(TINY).sha256[:8]}:160-bicubic-center0.95:mean0.5-0.5-0.5:std0.5-0.5-0.5:"
        "pooled64:v1"
    )


def test_other_weights_are_another_signature(
    extractor: Extractor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = extractor.signature()
    monkeypatch.setenv(timm_weights.variable(TINY), str(timm_weights.write_synthetic(TINY, tmp_path, gain=0.9)))
    assert extractor.signature() != before


@pytest.mark.parametrize(("name", "model"), [
    ("timm/resnet18", "resnet18"), (NAME, TINY), ("timm/../x", None), ("timm/a/b", None), ("timm/A", None),
    ("timm/", None), ("inception", None), ("timm/x.", None), ("timm/x.y.z", None), ("timm/x\n", None),
])  # fmt: skip
def test_only_names_of_models_are_extractors_and_become_file_names(name: str, model: str | None) -> None:
    assert model_of(name) == model
    if model:
        assert Path(file_name(name)).name == file_name(name)
        assert extractor_of(file_name(name)) == name


def test_the_names_of_other_extractors_are_their_file_names() -> None:
    assert all(file_name(name) == name == extractor_of(name) for name in EXTRACTORS if model_of(name) is None)


def test_a_model_that_timm_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for model, near in (("vit_bse_patch16_224", "vit_base_patch16_224"), ("resnet18.nonsense", "resnet18")):
        reason = timm_extractor(f"timm/{model}", TimmFeatures(model)).absent()
        assert f"has no model '{model}'" in reason
        assert f"Did you mean '{near}" in reason


def other_shape(state: dict[str, torch.Tensor]) -> None:
    state["norm.weight"] = torch.ones(3)


def infinite(state: dict[str, torch.Tensor]) -> None:
    state["norm.weight"][5] = torch.inf


@pytest.mark.parametrize(("change", "words"), [
    (lambda state: state.pop("cls_token"), "not the weights of this network: 1 missing (cls_token)"),
    (lambda state: state.update(mask_token=torch.zeros(1)), "1 not of this network (mask_token)"),
    (other_shape, "norm.weight (3,) instead of (64,)"),
    (infinite, "hold NaN or infinite values (norm.weight)"),
])  # fmt: skip
def test_weights_of_another_network_are_refused(
    change: Callable[[dict[str, torch.Tensor]], None], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = timm_weights.synthetic_state(TINY)
    change(state)
    save_file(state, tmp_path / "wrong.safetensors")
    monkeypatch.setenv(timm_weights.variable(TINY), str(tmp_path / "wrong.safetensors"))
    with pytest.raises(InputError) as caught:
        timm_extractor(NAME, TimmFeatures(TINY)).open(CPU)
    assert words in str(caught.value)


def test_a_torch_file_gives_the_same_features(extractor: Extractor, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    pictures = list(crops(1, 40, 40))
    expected = extractor.open(CPU)(pictures).tolist()
    torch.save(timm_weights.synthetic_state(TINY), tmp_path / "pytorch_model.bin")
    monkeypatch.setenv(timm_weights.variable(TINY), str(tmp_path / "pytorch_model.bin"))
    assert extractor.open(CPU)(pictures).tolist() == expected


@pytest.mark.parametrize("name", SPECS)
def test_the_models_of_papers_have_the_size_and_width_that_are_declared(name: str) -> None:
    wanted = SPECS[name]
    rows, _ = wanted.preprocessing.size if wanted.preprocessing else (0, 0)
    with torch.device("meta"):
        network = timm.create_model(wanted.model, **({"img_size": rows} if wanted.dinov2_positions else {}))
        output = network(torch.empty(1, 3, rows, rows))
    assert output.shape == (1, EXTRACTORS[name].width)
    assert wanted.output == "pooled" or isinstance(network.head, torch.nn.Linear)


def as_its_authors_have_it(state: dict[str, torch.Tensor], registers: bool = False) -> dict[str, torch.Tensor]:
    """Tensors by the names of DINOv2's authors, who keep the token of masked patches, and a position of the class."""
    width = state["cls_token"].shape[-1]
    given = state | {"mask_token": torch.ones_like(state["cls_token"][0])}
    if registers:
        given["register_tokens"] = given.pop("reg_token")
        given["pos_embed"] = torch.cat([torch.ones_like(state["cls_token"]), state["pos_embed"]], dim=1)
        given["cls_token"] = state["cls_token"] - 1
    assert given["mask_token"].shape == (1, width)
    return given


@pytest.mark.parametrize("model", ["vit_small_patch14_dinov2", "vit_base_patch14_reg4_dinov2", TINY])
def test_files_of_dinov2s_authors_have_every_tensor_of_timms_model(model: str) -> None:
    with torch.device("meta"):
        network = timm.create_model(model, pretrained=False)
        wanted = network.state_dict()
        found = by_timms_names(as_its_authors_have_it(wanted, "reg4" in model), network)
    assert {name: one.shape for name, one in found.items()} == {name: one.shape for name, one in wanted.items()}


def test_a_file_of_dinov2s_authors_gives_the_same_features(
    extractor: Extractor, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = list(crops(1, 40, 40))
    expected = extractor.open(CPU)(pictures).tolist()
    monkeypatch.delenv(timm_weights.variable(TINY))
    given = as_its_authors_have_it(timm_weights.synthetic_state(TINY))
    torch.save(given | {"pos_embed": given["pos_embed"][:, 1:]}, tmp_path / "smaller.pth")
    with pytest.raises(InputError, match=r"1 not of this network \(mask_token\); 1 of another shape \(pos_embed"):
        TimmFile(TINY).add(tmp_path / "smaller.pth")
    torch.save(given, tmp_path / "theirs.pth")
    kept = TimmFile(TINY).add(tmp_path / "theirs.pth")
    assert kept.read_bytes() == (tmp_path / "theirs.pth").read_bytes()
    assert "added by hand; DINOv2's own names" in (weights / "weights.lock.toml").read_text()
    assert extractor.open(CPU)(pictures).tolist() == expected


def test_openais_programs_are_refused_with_timms_file(tmp_path: Path, weights: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ViT-B-32.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"ViT-B-32/{name}", b"")
    with pytest.raises(InputError, match=r"a TorchScript program, as OpenAI publishes CLIP.*fetch timm/test_vit\.r160"):
        TimmFile(TINY).add(tmp_path / "ViT-B-32.pt")
    assert not weights.exists()


def cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weight of a value at a distance in bicubic interpolation, as torch has it."""
    near, far, a = np.abs(distance), np.abs(distance), -0.75
    inside = (a + 2) * near**3 - (a + 3) * near**2 + 1
    outside = a * (far**3 - 5 * far**2 + 8 * far - 4)
    return np.asarray(np.where(near <= 1, inside, np.where(far < 2, outside, 0)))


def test_positions_are_resampled_as_by_dinov2() -> None:
    """The new pixels' centres lie where a factor of 5.1 / 10 puts them, not where 5 / 10 does."""
    network = load_model(TINY, timm_weights.synthetic_state(TINY), "")
    before = np.arange(10.0)
    network.pos_embed.data[:, 1:] = torch.arange(10.0).repeat_interleave(10)[None, :, None].expand(1, 100, 64)
    found = _of_size(network, TINY, (80, 80)).pos_embed
    assert torch.equal(found[:, :1], network.pos_embed[:, :1])
    centres = (np.arange(5) + 0.5) * 10 / 5.1 - 0.5
    expected = [float(before @ cubic(before - centre)) for centre in centres]
    np.testing.assert_allclose(found[0, 1:, 0].reshape(5, 5)[1:4, 2], expected[1:4], rtol=1e-5)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder of weights."""
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_a_file_is_added_once_it_fits_and_is_pinned(weights: Path, tiny_file: Path, tmp_path: Path) -> None:
    file = TimmFile(TINY)
    assert "inpaint-bench weights fetch timm/test_vit.r160_in1k" in file.absent()
    kept = file.add(tiny_file)
    assert kept == weights / "extractors" / "timm-test_vit.r160_in1k.safetensors"
    assert kept.read_bytes() == tiny_file.read_bytes()
    assert file.absent() == ""
    assert file.sha256 in (weights / "weights.lock.toml").read_text()
    with pytest.raises(HashError, match="The file was exchanged"):
        file.add(timm_weights.write_synthetic(TINY, tmp_path, gain=0.5))
    assert kept.read_bytes() == tiny_file.read_bytes()
    kept.write_bytes(timm_weights.write_synthetic(TINY, tmp_path, gain=0.5).read_bytes())
    with pytest.raises(HashError, match=r"Delete it, and fetch it again: inpaint-bench weights fetch timm/test_vit"):
        file.found()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[dict[str, bytes]], None]]:
    """Serves files as timm's repository of the tiny model, until the test ends."""
    monkeypatch.setattr(web, "WAIT", 0.0)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with contextlib.ExitStack() as opened:

        def serve(files: dict[str, bytes]) -> None:
            server = opened.enter_context(serving(model_routes(files, f"timm/{TINY}")))
            monkeypatch.setenv("HF_ENDPOINT", server.url)

        yield serve


def test_weights_are_fetched_from_timms_repository_and_pinned(
    weights: Path, hub: Callable[[dict[str, bytes]], None], tiny_file: Path, tmp_path: Path, terminal: Terminal
) -> None:
    kept = weights / "extractors" / f"timm-{TINY}.safetensors"
    hub({"README.md": b"words"})
    terminal("weights", "fetch", NAME).refuses(3, "holds neither model.safetensors nor pytorch_model.bin")
    hub({"model.safetensors": tiny_file.read_bytes(), "pytorch_model.bin": b"a pickle"})
    answer = terminal("weights", "fetch", NAME)
    answer.does(str(kept), TimmFile(TINY).sha256)
    assert "licence as timm states it: apache-2.0" in answer.err
    assert kept.read_bytes() == tiny_file.read_bytes()
    assert (
        f"Hugging Face, timm/{TINY}/model.safetensors at {COMMIT[:12]}" in (weights / "weights.lock.toml").read_text()
    )
    terminal("weights", "fetch", NAME).does("here already")
    kept.unlink()
    hub({"model.safetensors": timm_weights.write_synthetic(TINY, tmp_path, gain=0.5).read_bytes()})
    terminal("weights", "fetch", NAME).refuses(5, "The file was exchanged")
    assert not kept.exists()
    terminal("weights", "fetch", "timm/test_vat").refuses(2, "has no model 'test_vat'. Did you mean 'test_vit")
    terminal("weights", "add-extractor", NAME, tiny_file).does(str(kept))
    terminal("weights", "add-extractor", "timm/../x", tiny_file).refuses(2, "Or timm/MODEL.")


def test_the_network_comes_with_its_preprocessing_for_other_uses(extractor: Extractor) -> None:
    opened = open_network(TimmFeatures(TINY), CPU)
    (sized,) = opened.sized(list(crops(1, 30, 70)))
    assert sized.shape == (160, 160, 3)
    with torch.inference_mode():
        tokens = opened.network.forward_features(opened.inputs(torch.from_numpy(sized).permute(2, 0, 1)[None]))
    assert tokens.shape == (1, 101, 64)
