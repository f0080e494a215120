"""Files of networks that metrics are computed with, and of metrics of one's own, for `fuzz_formats`: made, and read."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm_weights
import tiny
import tiny_clip
import torch
from arniqa_regressor import write_regressor
from fuzzing import Numbers, command
from registered import forget_own_metrics
from timm_weights import TINY

from inpaint_bench.analysis.derive import derive_results
from inpaint_bench.analysis.results import write_results
from inpaint_bench.analysis.run import RunData
from inpaint_bench.data import datasets
from inpaint_bench.metrics import METRICS
from inpaint_bench.metrics.arniqa import read_script
from inpaint_bench.metrics.batch import Batch
from inpaint_bench.metrics.features import timm_extractor
from inpaint_bench.metrics.features.clip_folder import CLIP
from inpaint_bench.metrics.features.timm_files import TimmFile
from inpaint_bench.metrics.features.timm_specs import TimmFeatures
from inpaint_bench.metrics.own_metric import MetricInfo, own_metric
from inpaint_bench.metrics.registry import declare
from inpaint_bench.runner import folder
from inpaint_bench.runner.runtime import RuntimeOptions
from inpaint_bench.runner.score_own import score_own

CLIP_FILES = ("config.json", "model.safetensors", "processor_config.json", "tokenizer.json", "tokenizer_config.json")


def make_networks() -> None:
    """The weights of a tiny model of timm, by path and added, and the regressor of ARNIQA."""
    timm_weights.write_synthetic(TINY, Path("authors")).rename("authors/timm.safetensors")
    torch.save(timm_weights.synthetic_state(TINY), "authors/timm.bin")
    write_regressor(Path("authors/regressor.pth"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INPAINT_BENCH_WEIGHTS", "weights")
        TimmFile(TINY).add(Path("authors/timm.safetensors"))


def make_clip() -> None:
    """A tiny CLIP model; it takes the seconds in which transformers is imported."""
    tiny_clip.save(Path("clip"))
    assert {*CLIP_FILES} <= {path.name for path in Path("clip").iterdir()}


def make_own(page: Path, run: Path, methods: list[str]) -> None:
    """The folder `own`: a run with scores in a metric of one's own."""
    shutil.copytree(run, "own")
    dataset, info = datasets.open_dataset(str(page), None), MetricInfo("python:mine:score", "0123", "lower", "dB")
    declare(own_metric("mine", info, lambda composite, target, mask: float(composite.mean())))
    opened = folder.open_run(Path("own")).with_metrics({"mine": info})
    assert [score_own(opened, dataset, name, ["mine"], RuntimeOptions("cpu", jobs=1)) for name in methods] == [
        [],
        [],
    ]
    write_results(opened, derive_results(RunData.open(Path("own"))))
    forget_own_metrics()


def timm_features(path: str = "") -> Callable[[], Numbers]:
    """The features of a picture by a tiny model of timm, from a file by path, else from the one that was added."""

    def read() -> Numbers:
        with pytest.MonkeyPatch.context() as patch:
            if path:
                patch.setenv(timm_weights.variable(TINY), path)
            extractor = timm_extractor(f"timm/{TINY}", TimmFeatures(TINY))
            return extractor.open(tiny.CPU)([tiny.picture(0, 40)]).tolist()

    return read


def regressor() -> Numbers:
    """The tensors of ARNIQA's regressor, by name."""
    return sorted((name, one.tolist()) for name, one in read_script(Path("authors/regressor.pth")).items())


def clip_values() -> Numbers:
    """What the tiny CLIP model says of a picture."""
    composites = tiny.picture(0, 40)[None]
    batch = Batch(composites, composites, np.ones((1, 40, 40), bool), prompts=("two dogs on a red sofa",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CLIP.variable, "clip")
        return [METRICS[name].of(batch).tolist() for name in ("clip_score", "clip_iqa")]


def own_table() -> Numbers:
    """The scores of a run with a metric of one's own, as a new process reads it; its table says more, as units."""
    forget_own_metrics()
    command("table", "own", "--format", "csv")()
    return command("table", "own", "--long", "scores")()
