"""A valid file of every format that is read, beside a finished run of a small dataset: what `fuzz_formats` breaks."""

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fuzz_networks
import fuzz_study
import mat_snapshots
import msgspec
import numpy as np
import published
import pytest
import tensorflow_checkpoint
import tiny
import torch
from finished import finished_run
from fuzz_texts import ADAPTER, CARD, PAGE, POLICY
from PIL import Image
from safetensors.torch import save_file
from submitted import submitted

from baselines.spn.training.checkpoint import TrainState, initial_state, save_checkpoint
from baselines.spn.training.config import Config, read_config
from baselines.spn.training.loggers import LOSSES, CsvLog
from inpaint_bench import files
from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import write_results
from inpaint_bench.analysis.run import RunData
from inpaint_bench.api.gating import accept
from inpaint_bench.api.pairs import build_pairs
from inpaint_bench.api.planning import Plan, write_plan
from inpaint_bench.api.status import Noted
from inpaint_bench.executors.units import Attempt
from inpaint_bench.methods.baselines import find_baselines
from inpaint_bench.metrics import cache_file
from inpaint_bench.metrics.detection import Detections, to_row
from inpaint_bench.metrics.detection.matching import tally
from inpaint_bench.runner import sums
from inpaint_bench.runner.stored import (
    MASKED,
    TARGETS,
    FeatureRow,
    Found,
    Header,
    features_path,
    objects_path,
    write_features,
)
from inpaint_bench.timing import Cost, Memory, Series, Setting, Timing, write_timing
from inpaint_bench.weights import adding, lock

COUNT = 3
ARCHIVED = [f"Places365_val_{number:08d}.png" for number in range(1, COUNT + 1)]
METHODS = ["mean-fill", "telea"]
METRICS = ["psnr", "ssim", "fd_lite0", "det_conf"]
KEPT = {bytes([number]) * 32: bytes(range(number, number + 64)) for number in range(40)}
SETTINGS = 'lr = 1e-4\nclip = 1.0\ninit = "diffusion"\nbetas = [0.9, 0.99]\n[network]\nwidth = 16\n'
SMALL = ("network.width=2", "network.discriminator=2", "network.blocks=1", "network.levels=1", "init=scaled")


def make_workspace(folder: Path, reported: Path) -> None:
    """All files, in a folder that is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _run(folder)
        _text_files(reported)
        _kinds()
        _published()
        _weights()
        fuzz_networks.make_networks()
        _arrays()
        _training()


# --- a run ----------------------------------------------------------------------------------------


def _run(folder: Path) -> None:
    """A run with scores, features, objects, times, votes and expected results; the networks' values are made up."""
    page = tiny.make_dataset(Path(), count=COUNT, metrics=METRICS)
    run = finished_run(page, Path("run"), METHODS)
    for number in range(COUNT):
        tiny.save_png(Path("done", f"picture{number}.png"), tiny.output(number))
        hole = tiny.read(Path("data/masks", f"mask{number}.png"))[..., 0]
        tiny.save_png(Path("masks", f"picture{number}.png"), hole)
    for method in METHODS:
        pictures = run.pictures_of(method)
        _network_values(run, method, [(pair, sample, sha256) for (pair, sample), sha256 in pictures.items()])
        _timing(run, method)
    targets = [(pair.pair, None, pair.image_sha256[:16]) for pair in run.pairs]
    for reference in (TARGETS, MASKED):
        _network_values(run, reference, targets)
    write_results(run.folder, derive_results(RunData.open(run.path)))
    submitted(run.path)
    fuzz_networks.make_own(page, run.path, METHODS)
    accept("run", "expected", "first")
    _units()
    shutil.copy("run/pairs.csv", "list.csv")
    shutil.copytree("run", "parts/run")
    fuzz_study.make_files()
    files.write_whole(Path("before/data.js"), b"// inpaint-bench report 1\n")


def _units() -> None:
    """The files of its units: one method cut in two, at work by Slurm, and one whose trial is done."""
    home = Path("run.units")
    home.mkdir()
    cuts = {"mean-fill": [(1, 1, 3)], "telea": [(1, 1, 2), (2, 2, 2)]}
    write_plan(home, Plan(3, 1, "cpu", "cpu", False, cuts))
    tries = {
        "mean-fill.1of3": Attempt("", "node1", 1, 5.0, 25.0, 0, 2.5),
        "telea.1of2": Attempt("7_0", "node2", 2, 9.0),
    }
    for name, attempt in tries.items():
        (home / f"{name}.attempt").write_bytes(msgspec.json.encode(attempt))
    (home / "telea.1of2.job").write_text("7_0 key")
    noted = {name: Noted("running", 1, 0, "job 7_0") for name in ("telea.1of2", "telea.2of2")}
    (home / "states.json").write_bytes(msgspec.json.encode(noted))


def _network_values(run: RunData, folder: str, pictures: Sequence[tuple[str, int | None, str]]) -> None:
    """Features and objects of some pictures."""
    rng = np.random.default_rng(len(folder))
    rows = tuple(FeatureRow(*picture) for picture in pictures)
    path = features_path(run.folder, folder, "lite0")
    if folder != MASKED:
        write_features(path, "lite0:made-up", rows, 6, list(rng.normal(size=(len(rows), 6)).astype(np.float32)))
        sums.write_sums(run.path, path, path.with_suffix(".json"))
    box = np.array([[4, 4, 16, 16]], dtype=np.float32)
    target = Detections(box, np.array([0.9], np.float32), np.array([1]))
    score = np.array([rng.uniform(0.5, 0.8)], np.float32)
    found = target if folder == TARGETS else Detections(box + 1, score, np.array([1]))
    hole = np.zeros((tiny.SIZE, tiny.SIZE), dtype=bool)
    hole[4:14, 4:16] = True
    lines = [msgspec.json.encode(Header(1, "nanodet:made-up"))]
    lines += [msgspec.json.encode(Found(*one, to_row(found), tally(target, found, hole))) for one in pictures]
    files.write_whole(objects_path(run.folder, folder, "nanodet"), b"\n".join([*lines, b""]))
    sums.write_sums(run.path, objects_path(run.folder, folder, "nanodet"))


def _timing(run: RunData, method: str) -> None:
    series = Series((0.2, 0.3, 0.25), (0.2, 0.3, 0.25), "wall", 3, True)
    info, cost = run.info.methods[method], Cost(1000, 2000, {"aten::sort": 5})
    facts = (series, series, 1, None, cost, Memory(1 << 20, "of the process"), {"processor": "none"}, ("busy",))
    write_timing(run.path, Timing(1, method, method, info, Setting("cpu"), "drawn", *facts, "2026-11-29"))


# --- single files ---------------------------------------------------------------------------------


def _text_files(reported: Path) -> None:
    Path("reported.csv").write_text(reported.read_text().replace("paris", "tiny"))
    Path("policy.toml").write_text(POLICY)
    Path("baselines/mine").mkdir(parents=True)
    Path("baselines/mine/card.toml").write_text(CARD)
    Path("baselines/mine/adapter.py").write_text(ADAPTER)
    shutil.copy(find_baselines()["rn"][0].folder / "golden.json", "golden.json")
    Path("train.toml").write_text(SETTINGS)
    Path("hq").mkdir()
    lines = [f"{number} {182_637 + 2 * number} {number:06}.jpg" for number in range(COUNT)]
    Path("hq/CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(["idx orig_idx orig_file", *lines, ""]))
    shutil.copytree("data/masks", "hq/masks")
    for number in range(COUNT):
        tiny.save_png(Path("hq/images", f"{number}.png"), tiny.picture(number))
    mapped = tiny.page_text(COUNT, name="hq", data="hq")
    Path("hq.toml").write_text(mapped.replace("[images]", '[images]\nmapping = "CelebA-HQ-to-CelebA-mapping.txt"'))


def _kinds() -> None:
    """Images and masks of every kind of file, with a list of the hashes of their pixels."""
    for name, options in {"a.jpg": {"quality": 95}, "b.webp": {"quality": 90}, "c.bmp": {}, "d.png": {}}.items():
        picture = Image.fromarray(tiny.picture(ord(name[0])))
        exif = Image.Exif()
        exif[0x0112] = 6
        extra = {"exif": exif.tobytes()} if name == "a.jpg" else {}
        _save(picture, Path("kinds/images", name), {**options, **extra})
    for number, name in enumerate(("a.png", "b.bmp", "c.webp", "d.png")):
        mask = Image.fromarray(tiny.read(Path("data/masks", f"mask{number % COUNT}.png"))[..., 0])
        _save(mask, Path("kinds/masks", name), {"lossless": True} if name.endswith("webp") else {})
    Path("kinds.toml").write_text(PAGE)
    built = build_pairs("kinds.toml", out="kinds.csv", quiet=True)
    Path("kinds.txt").write_text(built.fingerprint)
    Path("kept/pairs").mkdir(parents=True)
    shutil.copy("kinds.csv", "kept/pairs/list.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_CACHE", "kept")
        cache_file.put_many(KEPT)


def _save(image: Image.Image, path: Path, options: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def _published() -> None:
    """Archives of images in the layout in which data sets are published, and a page that says what they are."""
    contents = {f"val_256/{name}": Path(f"data/images/picture{n}.png").read_bytes() for n, name in enumerate(ARCHIVED)}
    published.zip_of(Path("published.zip"), contents)
    published.tar_of(Path("published.tar"), contents)
    Path("published.tar.gz").write_bytes(gzip.compress(Path("published.tar").read_bytes(), mtime=0))
    archive = published.archive_of("images", "val_256.tar", "", "", folder="val_256")
    published.write_page("published", ARCHIVED, [archive])


def state() -> dict[str, torch.Tensor]:
    """The tensors of the network in baselines/mine."""
    state = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}
    state |= {f"b.{name}": torch.full((5,), 0.5) for name in ("weight", "bias", "running_mean", "running_var")}
    return {**state, "b.num_batches_tracked": torch.tensor(3)}


def _weights() -> None:
    """Weights as authors publish them, and as `weights add` keeps them."""
    Path("authors").mkdir()
    torch.save(state(), "authors/new.pth")
    torch.save({"state_dict": state(), "epoch": 3}, "authors/wrapped.ckpt")
    torch.save(state(), "authors/old.pth", _use_new_zipfile_serialization=False)
    save_file(state(), "authors/mine.safetensors")
    shutil.make_archive("authors/packed", "zip", "authors", "new.pth")
    floats = {name: tensor for name, tensor in state().items() if tensor.is_floating_point()}
    mat_snapshots.write(Path("authors/mat.pkl"), mat_snapshots.module_of(floats))
    Path("model").mkdir()
    parts = {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
    index = {"_class_name": "StableDiffusionInpaintPipeline", "safety_checker": [None, None], **parts}
    Path("model/model_index.json").write_text(json.dumps(index))
    Path("tf").mkdir()
    tensorflow_checkpoint.write(Path("tf"), {"a": np.arange(6.0), "b/c": np.ones((2, 2), np.float32)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_WEIGHTS", "weights")
        source = [Path("authors/new.pth")]
        origin = adding.new_origin("mine", "tiny", state(), source, "none", ["new.pth"], {})
        adding.add_weights(origin, state(), source, lambda weights: weights.tensors())
    made = ("new.pth", "0" * 64, "1" * 64, "https://example.org/new.pth", "2026-11-29")
    lock.write(Path("weights.lock.toml"), [lock.Locked("mine", data, *made) for data in ("tiny", "paris")])


def _arrays() -> None:
    for name in "xy":
        np.save(f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(12, 4)).astype(np.float32))
    np.save("index.npy", np.array([2, 0, 1]))


# --- training -------------------------------------------------------------------------------------


def training() -> tuple[Config, TrainState]:
    """A small training before its first step."""
    config = read_config("spn-small", None, [*SMALL, "pretext.name=random"])
    return config, initial_state(config, tiny.CPU)


def _training() -> None:
    Path("trained").mkdir()
    config, begun = training()
    save_checkpoint(Path("trained"), config, "photographs", begun)
    log = CsvLog(Path("trained/losses.csv"), LOSSES, 0)
    for step in range(10, 40, 10):
        log.add({"step": step, "size": 128, "lr": "0.0001", "g_total": repr(1 / step)})
