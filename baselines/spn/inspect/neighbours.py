"""t-SNE of pretext features (the paper's Fig. 9): which results lie among real images, as a network sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from baselines.spn.inspect.pictures import STYLE, save_figure
from inpaint_bench import files
from inpaint_bench.data.datasets import Dataset
from inpaint_bench.data.images import Pixels
from inpaint_bench.errors import IncompleteError, InputError, did_you_mean
from inpaint_bench.figures.plots import matplotlib_with
from inpaint_bench.metrics.cache import features_of
from inpaint_bench.metrics.features import EXTRACTORS, Extractor, Rows
from inpaint_bench.runner.folder import RunFolder
from inpaint_bench.runner.pictures import TARGETS, Picture, offered, pictures
from inpaint_bench.weights import SYNTHETIC

REAL = "real images"
LEAST = 8  # pictures, of which neighbours can be told
PERPLEXITY = 30.0  # or a third of the other pictures where there are fewer than 91
MARKS = "osv^D<P>X*"

Places = Float32[np.ndarray, "pictures 2"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Pictures, by the folder of the run that holds them, and their places in the plane."""

    run: Path
    extractor: str
    signature: str
    listed: tuple[Picture, ...]
    places: Places
    titles: dict[str, str]  # of folders, the real images last
    weights: dict[str, str]  # the hash of each method's weights


def open_extractor(name: str) -> Extractor:
    """A network whose features can be had here. Raises InputError for one that is not known or cannot run."""
    if name not in EXTRACTORS:
        raise InputError(f"--features: no features are called '{name}'. {did_you_mean(name, EXTRACTORS)}")
    if reason := EXTRACTORS[name].absent():
        raise InputError(f"--features {name}: {reason.rstrip('.')}.")
    return EXTRACTORS[name]


def choose(run: RunFolder, asked: Sequence[str]) -> dict[str, str]:
    """The methods of a run whose results are placed, all where none is asked for, each with its title.

    Raises InputError for a name that the run does not have and where there are fewer than 8 pictures in all,
    IncompleteError for a method that has not finished.
    """
    known = run.info.methods
    if strangers := [name for name in asked if name not in known]:
        raise InputError(
            f"{run.path}: no method of this run is called '{strangers[0]}'. {did_you_mean(strangers[0], known)}"
        )
    names = list(dict.fromkeys(asked)) or list(known)
    if not names:
        raise InputError(f"{run.path}: there is no method in this run. Run some first.")
    for name in names:
        if lacking := len(run.pairs) - len(run.samples_of(name)):
            raise IncompleteError(
                f"{run.path / name}: {lacking} of {len(run.pairs)} pairs have no composite. Run it again, or choose "
                "finished methods with --methods."
            )
    count = (len(names) + 1) * len(run.pairs)
    if count < LEAST:
        raise InputError(f"{run.path}: {count} pictures in all; t-SNE takes {LEAST} or more. Run more pairs.")
    return {
        name: name + (" (filled weights: not trained)" if known[name].weights == SYNTHETIC else "") for name in names
    }


def place(
    run: RunFolder, dataset: Dataset, titles: dict[str, str], extractor: Extractor, seed: int, device: torch.device
) -> Neighbours:
    """The real images of a run and the results of methods, as `choose` gives them, in a plane.

    Of a stochastic method, sample 0 of every pair. Raises HashError for targets that are not those of the run.
    """
    listed = [one for folder in (*titles, TARGETS) for one in pictures(run, folder) if not one.sample]

    def pixels(one: Picture) -> Pixels:
        return one.prepared(dataset).target if one.folder == TARGETS else one.composite(run)

    rows = np.stack(list(features_of(extractor, (offered(pixels(one)) for one in listed), device)))
    weights = {name: run.info.methods[name].weights for name in titles}
    named = {**titles, TARGETS: REAL}
    places = embed(rows, seed)
    return Neighbours(run.path, extractor.name, extractor.signature(), tuple(listed), places, named, weights)


def perplexity(count: int) -> float:
    """How many neighbours t-SNE keeps together, for so many pictures."""
    return min(PERPLEXITY, (count - 1) / 3)


def embed(rows: Rows, seed: int) -> Places:
    """Places in the plane by t-SNE (van der Maaten & Hinton 2008), for at least 8 rows; seed from 0 to 2**32 - 1.

    scikit-learn's, begun from the two main components; the number of threads changes nothing.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        tsne = TSNE(perplexity=perplexity(len(rows)), init="pca", learning_rate="auto", random_state=seed)
        return np.asarray(tsne.fit_transform(rows), dtype=np.float32)


def write(found: Neighbours, out: Path) -> None:
    """tsne.png, tsne.pdf and tsne.csv in a folder."""
    lines = ["folder,pair,sample,x,y"]
    for one, (x, y) in zip(found.listed, found.places.tolist(), strict=True):
        folder = "targets" if one.folder == TARGETS else one.folder
        lines.append(f"{folder},{one.pair.pair},{'' if one.sample is None else one.sample},{x:.4f},{y:.4f}")
    files.write_whole(out / "tsne.csv", "\n".join([*lines, ""]).encode())
    _draw(found, out / "tsne")


def _draw(found: Neighbours, stem: Path) -> None:
    with matplotlib_with(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.5, 5), layout="constrained")
        axes = figure.subplots()
        for number, (folder, title) in enumerate(found.titles.items()):
            chosen = found.places[[one.folder == folder for one in found.listed]]
            colour, mark = _look(folder, number)
            axes.scatter(chosen[:, 0], chosen[:, 1], s=22.0, linewidths=0.9, label=title, color=colour, marker=mark)
        axes.set(title=f"t-SNE of {found.extractor} features", xticks=[], yticks=[])
        figure.legend(loc="outside right upper", frameon=False)
        save_figure(stem, figure)


def _look(folder: str, number: int) -> tuple[str, str]:
    """Colour and mark of a method, by its number; a hundred have one of their own."""
    if folder == TARGETS:
        return "black", "+"
    return f"C{number % 10}", MARKS[(number + number // 10) % 10]
