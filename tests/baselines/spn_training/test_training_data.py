"""The batches of a run, and its pretext networks."""

from pathlib import Path
from typing import Any

import few_steps
import pytest
import torch
from few_steps import SHORT
from selection import quick

from baselines.spn.training import data
from baselines.spn.training.pretext import PRETEXTS
from inpaint_bench.errors import InputError


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_steps.photographs(tmp_path_factory.mktemp("photographs"))


def batches(images: Path, **changes: Any) -> data.TrainingData:
    config = few_steps.config(**changes)
    return data.TrainingData(config, data.open_photographs(images, config)[0], data.open_masks("generated", "> 0"))


def test_a_batch_depends_on_seed_and_step_alone(images: Path) -> None:
    one = list(batches(images).batches(0, 0, 1, jobs=1))
    later = list(batches(images).batches(17, 0, 1, jobs=3))
    assert len(one) == few_steps.STEPS
    for whole, part in zip(one[17:], later, strict=True):
        assert torch.equal(whole.image, part.image)
        assert torch.equal(whole.mask, part.mask)
        assert torch.equal(whole.larger, part.larger)
    other = batches(images, seed=1).batch(0)
    assert not torch.equal(other.image, one[0].image)


def test_processes_split_the_batch(images: Path) -> None:
    whole = batches(images).batch(3)
    halves = [batches(images).batch(3, rank, 2) for rank in range(2)]
    assert torch.equal(torch.cat([half.image for half in halves]), whole.image)
    assert torch.equal(torch.cat([half.mask for half in halves]), whole.mask)


def test_every_photograph_is_seen_once_before_any_is_seen_again(images: Path) -> None:
    found = batches(images, crop="none", stages=[{"steps": 8, "size": 32, "batch": 1}])
    seen = {
        min(found.batch(step).image.sum().item(), found.batch(step).image.flip(3).sum().item()) for step in range(8)
    }
    assert len(seen) == few_steps.PHOTOGRAPHS


def test_held_out_photographs_are_no_training_photographs(images: Path) -> None:
    learned, kept_out = data.open_photographs(images, few_steps.config(validation=3))
    assert len(kept_out) == 3
    assert not set(learned.names) & set(kept_out.names)


def test_with_none_held_out_validation_uses_the_training_photographs(images: Path) -> None:
    learned, held_out = data.open_photographs(images, few_steps.config(validation=0))
    assert learned.names == held_out.names
    assert len(learned) == few_steps.PHOTOGRAPHS + 1


def test_masks_flip_with_the_image_or_alone(images: Path) -> None:
    def agree(flips: str) -> int:
        found = batches(images, mask_flips=flips, crop="none", stages=[{"steps": 20, "size": 32, "batch": 1}])
        plain = batches(
            images, mask_flips="with the image", crop="none", stages=[{"steps": 20, "size": 32, "batch": 1}]
        )
        return sum(torch.equal(found.batch(step).mask, plain.batch(step).mask) for step in range(20))

    assert agree("with the image") == 20
    assert 0 < agree("alone") < 20


def test_the_paper_enlarges_the_small_image_and_the_code_shrinks_the_file(images: Path) -> None:
    coded, printed = (batches(images, losses=form, crop="none").batch(0) for form in ("code", "paper"))
    assert torch.equal(coded.image, printed.image)
    assert not torch.equal(coded.larger, printed.larger)
    assert coded.larger.std() > printed.larger.std()  # the file holds finer detail


# --- pretext networks ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", quick(["edges", "random", "lite0", "nanodet"], ["edges"]))
def test_a_pretext_network_that_needs_no_file_gives_every_loss(images: Path, tmp_path: Path, name: str) -> None:
    (row, *_) = few_steps.run(images, tmp_path, stop_after=1, pretext={"name": name}, **SHORT)
    assert {"prior_full", "prior_half", "prior_quarter"} <= row.keys()


@pytest.mark.acceptance
def test_the_pyramid_of_a_trained_spn_is_a_pretext(images: Path, tmp_path: Path) -> None:
    few_steps.run(images, tmp_path / "first", **SHORT)
    pretext = {"name": "spn-prior", "file": str(tmp_path / "first" / "best.safetensors")}
    (row, *_) = few_steps.run(images, tmp_path / "second", stop_after=1, pretext=pretext, **SHORT)
    assert "prior_quarter" in row


@pytest.mark.parametrize(
    ("pretext", "words"),
    [
        ({"name": "lite1"}, "Did you mean 'lite0'"),
        ({"name": "tresnet_l"}, "needs its weights"),
        ({"name": "tresnet_l", "file": "none.pth"}, "there is no such file"),
        ({"name": "timm:no_such_model"}, "timm has no model"),
        ({"name": "lite0", "stages": [2, 1, 0]}, "rising order"),
        ({"name": "lite0", "stages": [0, 0, 1]}, "rising order"),
    ],
    ids=str,
)
def test_a_wrong_pretext_is_refused(images: Path, tmp_path: Path, pretext: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        few_steps.run(images, tmp_path, pretext=pretext, **SHORT)


def test_later_stages_are_enlarged_to_their_levels(images: Path, tmp_path: Path) -> None:
    (row, *_) = few_steps.run(images, tmp_path, stop_after=1, pretext={"name": "lite0", "stages": [1, 3, 4]}, **SHORT)
    assert "prior_quarter" in row
    assert "lite0" in PRETEXTS
