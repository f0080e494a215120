"""Draws the pictures of the site: plots, from the sample's expected scores and the sample itself, and a pair inpainted.

    python docs/builder/site_pictures.py [FOLDER]     # default: docs/images

The same numbers give the same files. `numbers.json` holds what the pages say of the plots.
"""

import json
import sys
from math import comb
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import torch
from site_blocks import DOCS, ROOT

import inpaint_bench as ib
from inpaint_bench.api.figures import figure
from inpaint_bench.metrics import metric
from inpaint_bench.metrics.sets.frechet import frechet_distance

mpl.use("svg")
from matplotlib import pyplot as plt

STYLE: Any = {
    "svg.hashsalt": "inpaint-bench",
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.figsize": (6.4, 3.2),
    "figure.constrained_layout.use": True,
}
BLUE, ORANGE, GREY = "#3050b0", "#c05a00", "#777777"
EXPECTED = ROOT / "results" / "expected" / "sample"
Numbers = dict[str, float]


def scores(method: str, metric: str) -> "pd.DataFrame":
    """The expected scores of a method on the sample: a row a pair, a column a sample."""
    found = pd.read_csv(EXPECTED / method / "scores.csv", skiprows=1, dtype={"pair": str})
    chosen = found[found["metric"] == metric].fillna({"sample": 0})
    return chosen.pivot(index="pair", columns="sample", values="value").astype(float)


def draw_pairs(axes: Any) -> Numbers:
    """Mean PSNR of two methods over 33 pairs, drawn 10,000 times from the 75 of the sample."""
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.permutation(75)[:33] for _ in range(10_000)])
    means = {name: scores(name, "psnr")[0].to_numpy()[drawn].mean(1) for name in ("telea", "spn-small")}
    bins = np.arange(20.6, 25.01, 0.1).tolist()
    for (name, values), colour in zip(means.items(), (ORANGE, BLUE), strict=True):
        axes.hist(values, bins=bins, alpha=0.6, color=colour, label=name)
    axes.set(xlabel="mean PSNR of 33 pairs (dB)", ylabel="draws of 10,000")
    axes.legend(frameon=False)
    other = means["spn-small"][rng.permutation(10_000)]
    low, high = np.quantile(means["telea"], [0.025, 0.975])
    return {
        "low": low,
        "high": high,
        "wrong_other_pairs": float((means["telea"] > other).mean()),
        "wrong_same_pairs": float((means["telea"] > means["spn-small"]).mean()),
    }


def sample_batches(count: int) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """The first pairs of the sample: images with an empty hole, masks, targets."""
    dataset = ib.load_dataset("sample")
    items = [dataset[number] for number in range(count)]
    image, mask, target = (torch.stack([item[name] for item in items]) for name in ("image", "mask", "target"))
    return image, mask, target


def draw_eight_bits(axes: Any) -> Numbers:
    """PSNR of one prediction, its hole a little off by noise, made 8 bits by rounding and by truncating."""
    _, mask, target = sample_batches(15)
    noise = torch.from_numpy(np.random.default_rng(1).normal(size=target.shape)).float()
    psnr, found = metric("psnr"), []
    for deviation in (0.002, 0.004, 0.008, 0.016, 0.032):
        composite = (target + mask * noise * deviation).clamp(0, 1)
        means = [float(np.mean(psnr(composite, target, mask, rule=rule))) for rule in ("round", "truncate")]
        found.append((deviation * 255, *means))
    table = np.array(found)
    for column, name, colour in ((1, "round", BLUE), (2, "truncate", ORANGE)):
        axes.plot(table[:, 0], table[:, column], "o-", color=colour, label=name)
    axes.set(
        xscale="log", xlabel="error of the prediction in the hole (standard deviation, grey levels)", ylabel="PSNR (dB)"
    )
    axes.set_xticks(table[:, 0], [f"{level:.1f}" for level in table[:, 0]])
    axes.minorticks_off()
    axes.legend(frameon=False)
    return {"gap_at_half_a_level": table[0, 1] - table[0, 2], "gap_at_eight_levels": table[-1, 1] - table[-1, 2]}


def draw_ssim(axes: Any) -> Numbers:
    """The mean of every SSIM over the same 25 composites of Telea."""
    image, mask, target = sample_batches(25)
    prediction = ib.load_method("telea", device="cpu")(image, mask)
    composite = mask * prediction + (1 - mask) * target
    names = ["ssim", "ssim_7", "ssim_51", "ssim_51_grey", "ssim_gaussian", "ssim_gaussian_y", "ssim_lama"]
    means = {name: float(np.mean(ib.metric(name)(composite, target, mask))) for name in names}
    axes.barh(names[::-1], [means[name] for name in names[::-1]], color=BLUE)
    for number, name in enumerate(names[::-1]):
        axes.text(means[name] + 0.001, number, f"{means[name]:.3f}", va="center")
    axes.set(xlim=(min(means.values()) - 0.02, max(means.values()) + 0.01), xlabel="mean over 25 composites")
    return means | {"spread": max(means.values()) - min(means.values())}


def draw_small_sets(axes: Any) -> Numbers:
    """Fréchet distance of two draws of one normal distribution in 256 dimensions: it should be 0."""
    rng, sizes = np.random.default_rng(2), [300, 500, 1000, 2048, 5000, 10_000, 20_000]
    found = [frechet_distance(*(rng.standard_normal((size, 256)) for _ in range(2))) for size in sizes]
    axes.plot(sizes, found, "o-", color=BLUE)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set(xscale="log", xlabel="pictures in each set", ylabel="Fréchet distance")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    return {f"at_{size}": value for size, value in zip(sizes, found, strict=True)}


def draw_best_of_k(axes: Any) -> Numbers:
    """PSNR of the best of k samples of a mean fill with a random colour, over all choices of k of 20."""
    image, mask, target = sample_batches(25)
    plain = ib.load_method("mean-fill", device="cpu")(image, mask)
    rng, psnr = np.random.default_rng(3), ib.metric("psnr")

    def mean_psnr(offset: "torch.Tensor | float") -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        return np.asarray(psnr(mask * (plain + offset).clamp(0, 1) + (1 - mask) * target, target, mask))

    offsets = torch.from_numpy(rng.normal(scale=0.1, size=(20, 25, 3, 1, 1))).float()
    ordered = np.sort(np.stack([mean_psnr(one) for one in offsets]), axis=0)  # the r-th smallest is the best of k
    weights = [
        [comb(rank, k - 1) / comb(20, k) for rank in range(20)] for k in range(1, 21)
    ]  # in so many of all choices
    means = (np.array(weights) @ ordered).mean(1)
    without = float(mean_psnr(0.0).mean())
    axes.plot(range(1, 21), means, "o-", color=BLUE, label="mean colour and a random one, best of k by PSNR")
    axes.axhline(without, color=ORANGE, linestyle="--", label="mean colour")
    axes.set(xlabel="k", ylabel="mean PSNR (dB)", xticks=[1, 5, 10, 15, 20])
    axes.legend(frameon=False)
    own = scores("spn-prob-small", "psnr").to_numpy()
    return {f"best_of_{k}": means[k - 1] for k in (1, 2, 5, 20)} | {
        "plain": without,
        "spn_prob_small_one": float(own.mean()),
        "spn_prob_small_best_of_5": float(own.max(1).mean()),
    }


def draw_significance(axes: Any) -> Numbers:
    """The difference of two methods on each pair, sorted."""
    a, b = (scores(name, "psnr")[0] for name in ("spn-small", "telea"))
    differences = (a - b).sort_values().to_numpy()
    axes.bar(range(len(differences)), differences, color=[BLUE if one > 0 else ORANGE for one in differences], width=1)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set(xlabel="75 pairs, sorted", ylabel="PSNR of spn-small - telea (dB)")
    halves = {name: float(1.96 * one.std() / np.sqrt(75)) for name, one in (("spn_small", a), ("telea", b))}
    return {
        "mean": float(differences.mean()),
        "half_width_paired": float(1.96 * differences.std(ddof=1) / np.sqrt(75)),
        "pairs_won": float((differences > 0).sum()),
    } | {f"half_width_{name}": value for name, value in halves.items()}


PLOTS = {
    "pairs": draw_pairs,
    "eight-bits": draw_eight_bits,
    "ssim": draw_ssim,
    "small-sets": draw_small_sets,
    "best-of-k": draw_best_of_k,
    "significance": draw_significance,
}


def draw_grid(path: Path) -> None:
    """Pair 00056 of the sample as four methods inpaint it, between its masked input and its target."""
    methods = ["mean-fill", "telea", "patchmatch", "spn-small"]
    with TemporaryDirectory() as folder:
        run = ib.run(methods=methods, metrics=["psnr"], shard=(57, 75), device="cpu", out=folder, quiet=True)
        figure("grid", run, path, methods=methods)


def draw_all(out: Path) -> None:
    """Write every picture, and the numbers in the plots."""
    draw_grid(out / "grid.png")
    numbers = {}
    with mpl.rc_context(STYLE):
        for name, draw in PLOTS.items():
            drawing, axes = plt.subplots()
            numbers[name] = {what: round(float(value), 4) for what, value in draw(axes).items()}
            drawing.savefig(out / f"{name}.svg", metadata={"Date": None, "Creator": None})
            plt.close(drawing)
    (out / "numbers.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "images")
