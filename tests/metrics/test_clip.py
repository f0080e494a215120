"""CLIP score and CLIP-IQA on a tiny model: their formulas, prompts, the cache, files, and what is said without them."""

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny
import tiny_clip
import torch
from safetensors.torch import load_file, save_file
from serving import COMMIT, model_routes, serving
from terminal import OUT, Terminal
from torch_threads import with_threads
from transformers import CLIPModel, CLIPProcessor

from inpaint_bench.data import pair_lists
from inpaint_bench.errors import InputError
from inpaint_bench.fetch import web
from inpaint_bench.metrics import METRICS, cache
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features.clip_folder import CLIP
from inpaint_bench.metrics.pixel_stats import PerImage
from inpaint_bench.metrics.registry import absent, network_signature

PROMPTS = ("a cat", "", "two dogs on a red sofa")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip.save(tmp_path_factory.mktemp("clip") / "model")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """The tiny model in place of CLIP."""
    monkeypatch.setenv(CLIP.variable, str(folder))
    return folder


def batch(prompts: tuple[str, ...] = PROMPTS, side: int = 40) -> Batch:
    composites = np.stack([tiny.picture(number, side) for number in range(3)])
    return Batch(composites, composites, np.ones((3, side, side), bool), prompts=prompts)


def embeddings(folder: Path, texts: list[str], of: torch.dtype = torch.uint8) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit embeddings of the pictures of `batch` and of texts, by transformers alone."""
    model, processor = CLIPModel.from_pretrained(folder).eval(), CLIPProcessor.from_pretrained(folder)
    images = [torch.from_numpy(picture).permute(2, 0, 1).to(of) for picture in batch().composites]
    with torch.inference_mode():
        found = model(**processor(text=texts, images=images, return_tensors="pt", padding=True))
    return found.image_embeds, found.text_embeds


def test_clip_score_is_the_cosine_with_the_prompt(here: Path) -> None:
    images, texts = embeddings(here, [PROMPTS[0], PROMPTS[2]])
    cosines = 100 * (images[[0, 2]] * texts).sum(dim=1).numpy()
    found = METRICS["clip_score"].of(batch())
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], np.maximum(cosines, 0), rtol=1e-4, atol=1e-3)
    assert (found[[0, 2]] > 0).any()


def test_clip_iqa_is_the_softmax_of_a_good_and_a_bad_photo(here: Path) -> None:
    images, texts = embeddings(here, ["Good photo.", "Bad photo."], torch.float32)
    expected = (100 * images @ texts.T).softmax(dim=1)[:, 0].numpy()
    np.testing.assert_allclose(METRICS["clip_iqa"].of(batch()), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["clip_score", "clip_iqa"])
def test_a_value_does_not_depend_on_the_batch_or_on_threads(name: str) -> None:
    whole = batch()
    rows = [
        dataclasses.replace(whole, composites=whole.composites[n : n + 1], targets=whole.targets[n : n + 1],
                            holes=whole.holes[n : n + 1], prompts=whole.prompts[n : n + 1])
        for n in range(3)
    ]  # fmt: skip
    alone = [str(METRICS[name].of(one)[0]) for one in rows]
    assert all(found == alone for found in with_threads(lambda: [str(v) for v in METRICS[name].of(whole)], 1, 2))


@pytest.mark.usefixtures("here")
def test_a_prompt_that_would_be_cut_is_refused() -> None:
    longest = " ".join(("abcdefghij" * 10)[:75])  # a token a letter, and those of start and end
    assert np.isfinite(METRICS["clip_score"].of(batch((longest, longest, longest)))).all()
    with pytest.raises(InputError) as caught:
        METRICS["clip_score"].of(batch(("a cat", "", longest + " k")))
    start = "a b c d e f g h i j a b c d e f g h i j a b c d e f g h i j "
    assert str(caught.value).startswith(f"clip_score: the prompt '{start}…' has 78 tokens where CLIP reads 77")


@pytest.mark.usefixtures("here")
def test_the_cache_knows_prompts_and_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def values(prompts: tuple[str, ...]) -> PerImage:
        return cache.cached_values([METRICS["clip_score"]], batch(prompts))["clip_score"]

    first = values(("a", "b", "c"))
    assert values(("a", "b", "c")).tolist() == first.tolist()
    others = values(("c", "b", "a"))
    assert others[1] == first[1]
    assert others[0] != first[0]
    monkeypatch.setenv(CLIP.variable, str(tiny_clip.save(tmp_path / "other", seed=1)))
    assert (values(("a", "b", "c")) != first).any()


def test_a_batch_without_prompts_is_refused(here: Path) -> None:
    images = np.full((1, 3, 40, 40), 0.5, np.float32)
    assert METRICS["clip_score"](images, images, np.ones((1, 1, 40, 40)), prompts=["a cat"]).shape == (1,)
    with pytest.raises(InputError, match="give one prompt per image"):
        METRICS["clip_score"].of(batch(()))


def test_the_hash_covers_every_file_that_is_loaded(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = network_signature(METRICS["clip_iqa"])
    copy = tiny_clip.save(tmp_path / "copy")
    monkeypatch.setenv(CLIP.variable, str(copy))
    assert network_signature(METRICS["clip_iqa"]) == before != ""
    settings = json.loads((copy / "processor_config.json").read_text())
    settings["image_processor"]["do_center_crop"] = False
    (copy / "processor_config.json").write_text(json.dumps(settings))
    assert network_signature(METRICS["clip_iqa"]) != before


def test_weights_that_lack_a_tensor_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tiny_clip.save(tmp_path / "copy")
    state = load_file(copy / "model.safetensors")
    del state["visual_projection.weight"]
    save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
    monkeypatch.setenv(CLIP.variable, str(copy))
    with pytest.raises(InputError, match=r"not the weights of this network: 1 missing \(visual_projection\.weight\)"):
        METRICS["clip_iqa"].of(batch())
    (copy / "model.safetensors").unlink()
    assert (
        absent(METRICS["clip_iqa"]) == f"{copy}: lacks model.safetensors, and is no whole CLIP model. Fetch it again."
    )


def change_json(path: Path, *keys: str, value: object) -> None:
    """Another value in a file of JSON."""
    content = json.loads(path.read_text())
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(("name", "keys", "value", "words"), [
    ("config.json", ("text_config", "num_hidden_layers"), 3, r"states 3 layers of the text model, and .* has 2"),
    ("config.json", ("vision_config", "intermediate_size"), 10**9, r"fc1\.bias \(64,\) instead of \(1000000000,\)"),
    ("config.json", ("vision_config", "layer_norm_eps"), -1e9, "its embeddings are not finite"),
    ("processor_config.json", ("image_processor", "size"), {"shortest_edge": 2000}, "pictures are resized or cut to"),
    ("processor_config.json", ("image_processor", "do_center_crop"), False, r"inputs of shape \(1, 3, 32, 64\)"),
    ("processor_config.json", ("image_processor", "image_mean"), ["x", 0, 0], "not a CLIP model that transformers"),
])  # fmt: skip
def test_settings_that_do_not_fit_the_weights_are_refused(
    name: str, keys: tuple[str, ...], value: object, words: str, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    change_json(copy / name, *keys, value=value)
    monkeypatch.setenv(CLIP.variable, str(copy))
    with pytest.raises(InputError, match=words):
        METRICS["clip_iqa"].of(batch())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[dict[str, bytes]], None]]:
    """Serves files as CLIP's repository, until the test ends."""
    monkeypatch.setattr(web, "WAIT", 0.0)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with contextlib.ExitStack() as opened:

        def serve(files: dict[str, bytes]) -> None:
            server = opened.enter_context(serving(model_routes(files, CLIP.repo)))
            monkeypatch.setenv("HF_ENDPOINT", server.url)

        yield serve


def test_the_model_is_fetched_once_and_pinned_or_added(
    folder: Path,
    hub: Callable[[dict[str, bytes]], None],
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "weights"))
    assert "inpaint-bench weights fetch clip" in absent(METRICS["clip_score"])
    published = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub(published | {"pytorch_model.bin": b"a pickle", "README.md": b"words"})
    terminal("weights", "fetch", "clip").does(str(CLIP.kept()))
    assert CLIP.pinned() == COMMIT
    assert {path.name for path in CLIP.kept().iterdir()} == published.keys()
    assert absent(METRICS["clip_score"]) == ""
    terminal("weights", "fetch", "clip").does("here already")
    monkeypatch.setenv("INPAINT_BENCH_WEIGHTS", str(tmp_path / "others"))
    terminal("weights", "add-extractor", "clip", tmp_path).refuses(2, "no whole CLIP model")
    terminal("weights", "add-extractor", "clip", folder).does("the weights of clip")
    assert absent(METRICS["clip_score"]) == ""


def test_a_run_scores_the_pairs_that_have_prompts_and_keeps_them(
    here: Path, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.make_dataset(tmp_path, 3, metrics=["psnr"], samples=1)
    refusal = terminal.run("mean-fill", "--metrics", "clip_score")
    refusal.refuses(2, "clip_score cannot be measured here: no pair has a prompt")
    terminal("pairs", "build", "--dataset", "tiny.toml", "--out", "pairs.csv").does()
    listed = pair_lists.read_csv(Path("pairs.csv"))
    prompted = [dataclasses.replace(one, prompt=text) for one, text in zip(listed, PROMPTS, strict=True)]
    Path("pairs.csv").write_bytes(pair_lists.to_csv(prompted))
    terminal.run("mean-fill", "--metrics", "clip_score,clip_iqa", "--pairs", "pairs.csv").does()
    found = tiny.result(OUT, "mean-fill", "clip_score")
    assert (found["n"], found["undefined"]) == (2, 1)
    assert f":{CLIP.sha256[:8]}:" in found["signature"]
    assert 0 <= tiny.result(OUT, "mean-fill", "clip_iqa")["value"] <= 1
    monkeypatch.delenv(CLIP.variable)
    terminal("score", OUT, "--metrics", "psnr", "--data", "data").does()
    again = tiny.result(OUT, "mean-fill", "clip_score")
    assert {**again, "scores": ""} == {**found, "scores": ""}  # the file has one metric more
