"""t-SNE of image features (Fig. 9 of the paper): how the results of a run lie among its real images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from baselines.spn.inspect.panels import STYLE, save_figure
from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import IncompleteError, InputError, did_you_mean
from inpaint_bench.figures.plots import matplotlib_with
from inpaint_bench.metrics.cache import features_of
from inpaint_bench.metrics.features import EXTRACTORS, Extractor, Rows
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.pictures import Picture, offered, pictures
from inpaint_bench.runner.stored import TARGETS
from inpaint_bench.weights import SYNTHETIC

REAL = "real images"
MIN_IMAGES = 8
PERPLEXITY = 30.0  # or a third of the number of other images, if there are fewer than 91 images
MARKERS = "osv^D<P>X*"

Points = Float32[np.ndarray, "images 2"]


@dataclass(frozen=True, eq=False)
class Embedding:
    """The images of a run, real and inpainted, as points in the plane."""

    run: Path
    extractor: str
    signature: str
    images: tuple[Picture, ...]
    points: Points
    titles: dict[str, str]  # by folder of the run, the real images last
    weights: dict[str, str]  # the hash of each method's weights


def open_extractor(name: str) -> Extractor:
    """A feature extractor by name. Raises InputError if it is unknown or cannot run here."""
    if name not in EXTRACTORS:
        raise InputError(f"--features: no features are called '{name}'. {did_you_mean(name, EXTRACTORS)}")
    if reason := EXTRACTORS[name].absent():
        raise InputError(f"--features {name}: {reason.rstrip('.')}.")
    return EXTRACTORS[name]


def choose(run: RunFolder, requested: Sequence[str]) -> dict[str, str]:
    """The methods of a run to embed, with their titles; all methods if none is requested.

    Raises InputError for a method that the run does not have and for fewer than 8 images in all, IncompleteError for a
    method that has not finished.
    """
    known = run.info.methods
    if strangers := [name for name in requested if name not in known]:
        raise InputError(
            f"{run.path}: no method of this run is called '{strangers[0]}'. {did_you_mean(strangers[0], known)}"
        )
    names = list(dict.fromkeys(requested)) or list(known)
    if not names:
        raise InputError(f"{run.path}: there is no method in this run. Run some first.")
    for name in names:
        if lacking := len(run.pairs) - len(run.samples_of(name)):
            raise IncompleteError(
                f"{run.path / name}: {lacking} of {len(run.pairs)} pairs have no composite. Run it again, or choose "
                "finished methods with --methods."
            )
    count = (len(names) + 1) * len(run.pairs)
    if count < MIN_IMAGES:
        raise InputError(f"{run.path}: {count} images in all; t-SNE needs {MIN_IMAGES} or more. Run more pairs.")
    return {
        name: name + (" (synthetic weights: not trained)" if known[name].weights == SYNTHETIC else "") for name in names
    }


def embed_run(
    run: RunFolder, dataset: Dataset, titles: dict[str, str], extractor: Extractor, seed: int, device: torch.device
) -> Embedding:
    """The t-SNE of the real images of a run and the results of the methods that `choose` returned.

    Stochastic methods are represented by sample 0 of every pair. Raises HashError if the targets are not those of the
    run.
    """
    chosen = [one for folder in (*titles, TARGETS) for one in pictures(run, folder) if not one.sample]

    def pixels(one: Picture) -> Pixels:
        return one.prepared(dataset).target if one.folder == TARGETS else one.composite(run)

    rows = np.stack(list(features_of(extractor, (offered(pixels(one)) for one in chosen), device)))
    if not np.isfinite(rows).all():
        raise InputError(f"--features {extractor.name}: some images are too small for its network. Choose another.")
    weights = {name: run.info.methods[name].weights for name in titles}
    named = {**titles, TARGETS: REAL}
    points = embed(rows, seed)
    return Embedding(run.path, extractor.name, extractor.signature(), tuple(chosen), points, named, weights)


def perplexity(count: int) -> float:
    """The perplexity of t-SNE for a number of images."""
    return min(PERPLEXITY, (count - 1) / 3)


def embed(rows: Rows, seed: int) -> Points:
    """The t-SNE (van der Maaten & Hinton 2008) of at least 8 rows; seed from 0 to 2**32 - 1.

    scikit-learn's, with PCA initialisation; the number of threads changes nothing.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        tsne = TSNE(perplexity=perplexity(len(rows)), init="pca", learning_rate="auto", random_state=seed)
        return np.asarray(tsne.fit_transform(rows), dtype=np.float32)


def write(found: Embedding, out: Path) -> None:
    """Write tsne.png, tsne.pdf and tsne.csv to a folder."""
    lines = ["folder,pair,sample,x,y"]
    for one, (x, y) in zip(found.images, found.points.tolist(), strict=True):
        folder = "targets" if one.folder == TARGETS else one.folder
        lines.append(f"{folder},{one.pair.pair},{'' if one.sample is None else one.sample},{x:.4f},{y:.4f}")
    files.write_whole(out / "tsne.csv", "\n".join([*lines, ""]).encode())
    _draw(found, out / "tsne")


def _draw(found: Embedding, stem: Path) -> None:
    with matplotlib_with(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.5, 5), layout="constrained")
        axes = figure.subplots()
        for number, (folder, title) in enumerate(found.titles.items()):
            chosen = found.points[[one.folder == folder for one in found.images]]
            colour, marker = _style(folder, number)
            axes.scatter(chosen[:, 0], chosen[:, 1], s=22.0, linewidths=0.9, label=title, color=colour, marker=marker)
        axes.set(title=f"t-SNE of {found.extractor} features", xticks=[], yticks=[])
        figure.legend(loc="outside right upper", frameon=False)
        save_figure(stem, figure)


def _style(folder: str, number: int) -> tuple[str, str]:
    """The colour and marker of a method by its number; unique for up to a hundred methods."""
    if folder == TARGETS:
        return "black", "+"
    return f"C{number % 10}", MARKERS[(number + number // 10) % 10]
