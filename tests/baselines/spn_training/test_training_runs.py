"""A run gives the stored losses, resumes to the same numbers after a kill, and writes logs; what is refused."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import few_steps
import pytest
import torch
from few_steps import CURVE, SHORT, TINY, Curve, difference
from safetensors.torch import load_file
from torch import nn

from baselines.spn.training.checkpoint import FILE, averaged
from baselines.spn.training.loggers import read_log
from baselines.spn.training.schedule import Phase, learning_rate, phase_at
from baselines.spn.training.train_step import TrainStep
from inpaint_bench.errors import IncompleteError, InputError

PROB: dict[str, Any] = {"method": "spn-prob", "weights": {"prior": 0.05, "perceptual": 0.0, "diversity": 0.0}}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_steps.photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def whole(images: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Curve]:
    """A run without interruption: its folder and its losses."""
    out = tmp_path_factory.mktemp("whole")
    return out, few_steps.run(images, out)


@pytest.mark.acceptance
def test_twenty_steps_give_the_stored_losses(whole: tuple[Path, Curve]) -> None:
    stored = json.loads(CURVE.read_text())
    assert len(stored["curve"]) == few_steps.STEPS
    tolerance = 1e-4 if stored["machine"] == few_steps.machine() else 1e-2
    assert difference(stored["curve"], whole[1]) <= tolerance


@pytest.mark.acceptance
def test_a_killed_run_resumes_to_the_same_numbers(images: Path, whole: tuple[Path, Curve], tmp_path: Path) -> None:
    out, curve = whole
    few_steps.run(images, tmp_path, stop_after=13, jobs=2)  # the checkpoint is at step 10; the log is three rows ahead
    assert len(read_log(tmp_path / "losses.csv")) == 13
    assert few_steps.run(images, tmp_path, jobs=2) == curve
    for name in ("best", "last"):
        one, other = (load_file(folder / f"{name}.safetensors") for folder in (out, tmp_path))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert (out / "validation.csv").read_bytes() == (tmp_path / "validation.csv").read_bytes()


AVERAGING = {"ema_decay": 0.9, "clip": 1.0}
FP16 = {**TINY, "precision": "fp16"}
SLOW = pytest.param({}, marks=pytest.mark.acceptance)  # the deterministic SPN, beside the stochastic one
SLOW_PROB = pytest.param({**PROB, **AVERAGING}, marks=pytest.mark.acceptance)


@pytest.mark.parametrize("changes", [SLOW, SLOW_PROB, FP16], ids=["spn", "spn-prob", "scaled gradients"])
def test_a_short_killed_run_resumes_to_the_same_numbers(images: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = {**SHORT, "checkpoint_every": 2, "validate_every": 2, **changes}
    whole = few_steps.run(images, tmp_path / "whole", **settings)
    few_steps.run(images, tmp_path / "killed", stop_after=3, **settings)
    assert few_steps.run(images, tmp_path / "killed", jobs=2, **settings) == whole
    last, again = (load_file(tmp_path / name / "last.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(last[key], again[key]) for key in last)
    content = torch.load(tmp_path / "whole" / FILE, weights_only=True)
    assert ("ema" in content) == ("ema_decay" in changes)
    assert bool(content["scaler"]) == ("precision" in changes)


@pytest.mark.parametrize("changes", [SLOW, pytest.param(PROB, marks=pytest.mark.acceptance)], ids=["spn", "spn-prob"])
def test_parts_of_a_batch_add_up_to_the_batch(images: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    settings: dict[str, Any] = {**SHORT, **changes, "stages": [{"steps": 2, "size": 32, "batch": 4}]}
    whole = few_steps.run(images, tmp_path / "whole", stop_after=1, **settings)
    parts = few_steps.run(images, tmp_path / "parts", stop_after=1, accumulate=2, **settings)
    shared = {"step", "l1", "g_adv", "kl", "prior_half"}
    first, second = ([{k: v for k, v in row.items() if k in shared} for row in curve] for curve in (whole, parts))
    assert difference(first, second) < 1e-3  # spectral norms take a step more a part


@pytest.mark.acceptance
def test_half_precision_gives_nearly_the_same_losses(images: Path, tmp_path: Path) -> None:
    full = few_steps.run(images, tmp_path / "full", stop_after=1, **SHORT)
    half = few_steps.run(images, tmp_path / "half", stop_after=1, precision="bf16", **SHORT)
    assert 0 < difference(full, half) < 0.02


def test_tensorboard_gets_every_number(images: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    curve = few_steps.run(images, tmp_path, log=["tensorboard"], **TINY)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [event.value for event in board.Scalars("l1")] == pytest.approx([row["l1"] for row in curve])
    assert len(board.Scalars("validation/psnr")) == 1


def test_the_learning_rate_drops_late_or_falls_as_a_cosine() -> None:
    step = few_steps.config()
    assert [learning_rate(step, at) for at in (0, 14, 15, 19)] == [1e-4, 1e-4, 1e-5, 1e-5]
    cosine = few_steps.config(decay="cosine", warm_up=4)
    rates = [learning_rate(cosine, at) for at in range(20)]
    assert rates[:4] == pytest.approx([0.25e-4, 0.5e-4, 0.75e-4, 1e-4])
    assert sorted(rates[4:], reverse=True) == rates[4:]
    assert learning_rate(cosine, 10) == pytest.approx((1e-4 + 1e-5) / 2)


def test_the_finish_has_its_own_learning_rate_and_an_ssim_loss(images: Path, tmp_path: Path) -> None:
    finish = {"start": 2, "lr": 5e-5, "warm_up": 1, "similarity": 2.0}
    changes = {**TINY, "weights": {"prior": 0.0, "adversarial": 0.0}, "finish": finish}
    config = few_steps.config(**changes)
    assert [learning_rate(config, step) for step in (0, 1, 2)] == [1e-4, 1e-4, 5e-5]
    assert 1e-5 < learning_rate(config, 3) < 5e-5
    curve = few_steps.run(images, tmp_path, **changes)
    assert ["similarity" in row for row in curve] == [False, False, True, True]
    assert curve[3]["g_total"] == pytest.approx(10 * curve[3]["l1"] + 2 * curve[3]["similarity"], rel=1e-6)


def test_a_finish_changes_nothing_before_it_begins(images: Path, tmp_path: Path) -> None:
    finish = {"start": 2, "lr": 5e-5, "similarity": 2.0}
    changes = {**TINY, "decay": "cosine", "ema_decay": 0.5, "best": "ssim"}
    planned = few_steps.run(images, tmp_path / "planned", stop_after=3, finish=finish, **changes)
    never = few_steps.run(images, tmp_path / "never", stop_after=3, **{**changes, "best": "psnr"})
    assert planned[:2] == never[:2]
    assert planned[2]["l1"] == never[2]["l1"]  # the weights are equal still, and what counts is not
    assert planned[2]["g_total"] != never[2]["g_total"]


def test_the_prior_loss_ends_and_the_discriminator_begins_at_their_fractions_of_the_run() -> None:
    config = few_steps.config(prior_until=0.5, adversarial_from=0.25)
    assert [phase_at(config, step) for step in (0, 5, 9, 10)] == [
        Phase(prior=True, adversarial=False),
        Phase(prior=True, adversarial=True),
        Phase(prior=True, adversarial=True),
        Phase(prior=False, adversarial=True),
    ]


def test_without_an_adversarial_loss_the_discriminator_never_learns(images: Path, tmp_path: Path) -> None:
    curve = few_steps.run(images, tmp_path, **{**SHORT, "weights": {"prior": 0.0, "adversarial": 0.0}})
    assert [set(row) for row in curve] == [{"step", "g_total", "l1"}] * 4
    assert curve[0]["g_total"] == pytest.approx(10 * curve[0]["l1"], rel=1e-6)


def test_an_optimiser_takes_the_learning_rate_of_the_next_step(images: Path, tmp_path: Path) -> None:
    changes = {**TINY, "warm_up": 2, "decay": "cosine", "checkpoint_every": 1}
    config = few_steps.config(**changes)
    for step in (1, 3):
        few_steps.run(images, tmp_path, stop_after=step, **changes)
        content = torch.load(tmp_path / FILE, weights_only=True)
        for name in ("generator", "discriminator"):
            (group,) = content[f"{name}_optimiser"]["param_groups"]
            assert group["lr"] == learning_rate(config, step)


def test_averaged_weights_begin_with_the_initial_ones_and_reach_the_decay() -> None:
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)
    ema = averaged(network, 0.5)
    assert ema is not None
    expected = 1.0
    for update, value in enumerate((3.0, -2.0, 8.0, 5.0, 1.0, 4.0, 2.0, 7.0, 9.0, 6.0)):
        network.weight.data.fill_(value)
        ema.update_parameters(network)
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * value
        assert ema.state_dict()["module.weight"].item() == pytest.approx(expected, rel=1e-6)
    assert averaged(network, 0.0) is None


@pytest.mark.acceptance
def test_two_processes_with_half_the_batch_each_give_the_losses_of_one(images: Path, tmp_path: Path) -> None:
    alone = few_steps.run(images, tmp_path / "alone", **few_steps.GENTLE)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    together = [few_steps.__file__, str(images), str(tmp_path / "together")]
    subprocess.run([*command, *together], env=environment, check=True, capture_output=True)
    assert difference(alone, few_steps.curve(tmp_path / "together")) <= 1e-3
    assert (tmp_path / "together" / "best.safetensors").is_file()


@pytest.mark.acceptance
def test_the_logs_are_tables_of_numbers(whole: tuple[Path, Curve]) -> None:
    out, _ = whole
    with (out / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == [str(step) for step in range(1, few_steps.STEPS + 1)]
    assert all(0 <= float(row["waiting"]) <= 1 and float(row["images_per_second"]) > 0 for row in rows)
    scores = read_log(out / "validation.csv")
    assert [row["step"] for row in scores] == ["10", "20"]
    known = json.loads((out / "training.json").read_text())
    best = max(scores, key=lambda row: float(row["psnr"]))
    assert known["best"] == {"metric": "psnr", "value": float(best["psnr"]), "step": int(best["step"])}


# --- what is refused -------------------------------------------------------------------------------


def test_too_few_photographs_are_refused(images: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"9 images, of which validation = 9 are held out.* --set validation=N"):
        few_steps.run(images, tmp_path, validation=9)


def test_an_unreadable_photograph_is_refused_by_name(images: Path, tmp_path: Path) -> None:
    folder = few_steps.photographs(tmp_path / "images")
    for path in folder.iterdir():
        path.write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"images.*\.png: not a complete image"):
        few_steps.run(folder, tmp_path / "out", **TINY)


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(images: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {**TINY, "checkpoint_every": 1}
    few_steps.run(images, tmp_path, stop_after=2, **settings)
    content = torch.load(tmp_path / FILE, weights_only=True)
    content["generator"]["decoder.6.bias"].fill_(float("nan"))
    torch.save(content, tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(IncompleteError, match=r"the loss \w+ is nan at step 3\. The last checkpoint is kept\."):
        few_steps.run(images, tmp_path, **settings)
    assert (tmp_path / FILE).read_bytes() == before


def test_running_out_of_memory_is_explained(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr(TrainStep, "__call__", full)
    with pytest.raises(IncompleteError, match=r"out of memory at step 0 with a batch of 2 at 32 pixels.*accumulate=2"):
        few_steps.run(images, tmp_path, **TINY)


def test_any_other_failure_is_passed_on(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("an unknown memory format")

    monkeypatch.setattr(TrainStep, "__call__", broken)
    with pytest.raises(RuntimeError, match="an unknown memory format"):
        few_steps.run(images, tmp_path, **TINY)


def test_a_folder_of_a_run_with_other_settings_is_refused(images: Path, tmp_path: Path) -> None:
    few_steps.run(images, tmp_path, stop_after=1, checkpoint_every=1, **TINY)
    with pytest.raises(InputError, match=r"was trained with lr = 0\.0001, and lr = 0\.001 is requested"):
        few_steps.run(images, tmp_path, lr=1e-3, **TINY)


def test_a_folder_of_a_run_on_other_photographs_is_refused(images: Path, tmp_path: Path) -> None:
    few_steps.run(images, tmp_path / "out", stop_after=1, checkpoint_every=1, **TINY)
    folder = few_steps.photographs(tmp_path / "images")
    next(folder.iterdir()).rename(folder / "another.png")
    with pytest.raises(InputError, match="was trained on other photographs or masks"):
        few_steps.run(folder, tmp_path / "out", **TINY)


def test_a_broken_checkpoint_is_refused(images: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"half a checkpoint")
    with pytest.raises(InputError, match=r"checkpoint\.pt: not a whole torch file.*Move it away to start over"):
        few_steps.run(images, tmp_path, **TINY)


def test_a_run_goes_on_from_no_checkpoint_with_other_values(images: Path, tmp_path: Path) -> None:
    few_steps.run(images, tmp_path, stop_after=1, checkpoint_every=1, **TINY)
    whole = (tmp_path / FILE).read_bytes()
    for place in range(len(whole) // 10, len(whole), len(whole) // 5):
        (tmp_path / FILE).write_bytes(whole[:place] + bytes([whole[place] ^ 8]) + whole[place + 1 :])
        with pytest.raises(InputError, match=r"checkpoint\.pt: .*Move it away to start over"):
            few_steps.run(images, tmp_path, **TINY)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nothing")])
def test_what_is_no_file_is_not_taken_for_a_run_without_a_checkpoint(
    make: Callable[[Path], None], images: Path, tmp_path: Path
) -> None:
    make(tmp_path / FILE)
    with pytest.raises(InputError, match=r"checkpoint\.pt: is not a file, and a checkpoint is one"):
        few_steps.run(images, tmp_path, **TINY)


@pytest.mark.parametrize(
    "change", [{"progress": {"step": "one"}}, {"generator": 3}, {"generator_optimiser": [1]}, {"config": 1}]
)
def test_a_checkpoint_with_a_part_of_another_kind_is_refused(
    change: dict[str, Any], images: Path, tmp_path: Path
) -> None:
    few_steps.run(images, tmp_path, stop_after=1, checkpoint_every=1, **TINY)
    content = torch.load(tmp_path / FILE, weights_only=True)
    torch.save(content | change, tmp_path / FILE)
    with pytest.raises(InputError, match=r"checkpoint\.pt: not a checkpoint of this command"):
        few_steps.run(images, tmp_path, **TINY)
