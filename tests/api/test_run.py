"""The Python API: runs of names, functions and folders, and what a run knows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
import torch

import inpaint_bench as ib
from inpaint_bench.data import images

GREY = 0.5


def grey(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Paints the hole grey."""
    return image + GREY * mask


def noise(image: torch.Tensor, mask: torch.Tensor, seeds: torch.Tensor) -> torch.Tensor:
    """Another grey for each seed."""
    levels = (seeds % 97).float().div(100)[:, :, None, None, None]
    return image[:, None] + levels * mask[:, None]


@pytest.fixture
def page(tmp_path: Path) -> str:
    return str(tiny.make_dataset(tmp_path, count=6, metrics=["psnr", "ssim"]))


def run(page: str, methods: Any = None, **options: Any) -> ib.Run:
    return ib.run(page, methods or {"grey": grey}, out="runs/tiny", device="cpu", quiet=True, **options)


def test_a_function_is_a_method_as_a_folder_and_a_name_are(page: str) -> None:
    first = run(page, {"grey": grey, "telea": "telea"})
    for pair in first.pairs:
        path = Path("results", f"{pair.pair}.png")
        tiny.save_png(path, np.asarray(first.image("grey", pair.pair)))
    both = run(page, {"grey": grey, "lab": "folder:results"})
    assert both.methods == ["grey", "lab", "telea"]
    values = both.results.query("bucket == 'all' and metric == 'psnr'").set_index("method")["value"]
    assert values["grey"] == values["lab"]


def test_a_baseline_runs_under_another_name(page: str) -> None:
    found = run(page, {"mine": "telea", "telea": "telea"}).results.query("metric == 'psnr'")
    values = found.pivot_table(index="bucket", columns="method", values="value")
    assert (values["mine"] == values["telea"]).all()


def test_a_stochastic_function_has_its_reductions(page: str) -> None:
    found = run(page, {"noise": noise}).results.query("metric == 'psnr' and bucket == 'all'").set_index("reduction")
    assert set(found.index) == {"best-psnr-of-3", "best-psnr-of-2-from-3", "mean-of-3", "first-of-3"}
    assert found["value"]["best-psnr-of-3"] > found["value"]["mean-of-3"]


def test_the_command_line_and_the_api_give_the_same_files(page: str, tmp_path: Path) -> None:
    run(page, ["telea", "mean-fill"])
    assert tiny.run(Path(page), tmp_path / "cli", "--device", "cpu", methods="telea,mean-fill") == 0
    assert tiny.outcome(Path("runs/tiny")) == tiny.outcome(tmp_path / "cli")


def test_a_run_resumes(page: str) -> None:
    tried: list[int] = []

    def counting(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        tried.append(len(image))
        return grey(image, mask)

    run(page, {"mine": counting})
    before = tiny.state(Path("runs/tiny"))
    again = run(page, {"mine": counting})
    assert sum(tried) == 2 + 6  # the probe of two images, and each pair once
    assert tiny.state(Path("runs/tiny")) == before
    assert len(again.results) == len(run(page, {"mine": counting}).results)


def test_results_are_the_lines_of_the_file(page: str) -> None:
    frame = run(page).results
    lines = [json.loads(line) for line in Path("runs/tiny/results.jsonl").read_text().splitlines()]
    assert frame["value"].tolist() == [float(line["value"]) for line in lines]
    assert frame["metric"].tolist() == [line["metric"] for line in lines]
    assert set(frame["dataset"]) == {"tiny"}


def test_scores_come_with_their_pairs(page: str) -> None:
    opened = run(page, {"noise": noise, "grey": grey})
    scores = opened.scores
    assert len(scores.query("method == 'noise' and metric == 'psnr'")) == 6 * 3
    assert scores.query("method == 'grey'")["sample"].isna().all()
    ratios = {pair.pair: float(pair.ratio) for pair in opened.pairs}
    assert (scores["ratio"] == scores["pair"].map(ratios)).all()
    mean = scores.query("method == 'grey' and metric == 'psnr'")["value"].mean()
    value = opened.results.query("method == 'grey' and metric == 'psnr' and bucket == 'all'")["value"].item()
    assert mean == pytest.approx(value, rel=1e-12)


def test_results_whose_scores_were_edited_are_refused(page: str) -> None:
    run(page)
    path = Path("runs/tiny/grey/scores.csv")
    path.write_text(path.read_text().replace("psnr:rgb", "psnr:bgr"))
    with pytest.raises(ib.HashError, match=r"grey/scores\.csv: not what the results of ssim were made from: sha256"):
        _ = ib.load_run("runs/tiny").results


def test_an_image_is_the_composite_and_of_samples_the_chosen_one(page: str) -> None:
    opened = run(page, {"noise": noise, "grey": grey})
    pixels = np.asarray(opened.image("grey", "00002"))
    assert np.array_equal(pixels, images.read_png(Path("runs/tiny/grey/composites/00002.png"))[0])
    best = opened.scores.query("method == 'noise' and metric == 'psnr' and pair == '00002'").nlargest(1, "value")
    chosen = images.read_png(Path(f"runs/tiny/noise/composites/00002.s{best['sample'].item()}.png"))[0]
    assert np.array_equal(np.asarray(opened.image("noise", "00002")), chosen)
    for method, pair, message in (("gray", "00002", "no method here is called 'gray'"), ("grey", "9", "no pair")):
        with pytest.raises(ib.InputError, match=message):
            opened.image(method, pair)


def test_a_failing_method_raises_and_what_others_finished_is_kept(page: str) -> None:
    def broken(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        raise ValueError("out of paint")

    with pytest.raises(ib.IncompleteError, match="out of paint"):
        run(page, {"broken": broken, "grey": grey})
    assert set(ib.load_run("runs/tiny").results["method"]) == {"grey"}


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (["tela"], "no method is called 'tela'. Did you mean 'telea'"),
        ({"Mine": grey}, "'Mine' cannot name a method"),
    ],
)
def test_what_is_no_method_is_an_input_error_and_a_value_error(page: str, methods: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        run(page, methods)
    assert isinstance(refused.value, ib.InputError)


# --- without a run --------------------------------------------------------------------------------


def pictures(count: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, masks and predictions that are 16 levels off everywhere."""
    targets = np.stack([tiny.picture(number) // 2 for number in range(count)])
    masks = np.zeros((count, tiny.SIZE, tiny.SIZE), np.uint8)
    masks[:, 4:12, 5:15] = 255
    return targets, masks, targets + np.uint8(16)


def test_folders_arrays_and_tensors_are_scored_alike(tmp_path: Path) -> None:
    targets, masks, predictions = pictures()
    for name, listed in (("targets", targets), ("masks", masks), ("predictions", predictions)):
        for number, picture in enumerate(listed):
            tiny.save_png(tmp_path / name / f"{number:05d}.png", picture)
    tensors = [torch.from_numpy(one).permute(0, 3, 1, 2).double() / 255 for one in (targets, predictions)]
    mask = torch.from_numpy(masks)[:, None] / 255
    options: dict[str, Any] = {"metrics": ["psnr", "mae_hole"], "quiet": True, "device": "cpu"}
    first = ib.score(targets, masks, predictions, **options)
    assert first["mae_hole"].tolist() == pytest.approx([16 / 255] * 3)
    pd.testing.assert_frame_equal(
        ib.score(tmp_path / "targets", tmp_path / "masks", tmp_path / "predictions", **options), first
    )
    pd.testing.assert_frame_equal(ib.score(tensors[0], mask, tensors[1], **options), first)


def test_raw_scores_are_of_the_prediction_as_it_is() -> None:
    targets, masks, predictions = pictures()
    options: dict[str, Any] = {"metrics": ["mae"], "quiet": True, "device": "cpu"}
    raw = ib.score(targets, masks, predictions, raw=True, **options)["mae"]
    assert raw.tolist() == pytest.approx([16 / 255] * 3)
    assert (ib.score(targets, masks, predictions, **options)["mae"] < raw).all()


def test_scoring_leaves_nothing_behind(tmp_path: Path) -> None:
    ib.score(*pictures(), metrics=["psnr"], quiet=True, device="cpu")
    assert list(tmp_path.rglob("*.png")) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, m, p: (t, m, p[:2]), "do not fit together"),
        (lambda t, m, p: (t, m // 2, p), "values other than 0"),
        (lambda t, m, p: (t / 100, m, p), r"give uint8 \(n, height, width, 3\)"),
        (lambda t, m, p: (t.transpose(0, 3, 1, 2) / 40, m, p), "outside"),
        (lambda t, m, p: ("targets", m, p), "not a mixture"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ib.InputError, match=message):
        ib.score(*change(*pictures()), quiet=True, device="cpu")


def test_a_loaded_metric_composites_first() -> None:
    target = torch.full((2, 3, 16, 16), 0.5)
    mask = torch.zeros(2, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1
    mae = ib.metric("mae")
    off = target + 10 / 255
    assert mae(off, target, mask).tolist() == pytest.approx([10 / 255 * 16 / 256] * 2, rel=0.05)
    assert mae(off, target, mask, raw=True).tolist() == pytest.approx([10 / 255] * 2, rel=0.05)
    assert (mae.name, mae.better, mae.signature) == ("mae", "lower", "mae:rgb:u8r:comp:v1")


def test_a_dataset_is_its_pairs_in_order(page: str) -> None:
    dataset = ib.load_dataset(page)
    assert len(dataset) == 6 == len(dataset.pairs)
    item = dataset[4]
    assert item["pair"] == "00004"
    assert torch.equal(item["image"], item["target"] * (1 - item["mask"]))
    loader = torch.utils.data.DataLoader(dataset, batch_size=3)
    assert [len(batch["pair"]) for batch in loader] == [3, 3]


def test_a_loaded_method_is_the_baselines_function() -> None:
    inpaint = ib.load_method("rn", weights="synthetic", device="cpu")
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:16, 8:16] = 1
    assert inpaint(torch.rand(1, 3, 32, 32) * (1 - mask), mask).shape == (1, 3, 32, 32)
    with pytest.raises(ib.InputError, match="no method is called 'rm'"):
        ib.load_method("rm")
